"""The forums of the profile `official`: names, ids and what each one talks about."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from importlib.resources import files

from environment.sites.reddit.world.prose import Topic, topics

__all__ = ["forum_numbers", "official_topics"]

_FIRST_FORUM_ID = 10_000


def official_topics() -> list[Topic]:
    """Returns one topic per forum, its name first, in ASCII order of the names."""
    raw = json.loads(
        files("environment.sites.reddit.world")
        .joinpath("official_forums.json")
        .read_text(encoding="utf-8")
    )
    cities = raw["cities"]
    pool = {topic.names[0]: topic for topic in topics()}
    found = [
        Topic(
            kind=kind,
            names=(name,),
            title=title,
            about=about,
            things=tuple(things),
            parts=tuple(parts),
        )
        for name, kind, title, about, things, parts in raw["forums"]
    ]
    found += [
        Topic(
            kind="place",
            names=(name,),
            title=title,
            about=about,
            things=tuple(cities["things"]),
            parts=tuple(cities["parts"]),
            spots=tuple(spots),
        )
        for name, title, about, spots in raw["places"]
    ]
    found += [pool[name] for name in raw["shared"]]
    return sorted(found, key=lambda topic: topic.names[0])


def forum_numbers(names: Iterable[str], known: Mapping[str, int]) -> dict[str, int]:
    """Numbers the forums: known ids (keys in lower case) stay, the others fill the gaps in order.

    Raises:
        KeyError: A known forum is not among the names.
    """
    ordered = list(names)
    lower = {name.lower(): name for name in ordered}
    numbers = {lower[name]: number for name, number in known.items()}
    used = set(numbers.values())
    free = (number for number in range(_FIRST_FORUM_ID, 2 * _FIRST_FORUM_ID) if number not in used)
    return {name: numbers[name] if name in numbers else next(free) for name in ordered}
