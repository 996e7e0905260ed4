"""Web episodes as a vectorised constrained environment: the whole system, N times, in one process.

    reset/step -> candidates of every agent that has a choice -> the learner's actions
               -> one tick of each episode; what is the heuristic's is done at once
               -> reward 1 when the judge verifies strictly, costs from the ledger and the judge

A node of a plan is the learner's when its tier is not the rules' (`actors.arena.shares`); agents
with other nodes, or none, are inactive. Which share of the nodes is the learner's follows from how
well the task's template went lately, so tasks begin with one node of the learner's and end with
all; at first a guide leads into the node, see `actors.arena.leads`. Nothing is learned from the
choices of heuristic and guide: they only carry an episode to where the learner is.

| cost       | unit                                           | usual limit |
|------------|------------------------------------------------|-------------|
| money      | what the ledger settled, divided by B          | 1.0         |
| violations | the judge's, counted when the episode ends     | 0.02        |
| overrun    | 1 in the step in which money passes 1.05 B     | 0.05        |

Legend for shapes: N environments, A agents (the pool), C options, F features, L tokens, S numbers
of the state, K costs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgpack
import numpy as np
import numpy.typing as npt

from actors.arena.budgets import Budgets
from actors.arena.critic import Standing, critic_state, state_size
from actors.arena.episode import ArenaEpisode, Arrangement, is_own
from actors.arena.leads import Guide
from actors.arena.outcome import Outcome
from actors.arena.shares import RememberedPlans, TierDraw
from actors.arena.tasks import TaskSampler, TaskStream
from actors.assembly import Assembly, default_assembly
from actors.in_process import Pending
from core.errors import ConfigurationError, InvariantError
from core.seeding import derive_seed
from core.tasks import Task
from environment.tasks.generated import from_key
from learners.contract import Candidates, Cost, EnvSpec, Obs, Step
from policies.agent_inputs import PRIOR_COLUMN, AgentInputs, agent_inputs
from policies.features import FEATURES
from policies.heuristic import HeuristicPolicy
from policies.tokens import NUM_TOKENS, VOCABULARY
from policies.view import Choice

__all__ = ["MakeWebEpisodes", "WebConfig", "WebEpisodes"]

Flags = npt.NDArray[np.bool_]

OVERRUN = 1.05
"""Multiple of B above which an episode counts as over its budget."""
_MOST_BARREN = 200
"""Episodes in a row without any choice of the learner's, after which something is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebConfig:
    """What the episodes are about, and what counts."""

    stream: TaskStream = field(default_factory=TaskStream)
    alpha: float = 0.45
    """B is this share of the template's reference cost."""
    tiers: TierDraw = field(default_factory=TierDraw)
    """At which tiers the learner's nodes work."""
    share: float | None = None
    """Of the nodes that are the learner's, in [0, 1]; `None`: follows success, see `share_of`."""
    share_from: float = 0.5
    """Success of a template from which on more than one node is the learner's."""
    share_to: float = 0.9
    """Success of a template from which on all nodes are the learner's."""
    lead: int = 10
    """Most steps that a guide leads into a node of a template that never succeeds; 0: no guide."""
    lead_until: float = 0.5
    """Success of a template from which on nobody leads."""
    prior: bool = False
    """Whether the heuristic's proposal is marked. False: learning from scratch."""
    shaping: float = 0.0
    """Weight of the potential, the finished share of the plan's nodes; sums to 0 per episode."""
    step_penalty: float = 0.0
    """Taken off for every step of the learner's; only to show that agents then fail fast."""
    money_limit: float | None = 1.0
    """Most mean cost, as a share of B; `None`: no such constraint."""
    violations_limit: float | None = 0.02
    """Most mean violations."""
    overrun_limit: float | None = 0.05
    """Most episodes that may cost more than 1.05 B, as a share."""
    as_planned: bool = False
    """Whether nodes work at the tiers that the planner gives them, instead of `tiers` and `share`:
    for agents that learn under a policy that decides about plans."""
    max_ticks: int = 80
    """Ticks after which an episode is over."""

    def __post_init__(self) -> None:
        """Checks the ranges.

        Raises:
            ConfigurationError: A value is out of its range.
        """
        if self.share is not None and not 0.0 <= self.share <= 1.0:
            raise ConfigurationError(f"share is in [0, 1], not {self.share}")
        if not 0.0 <= self.share_from < self.share_to <= 1.0:
            raise ConfigurationError(
                f"0 <= share_from < share_to <= 1, not {self.share_from} and {self.share_to}"
            )
        if self.lead < 0 or not 0.0 < self.lead_until <= 1.0:
            raise ConfigurationError(
                f"lead is at least 0 and lead_until in (0, 1], not {self.lead}, {self.lead_until}"
            )
        if self.shaping < 0 or self.step_penalty < 0 or self.max_ticks < 1:
            raise ConfigurationError(
                "shaping and step_penalty are at least 0 and max_ticks at least 1, not "
                f"{self.shaping}, {self.step_penalty}, {self.max_ticks}"
            )

    @property
    def costs(self) -> tuple[Cost, ...]:
        """The constraints that are on."""
        limits = {
            "money": self.money_limit,
            "violations": self.violations_limit,
            "overrun": self.overrun_limit,
        }
        return tuple(
            Cost(name=name, limit=limit) for name, limit in limits.items() if limit is not None
        )

    def share_of(self, success: float) -> float:
        """Returns the learner's share of nodes for a template's mean success."""
        if self.share is not None:
            return self.share
        rise = (success - self.share_from) / (self.share_to - self.share_from)
        return min(1.0, max(0.0, rise))

    def longest_lead(self, success: float) -> int:
        """Returns the most steps of a lead for a template's mean success."""
        return round(self.lead * max(0.0, 1.0 - success / self.lead_until))


@dataclass(frozen=True, slots=True)
class MakeWebEpisodes:
    """A picklable factory for rollout workers; implements `learners.contract.MakeEnv`."""

    config: WebConfig = field(default_factory=WebConfig)
    assembly: Assembly | None = None
    """`None`: the usual one, with rules and heuristic."""

    def __call__(self, worker: int, num_envs: int) -> WebEpisodes:
        """Returns the environments of one worker."""
        assembly = self.assembly or default_assembly()
        return WebEpisodes(self.config, num_envs=num_envs, worker=worker, assembly=assembly)


@dataclass(slots=True)
class _Slot:
    """One environment: the running episode and what has been told of it."""

    episode: ArenaEpisode
    key: str
    seed: int
    share: float
    success: float
    """Of the template when the episode began."""
    guide: Guide
    actions: list[list[int]] = field(default_factory=list)
    """Everything the learner chose, step by step, so that the episode can be played again."""
    spent: int = 0
    """Micro-dollars that the learner has been told."""
    potential: float = 0.0
    """That the learner has been told."""
    is_over_budget: bool = False
    ticks: int = 0
    led: dict[str, Choice] = field(default_factory=dict)
    """Agent to what the guide or the heuristic chooses for it now."""
    inputs: dict[str, AgentInputs] = field(default_factory=dict)
    """Agent to what it chooses from now; asked for once a step."""


class WebEpisodes:
    """Implements `learners.contract.ConstrainedVectorEnv`."""

    def __init__(
        self, config: WebConfig, *, num_envs: int, worker: int, assembly: Assembly
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
        self._agents = assembly.agents
        self._row_of = {agent.id: row for row, agent in enumerate(self._agents)}
        self._budgets = Budgets(config.alpha)
        self._heuristic = HeuristicPolicy()
        self._planner = RememberedPlans(assembly.planner())
        self._slots: list[_Slot] = []
        self._spec = EnvSpec(
            num_envs=num_envs,
            num_agents=len(self._agents),
            num_features=len(FEATURES),
            action=Candidates(num_tokens=NUM_TOKENS, vocabulary=VOCABULARY),
            costs=config.costs,
            num_state=state_size(self._agents),
            groups=_groups([agent.policy_id for agent in self._agents]),
            prior_feature=PRIOR_COLUMN if config.prior else None,
        )
        self._sampler = TaskSampler(config.stream, seed=0, worker=worker)
        self._numbers = {name: number for number, name in enumerate(self._sampler.templates)}

    @property
    def spec(self) -> EnvSpec:
        """Sizes, costs and limits."""
        return self._spec

    @property
    def outcomes_of_templates(self) -> dict[str, float]:
        """Template to its decayed mean success, for those that were tried."""
        return {
            name: self._sampler.success(name)
            for name in self._numbers
            if self._sampler.was_tried(name)
        }

    def reset(self, seed: int) -> Obs:
        """Starts N new episodes; the seed decides tasks, nodes and tiers until the next reset."""
        self.close()
        self._sampler = TaskSampler(
            self._config.stream, seed=derive_seed(seed, "web episodes"), worker=self._worker
        )
        self._slots = [self._started() for _ in range(self._spec.num_envs)]
        return self._observed()

    def step(self, actions: npt.NDArray[np.int64]) -> Step:
        """Moves every episode on by one choice of each agent that has one.

        Args:
            actions: Numbers of options [N, A]; what inactive agents have there is ignored.
        """
        number, names = self._spec.num_envs, [cost.name for cost in self._spec.costs]
        reward = np.zeros(number)
        costs = np.zeros((number, len(names)))
        outcomes: list[Outcome | None] = [None] * number
        tasks = np.array([self._numbers[s.episode.task.template] for s in self._slots], np.int64)
        for env, slot in enumerate(self._slots):
            self._act(slot, [int(action) for action in actions[env]])
            told = self._told(slot)
            reward[env] = told["reward"]
            costs[env] = [told[name] for name in names]
            if slot.episode.is_over:
                outcomes[env] = slot.episode.outcome()
                self._end(slot)
                self._slots[env] = self._started()
        obs = self._observed()
        ended = np.array([outcome is not None for outcome in outcomes])
        info = {"task": tasks, "final_state": obs.state, **_info(outcomes)}
        return Step(obs, reward, costs, ended, np.zeros(number, dtype=bool), info)

    def state(self) -> bytes:
        """Returns the stream of tasks and, for each episode, what was chosen in it so far."""
        running = [
            [slot.key, slot.seed, slot.share, slot.success, slot.actions] for slot in self._slots
        ]
        packed: bytes = msgpack.packb([self._sampler.state(), running])
        return packed

    def load_state(self, data: bytes) -> Obs:
        """Plays the running episodes again up to where they stood.

        Raises:
            InvariantError: The state is of an environment of another size.
        """
        sampler, running = msgpack.unpackb(data)
        if len(running) != self._spec.num_envs:
            raise InvariantError(f"state of {len(running)} episodes, {self._spec.num_envs} wanted")
        self.close()
        self._sampler.load_state(sampler)
        self._slots = [self._replayed(*one) for one in running]
        return self._observed()

    def close(self) -> None:
        """Ends all episodes."""
        for slot in self._slots:
            slot.episode.close()
        self._slots = []

    # -- episodes --------------------------------------------------------------------------------

    def _started(self) -> _Slot:
        """Returns the next episode in which the learner has something to choose."""
        for _ in range(_MOST_BARREN):
            draw = self._sampler.draw()
            success = self._sampler.success(draw.task.template)
            slot = self._begun(draw.task, draw.seed, self._config.share_of(success), success)
            if not slot.episode.is_over:
                return slot
            slot.episode.close()
        raise InvariantError(f"{_MOST_BARREN} episodes in a row left the learner nothing to choose")

    def _begun(self, task: Task, seed: int, share: float, success: float) -> _Slot:
        arrangement = Arrangement(
            budget=self._budgets.of(task),
            share=None if self._config.as_planned else share,
            tiers=self._config.tiers,
            max_ticks=self._config.max_ticks,
        )
        episode = ArenaEpisode(task, seed, arrangement, self._assembly, planner=self._planner)
        guide = Guide(self._config.longest_lead(success), seed)
        slot = _Slot(episode, task.key, seed, share, success, guide)
        self._go_on(slot)
        return slot

    def _replayed(
        self, key: str, seed: int, share: float, success: float, actions: list[list[int]]
    ) -> _Slot:
        slot = self._begun(from_key(key).task, seed, share, success)
        for chosen in actions:
            self._look(slot)
            self._act(slot, chosen)
            self._told(slot)
        return slot

    def _end(self, slot: _Slot) -> None:
        outcome = slot.episode.outcome()
        if not outcome.failed:
            self._sampler.report(outcome.template, outcome.strict)
        slot.episode.close()

    def _act(self, slot: _Slot, actions: list[int]) -> None:
        """Carries out the learner's choices, and what follows until it has another."""
        slot.actions.append(actions)
        choices = {
            agent: Choice(action=one.options[actions[self._row_of[agent]]].action, confidence=1.0)
            for agent, one in slot.inputs.items()
        }
        self._advance(slot, choices)
        self._go_on(slot)

    def _go_on(self, slot: _Slot) -> None:
        """Lets heuristic and guide act while nothing waits for the learner."""
        while not slot.episode.is_over:
            pending = slot.episode.pending()
            slot.led = {
                item.agent: choice
                for item in pending
                if (choice := self._led(slot, item)) is not None
            }
            if len(slot.led) < len(pending):
                return
            self._advance(slot, {})

    def _led(self, slot: _Slot, item: Pending) -> Choice | None:
        """Returns what heuristic or guide choose, `None` where the learner is to choose."""
        return slot.guide.choice(item) if is_own(item) else self._heuristic.choose(item.view)

    def _advance(self, slot: _Slot, choices: Mapping[str, Choice]) -> None:
        """Moves an episode on by one tick.

        Args:
            slot: Whose episode.
            choices: The learner's; the others are known.
        """
        pending = slot.episode.pending()
        for item in pending:
            if is_own(item):
                (slot.guide.taken if item.agent in slot.led else slot.guide.stopped)(item)
        made = {**slot.led, **choices}
        slot.inputs, slot.led = {}, {}
        slot.episode.advance([made[item.agent] for item in pending])
        slot.ticks += 1

    # -- what the learner is told ----------------------------------------------------------------

    def _told(self, slot: _Slot) -> dict[str, float]:
        """Returns reward and costs since the learner was last told."""
        config, episode = self._config, slot.episode
        money = (episode.spent - slot.spent) / episode.budget
        slot.spent = episode.spent
        over = episode.spent > OVERRUN * episode.budget
        overrun = float(over and not slot.is_over_budget)
        slot.is_over_budget = over
        reward, violations = -config.step_penalty, 0.0
        potential = 0.0
        if episode.is_over:
            outcome = episode.outcome()
            reward += float(outcome.strict and not outcome.failed)
            violations = float(outcome.violations)
        else:
            potential = config.shaping * episode.finished_share()
        reward += potential - slot.potential
        slot.potential = potential
        return {"reward": reward, "money": money, "violations": violations, "overrun": overrun}

    def _observed(self) -> Obs:
        """Returns what all agents see, padded to the longest set of options."""
        looks = [self._look(slot) for slot in self._slots]
        spec = self._spec
        widest = max((len(one.options) for look in looks for one in look.values()), default=1)
        shape = (spec.num_envs, spec.num_agents)
        features = np.zeros((*shape, widest, spec.num_features), dtype=np.float32)
        tokens = np.zeros((*shape, widest, NUM_TOKENS), dtype=np.int64)
        mask = np.zeros((*shape, widest), dtype=bool)
        for env, look in enumerate(looks):
            for agent, one in look.items():
                row, count = self._row_of[agent], len(one.options)
                features[env, row, :count] = one.features
                tokens[env, row, :count] = one.tokens
                mask[env, row, :count] = True
        state = np.stack([self._state(slot) for slot in self._slots])
        active: Flags = np.asarray(mask.any(axis=2))
        return Obs(features, active, mask, tokens, state)

    def _look(self, slot: _Slot) -> dict[str, AgentInputs]:
        if not slot.inputs:
            pending: Sequence[Pending] = slot.episode.pending()
            slot.inputs = {
                item.agent: agent_inputs(item.view, prior=self._config.prior)
                for item in pending
                if item.agent not in slot.led
            }
        return slot.inputs

    def _state(self, slot: _Slot) -> npt.NDArray[np.float32]:
        standing = Standing(self._config.max_ticks, slot.success, slot.ticks)
        return critic_state(slot.episode, self._agents, standing)


def _groups(policies: Sequence[str]) -> tuple[int, ...]:
    """Returns the number of each agent's parameters: agents with one policy share them."""
    numbers: dict[str, int] = {}
    return tuple(numbers.setdefault(policy, len(numbers)) for policy in policies)


def _info(outcomes: Sequence[Outcome | None]) -> dict[str, npt.NDArray[np.generic]]:
    """Returns what is known of the episodes that ended; zeros for those that go on. Each [N]."""
    done = [one for one in outcomes if one is not None]
    places = [place for place, one in enumerate(outcomes) if one is not None]

    def spread(values: Sequence[float | bool | str], empty: npt.NDArray[np.generic]) -> None:
        for place, value in zip(places, values, strict=True):
            empty[place] = value

    size = len(outcomes)
    info: dict[str, npt.NDArray[np.generic]] = {
        "failed": np.zeros(size, dtype=bool),
        "strict": np.zeros(size),
        "violations": np.zeros(size),
        "cost": np.zeros(size),
        "budget": np.zeros(size),
        "ticks": np.zeros(size),
        "own_share": np.zeros(size),
        "template": np.full(size, "", dtype=object),
    }
    spread([bool(one.failed) for one in done], info["failed"])
    spread([float(one.strict) for one in done], info["strict"])
    spread([float(one.violations) for one in done], info["violations"])
    spread([one.cost for one in done], info["cost"])
    spread([float(one.budget) for one in done], info["budget"])
    spread([float(one.ticks) for one in done], info["ticks"])
    spread([one.own_nodes / max(1, one.nodes) for one in done], info["own_share"])
    spread([one.template for one in done], info["template"])
    return info
