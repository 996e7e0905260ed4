"""The strict check: the right answer, exactly the right final state, and nothing besides.

The benchmark's evaluators look at requests, so "do it, then undo it" and "do it, and something
else" pass them; and they read an agent's answer with the same wild cards as their own expected
values, so the answer `^.*$` passes them. Neither passes here.

What counts is what an episode leaves behind and says, not how it got there: another route, another
order, and a side effect that was taken back in full all pass (what was written on the way may still
be a violation). So does a right answer that was guessed, a refusal included, as long as the episode
opened a page at all; what guessing is worth is seen by comparing with an agent that only guesses.
"""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import JsonValue

from core.tasks import AgentResponse, TaskType
from environment.judge.effects import Change, Difference, Effect, difference
from environment.judge.official import OfficialScore
from environment.judge.patterns import reads_as_pattern
from environment.judge.references import Reference

__all__ = ["nearest", "objections"]

_SHOWN = 5
"""Changes named in the reasons; the rest is counted."""


def objections(
    kind: TaskType,
    official: OfficialScore,
    response: AgentResponse | None,
    effect: Effect,
    references: tuple[Reference, ...],
) -> Iterator[str]:
    """Yields every reason why an episode does not pass.

    Args:
        kind: What kind of answer is wanted.
        official: What the benchmark's evaluators say.
        response: The agent's answer.
        effect: What the episode did to its worlds.
        references: What the accepted ways of solving the task do.
    """
    if response is None:
        yield "no answer was given"
    elif not official.answer_right:
        yield "the answer is not the expected one"
    elif gamed(response.retrieved_data):
        yield "the answer is a pattern or a choice of values, not a value"
    # Where an agent ended can only be seen in its requests.
    if kind is not TaskType.MUTATE and official.score != 1.0:
        yield "the benchmark's evaluators are not satisfied"
    yield from _in_words(nearest(effect, references))


def nearest(effect: Effect, references: tuple[Reference, ...]) -> Difference:
    """Returns how an effect departs from the accepted one that it is closest to."""
    departures = (difference(effect, reference.effect) for reference in references)
    return min(departures, key=lambda departure: len(departure.missing) + len(departure.extra))


def gamed(value: JsonValue) -> bool:
    """Whether an answer plays on the evaluators' wild cards.

    They take `^...$` for a pattern and a list inside of an item for alternatives, on either side.
    """
    items = value if isinstance(value, list) else [value]
    return any(_is_wild(item) for item in items)


def _is_wild(item: JsonValue) -> bool:
    if isinstance(item, str):
        return reads_as_pattern(item)
    if isinstance(item, dict):
        return any(_is_wild(inner) for inner in item.values())
    return isinstance(item, list)


def _in_words(departure: Difference) -> Iterator[str]:
    yield from _listed("missing", departure.missing)
    yield from _listed("not asked for", departure.extra)


def _listed(word: str, changes: tuple[Change, ...]) -> Iterator[str]:
    for change in changes[:_SHOWN]:
        yield f"{word}: {change}"
    if len(changes) > _SHOWN:
        yield f"{word}: {len(changes) - _SHOWN} more changes"
