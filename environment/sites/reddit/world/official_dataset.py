"""What the installed benchmark says about the forum: ids, addresses, authors and rankings.

Everything here is read from the package's own task files when a world is built, so that nothing
that the data set states is written down a second time.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

__all__ = ["Benchmark", "NamedPost", "benchmark"]

_DATASET = Path("assets", "dataset")
_ADDRESS = re.compile(r"__REDDIT__/f/(\w+)/(\d+)/([a-z0-9][a-z0-9-]*)")
_MARKDOWN_LINK = re.compile(r"- \[(.+?)\]\(__REDDIT__/f/(\w+)/(\d+)/")
_VOTE = re.compile(r"__REDDIT__/sv/(\d+)\.json")
_SUBMIT = re.compile(r"__REDDIT__/submit/(\w+)")
_EDIT = re.compile(r"__REDDIT__/f/(\w+)/(\d+)/-/edit")
_TOP_TEMPLATE = 24
_BY_AUTHOR_TEMPLATES = (25, 1510)
_MOST_RECENT_TEMPLATE = 33

_Expected = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedPost:
    """A post that some task's address names."""

    id: int
    forum: str
    slug: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmark:
    """The forum as the official tasks presuppose it; forum names are as the tasks spell them."""

    forum_ids: Mapping[str, int]
    """Lower-case forum name to the id that `submission[forum]` carries."""
    posts: Mapping[int, NamedPost]
    top: Mapping[str, tuple[int, ...]]
    """Lower-case forum name to the ids of its best posts of all time, best first."""
    active: tuple[int, ...]
    """Ids of the most active DIY posts, most active first."""
    titles: Mapping[int, str]
    """Titles that an expected answer or edit form spells out."""
    authored: Mapping[tuple[str, str], tuple[int, ...]]
    """(user, lower-case forum) to the ids of exactly the posts that the user has there."""
    images: Mapping[str, str]
    """What a picture shows to the path of the picture."""
    downvoted_by_others: Mapping[str, int]
    """Title of a forum's latest post to its number of disliked comments by others."""


@cache
def benchmark() -> Benchmark:
    """Reads the forum's side of all official tasks.

    Raises:
        ModuleNotFoundError: The package `webarena-verified` is not installed.
    """
    tasks = _tasks("webarena-verified.json")
    everything = json.dumps([*tasks, *_tasks("test.raw.json")], ensure_ascii=False)
    links = [(int(m[3]), m[1]) for m in _MARKDOWN_LINK.finditer(everything)]
    return Benchmark(
        forum_ids=dict(_forum_ids(tasks)),
        posts={
            int(m[2]): NamedPost(id=int(m[2]), forum=m[1], slug=m[3])
            for m in reversed(list(_ADDRESS.finditer(everything)))
        },
        top=_top(tasks),
        active=tuple(dict.fromkeys(number for number, _ in links)),
        titles={**dict(reversed(links)), **dict(_edited(tasks))},
        authored={
            (_filled(task, "user"), _filled(task, "forum").lower()): _voted(task)
            for task in tasks
            if task["intent_template_id"] in _BY_AUTHOR_TEMPLATES
        },
        images=dict(_images(tasks)),
        downvoted_by_others=dict(_downvoted(tasks)),
    )


def _tasks(name: str) -> list[dict[str, object]]:
    """Returns the records of one task file that involve the forum.

    The package is located without importing it, which would cost more than the whole build.
    """
    spec = find_spec("webarena_verified")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("webarena-verified is not installed")
    path = Path(spec.submodule_search_locations[0]) / _DATASET / name
    tasks: list[dict[str, object]] = json.loads(path.read_text(encoding="utf-8"))
    return [task for task in tasks if "reddit" in _strings(task["sites"])]


def _strings(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [str(item) for item in value] if isinstance(value, list) else []


def _filled(task: Mapping[str, object], slot: str) -> str:
    values = task["instantiation_dict"]
    return str(values.get(slot, "")) if isinstance(values, dict) else ""


def _expected(task: Mapping[str, object]) -> Iterator[_Expected]:
    """Yields what each evaluator of a task expects."""
    checks = task["eval"]
    for check in checks if isinstance(checks, list) else []:
        yield check["expected"]


def _submitted(task: Mapping[str, object]) -> Iterator[tuple[_Expected, dict[str, object]]]:
    """Yields each expected request that carries form fields, and its fields."""
    for expected in _expected(task):
        fields = expected.get("post_data")
        if isinstance(fields, dict):
            yield expected, fields


def _forum_ids(tasks: Sequence[dict[str, object]]) -> Iterator[tuple[str, int]]:
    for task in tasks:
        for expected, fields in _submitted(task):
            number = str(fields.get("submission[forum]", ""))
            paths = [m[1] for m in map(_SUBMIT.search, _strings(expected["url"])) if m]
            names = paths or [_filled(task, "forum")]
            if number.isdecimal() and len(names) == 1 and names[0]:
                yield names[0].lower(), int(number)


def _voted(task: Mapping[str, object]) -> tuple[int, ...]:
    urls = [url for expected in _expected(task) for url in _strings(expected.get("url"))]
    return tuple(int(m[1]) for m in map(_VOTE.search, urls) if m)


def _top(tasks: Sequence[dict[str, object]]) -> dict[str, tuple[int, ...]]:
    return {
        _filled(task, "forum").lower(): _voted(task)
        for task in tasks
        if task["intent_template_id"] == _TOP_TEMPLATE
    }


def _edited(tasks: Sequence[dict[str, object]]) -> Iterator[tuple[int, str]]:
    for task in tasks:
        for expected, fields in _submitted(task):
            match = _EDIT.search(str(expected["url"]))
            if match:
                yield int(match[2]), str(fields["submission[title]"])


def _images(tasks: Sequence[dict[str, object]]) -> Iterator[tuple[str, str]]:
    for task in tasks:
        for _, fields in _submitted(task):
            url = str(fields.get("submission[url]", ""))
            if "/submission_images/" in url:
                yield _filled(task, "content"), url.removeprefix("__REDDIT__")


def _downvoted(tasks: Sequence[dict[str, object]]) -> Iterator[tuple[str, int]]:
    for task in tasks:
        if task["intent_template_id"] != _MOST_RECENT_TEMPLATE:
            continue
        for expected in _expected(task):
            answers = expected["retrieved_data"]
            for answer in answers if isinstance(answers, list) else []:
                yield str(answer["post_title"]), int(answer["count"])
