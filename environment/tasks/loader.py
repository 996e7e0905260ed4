"""From a key or a file to tasks.

    "404"                              a task of WebArena-Verified
    "reddit.post_in_forum:17@train"    a generated instance: template, seed, split
    tasks.json, tasks.jsonl            records in WebArena-Verified's schema or in ours

A record from a file counts as official only if the benchmark holds exactly this record; a task in
our own schema with the key of an official or generated task must be that task.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from pydantic import JsonValue, ValidationError

from core.errors import TaskFileError, UnknownTaskError
from core.tasks import Split, Task, WorldSpec
from environment.tasks.official import (
    OFFICIAL_PROFILE,
    official_task,
    official_tasks,
)
from environment.tasks.records import VerifiedRecord

__all__ = ["load_task", "load_task_file", "official_tasks"]


def load_task(key: str) -> Task:
    """Returns the task of a key.

    Args:
        key: A task id of the benchmark, or the key of a generated task.

    Raises:
        UnknownTaskError: Nothing has this key; the message says which keys there are.
    """
    if key.isascii() and key.isdigit() and len(key) <= _LONGEST_ID:
        return official_task(str(int(key)))
    if ":" in key and "@" in key:
        from environment.tasks.generated import from_key  # an official task needs no generator

        return from_key(key).task
    ids = [int(task.key) for task in official_tasks()]
    raise UnknownTaskError(
        f"no task has the key {key!r}; official keys are {min(ids)} to {max(ids)}, generated keys "
        f"look like 'reddit.template:seed@split'"
    )


def load_task_file(path: Path | str) -> tuple[Task, ...]:
    """Reads tasks from a JSON or JSONL file, in file order.

    Args:
        path: A JSON array, one JSON object, or one JSON object per line. Each object is a record
            in WebArena-Verified's schema or a `core.tasks.Task`.

    Raises:
        TaskFileError: The file cannot be read as tasks; the message names file, position and
            field.
    """
    file = Path(path)
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:  # not UTF-8, or a null in the path
        raise TaskFileError(f"{file}: cannot be read as UTF-8 text: {error}") from error
    tasks = tuple(_task(entry, file) for entry in _entries(text, file))
    if not tasks:
        raise TaskFileError(f"{file}: holds no task; an array or lines of task records are wanted")
    seen: set[str] = set()
    for task in tasks:
        if task.key in seen:
            raise TaskFileError(f"{file}: two tasks have the same key {task.key!r}")
        seen.add(task.key)
    return tasks


_LONGEST_ID = 18
"""Digits of a task id; Python refuses to read numbers of thousands of digits."""
_PROFILES = (OFFICIAL_PROFILE, "generated")
_SKINS = ("plain", "modern")


class _Entry(NamedTuple):
    position: str
    """Where in the file, for people."""
    value: JsonValue


def _entries(text: str, file: Path) -> Iterator[_Entry]:
    if file.suffix == ".jsonl":
        yield from _lines(text, file)
        return
    try:
        whole: JsonValue = json.loads(text)
    except json.JSONDecodeError as error:
        if _looks_like_lines(text):
            yield from _lines(text, file)
            return
        where = f"line {error.lineno}, column {error.colno}"
        raise TaskFileError(f"{file}: {where}: is not JSON: {error.msg}") from error
    except (ValueError, RecursionError) as error:  # numbers without end, lists within lists
        raise TaskFileError(f"{file}: cannot be read as JSON: {error}") from error
    records = whole if isinstance(whole, list) else [whole]
    for index, value in enumerate(records):
        yield _Entry(f"record {index}", value)


def _lines(text: str, file: Path) -> Iterator[_Entry]:
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            yield _Entry(f"line {number}", json.loads(line))
        except json.JSONDecodeError as error:
            where = f"line {number}, column {error.colno}"
            raise TaskFileError(f"{file}: {where}: is not JSON: {error.msg}") from error
        except (ValueError, RecursionError) as error:
            raise TaskFileError(f"{file}: line {number}: cannot be read: {error}") from error


def _looks_like_lines(text: str) -> bool:
    """Whether a file that is no JSON document starts with a whole record on its own line."""
    first = text.lstrip().split("\n", 1)[0].strip()
    return first.startswith("{") and first.endswith("}")


def _task(entry: _Entry, file: Path) -> Task:
    where = f"{file}: {entry.position}"
    if not isinstance(entry.value, dict):
        raise TaskFileError(f"{where}: an object is wanted, not {type(entry.value).__name__}")
    try:
        json.dumps(entry.value, ensure_ascii=False).encode()
        if "task_id" in entry.value:
            return _from_verified(VerifiedRecord.model_validate(entry.value), file)
        task = Task.model_validate(entry.value)
    except UnicodeEncodeError as error:
        raise TaskFileError(f"{where}: holds half a character: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "the record"
        raise TaskFileError(f"{where}: field {field}: {first['msg']}") from error
    problem = _problem(task)
    if problem:
        raise TaskFileError(f"{where}: {problem}")
    return task


def _problem(task: Task) -> str:
    """Returns why a task in our own schema cannot be run or is not what it says; empty if it can.

    Who is signed in is not checked: that is known when the world is built.
    """
    homeless = [site for site in task.sites if site not in task.worlds]
    profiles = {spec.profile for spec in task.worlds.values()}
    if not task.key or not task.sites or not task.start_urls:
        return "field key, sites, start_urls: each needs a value"
    if homeless:
        return f"field worlds: holds no world for {', '.join(homeless)}"
    if not profiles.issubset(_PROFILES):
        return f"field worlds: a profile is one of {', '.join(_PROFILES)}, not {sorted(profiles)}"
    if task.skin not in _SKINS:
        return f"field skin: is one of {', '.join(_SKINS)}, not {task.skin!r}"
    return _pretence(task)


def _pretence(task: Task) -> str:
    """Returns what a task pretends to be and is not."""
    is_generated = ":" in task.key and "@" in task.key
    if task.split is not Split.OFFICIAL and not is_generated:
        return ""
    try:
        genuine = load_task(task.key)
    except UnknownTaskError as error:
        return f"field key: {error}"
    if task != genuine:
        return f"differs from the task {task.key!r} that it says it is; give it another key"
    return ""


def _from_verified(record: VerifiedRecord, file: Path) -> Task:
    verified: dict[str, JsonValue] = record.model_dump(mode="json")
    try:
        known = official_task(str(record.task_id))
    except UnknownTaskError:
        known = None
    if known is not None and known.verified == verified:
        return known
    return Task(
        key=f"{file.name}#{record.task_id}",
        template=str(record.intent_template_id),
        split=Split.NEW_INSTANCES,
        sites=record.sites,
        start_urls=record.start_urls,
        intent=record.intent,
        worlds={site: WorldSpec(profile=OFFICIAL_PROFILE) for site in record.sites},
        verified=verified,
    )
