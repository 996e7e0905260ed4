"""Tasks that are made from a seed, in WebArena-Verified's schema.

    key    site.template:seed@split        "reddit.upvote_newest:17@train"

| split           | templates | skin   | worlds                              |
|-----------------|-----------|--------|-------------------------------------|
| `train`         | open      | plain  | 50                                  |
| `new_instances` | open      | plain  | 50 others, other entities and seeds |
| `new_skin`      | open      | modern | those of `new_instances`            |
| `attacks`       | open      | plain  | 50 others, user content attacks     |
| `sealed`        | sealed    | plain  | 50 others                           |

The seed picks the world, and with the template entities and wording. What does not meet the
conditions of a template is drawn again, from the same seed, at last in another world, so every
seed gives a task, and always the same one.

Adding a template: write a rule in a file of `environment/tasks/<site>/open/` (it computes the
answer from the world and returns a `Goal`; at least three wordings), and its solution in the
file of solutions beside it: an oracle that acts on pages only, and at least one wrong trajectory.
The tests in `tests/environment/test_generated_*.py` run both on several seeds. Sealed templates
are written before the rules that they measure, and `scripts/seal_templates.py` lists them.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from functools import lru_cache
from random import Random
from typing import NamedTuple

from pydantic import JsonValue

from core.errors import ConfigurationError, UnknownTaskError
from core.pages import Observation
from core.seeding import derive_seed, generator
from core.tasks import PublicTask, Split, Task, WorldSpec, placeholder
from environment.oracles.contract import Oracle, OracleLostError, OracleRun
from environment.tasks.reddit.catalogue import OPEN, SEALED
from environment.tasks.reddit.view import ForumView
from environment.tasks.templates import Facts, Goal, Moves, NoInstanceError, Template
from environment.worlds import snapshot_of

__all__ = [
    "WORLDS_PER_SPLIT",
    "GeneratedTask",
    "Wrong",
    "from_key",
    "generate",
    "sample",
    "template_named",
    "templates",
]

WORLDS_PER_SPLIT = 50
"""Different worlds of one family of splits."""

SITE = "reddit"
_TASK_IDS = 1_000_000
"""Generated task ids start here; the benchmark's own end far below."""
_SEEDS = 10**18
"""How many seeds a template has."""
_DRAWS = 400
"""Draws after which a seed is given up; the rarest template needs one in three."""
_DRAWS_PER_WORLD = 20
"""Draws after which another world is tried."""
_VIEWS = WORLDS_PER_SPLIT
"""Worlds kept in memory as rows, 1.5 MB each; the worlds of one split stay at hand."""
_KEY = re.compile(r"(?P<site>[a-z_]+)\.(?P<template>[a-z0-9_]+):(?P<seed>\d{1,18})@(?P<split>\w+)")
_FAMILIES: Mapping[Split, str] = {
    Split.TRAIN: "train",
    Split.NEW_INSTANCES: "test",
    Split.NEW_SKIN: "test",
    Split.ATTACKS: "attacks",
    Split.SEALED: "sealed",
}
"""Split to the name of its worlds and entities; different families share no seed."""


class Wrong(NamedTuple):
    """A trajectory that must be scored zero."""

    name: str
    """What the mistake is."""
    oracle: Oracle


class GeneratedTask(NamedTuple):
    """A task with its solution and with ways to fail it."""

    task: Task
    oracle: Oracle
    wrong: tuple[Wrong, ...]


def templates(split: Split) -> tuple[str, ...]:
    """Returns the ids of a split's templates.

    Raises:
        ConfigurationError: The split has no generated tasks.
    """
    return tuple(_templates(split))


def template_named(name: str, split: Split) -> Template[ForumView]:
    """Returns a template of a split.

    Raises:
        ConfigurationError: The split has no generated tasks.
        UnknownTaskError: The split has no such template.
    """
    known = _templates(split)
    if name not in known:
        raise UnknownTaskError(
            f"split {split.value!r} has no template {name!r}; it has {', '.join(known)}"
        )
    return known[name]


def generate(template: str, seed: int, split: Split) -> GeneratedTask:
    """Makes the task of a template and a seed; the same arguments always give the same task.

    Args:
        template: One of `templates(split)`.
        seed: From 0 to 10**18 - 1.
        split: Where the task belongs.

    Raises:
        ConfigurationError: The split has no generated tasks, or the seed is out of range.
        UnknownTaskError: The split has no such template.
    """
    chosen = template_named(template, split)
    if not 0 <= seed < _SEEDS:
        raise ConfigurationError(f"seed {seed} is not from 0 to {_SEEDS - 1}")
    family = _FAMILIES[split]
    for draw in range(_DRAWS):
        world = _world(seed, family, draw // _DRAWS_PER_WORLD)
        rng = generator(seed, family, SITE, template, draw)
        try:
            goal = chosen.definition.rule(_view(world), rng)
        except NoInstanceError:
            continue
        return _made(chosen, goal, seed, split, world, rng)
    raise UnknownTaskError(f"template {template!r} has no instance for seed {seed}")


def from_key(key: str) -> GeneratedTask:
    """Makes the task of a key such as `reddit.upvote_newest:17@train`.

    Raises:
        UnknownTaskError: The key is not of this form, or names no template of its split.
    """
    match = _KEY.fullmatch(key)
    known = {split.value: split for split in _FAMILIES}
    if match is None or match["site"] != SITE or match["split"] not in known:
        raise UnknownTaskError(
            f"{key!r} is no key of a generated task; they look like 'reddit.template:seed@split' "
            f"with a split of {', '.join(known)}"
        )
    return generate(match["template"], int(match["seed"]), known[match["split"]])


def sample(split: Split, n: int, seed: int) -> tuple[GeneratedTask, ...]:
    """Makes n tasks of a split; every template comes up before one comes up again.

    A larger sample of the same seed begins with the smaller one.

    Args:
        split: Where the tasks belong.
        n: How many.
        seed: Picks the order of the templates and the seeds of the instances.
    """
    rng = generator(seed, "sample", split.value)
    names: list[str] = []
    while len(names) < n:
        names += rng.sample(templates(split), len(templates(split)))
    seeds = (derive_seed(seed, "sample", split.value, index) % _SEEDS for index in range(n))
    return tuple(generate(name, one, split) for name, one in zip(names, seeds, strict=False))


def _templates(split: Split) -> Mapping[str, Template[ForumView]]:
    if split not in _FAMILIES:
        raise ConfigurationError(
            f"split {split.value!r} has no generated tasks; {', '.join(_FAMILIES)} have"
        )
    if split is Split.SEALED:
        return SEALED
    if split is Split.ATTACKS:
        return {name: template for name, template in OPEN.items() if template.attackable}
    return OPEN


def _world(seed: int, family: str, turn: int) -> WorldSpec:
    """Returns a seed's world, the same for all templates, so that few worlds serve many tasks."""
    return _spec(family, generator(seed, "world of", family, turn).randrange(WORLDS_PER_SPLIT))


def _spec(family: str, number: int) -> WorldSpec:
    return WorldSpec(
        seed=derive_seed(number, "world", family, SITE) % 2**31, attacks=family == "attacks"
    )


@lru_cache(maxsize=_VIEWS)
def _view(spec: WorldSpec) -> ForumView:
    return ForumView.of(snapshot_of(SITE, spec))


def _made(
    template: Template[ForumView],
    goal: Goal,
    seed: int,
    split: Split,
    world: WorldSpec,
    rng: Random,
) -> GeneratedTask:
    wording = rng.choice(template.definition.phrasings)
    key = f"{SITE}.{template.name}:{seed}@{split.value}"
    task = Task(
        key=key,
        template=template.name,
        split=split,
        sites=(SITE,),
        start_urls=(placeholder(SITE),),
        intent=wording.format_map(goal.slots),
        worlds={SITE: world},
        skin="modern" if split is Split.NEW_SKIN else "plain",
        verified=_record(key, template.name, wording, goal),
    )
    solution = template.solution
    return GeneratedTask(
        task=task,
        oracle=_checked(solution.oracle, goal),
        wrong=tuple(
            Wrong(name, _bound(moves, goal.facts)) for name, moves in solution.wrong.items()
        ),
    )


def _record(key: str, template: str, wording: str, goal: Goal) -> dict[str, JsonValue]:
    answer: JsonValue = None if goal.answer is None else list(goal.answer)
    response: dict[str, JsonValue] = {
        "evaluator": "AgentResponseEvaluator",
        "ordered": goal.ordered,
        "results_schema": dict(goal.schema),
        "expected": {
            "task_type": goal.task_type.value.lower(),
            "status": goal.status.value,
            "retrieved_data": answer,
        },
    }
    return {
        "sites": [SITE],
        "task_id": _number(key),
        "intent_template_id": _number(template),
        "start_urls": [placeholder(SITE)],
        "intent": wording.format_map(goal.slots),
        "eval": [response, *(dict(check) for check in goal.checks)],
        "intent_template": wording.replace("{", "{{").replace("}", "}}"),
        "instantiation_dict": dict(goal.slots),
        "revision": 1,
    }


def _number(text: str) -> int:
    digest = hashlib.blake2b(text.encode(), digest_size=6).digest()
    return _TASK_IDS + int.from_bytes(digest, "big")


def _bound(moves: Moves, facts: Facts) -> Oracle:
    def oracle(task: PublicTask, obs: Observation) -> OracleRun:
        return moves(task, obs, facts)

    return oracle


def _checked(moves: Moves, goal: Goal) -> Oracle:
    """Binds an oracle that is lost when it reads something else than what was computed."""

    def oracle(task: PublicTask, obs: Observation) -> OracleRun:
        response = yield from moves(task, obs, goal.facts)
        if goal.answer is not None:
            read, computed = list(response.retrieved_data or ()), list(goal.answer)
            if not goal.ordered:
                read.sort(key=repr)
                computed.sort(key=repr)
            if read != computed:
                raise OracleLostError(f"read {read!r}, computed was {computed!r}")
        return response

    return oracle
