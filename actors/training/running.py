"""One stage of a run: from its folder to a policy file, with everything kept on the way.

    settings -> Training -> drive -> history.jsonl, checkpoints, evaluations -> policy file, figure

A stage that was finished has a `result.json` and is not run again. A stage that was stopped or
killed goes on from its newest whole checkpoint; history and curve are cut back to it first. What is
written for people never feeds back into training.

This is one of the few modules outside `learners` that lead to torch.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from actors.training.algorithms import algorithm_of
from actors.training.evaluation import records_of
from actors.training.run_folder import RunFolder
from actors.training.settings import Stage
from actors.training.sources import Sources, sources_of
from actors.training.stages import StageOf, stage_of
from core.errors import CodecError
from core.tasks import Split
from evaluation.record_files import read_records, write_records
from evaluation.records import EpisodeRecord
from learners.checkpoints import Checkpoints
from learners.contract import EnvSpec
from learners.driving import Keeping, drive, resume
from learners.history import Record
from learners.history_files import append_record, write_history
from learners.training import TrainConfig, Training
from policies.trained import TrainedPolicy

__all__ = ["Began", "StageRun", "Watcher"]

_SHARES = {"agents": 0.7, "plan": 0.2, "joint": 0.1}
"""How stages share the run's CPU-seconds, where there are several."""
_CURVE_SEED = 1
_FINAL_SEED = 2
_FINAL_SPLITS = (Split.NEW_INSTANCES, Split.ATTACKS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Began:
    """How a stage stands when it begins."""

    stage: Stage
    spec: EnvSpec
    iteration: int
    """Updates that were done before: 0 in a new stage."""
    steps: int
    """Environment steps that were made before."""
    complaints: list[str]
    """What was wrong with newer checkpoints that were passed over."""


class Watcher(Protocol):
    """Who looks on."""

    def began(self, began: Began) -> None:
        """A stage begins or goes on."""
        ...

    def updated(self, record: Record, share_done: float, drops: str) -> None:
        """An update was made; `drops` says in words what rollouts lost so far, or is empty."""
        ...

    def evaluated(self, records: list[EpisodeRecord], *, is_final: bool) -> None:
        """Episodes were evaluated."""
        ...


class StageRun:
    """A stage of a run in its folder."""

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
        """
        self._run, self._stage, self._watcher = folder, stage, watcher
        self._should_stop = should_stop
        self._settings = folder.settings
        self._folder = folder.stage(stage)
        self._parts: StageOf = stage_of(stage, folder.settings, self._agents_file())

    @property
    def is_done(self) -> bool:
        """Whether the stage came to its end before."""
        return (self._folder / "result.json").exists()

    @property
    def policy_file(self) -> Path:
        """Where the stage's policy is, once it was written."""
        return self._folder / self._parts.file

    def run(self) -> bool:
        """Trains the stage to its end, or until asked to stop; then writes the policy.

        Returns:
            Whether the stage came to its end.
        """
        algorithm = algorithm_of(self._settings, self._stage)
        config = self._config()
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
        keeping = self._keeping()
        complaints = resume(training, keeping)
        records = training.history.records
        write_history(self._history_file, records)
        curve = self._curve_until(records[-1].steps if records else 0)
        self._watcher.began(
            Began(
                stage=self._stage,
                spec=training.spec,
                iteration=len(records),
                steps=records[-1].steps if records else 0,
                complaints=complaints,
            )
        )
        done = [training.share_done]

        def watch(record: Record) -> None:
            append_record(self._history_file, record)
            share = training.share_done
            self._watcher.updated(record, share, sources.drops())
            if self._is_due(done[-1], share):
                curve.extend(self._evaluate_for_curve(training.policy, record.steps))
            done.append(share)

        is_done = drive(training, keeping, watch=watch, should_stop=self._should_stop)
        self._finish(training, curve, is_done=is_done)
        return is_done

    def _finish(self, training: Training, curve: list[EpisodeRecord], *, is_done: bool) -> None:
        """Writes the policy; after the end also the final evaluation, and last the result."""
        records = training.history.records
        if not records:
            return
        notes = {
            "command": self._run.record.command,
            "commit": self._run.record.commit,
            "seed": str(self._settings.seed),
            "iterations": str(len(records)),
            "steps": str(records[-1].steps),
            "finished": str(is_done),
        }
        policy = training.result().policy  # the mean of the last fifth, see `learners.training`
        self._parts.save(policy, self.policy_file, notes)
        if curve:
            self._draw(curve)
        if not is_done:
            return
        found = self._evaluate_at_end(policy, records[-1].steps)
        self._write_records("final.jsonl", found)
        history = training.history
        result = {
            **notes,
            "tail_reward": history.tail_reward(),
            "tail_costs": dict(
                zip((cost.name for cost in training.spec.costs), history.tail_costs(), strict=True)
            ),
            "feasible": history.feasible(),
            "cpu_seconds": sum(_total(record) for record in records),
        }
        text = json.dumps(result, indent=2, default=str) + "\n"
        (self._folder / "result.json").write_text(text, encoding="utf-8")

    # -- what is asked ---------------------------------------------------------------------------

    def _config(self) -> TrainConfig:
        settings = self._settings
        share = _SHARES[self._stage] / sum(_SHARES[one] for one in settings.stages)
        return TrainConfig(
            total_steps=None,
            iterations=settings.iterations,
            cpu_s=None if settings.cpu_seconds is None else share * settings.cpu_seconds,
            seed=settings.seed,
            num_envs=settings.envs,
            rollout_length=settings.rollout_length,
        )

    def _keeping(self) -> Keeping:
        record, settings = self._run.record, self._settings
        return Keeping(
            checkpoints=Checkpoints(self._folder / "checkpoints", keep=settings.keep),
            every=settings.checkpoint_every,
            notes={
                "algorithm": settings.algorithm,
                "stage": self._stage,
                "commit": record.commit,
                "command": record.command,
            },
            fixed=("algorithm", "stage"),
        )

    def _agents_file(self) -> Path | None:
        """What the stage of the agents left in this run, where it is one of the run's stages."""
        if self._stage == "agents" or "agents" not in self._settings.stages:
            return None
        return self._run.stage("agents") / f"agents_{self._settings.algorithm}.npz"

    # -- evaluations -----------------------------------------------------------------------------

    def _is_due(self, before: float, now: float) -> bool:
        number = self._settings.evaluations
        return int(now * number) > int(before * number)

    def _evaluate_for_curve(self, policy: TrainedPolicy, steps: int) -> list[EpisodeRecord]:
        found = self._evaluate(
            policy,
            self._parts.variants[0],
            Split.NEW_INSTANCES,
            self._settings.curve_episodes,
            _CURVE_SEED,
            steps,
        )
        self._watcher.evaluated(found, is_final=False)
        before = self._curve_until(steps - 1)
        self._write_records("curve.jsonl", [*before, *found])
        return found

    def _evaluate_at_end(self, policy: TrainedPolicy, steps: int) -> list[EpisodeRecord]:
        number = self._settings.evaluation_episodes
        found = []
        for split in _FINAL_SPLITS:
            for variant in self._parts.variants:
                found += self._evaluate(policy, variant, split, number, _FINAL_SEED, steps)
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

    # -- files -----------------------------------------------------------------------------------

    @property
    def _history_file(self) -> Path:
        return self._folder / "history.jsonl"

    def _curve_until(self, steps: int) -> list[EpisodeRecord]:
        """What was evaluated up to a number of steps; later points are of a run that was killed."""
        path = self._folder / "curve.jsonl"
        try:
            records = read_records(path).records if path.exists() else []
        except CodecError:
            return []  # cut by a full disk: the curve begins anew
        return [one for one in records if (one.trained_steps or 0) <= steps]

    def _write_records(self, name: str, records: list[EpisodeRecord]) -> None:
        record = self._run.record
        write_records(self._folder / name, records, command=record.command, commit=record.commit)

    def _draw(self, curve: list[EpisodeRecord]) -> None:
        from evaluation.figures import Limits, draw_learning_curves  # a second to import

        record = self._run.record
        caption = f"Command in run.json of {self._run.path.name}; commit {record.commit}."
        draw_learning_curves(curve, self._folder / "curve.png", limits=Limits(), caption=caption)


def _total(record: Record) -> float:
    seconds = record.seconds
    return seconds.env + seconds.policy + seconds.update + seconds.other
