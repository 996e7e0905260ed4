"""Decisions about plans as a vectorised constrained environment; the agents are frozen.

    one step = one decision of each running episode: its first plan, a new plan, or a gate's answer
    between two decisions the agents act for as many ticks as it takes (semi-Markov)

The slots of a decision (`policies.plan_policy.arrays`) are the "agents" of the contract, in three
groups: nodes choose (agent, tier), free order edges drop or keep, the gate one of four answers. The
reward is 1 at the end of an episode that the judge verifies strictly.

| cost       | unit                                           | usual limit |
|------------|------------------------------------------------|-------------|
| money      | what the ledger settled, divided by B          | 1.0         |
| violations | the judge's, counted when the episode ends     | 0.02        |
| overrun    | 1 in the step in which money passes 1.05 B     | 0.05        |

Budgets are observed and not enforced, so no choice is illegal for its price.

Legend for shapes: N environments, A slots, C candidates, F features, S numbers of the state.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import msgpack
import numpy as np
import numpy.typing as npt

from actors.arena.budgets import Budgets
from actors.arena.outcome import Outcome
from actors.arena.plan_run import PlanRun
from actors.arena.shares import RememberedPlans
from actors.arena.tasks import TaskSampler, TaskStream
from actors.assembly import Assembly, default_assembly
from core.errors import ConfigurationError, InvariantError
from core.plans import EffortTier
from core.seeding import derive_seed
from core.tasks import Task
from environment.tasks.generated import from_key
from learners.contract import Candidates, Cost, EnvSpec, Obs, Step
from policies.plan_policy.arrays import (
    NUM_FEATURES,
    NUM_SUMMARY,
    PRIOR_COLUMN,
    Layout,
    summary,
)
from policies.plan_policy.choices import choices_of
from policies.profiles import DEFAULT_POOL, limited_to

__all__ = ["MODEL_FREE", "OVERRUN", "PAID", "MakePlanEpisodes", "PlanConfig", "PlanEpisodes"]

OVERRUN = 1.05
"""Multiple of B above which an episode counts as over its budget."""
PAID: tuple[EffortTier, ...] = (
    EffortTier.TOP_K,
    EffortTier.FULL_PAGE,
    EffortTier.SECOND_LOOK,
)
"""Tiers at which reading a page is charged: where frugality is a choice."""
MODEL_FREE: tuple[EffortTier, ...] = (EffortTier.RULES, *PAID)
"""All tiers that need no language model."""
_MOST_BARREN = 50
"""Episodes in a row without any decision, after which something is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanConfig:
    """What the episodes are about, and what counts."""

    stream: TaskStream = field(default_factory=lambda: TaskStream(floor=1.0))
    """Which tasks; with floor 1 every template comes as often as any other."""
    alpha: float = 0.2
    """B is this share of the template's reference cost."""
    tiers: tuple[EffortTier, ...] = MODEL_FREE
    """Tiers that the pool's agents work at; see `PAID`."""
    prior: bool = True
    """Whether learning starts from what the planner proposes. False: from any legal choice, all
    alike, which explores more; the proposal is still seen."""
    max_edges: int = 4
    """Free order edges that have a slot; others are kept."""
    money_limit: float | None = 1.0
    """Most mean cost, as a share of B; `None`: no such constraint."""
    violations_limit: float | None = 0.02
    """Most mean violations."""
    overrun_limit: float | None = 0.05
    """Most episodes that may cost more than 1.05 B, as a share."""
    max_ticks: int = 80
    """Ticks after which an episode is over."""

    def __post_init__(self) -> None:
        """Checks the ranges.

        Raises:
            ConfigurationError: A value is out of its range.
        """
        if not self.alpha > 0.0 or self.max_edges < 1 or self.max_ticks < 1:
            raise ConfigurationError(
                "alpha is above 0, max_edges and max_ticks are at least 1, not "
                f"{self.alpha}, {self.max_edges}, {self.max_ticks}"
            )

    @property
    def costs(self) -> tuple[Cost, ...]:
        """The constraints that are on."""
        limits = {
            "money": self.money_limit,
            "violations": self.violations_limit,
            "overrun": self.overrun_limit,
        }
        return tuple(Cost(name=name, limit=d) for name, d in limits.items() if d is not None)

    def assembly(self) -> Assembly:
        """Returns the usual system, without a model, whose agents work at the tiers.

        It remembers its first plans, and belongs to one process.
        """
        usual = default_assembly(agents=limited_to(DEFAULT_POOL, self.tiers))
        remembered = RememberedPlans(usual.planner())
        return replace(usual, planner=lambda: remembered)


@dataclass(frozen=True, slots=True)
class MakePlanEpisodes:
    """A picklable factory for rollout workers; implements `learners.contract.MakeEnv`."""

    config: PlanConfig = field(default_factory=PlanConfig)
    assembly: Assembly | None = None
    """Whose planner proposes and whose frozen policies act; `None`: rules and heuristic."""

    def __call__(self, worker: int, num_envs: int) -> PlanEpisodes:
        """Returns the environments of one worker."""
        assembly = self.assembly or self.config.assembly()
        return PlanEpisodes(self.config, num_envs=num_envs, worker=worker, assembly=assembly)


@dataclass(slots=True)
class _Slot:
    """One environment: the running episode and what has been told of it."""

    run: PlanRun
    key: str
    seed: int
    chosen: list[list[int]] = field(default_factory=list)
    """Every answer of the learner, so that the episode can be played again."""
    spent: int = 0
    """Micro-dollars that the learner has been told."""
    is_over_budget: bool = False


class PlanEpisodes:
    """Implements `learners.contract.ConstrainedVectorEnv`; used on the thread that made it."""

    def __init__(
        self, config: PlanConfig, *, num_envs: int, worker: int, assembly: Assembly
    ) -> None:
        """Makes the environments; no episode runs before `reset`.

        Args:
            config: What the episodes are about.
            num_envs: N.
            worker: Number of the rollout worker.
            assembly: The system's parts.
        """
        self._config = config
        self._assembly = assembly
        self._worker = worker
        self._budgets = Budgets(config.alpha)
        self._slots: list[_Slot] = []
        self._seed = 0
        self._sampler = self._stream_of(self._seed)
        self._number_of = {name: place for place, name in enumerate(self._sampler.templates)}
        self.layout = Layout(
            max_nodes=assembly.max_nodes,
            max_edges=config.max_edges,
            num_choices=len(choices_of(assembly.agents)),
        )
        self._spec = EnvSpec(
            num_envs=num_envs,
            num_agents=self.layout.num_slots,
            num_features=NUM_FEATURES,
            action=Candidates(),
            costs=config.costs,
            num_state=NUM_SUMMARY + 2 + len(self._number_of),
            groups=self.layout.groups,
            prior_feature=PRIOR_COLUMN if config.prior else None,
        )

    @property
    def spec(self) -> EnvSpec:
        """Sizes, costs and limits."""
        return self._spec

    def reset(self, seed: int) -> Obs:
        """Starts N new episodes; the seed decides their tasks until the next reset."""
        self.close()
        self._seed = seed
        self._sampler = self._stream_of(seed)
        for _ in range(self._spec.num_envs):
            self._slots.append(self._started())
        return self._observed()

    def step(self, actions: npt.NDArray[np.int64]) -> Step:
        """Answers the decision of every episode.

        Args:
            actions: Candidates [N, A]; what inactive slots have there is ignored.
        """
        number, names = self._spec.num_envs, [cost.name for cost in self._spec.costs]
        reward, costs = np.zeros(number), np.zeros((number, len(names)))
        outcomes: list[Outcome | None] = [None] * number
        tasks = np.array([self._number_of[s.run.task.template] for s in self._slots], np.int64)
        for env, slot in enumerate(self._slots):
            self._answer(slot, [int(action) for action in actions[env]])
            told = _told(slot)
            costs[env] = [told[name] for name in names]
            if slot.run.is_over:
                outcome = outcomes[env] = slot.run.outcome()
                reward[env] = float(outcome.strict and not outcome.failed)
                self._end(slot, outcome)
                self._slots[env] = self._started()
        obs = self._observed()
        ended = np.array([outcome is not None for outcome in outcomes])
        info = {"task": tasks, "final_state": obs.state, **_columns(outcomes)}
        return Step(obs, reward, costs, ended, np.zeros(number, dtype=bool), info)

    def state(self) -> bytes:
        """Returns seed and stream of tasks and, for each episode, what was decided in it so far."""
        running = [[slot.key, slot.seed, slot.chosen] for slot in self._slots]
        packed: bytes = msgpack.packb([self._seed, self._sampler.state(), running])
        return packed

    def load_state(self, data: bytes) -> Obs:
        """Plays the running episodes again up to where they stood.

        Raises:
            InvariantError: The state is of an environment of another size.
        """
        seed, sampler, running = msgpack.unpackb(data)
        if len(running) != self._spec.num_envs:
            raise InvariantError(f"state of {len(running)} episodes, {self._spec.num_envs} wanted")
        self.close()
        self._seed = seed
        self._sampler = self._stream_of(seed)
        self._sampler.load_state(sampler)
        for key, seed, chosen in running:
            slot = self._begun(from_key(key).task, seed)
            self._slots.append(slot)
            for answer in chosen:
                self._answer(slot, answer)
                _told(slot)
        return self._observed()

    def close(self) -> None:
        """Ends all episodes; twice is allowed."""
        for slot in self._slots:
            slot.run.close()
        self._slots = []

    # -- episodes --------------------------------------------------------------------------------

    def _stream_of(self, seed: int) -> TaskSampler:
        drawn = derive_seed(seed, "plan episodes")
        return TaskSampler(self._config.stream, seed=drawn, worker=self._worker)

    def _started(self) -> _Slot:
        """Returns the next episode in which there is something to decide."""
        for _ in range(_MOST_BARREN):
            draw = self._sampler.draw()
            slot = self._begun(draw.task, draw.seed)
            if not slot.run.is_over:
                return slot
            slot.run.close()
        raise InvariantError(f"{_MOST_BARREN} episodes in a row had nothing to decide")

    def _begun(self, task: Task, seed: int) -> _Slot:
        run = PlanRun(
            task,
            seed,
            budget=self._budgets.of(task),
            assembly=self._assembly,
            max_ticks=self._config.max_ticks,
        )
        return _Slot(run, task.key, seed)

    def _answer(self, slot: _Slot, chosen: list[int]) -> None:
        problem = slot.run.problem
        assert problem is not None, "a running episode waits for a decision"
        slot.chosen.append(chosen)
        slot.run.decide(self.layout.actions(problem, np.array(chosen)))

    def _end(self, slot: _Slot, outcome: Outcome) -> None:
        if not outcome.failed:
            self._sampler.report(outcome.template, outcome.strict)
        slot.run.close()

    # -- what the learner sees -------------------------------------------------------------------

    def _observed(self) -> Obs:
        spec, layout = self._spec, self.layout
        shape = (spec.num_envs, spec.num_agents, layout.num_candidates)
        features = np.zeros((*shape, NUM_FEATURES), dtype=np.float32)
        mask = np.zeros(shape, dtype=bool)
        active = np.zeros(shape[:2], dtype=bool)
        state = np.zeros((spec.num_envs, spec.num_state), dtype=np.float32)
        for env, slot in enumerate(self._slots):
            problem = slot.run.problem
            assert problem is not None, "a running episode waits for a decision"
            features[env], active[env], mask[env] = layout.arrays(problem)
            state[env, :NUM_SUMMARY] = summary(problem)
            spent = slot.run.spent / slot.run.budget
            state[env, NUM_SUMMARY : NUM_SUMMARY + 2] = (min(spent, 3.0), spent > OVERRUN)
            # only critics know the template, and only while a policy is trained
            state[env, NUM_SUMMARY + 2 + self._number_of[slot.run.task.template]] = 1.0
        return Obs(features, active, mask, None, state)


def _told(slot: _Slot) -> dict[str, float]:
    """Returns the costs since the learner was last told."""
    run = slot.run
    money = (run.spent - slot.spent) / run.budget
    slot.spent = run.spent
    over = run.spent > OVERRUN * run.budget
    overrun = float(over and not slot.is_over_budget)
    slot.is_over_budget = over
    violations = float(run.outcome().violations) if run.is_over else 0.0
    return {"money": money, "violations": violations, "overrun": overrun}


def _columns(outcomes: Sequence[Outcome | None]) -> dict[str, npt.NDArray[np.generic]]:
    """Returns what is known of the episodes that ended; zeros for those that go on. Each [N]."""
    size = len(outcomes)
    columns: dict[str, npt.NDArray[np.generic]] = {
        "failed": np.zeros(size, dtype=bool),
        **{name: np.zeros(size) for name in ("strict", "cost", "ticks", "decisions")},
        "template": np.full(size, "", dtype=object),
    }
    for place, one in enumerate(outcomes):
        if one is not None:
            columns["failed"][place] = bool(one.failed)
            columns["strict"][place] = float(one.strict)
            columns["cost"][place] = one.cost
            columns["ticks"][place] = float(one.ticks)
            columns["decisions"][place] = float(one.decisions)
            columns["template"][place] = one.template
    return columns
