"""Writes titles, bodies and comments from per-topic grammars.

A template such as `Is the {thing} worth {price}?` is filled from `Slots`, which draws each value
once. A post's title and body share their slots, so a body speaks of what its title names.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from random import Random

__all__ = ["Slots", "Titles", "Topic", "phrases", "text_of", "topics"]

_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
_PLACES = [
    "Leeds",
    "Porto",
    "Turin",
    "Ghent",
    "Malmo",
    "Austin",
    "Denver",
    "Omaha",
    "Tulsa",
    "Boise",
    "Savannah",
    "Quebec",
    "Perth",
    "Kobe",
    "Lyon",
    "Krakow",
    "Brno",
    "Graz",
    "Bergen",
    "Tampere",
    "Tartu",
    "Split",
    "Seville",
    "Cork",
    "Bristol",
    "Dresden",
    "Utrecht",
    "Basel",
]
_FIRST = [
    "Ada",
    "Boris",
    "Carla",
    "Dmitri",
    "Elena",
    "Farid",
    "Greta",
    "Hiro",
    "Ines",
    "Jonas",
    "Keiko",
    "Lamar",
    "Mina",
    "Noor",
]
_LAST = [
    "Abbott",
    "Berger",
    "Castillo",
    "Dunn",
    "Eklund",
    "Fischer",
    "Gallo",
    "Hale",
    "Ito",
    "Jensen",
    "Kovac",
    "Lund",
    "Moreau",
]
_ROLES = ["neighbour", "grandmother", "roommate", "little brother", "mail carrier", "bus driver"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """What one forum talks about; `kind` selects the sentence templates."""

    kind: str
    names: tuple[str, ...]
    title: str
    about: str
    things: tuple[str, ...]
    parts: tuple[str, ...]
    spots: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """A short lower-case word for link hosts."""
        return self.names[0].lower().replace("_", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    titles: tuple[str, ...]
    bodies: tuple[str, ...]
    comments: tuple[str, ...]
    """Those of this kind and those that fit every kind."""


@cache
def phrases() -> Mapping[str, _Kind]:
    """Returns the sentence templates, by kind of topic."""
    raw = json.loads(_data("phrases.json"))
    shared = tuple(raw.pop("comments"))
    return {
        name: _Kind(
            titles=tuple(kind["titles"]),
            bodies=tuple(kind["bodies"]),
            comments=(*kind["comments"], *shared),
        )
        for name, kind in raw.items()
    }


@cache
def topics() -> tuple[Topic, ...]:
    """Returns the pool of topics that generated worlds draw their forums from."""
    return tuple(
        Topic(
            kind=raw["kind"],
            names=tuple(raw["names"]),
            title=raw["title"],
            about=raw["about"],
            things=tuple(raw["things"]),
            parts=tuple(raw["parts"]),
            spots=tuple(raw.get("spots", ())),
        )
        for raw in json.loads(_data("topics.json"))
    )


class Slots(dict[str, str]):
    """The values of one text's slots, each drawn when a template first asks for it."""

    def __init__(self, rng: Random, topic: Topic, thing: str | None = None) -> None:
        super().__init__()
        self.rng = rng
        self.topic = topic
        if thing is not None:
            self["thing"] = thing

    def __missing__(self, name: str) -> str:
        value = _DRAWS[name](self)
        self[name] = value
        return value

    def fill(self, template: str) -> str:
        """Returns the template with every slot replaced and the first letter raised."""
        text = template.format_map(self)
        return text[0].upper() + text[1:]


class Titles:
    """Draws the titles of one forum, all different."""

    def __init__(self, rng: Random, topic: Topic) -> None:
        self._rng = rng
        self._topic = topic
        self._taken: set[str] = set()
        self._last: tuple[str, str] | None = None

    def draw(self) -> tuple[str, Slots]:
        """Returns a new title and its slots.

        One title in eight is a near twin of the one before: same template and thing, other
        details.

        Raises:
            ValueError: The grammar has no more titles to give.
        """
        for attempt in range(200):
            template, slots = self._candidate(may_copy=attempt == 0)
            title = slots.fill(template)
            if title.lower() not in self._taken:
                self._taken.add(title.lower())
                self._last = (template, slots["thing"])
                return title, slots
        raise ValueError(f"the grammar of {self._topic.names[0]} ran out of titles")

    def _candidate(self, *, may_copy: bool) -> tuple[str, Slots]:
        if may_copy and self._last is not None and self._rng.random() < 0.125:
            template, thing = self._last
            return template, Slots(self._rng, self._topic, thing)
        titles = phrases()[self._topic.kind].titles
        return self._rng.choice(titles), Slots(self._rng, self._topic)


def text_of(slots: Slots, sentences: int) -> str:
    """Returns a body of so many sentences, each with a fact that a question could ask for."""
    pool = phrases()[slots.topic.kind].bodies
    return " ".join(slots.fill(line) for line in slots.rng.sample(pool, sentences))


def _data(name: str) -> str:
    return files("environment.sites.reddit.world").joinpath(name).read_text(encoding="utf-8")


def _other(slots: Slots, pool: tuple[str, ...] | list[str], taken: str) -> str:
    value = slots[taken]
    index = slots.rng.randrange(len(pool) - 1)
    return pool[-1] if pool[index] == value else pool[index]


def _price(slots: Slots) -> str:
    return f"${slots.rng.randrange(9, 990)}"


def _link(slots: Slots) -> str:
    return f"https://www.{slots.topic.key}-notes.example/{slots.rng.randrange(100, 9999)}"


_DRAWS: dict[str, Callable[[Slots], str]] = {
    "thing": lambda s: s.rng.choice(s.topic.things),
    "other": lambda s: _other(s, s.topic.things, "thing"),
    "part": lambda s: s.rng.choice(s.topic.parts),
    "spot": lambda s: s.rng.choice(s.topic.spots),
    "spot2": lambda s: _other(s, s.topic.spots, "spot"),
    "price": _price,
    "price2": _price,
    "n": lambda s: str(s.rng.randrange(2, 48)),
    "age": lambda s: str(s.rng.randrange(19, 61)),
    "year": lambda s: str(s.rng.randrange(2012, 2023)),
    "month": lambda s: s.rng.choice(_MONTHS),
    "date": lambda s: f"{s.rng.choice(_MONTHS)} {s.rng.randrange(1, 29)}",
    "time": lambda s: f"{s.rng.randrange(1, 12)}:{s.rng.randrange(10, 60)} am",
    "place": lambda s: s.rng.choice(_PLACES),
    "person": lambda s: f"{s.rng.choice(_FIRST)} {s.rng.choice(_LAST)}",
    "person_role": lambda s: s.rng.choice(_ROLES),
    "code": lambda s: f"{s.rng.choice('KRTX')}{s.rng.randrange(100, 999)}",
    "link": _link,
}
