"""The faces by which users of the first version know the system.

mas = EnhancedWebArenaMAS(method="p3o", budget=0.02)
result = mas.solve_task({"task_id": 404, "intent": "Upvote the newest post ...",
                         "sites": ["reddit"]})
result["success"], result["cost"], result["replanning_count"]

A task is planned by a model only when it is asked for, `use_llm_orchestrator=True`; the result says
who planned (`planner`), what the model cost (`model`) and why it could not be asked (`note`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from actors.assembly import default_assembly
from actors.journal import EventEnvelope
from actors.models import chosen_model, model_config, model_note
from actors.pool import RayConfig
from actors.system import Call, SolveResult, System
from core.budget import MICROS_PER_DOLLAR, micros
from core.errors import CallerError, ConfigurationError, UnknownTaskError, WebMasError
from core.events import ModelCalled, PlanMade, Replanned
from core.tasks import ResponseStatus, Split, Task, WorldSpec, placeholder
from environment.sites.registry import SITE_NAMES
from environment.tasks.loader import load_task
from planner.prices import ModelPrices

__all__ = ["METHODS", "EnhancedWebArenaMAS", "run_single_task_test"]

METHODS = ("p3o", "ppo_lagrangian", "macpo")
"""Which learner's policies act, where trained ones are installed; the heuristic acts otherwise."""

_SAMPLE_TASK = "580"
_SAMPLE_BUDGET = 0.02
_DEADLINE_S = 120.0
_MODEL_DEADLINE_S = 600.0
"""Seconds for a task; models take time."""
_NO_KEY = (
    "no key for a model: set OPENAI_API_KEY, ANTHROPIC_API_KEY or GOOGLE_API_KEY, or name one with "
    "llm_model; the rules plan and the heuristic acts"
)


class _TaskRecord(BaseModel):
    """A task as a caller gives it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    intent: str
    sites: tuple[str, ...]
    task_id: int | str | None = None
    start_url: str | None = None


class EnhancedWebArenaMAS:
    """Solves tasks with a pool of agents under a budget. Calls block, also in a notebook.

    The actors start with the first task and stop with `close`, or at the end of a `with` block.
    """

    def __init__(
        self,
        method: str = "p3o",
        budget: float = 0.02,
        use_llm_orchestrator: bool = False,
        llm_model: str | None = None,
        enable_replanning: bool = True,
        num_agents: int = 4,
        *,
        model_url: str = "",
        prices: Mapping[str, ModelPrices] | None = None,
        runs: Path = Path("runs"),
        ray_config: RayConfig | None = None,
    ) -> None:
        """Checks the settings; starts nothing.

        Args:
            method: One of `METHODS`, in any spelling of case and hyphens.
            budget: Dollars for each task.
            use_llm_orchestrator: Whether a language model plans; without one that can be reached,
                the rules plan, and the result says so.
            llm_model: Name of that model, or several with commas, best first; `None`: a cheap one
                of the first provider that there is a key for.
            enable_replanning: Whether running plans may be changed.
            num_agents: Web agents in the pool.
            model_url: Base URL of the server of a `local:` model.
            prices: Model name to its price, before the price table is asked.
            runs: Folder for the logs of runs.
            ray_config: How Ray is reached or started.

        Raises:
            ConfigurationError: A setting is out of its range.
        """
        self.method = method.lower().replace("-", "_")
        if self.method not in METHODS:
            raise ConfigurationError(f"method is one of {', '.join(METHODS)}, not {method!r}")
        micros(budget)
        self.budget = budget
        self.llm_model = (llm_model or chosen_model()) if use_llm_orchestrator else None
        names = self.llm_model or "rules"
        self._assembly = default_assembly(
            num_agents=num_agents,
            enable_replanning=enable_replanning,
            model=names,
            model_url=model_url,
            prices=prices,
            method=self.method,
        )
        model = model_config(names, url=model_url, prices=prices)
        self.note = "" if model is None else model_note(model)
        """Why the model cannot be asked from here; empty when it can, or when none is wanted."""
        if use_llm_orchestrator and model is None and not llm_model:
            self.note = _NO_KEY
        self._deadline_s = _DEADLINE_S if model is None else _MODEL_DEADLINE_S
        self._runs = runs
        self._ray_config = ray_config
        self._system: System | None = None

    def solve_task(self, task: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
        """Solves one task.

        Args:
            task: With `intent` and `sites`; `task_id` names an official or generated task, which
                is then judged; `start_url` where to begin.

        Returns:
            `success`, `cost` in dollars, `replanning_count`, `status`, `answer`, `reason`,
            `verified` (whether a judge decided about `success`), `verdict`, `planner` (who made the
            last plan: `rules`, `cache`, a model's name), `model` (calls, tokens, dollars and
            problems) and `note`. A task that cannot be run has `success=False` and the reason.
        """
        told = _Told()
        try:
            record = _TaskRecord.model_validate(dict(task))
            whole = _task_of(record)
            is_known = bool(whole.verified)
            call = Call(
                task=whole, budget=self.budget, is_judged=is_known, deadline_s=self._deadline_s
            )
            result = self._started().solve(call, on_event=told.hear)
            return {**_face(result), **told.face(), "note": self.note}
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            reason = f"the task's {'.'.join(map(str, first['loc']))}: {first['msg']}"
        except WebMasError as error:
            reason = str(error)
        return {**_refused(reason), **told.face(), "note": self.note}

    def close(self) -> None:
        """Stops the actors; closing twice is allowed."""
        if self._system is not None:
            self._system.stop()
            self._system = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _started(self) -> System:
        if self._system is None:
            self._system = System.start(self._assembly, runs=self._runs, config=self._ray_config)
        return self._system


def run_single_task_test(method: str = "p3o", use_llm: bool = False) -> dict[str, JsonValue]:
    """Solves one official task on the embedded forum and returns its result.

    Args:
        method: See `EnhancedWebArenaMAS`.
        use_llm: Whether a language model plans.
    """
    task = load_task(_SAMPLE_TASK)
    with EnhancedWebArenaMAS(method, _SAMPLE_BUDGET, use_llm) as mas:
        return mas.solve_task(
            {"task_id": task.key, "intent": task.intent, "sites": list(task.sites)}
        )


def _task_of(record: _TaskRecord) -> Task:
    """Returns the benchmark's task of this id and intent, else one on fresh embedded worlds."""
    if record.task_id is not None:
        try:
            known = load_task(str(record.task_id))
        except UnknownTaskError:
            known = None
        if known is not None and known.intent == record.intent:
            return known
    missing = [site for site in record.sites if site not in SITE_NAMES]
    if missing or not record.sites:
        raise CallerError(
            f"cannot reach {', '.join(missing) or 'any site'}: embedded are {', '.join(SITE_NAMES)}"
        )
    name = hashlib.blake2b(record.intent.encode(), digest_size=4).hexdigest()
    return Task(
        key=f"asked:{name}@new_instances",
        template="asked",
        split=Split.NEW_INSTANCES,
        sites=record.sites,
        start_urls=(record.start_url or placeholder(record.sites[0]),),
        intent=record.intent,
        worlds={site: WorldSpec(profile="official") for site in record.sites},
        verified={},
    )


def _face(result: SolveResult) -> dict[str, JsonValue]:
    response = result.response
    succeeded = response is not None and response.status is ResponseStatus.SUCCESS
    judged = result.verdict is not None and not result.verdict.get("error")
    return {
        "success": bool((result.verdict or {}).get("strict")) if judged else succeeded,
        "cost": result.spent / MICROS_PER_DOLLAR,
        "replanning_count": result.replans,
        "status": None if response is None else response.status.value,
        "answer": None if response is None else response.retrieved_data,
        "reason": result.reason,
        "verified": judged,
        "verdict": result.verdict,
    }


def _refused(reason: str) -> dict[str, JsonValue]:
    return {
        "success": False,
        "cost": 0.0,
        "replanning_count": 0,
        "status": None,
        "answer": None,
        "reason": reason,
        "verified": False,
        "verdict": None,
    }


@dataclass(slots=True)
class _Told:
    """What an episode's events say about who planned and what models cost."""

    planner: str = "rules"
    calls: list[ModelCalled] = field(default_factory=list)

    def hear(self, envelope: EventEnvelope) -> None:
        """Takes in one event."""
        match envelope.body:
            case PlanMade() | Replanned() as made:
                self.planner = made.plan.origin
            case ModelCalled() as call:
                self.calls.append(call)
            case _:
                return

    def face(self) -> dict[str, JsonValue]:
        """Returns the fields of a result."""
        problems = list(dict.fromkeys(call.problem for call in self.calls if call.problem))
        return {
            "planner": self.planner,
            "model": {
                "calls": len(self.calls),
                "input_tokens": sum(call.input_tokens for call in self.calls),
                "output_tokens": sum(call.output_tokens for call in self.calls),
                "cost": sum(call.spent for call in self.calls) / MICROS_PER_DOLLAR,
                "problems": list[JsonValue](problems),
            },
        }
