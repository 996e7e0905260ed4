"""Figures of the planner: money under parallel calls, validity of plans, what the wrappers cost."""

from __future__ import annotations

import gc
import json
import re
import statistics
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, TypedDict

from core.budget import BudgetTracker
from core.tasks import PublicTask, Split
from environment.tasks.generated import sample
from planner.findings import Finding
from planner.llm_planner import LLMPlanner, LLMPlannerConfig, PlanningStory
from planner.plan_dialect import as_said
from planner.prices import FREE, PriceBook
from planner.providers.contract import ChatMessage, ModelRequest
from planner.providers.scripted import ScriptedProvider
from planner.requests import PlanRequest
from planner.rules.planner import RulesPlanner
from planner.validator import PlanContext, find_flaws
from planner.wrappers.limits import LimitConfig
from planner.wrappers.purses import LedgerPurse
from planner.wrappers.stack import ProviderStack, StackedAdapter
from policies.profiles import DEFAULT_POOL
from scripts.bench.figures import Figure, cpu_ms_each, spread
from scripts.bench.planner_money import PLANNERS, MoneyRun, check_then_record, reserve_then_settle

__all__ = [
    "CORPUS",
    "Corpus",
    "CorrigibleModel",
    "DamagedPlan",
    "Outcome",
    "corpus_stories",
    "measure",
]

CORPUS = Path("tests/planner/damaged_plans.json")
_FREE = PriceBook(overrides={"scripted": FREE})
_NO_LIMITS = LimitConfig(requests_per_minute=1e9, tokens_per_minute=1e12, burst=1_000_000)


class DamagedPlan(TypedDict):
    """Replies of a model to one task."""

    name: str
    intent: str
    replies: list[str]
    """The next one is given when what was told about the last one matches `told`."""
    told: list[str]


class Corpus(TypedDict):
    """The file of damaged plans."""

    sound: dict[str, str]
    """Intent to a plan that keeps all rules; `=` among the replies stands for it."""
    cases: list[DamagedPlan]


class CorrigibleModel:
    """A model that corrects a mistake when it is told about it, and only then."""

    def __init__(self, case: DamagedPlan, sound: str) -> None:
        self._replies = [sound if reply == "=" else reply for reply in case["replies"]]
        self._told = case["told"]
        self._at = 0

    def __call__(self, request: ModelRequest) -> str:
        """Returns the next reply, or the last one again when the findings do not help."""
        if len(request.messages) > 1 and self._at < len(self._told):
            said = request.messages[-1].text
            self._at += bool(re.search(self._told[self._at], said))
        return self._replies[self._at]


class Outcome(NamedTuple):
    """How one damaged plan was dealt with."""

    case: DamagedPlan
    story: PlanningStory
    flaws: tuple[Finding, ...]
    """Of the plan that came of it."""


def corpus_stories(corpus: Corpus) -> list[Outcome]:
    """Returns how each damaged plan was dealt with."""
    told = []
    for case in corpus["cases"]:
        model = ScriptedProvider(CorrigibleModel(case, corpus["sound"][case["intent"]]))
        stories: list[PlanningStory] = []
        planner = LLMPlanner(_stack(model).for_purse, RulesPlanner(), on_story=stories.append)
        request = _request(case["intent"])
        plan = planner.plan(request)
        told.append(Outcome(case, stories[0], find_flaws(plan, PlanContext.of(request))))
    return told


def measure() -> list[Figure]:
    """Returns all figures."""
    return [*_money(), *_rules(), *_repairs(), *_overhead()]


def _money(runs: int = 1_000, others: int = 200) -> list[Figure]:
    ours = [reserve_then_settle(seed) for seed in range(runs)]
    theirs = [check_then_record(seed) for seed in range(others)]
    return [
        _share_over(f"{PLANNERS} planners, one budget: runs over the cap", ours, "<= 0"),
        Figure(
            name="the same: runs in which less was booked than billed",
            value=sum(run.booked < run.billed for run in ours),
            unit="runs",
            target="<= 0",
            n=runs,
        ),
        Figure(
            name="the same: most billed, share of the cap",
            value=max(run.billed / run.cap for run in ours) * 100,
            unit="%",
            target="<= 100",
            n=runs,
            spread=f"mean {statistics.mean(run.billed / run.cap for run in ours):.0%}; "
            f"{sum(run.kills for run in ours)} planners killed",
        ),
        _share_over("check, call, then record: runs over the cap", theirs, ""),
        Figure(
            name="check, call, then record: most billed, share of the cap",
            value=max(run.billed / run.cap for run in theirs) * 100,
            unit="%",
            target="",
            n=others,
            spread=f"mean {statistics.mean(run.billed / run.cap for run in theirs):.0%}",
        ),
    ]


def _share_over(name: str, runs: Sequence[MoneyRun], target: str) -> Figure:
    over = sum(run.billed > run.cap or run.booked > run.cap for run in runs)
    return Figure(name=name, value=over, unit="runs", target=target, n=len(runs))


def _rules(n: int = 1_000) -> list[Figure]:
    sound, nodes = 0, []
    for made in sample(Split.TRAIN, n // 2, 11) + sample(Split.NEW_INSTANCES, n - n // 2, 12):
        bases = {site: f"http://{site}.localhost" for site in made.task.sites}
        request = _request_of(made.task.public(bases))
        plan = RulesPlanner().plan(request)
        sound += not find_flaws(plan, PlanContext.of(request))
        nodes.append(len(plan.nodes))
    return [
        Figure(
            name="plans of the rules that keep every rule, generated tasks",
            value=sound / n * 100,
            unit="%",
            target=">= 100",
            n=n,
            spread=f"{statistics.mean(nodes):.1f} nodes on average, {max(nodes)} at most",
        )
    ]


def _repairs() -> list[Figure]:
    corpus: Corpus = json.loads(CORPUS.read_text(encoding="utf-8"))
    told = corpus_stories(corpus)
    valid = [not outcome.flaws for outcome in told]
    by_model = [outcome.story for outcome in told if not outcome.story.fell_back]
    can_help = [outcome for outcome in told if _leads_to_a_plan(outcome.case)]
    at_once = sum(len(story.turns) == 1 for story in by_model)
    return [
        Figure(
            name="damaged plans that end in a valid plan, fall-back included",
            value=sum(valid) / len(valid) * 100,
            unit="%",
            target=">= 100",
            n=len(valid),
        ),
        Figure(
            name="damaged plans whose model's own plan was used, of those it would correct",
            value=len(by_model) / len(can_help) * 100,
            unit="%",
            target=">= 100",
            n=len(can_help),
            spread=f"{at_once} without asking again",
        ),
    ]


def _leads_to_a_plan(case: DamagedPlan) -> bool:
    """Returns whether the case is not one of a model that never gives a plan."""
    return not case["name"].startswith(("a model that", "ten thousand"))


def _overhead(calls: int = 400) -> list[Figure]:
    request = _request("Upvote the newest post in the books forum")
    said = json.dumps(as_said(RulesPlanner().plan(request)))
    model = ScriptedProvider(lambda _: said)
    purse = LedgerPurse(tracker=BudgetTracker(1.0), holder="bench")
    stacked = _stack(model).for_purse(purse)
    assert stacked is not None
    numbers = iter(range(10_000_000))

    def ask() -> ModelRequest:
        return ModelRequest(
            id=f"call {next(numbers)}",
            system="s" * 6_000,
            messages=(ChatMessage(role="user", text="t" * 4_000),),
        )

    planner = LLMPlanner(_stack(model).for_purse, RulesPlanner(), LLMPlannerConfig())
    bare = _each(lambda: model.complete(ask()), calls)
    wrapped = _each(lambda: stacked.complete(ask()), calls)
    whole = _each(lambda: planner.plan(request), calls // 4)
    added = statistics.median(wrapped) - statistics.median(bare)
    return [
        Figure(
            name="CPU added to a provider's call by all wrappers",
            value=added,
            unit="ms",
            target="<= 1",
            n=calls,
            spread=f"bare {statistics.median(bare):.3f} ms, wrapped "
            f"{statistics.median(wrapped):.3f} ms (medians)",
        ),
        Figure(
            name="CPU of one plan by a model: prompt, wrappers, reading, rules; no model",
            value=statistics.median(whole),
            unit="ms",
            target="<= 10",
            n=len(whole),
            spread=spread(whole),
        ),
    ]


def _each(work: Callable[[], object], times: int) -> list[float]:
    """Returns CPU milliseconds of each call, after a few that are not counted."""

    def once() -> None:
        work()

    for _ in range(5):
        once()
    gc.collect()
    return [cpu_ms_each(once) for _ in range(times)]


def _stack(model: ScriptedProvider) -> ProviderStack:
    return ProviderStack([StackedAdapter(model)], _FREE, limits=_NO_LIMITS)


def _request(intent: str) -> PlanRequest:
    return _request_of(
        PublicTask(
            key="bench",
            intent=intent,
            sites=("reddit",),
            start_urls=("http://reddit.localhost",),
            base_urls={"reddit": "http://reddit.localhost"},
        )
    )


def _request_of(task: PublicTask) -> PlanRequest:
    ledger = BudgetTracker(1.0)
    return PlanRequest(
        task=task,
        agents=DEFAULT_POOL,
        budget=50_000,
        purse=LedgerPurse(tracker=ledger, holder="bench"),
    )
