"""One stage of a run: from its folder to a policy file, with everything kept on the way.

    settings -> Training -> drive -> history.jsonl, checkpoints, evaluations -> policy file, figure

A stage that was finished has a `result.json` and is not run again. A stage that was stopped or
killed goes on from its newest whole checkpoint; history and curve are cut back to it first. What is
written for people never feeds back into training.

This is one of the few modules outside `learners` that lead to torch.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from actors.training.algorithms import algorithm_of
from actors.training.evaluation import records_of
from actors.training.run_folder import RunFolder
from actors.training.settings import Stage
from actors.training.sources import Sources, sources_of
from actors.training.stage_files import StageFiles
from actors.training.stages import StageOf, left_by, stage_of
from actors.training.watching import Began, Watcher
from core.tasks import Split
from evaluation.records import EpisodeRecord
from learners.checkpoints import Checkpoints
from learners.driving import Keeping, drive, resume
from learners.history import Record
from learners.history_files import append_record, write_history
from learners.runs import TrainConfig
from learners.training import Training
from policies.trained import TrainedPolicy

__all__ = ["CURVE_SEED", "FINAL_SEED", "FINAL_SPLITS", "StageRun", "is_due", "keeping_of"]

CURVE_SEED = 1
FINAL_SEED = 2
"""Of the instances that are evaluated; training has others."""
FINAL_SPLITS = (Split.NEW_INSTANCES, Split.ATTACKS)
_SHARES = {"agents": 0.7, "plan": 0.2, "joint": 0.1}
"""How stages share the run's CPU-seconds, where there are several."""


class StageRun:
    """The stage of the agents or of the plan policy, in a run's folder."""

    def __init__(
        self,
        folder: RunFolder,
        stage: Stage,
        watcher: Watcher,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> None:
        """Prepares; nothing runs before `run`.

        Args:
            folder: Of the run.
            stage: Which stage.
            watcher: Who looks on.
            should_stop: Asked after each update.

        Raises:
            ConfigurationError: What the stage starts from cannot be read.
        """
        self._run, self._stage, self._watcher = folder, stage, watcher
        self._should_stop = should_stop
        self._settings = folder.settings
        self._files = StageFiles(folder, stage)
        self._parts: StageOf = stage_of(
            stage, folder.settings, None if stage == "agents" else left_by("agents", folder)
        )

    @property
    def is_done(self) -> bool:
        """Whether the stage came to its end before."""
        return self._files.is_done

    @property
    def policy_files(self) -> list[Path]:
        """Where the stage's policy is, once it was written."""
        return [self._files.folder / self._parts.file]

    def run(self) -> bool:
        """Trains the stage to its end, or until asked to stop; then writes the policy.

        Returns:
            Whether the stage came to its end.
        """
        algorithm = algorithm_of(self._settings, self._stage)
        config = config_of(self._run, self._stage)
        with sources_of(self._settings, algorithm, self._parts.make_env, config) as sources:
            training = Training(
                algorithm,
                self._parts.make_env,
                config,
                rollouts=sources.rollouts,
                learner=sources.learner,
                clock=sources.clock,
            )
            try:
                return self._train(training, sources)
            finally:
                training.close()

    def _train(self, training: Training, sources: Sources) -> bool:
        keeping = keeping_of(self._run, self._stage, self._files)
        complaints = resume(training, keeping)
        records = training.history.records
        steps = records[-1].steps if records else 0
        write_history(self._files.history(), records)
        curve = self._files.curve_until(steps)
        self._watcher.began(
            Began(
                stage=self._stage,
                spec=training.spec,
                iteration=len(records),
                steps=steps,
                complaints=complaints,
            )
        )
        shares = [training.share_done]

        def watch(record: Record) -> None:
            append_record(self._files.history(), record)
            shares.append(training.share_done)
            self._watcher.updated(record, shares[-1], sources.drops(), "")
            if is_due(self._settings.evaluations, *shares[-2:]):
                curve.extend(self._evaluate_for_curve(training.policy, record.steps))
                self._files.write_curve(curve)

        is_done = drive(training, keeping, watch=watch, should_stop=self._should_stop)
        self._finish(training, curve, is_done=is_done)
        return is_done

    def _finish(self, training: Training, curve: list[EpisodeRecord], *, is_done: bool) -> None:
        """Writes the policy; after the end also the final evaluation, and last the result."""
        history = training.history
        if not history.records:
            return
        steps = history.records[-1].steps
        notes = notes_of(self._run, len(history.records), steps, is_done=is_done)
        policy = training.result().policy  # the mean of the last fifth, see `learners.training`
        self._parts.save(policy, self.policy_files[0], notes)
        if curve:
            self._files.draw(curve)
        if not is_done:
            return
        found = self._evaluate_at_end(policy, steps)
        self._files.write_final(found)
        costs = zip((cost.name for cost in training.spec.costs), history.tail_costs(), strict=True)
        self._files.write_result(
            {
                **notes,
                "tail_reward": history.tail_reward(),
                "tail_costs": dict(costs),
                "feasible": history.feasible(),
                "cpu_seconds": sum(record.seconds.total for record in history.records),
            }
        )

    def _evaluate_for_curve(self, policy: TrainedPolicy, steps: int) -> list[EpisodeRecord]:
        variant, n = self._parts.variants[0], self._settings.curve_episodes
        found = self._evaluate(policy, variant, Split.NEW_INSTANCES, n, CURVE_SEED, steps)
        self._watcher.evaluated(found, is_final=False)
        return found

    def _evaluate_at_end(self, policy: TrainedPolicy, steps: int) -> list[EpisodeRecord]:
        number = self._settings.evaluation_episodes
        found = []
        for split in FINAL_SPLITS:
            for variant in self._parts.variants:
                found += self._evaluate(policy, variant, split, number, FINAL_SEED, steps)
        self._watcher.evaluated(found, is_final=True)
        return found

    def _evaluate(
        self, policy: TrainedPolicy, variant: str, split: Split, n: int, seed: int, steps: int
    ) -> list[EpisodeRecord]:
        return records_of(
            list(self._parts.episodes(policy, variant, split, n, seed)),
            algorithm=self._settings.algorithm,
            setting=variant,
            seed=self._settings.seed,
            trained_steps=steps,
        )


def config_of(run: RunFolder, stage: Stage, *, sides: int = 1) -> TrainConfig:
    """Returns length, width and seed of a stage, or of one of the sides that share its time."""
    settings = run.settings
    share = _SHARES[stage] / sum(_SHARES[one] for one in settings.stages) / sides
    return TrainConfig(
        total_steps=None,
        iterations=settings.iterations,
        cpu_s=None if settings.cpu_seconds is None else share * settings.cpu_seconds,
        seed=settings.seed,
        num_envs=settings.envs,
        rollout_length=settings.rollout_length,
    )


def keeping_of(run: RunFolder, stage: Stage, files: StageFiles) -> Keeping:
    """Returns where and how often a stage is kept."""
    settings = run.settings
    return Keeping(
        checkpoints=Checkpoints(files.checkpoints, keep=settings.keep),
        every=settings.checkpoint_every,
        notes={
            "algorithm": settings.algorithm,
            "stage": stage,
            "commit": run.record.commit,
            "command": run.record.command,
        },
        fixed=("algorithm", "stage"),
    )


def notes_of(run: RunFolder, iterations: int, steps: int, *, is_done: bool) -> dict[str, str]:
    """Returns where a policy comes from, for its file and the result."""
    return {
        "command": run.record.command,
        "commit": run.record.commit,
        "seed": str(run.settings.seed),
        "iterations": str(iterations),
        "steps": str(steps),
        "finished": str(is_done),
    }


def is_due(evaluations: int, before: float, now: float) -> bool:
    """Returns whether an evaluation falls between two shares of a stage."""
    return int(now * evaluations) > int(before * evaluations)
