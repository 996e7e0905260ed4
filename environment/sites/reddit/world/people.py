"""Draws the accounts of a world."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from random import Random

from environment.sites.reddit.world.prose import Slots, Topic
from environment.sites.reddit.world.rows import DEFAULT_PASSWORD, DEFAULT_USER, NOW, User

__all__ = ["YEAR_S", "crowd"]

YEAR_S = 365 * 86_400
"""Seconds of one year."""

_ADJECTIVES = [
    "quiet",
    "amber",
    "rusty",
    "lucky",
    "salty",
    "hidden",
    "polar",
    "gentle",
    "electric",
    "dusty",
    "crimson",
    "hollow",
    "brisk",
    "lazy",
    "noble",
    "tidy",
    "wild",
    "clever",
    "frozen",
    "velvet",
]
_NOUNS = [
    "otter",
    "lantern",
    "badger",
    "pixel",
    "harbor",
    "comet",
    "maple",
    "walnut",
    "raven",
    "circuit",
    "teapot",
    "glacier",
    "marble",
    "falcon",
    "biscuit",
    "compass",
    "thistle",
    "beacon",
    "pickle",
    "monsoon",
]
_BIOGRAPHIES = (
    "Lives in {place}. Mostly here for {thing}.",
    "{person}, {age}. Questions by message please.",
    "Collecting everything about {thing} since {year}.",
    "Moderator of nothing, fan of {thing}.",
    "My site: {link}",
    "From {place}, born in {month}, awake at {time}.",
)


def crowd(
    rng: Random, count: int, topics: Sequence[Topic], *, named: Iterable[str] = ()
) -> list[User]:
    """Returns `count` drawn accounts, the default user and the named ones, ids in order of age."""
    names = [DEFAULT_USER, *dict.fromkeys(named)]
    seen = {name.lower() for name in names}
    total = count + len(names)
    while len(names) < total:
        name = _username(rng)
        if name.lower() not in seen:
            seen.add(name.lower())
            names.append(name)
    rng.shuffle(names)
    oldest = NOW - 5 * YEAR_S
    births = sorted(rng.sample(range(oldest, NOW - 3 * YEAR_S - 86_400), len(names)))
    return [
        User(1_000 + 3 * index, name, _password(rng, name), _biography(rng, topics), born)
        for index, (name, born) in enumerate(zip(names, births, strict=True))
    ]


def _username(rng: Random) -> str:
    adjective, noun = rng.choice(_ADJECTIVES), rng.choice(_NOUNS)
    number = rng.randrange(2, 2000)
    style = rng.randrange(6)
    if style == 0:
        return f"{adjective.title()}{noun.title()}{number}"
    if style == 1:
        return f"{adjective}_{noun}"
    if style == 2:
        return f"{noun}{number}"
    if style == 3:
        return f"{adjective.title()}-{noun.title()}-{number}"
    if style == 4:
        return f"the_{adjective}_{noun}"
    return f"{noun.title()}Of{adjective.title()}"


def _password(rng: Random, username: str) -> str:
    drawn = f"{rng.getrandbits(48):012x}"
    return DEFAULT_PASSWORD if username == DEFAULT_USER else drawn


def _biography(rng: Random, topics: Sequence[Topic]) -> str:
    if rng.random() < 0.4:
        return ""
    return Slots(rng, rng.choice(topics)).fill(rng.choice(_BIOGRAPHIES))
