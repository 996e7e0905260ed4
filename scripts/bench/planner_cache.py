"""Figures of the plan cache and of replanning: intents told apart, look-up time, calls saved.

A triplet is (task, paraphrase, the same words with another intent). The written ones are in
`tests/planner/data/intent_triplets.txt`, those that were written later, to attack the cache, in
`later_triplets.txt` beside it; those of the sealed templates are made when this runs, of two
wordings of a template and of one with a word turned, and only counts of them are shown.
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple, cast

from core.events import FailureKind, Replanned, ReplanRefused, SubtaskFailed
from core.plans import NodeInput, Plan, PlanEdge, PlanNode, Subgoal, ValueType, Verb
from core.tasks import PublicTask, Split, Task
from environment.tasks.generated import generate, sample, templates
from planner.cache import StoredPlans, read_task
from planner.decisions import CacheAnswer, PlanOutcome
from planner.orchestrator import OrchestratorMachine
from planner.orchestrator_signals import (
    AskPlanner,
    AskReplan,
    CacheAnswered,
    Instruction,
    MoneyGranted,
    OrchestratorEvent,
    PlannerAnswered,
    Record,
    ReserveMoney,
    StartSubtask,
    SubtaskEnded,
    TaskTaken,
)
from planner.replanning import ReplanningEngine
from planner.requests import PlanRequest
from planner.rules import RulesPlanner
from policies.profiles import DEFAULT_POOL
from policies.tariff import Tariff
from scripts.bench.figures import Figure, cpu_ms_each, spread

__all__ = ["measure"]

_DATA = Path(__file__).parents[2] / "tests/planner/data"
_WORTH = PlanOutcome(spent=500, replans=0, confidence=0.9)
_BUDGET = 1_000_000
_PLANS = 10_000
_LOOKS = 200
_REPEATED = 300
_TURNS = (
    ("newest|latest|most recent", "oldest"),
    ("oldest|earliest", "newest"),
    ("upvote|like", "downvote"),
    ("subscribe to|join", "unsubscribe from"),
    ("more|larger|higher", "fewer"),
    ("most|highest|top|best", "lowest"),
    ("fewest|lowest|worst", "highest"),
    ("who", "when"),
)


class _Triplet(NamedTuple):
    task: str
    paraphrase: str
    other: str


def measure() -> list[Figure]:
    """Returns the figures of the plan cache and of a team that makes no progress."""
    return [
        *_told_apart("written", list(_written("intent_triplets.txt"))),
        *_told_apart("later", list(_written("later_triplets.txt"))),
        *_told_apart("sealed", list(_sealed())),
        *_look_ups(),
        _calls_saved(),
        _replans_without_progress(),
    ]


# -- intents --------------------------------------------------------------------------------------


def _told_apart(name: str, triplets: list[_Triplet]) -> list[Figure]:
    hits = wrong = 0
    for triplet in triplets:
        cache = StoredPlans()
        cache.store(_request(triplet.task), _plan_for(triplet.task), _WORTH)
        hits += cache.look_up(_request(triplet.paraphrase)).plan is not None
        wrong += cache.look_up(_request(triplet.other)).plan is not None
    return [
        Figure(
            name=f"plans served for another intent, {name} triplets",
            value=wrong,
            unit="plans",
            target="<= 0",
            n=len(triplets),
        ),
        Figure(
            name=f"paraphrases served, {name} triplets",
            value=100 * hits / len(triplets),
            unit="%",
            target=">= 80",
            n=len(triplets),
        ),
    ]


def _written(name: str) -> Iterator[_Triplet]:
    """Yields the triplets of a file that are about the forum."""
    text = (_DATA / name).read_text().partition("\n@shopping")[0]
    lines = [line for line in text.splitlines() if line and line[0] not in "#@"]
    for at in range(0, len(lines), 3):
        yield _Triplet(*lines[at : at + 3])


def _sealed() -> Iterator[_Triplet]:
    """Yields two triplets for each sealed template, where its wordings allow."""
    for name in templates(Split.SEALED):
        forms: dict[str, Task] = {}
        for seed in range(1, 25):
            task = generate(name, seed, Split.SEALED).task
            forms.setdefault(_wording(task), task)
        tasks = list(forms.values())
        for one, other in pairwise(tasks[:3]):
            yield _Triplet(one.intent, other.intent, _turned(one))


def _wording(task: Task) -> str:
    return cast("str", task.verified["intent_template"])


def _turned(task: Task) -> str:
    """Returns an intent with one of its own words turned; with a negation where none can be."""
    wording = _wording(task).replace("{{", "{").replace("}}", "}")
    slots = cast("dict[str, str]", task.verified["instantiation_dict"])
    for words, other in _TURNS:
        turned, times = re.subn(rf"(?i)\b(?:{words})\b", other, wording, count=1)
        if times:
            return turned.format_map(slots)
    return f"Do not {task.intent}"


def _request(intent: str) -> PlanRequest:
    task = PublicTask(
        key="",
        intent=intent,
        sites=("reddit",),
        start_urls=("http://reddit.localhost/",),
        base_urls={"reddit": "http://reddit.localhost"},
    )
    return PlanRequest(task=task, agents=DEFAULT_POOL, budget=_BUDGET)


def _plan_for(intent: str) -> Plan:
    """Returns a plan that names everything the task names, as a model's would; not a good one."""
    slots = read_task(_request(intent).task).slots
    inputs = tuple(
        NodeInput(name=f"text_{number}", type=ValueType.TEXT, const=slot)
        for number, slot in enumerate(slots)
    )
    find = PlanNode(
        id=0,
        subgoal=Subgoal(verb=Verb.FIND, object="thing"),
        agent="scout",
        site="reddit",
        inputs=inputs,
    )
    respond = PlanNode(
        id=1, subgoal=Subgoal(verb=Verb.RESPOND, object="reply"), agent="reader", site=""
    )
    return Plan(nodes=(find, respond), edges=(PlanEdge(source=0, target=1),))


# -- time and calls -------------------------------------------------------------------------------


def _look_ups() -> list[Figure]:
    cache = StoredPlans(max_plans=_PLANS)
    for number in range(_PLANS):
        intent = f'Upvote the newest q{_letters(number)} post in "forum_{number}"'
        cache.store(_request(intent), _plan_for(intent), _WORTH)
    figures = []
    for name, pattern in (
        ("hit", 'Upvote the newest q{} post in "place_{}"'),
        ("miss", 'Upvote the oldest q{} post in "place_{}"'),
    ):
        requests = [
            _request(pattern.format(_letters(37 * look), look + 1)) for look in range(_LOOKS)
        ]
        served = [0]

        def look(request: PlanRequest, served: list[int] = served) -> None:
            served[0] += cache.look_up(request).plan is not None

        times = [cpu_ms_each(partial(look, request)) for request in requests]
        figures.append(
            Figure(
                name=f"look-up in {len(cache):,} plans, a {name} ({served[0]} of {_LOOKS} served)",
                value=statistics.median(times),
                unit="ms CPU",
                target="<= 1.0",
                n=_LOOKS,
                spread=spread(times),
            )
        )
    return figures


def _letters(number: int) -> str:
    return "".join(chr(ord("a") + int(digit)) for digit in str(number))


def _calls_saved() -> Figure:
    """A planner is asked on a miss only; every plan works."""
    cache, calls = StoredPlans(), 0
    for generated in sample(Split.TRAIN, _REPEATED, 7):
        request = _request(generated.task.intent)
        if cache.look_up(request).plan is None:
            calls += 1
            cache.store(request, RulesPlanner().plan(request), _WORTH)
    return Figure(
        name="planner calls saved, tasks of 48 templates in all wordings",
        value=100 * (1 - calls / _REPEATED),
        unit="%",
        target="",
        n=_REPEATED,
    )


# -- no progress ----------------------------------------------------------------------------------


def _replans_without_progress() -> Figure:
    """A team of which every subtask fails, and a planner that always has another plan."""
    most = 0
    for reasons in range(1, 7):
        asked = _stuck_team(reasons)
        most = max(most, *(asked.count(fingerprint) for fingerprint in asked))
    return Figure(
        name="new plans for one failure, a team that makes no progress",
        value=most,
        unit="plans",
        target="<= 1",
        n=6,
    )


def _stuck_team(num_reasons: int) -> list[str]:
    """Returns the fingerprint of each new plan that was asked for until the episode ended."""
    machine = OrchestratorMachine(ReplanningEngine(), Tariff())
    request = _request("Upvote the newest post in f/books")
    waiting: list[OrchestratorEvent] = [
        TaskTaken(id="t", episode="e", request=request, hard_cap=_BUDGET),
        CacheAnswered(answer=CacheAnswer(plan=None, reason="empty")),
    ]
    prints: list[str] = []
    failures = 0
    while waiting:
        for step in machine.handle(waiting.pop(0)):
            prints += _asked_for(step)
            failures += isinstance(step, StartSubtask)
            waiting += _replies(step, request, f"reason {failures % num_reasons}")
    assert machine.is_ended, "a team that makes no progress is stopped"
    return prints


def _asked_for(step: Instruction) -> list[str]:
    if not isinstance(step, Record):
        return []
    event = step.event
    is_new = isinstance(event, ReplanRefused) or (
        isinstance(event, Replanned) and event.repair == "new_plan"
    )
    return [event.fingerprint] if is_new and isinstance(event, Replanned | ReplanRefused) else []


def _replies(step: Instruction, request: PlanRequest, reason: str) -> list[OrchestratorEvent]:
    match step:
        case ReserveMoney():
            return [MoneyGranted(id="m", reservation=step.reservation)]
        case StartSubtask():
            order = step.order
            failed = SubtaskFailed(
                episode="e",
                node=order.node.id,
                attempt=order.attempt,
                agent=order.agent,
                failure=FailureKind.ACTION,
                reason=reason,
                steps=1,
                spent=10,
            )
            return [SubtaskEnded(id="s", result=failed)]
        case AskReplan():
            plan = RulesPlanner().plan(replace(request, budget=_BUDGET))
            revision = step.request.plan.revision + 1
            return [PlannerAnswered(id="p", plan=plan.model_copy(update={"revision": revision}))]
        case AskPlanner():
            return [PlannerAnswered(id="p", plan=RulesPlanner().plan(request))]
        case _:
            return []
