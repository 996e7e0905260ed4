"""Joint training: agents and plan policy in turns, each against the other's newest weights.

    turn of the agents   plans are drawn by the plan policy, which does not change
    turn of the plans    the agents' likeliest actions, which do not change

Both start from what the stages before have learned: parameters, critics, optimisers, multipliers.
What alternating does and does not do is said in `learners.alternating`. All of it runs in the
process that drives the run, whatever the number of workers and ranks.

This is one of the few modules outside `learners` that lead to torch.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Literal, TypeAlias

from actors.training.algorithms import algorithm_of
from actors.training.evaluation import records_of
from actors.training.run_folder import RunFolder
from actors.training.running import (
    CURVE_SEED,
    FINAL_SEED,
    FINAL_SPLITS,
    config_of,
    is_due,
    keeping_of,
    notes_of,
)
from actors.training.stage_files import StageFiles
from actors.training.stages import AgentsStage, PlanStage, StageOf, left_by
from actors.training.watching import Began, Watcher
from core.errors import ConfigurationError
from core.seeding import derive_seed
from core.tasks import Split
from evaluation.records import EpisodeRecord
from learners.alternating import Alternating, PartnerRollouts, Side
from learners.checkpoints import Checkpoints
from learners.contract import EnvSpec, MakeEnv
from learners.driving import STATE, drive, resume
from learners.history import Record
from learners.history_files import append_record, write_history
from learners.networks.actors import actor_shape
from learners.rollouts import InProcessRollouts, Rollouts
from learners.training import Training
from policies.learned import agents_of
from policies.networks import Weights
from policies.plan_policy.scorers import from_scorers
from policies.profiles import DEFAULT_POOL
from policies.trained import TrainedPolicy

__all__ = ["JointRun"]

_StageOf: TypeAlias = Callable[[Weights | None], StageOf]


class JointRun:
    """The joint stage, in a run's folder."""

    def __init__(
        self,
        folder: RunFolder,
        watcher: Watcher,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> None:
        """Prepares; nothing runs before `run`.

        Args:
            folder: Of the run.
            watcher: Who looks on.
            should_stop: Asked after each update.
        """
        self._run, self._watcher, self._should_stop = folder, watcher, should_stop
        self._settings = folder.settings
        self._files = StageFiles(folder, "joint")

    @property
    def is_done(self) -> bool:
        """Whether the stage came to its end before."""
        return self._files.is_done

    @property
    def policy_files(self) -> list[Path]:
        """Where both policies are, once they were written."""
        method = self._settings.algorithm
        return [self._files.folder / f"{side}_{method}.npz" for side in ("agents", "plan")]

    def run(self) -> bool:
        """Trains to the end of the stage, or until asked to stop; then writes both policies.

        Returns:
            Whether the stage came to its end.

        Raises:
            ConfigurationError: There is nothing to start from.
        """
        agents = self._side("agents", self._agents_stage)
        plan = self._side("plan", partial(self._plan_stage, agents.training))
        sides = Alternating(agents, plan, block=self._settings.turn)
        try:
            return self._train(sides, agents.training, plan.training)
        finally:
            sides.close()

    def _train(self, sides: Alternating, agents: Training, plan: Training) -> bool:
        keeping = keeping_of(self._run, "joint", self._files)
        complaints = resume(sides, keeping)
        for name, training in (("agents", agents), ("plan", plan)):
            write_history(self._files.history(name), training.history.records)
        curve = self._files.curve_until(_steps(agents, plan))
        self._watcher.began(
            Began(
                stage="joint",
                spec=agents.spec,
                iteration=sides.num_updates,
                steps=_steps(agents, plan),
                complaints=complaints,
            )
        )
        shares = [sides.share_done]
        steps = partial(_steps, agents, plan)

        def watch(record: Record) -> None:
            side = sides.moved.name
            append_record(self._files.history(side), record)
            shares.append(sides.share_done)
            self._watcher.updated(record, shares[-1], "", side)
            if is_due(self._settings.evaluations, *shares[-2:]):
                found = self._evaluate(agents, None, plan.policy, Split.NEW_INSTANCES, steps())
                self._watcher.evaluated(found, is_final=False)
                curve.extend(found)
                self._files.write_curve(curve)

        is_done = drive(sides, keeping, watch=watch, should_stop=self._should_stop)
        if sides.num_updates:
            self._finish(agents, plan, curve, is_done=is_done)
        return is_done

    def _finish(
        self, agents: Training, plan: Training, curve: list[EpisodeRecord], *, is_done: bool
    ) -> None:
        steps = _steps(agents, plan)
        updates = agents.num_updates + plan.num_updates
        notes = notes_of(self._run, updates, steps, is_done=is_done)
        trained, decided = agents.result().policy, plan.result().policy
        agents_file, plan_file = self.policy_files
        self._agents_stage(None).save(trained, agents_file, notes)
        self._plan_stage(agents, None).save(decided, plan_file, notes)
        if curve:
            self._files.draw(curve)
        if not is_done:
            return
        found = []
        for split in FINAL_SPLITS:
            found += self._evaluate(agents, trained.weights, decided, split, steps, is_final=True)
        self._watcher.evaluated(found, is_final=True)
        self._files.write_final(found)
        self._files.write_result(
            {
                **notes,
                **{
                    name: {
                        "updates": training.num_updates,
                        "tail_reward": training.history.tail_reward(),
                        "tail_costs": training.history.tail_costs(),
                        "feasible": training.history.feasible(),
                    }
                    for name, training in (("agents", agents), ("plan", plan))
                },
            }
        )

    def _evaluate(
        self,
        agents: Training,
        weights: Weights | None,
        plan: TrainedPolicy,
        split: Split,
        steps: int,
        *,
        is_final: bool = False,
    ) -> list[EpisodeRecord]:
        """Returns episodes of both policies; agents without weights act with their newest."""
        settings = self._settings
        n = settings.evaluation_episodes if is_final else settings.curve_episodes
        seed = FINAL_SEED if is_final else CURVE_SEED
        stage = self._plan_stage(agents, weights)
        return records_of(
            list(stage.episodes(plan, "likeliest", split, n, seed)),
            algorithm=settings.algorithm,
            setting="joint",
            seed=settings.seed,
            trained_steps=steps,
        )

    # -- sides -----------------------------------------------------------------------------------

    def _side(self, name: Literal["agents", "plan"], stage_of: _StageOf) -> Side:
        """Returns a side that has learned what its own stage has learned.

        Args:
            name: Which.
            stage_of: Gives the stage whose environments hold these weights of the other side.
        """
        settings = self._settings
        algorithm = algorithm_of(settings, name)
        spec = _spec_of(stage_of(None).make_env, settings.envs)
        networks = algorithm.networks
        shape = actor_shape(spec, networks.actor_hidden, networks.embedding)

        def start(partner: Weights, turn: int) -> Rollouts:
            return InProcessRollouts(
                stage_of(partner).make_env,
                shape,
                num_envs=settings.envs,
                num_steps=settings.rollout_length,
                seed=derive_seed(settings.seed, "joint", name, turn),
            )

        rollouts = PartnerRollouts(spec, start)
        config = config_of(self._run, "joint", sides=2)
        training = Training(algorithm, stage_of(None).make_env, config, rollouts=rollouts)
        training.start_from(self._learned(name))
        return Side(name, training, rollouts)

    def _learned(self, name: Literal["agents", "plan"]) -> bytes:
        """Returns the state that the stage of a side has left."""
        before = left_by(name, self._run)
        checkpoint = None
        if before is not None:
            checkpoint, _ = Checkpoints(before.parent / "checkpoints").newest()
        if checkpoint is None:
            raise ConfigurationError(
                f"joint training begins with trained agents and plans, and stage {name} has left "
                "nothing: train with --stage all, or say --start-from RUN"
            )
        return checkpoint.parts[STATE]

    def _agents_stage(self, plan: Weights | None) -> AgentsStage:
        decides = None if plan is None else from_scorers(plan, version="joint")
        return AgentsStage(self._settings, decides)

    def _plan_stage(self, agents: Training, weights: Weights | None) -> PlanStage:
        policy = agents.policy if weights is None else replace(agents.policy, weights=weights)
        return PlanStage(self._settings, agents_of(policy, DEFAULT_POOL))


def _steps(*sides: Training) -> int:
    """Environment steps of all sides together."""
    return sum(side.history.records[-1].steps for side in sides if side.num_updates)


def _spec_of(make_env: MakeEnv, num_envs: int) -> EnvSpec:
    env = make_env(0, num_envs)
    spec = env.spec
    env.close()
    return spec
