"""Small runs on web episodes, in one process."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("tensorboardX")

from actors.training.board import Board
from actors.training.joint import JointRun
from actors.training.run_folder import RunFolder
from actors.training.running import StageRun
from actors.training.settings import TrainSettings
from actors.training.watching import Began
from core.errors import ConfigurationError
from evaluation.record_files import read_records
from evaluation.records import EpisodeRecord
from learners.history import Record
from policies.learned import load_agents
from policies.plan_policy import load_policy

NAMES = ("subscriber_count", "biography_of_user")
SETTINGS = TrainSettings(
    stages=("agents", "plan"),
    iterations=2,
    cpu_seconds=None,
    envs=3,
    rollout_length=4,
    templates=NAMES,
    evaluations=2,
    curve_episodes=2,
    evaluation_episodes=2,
    checkpoint_every=1,
)


class _Seen:
    """A watcher that remembers."""

    def __init__(self) -> None:
        self.began_: list[Began] = []
        self.updates: list[int] = []
        self.sides: list[str] = []
        self.records: list[Record] = []
        self.curve: list[EpisodeRecord] = []
        self.final: list[EpisodeRecord] = []

    def began(self, began: Began) -> None:
        self.began_.append(began)

    def updated(self, record: Record, share_done: float, drops: str, side: str) -> None:
        assert 0.0 < share_done <= 1.0
        assert drops == ""
        self.sides.append(side)
        self.records.append(record)
        self.updates.append(record.iteration)

    def evaluated(self, records: list[EpisodeRecord], *, is_final: bool) -> None:
        (self.final if is_final else self.curve).extend(records)


def _lines(path: Path, name: str = "history.jsonl") -> list[dict[str, object]]:
    lines = [json.loads(line) for line in (path / name).read_text().splitlines()]
    return [{name: value for name, value in line.items() if name != "seconds"} for line in lines]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[RunFolder, dict[str, _Seen]]:
    """A run of both stages, and what was seen of it."""
    path = tmp_path_factory.mktemp("runs") / "run"
    folder = RunFolder.create(path, SETTINGS, command="the command")
    found = {}
    for stage in SETTINGS.stages:
        found[stage] = _Seen()
        run = StageRun(folder, stage, found[stage])
        assert not run.is_done
        assert run.run()
        assert run.is_done
    return folder, found


def test_both_stages_leave_policies_records_and_figures(
    trained: tuple[RunFolder, dict[str, _Seen]],
) -> None:
    folder, found = trained
    for stage in SETTINGS.stages:
        seen = found[stage]
        assert seen.updates == [1, 2]
        assert len(seen.curve) == 4
        assert {one.trained_steps for one in seen.curve} > {seen.final[0].trained_steps}
        path = folder.stage(stage)
        stored = read_records(path / "final.jsonl")
        assert stored.records == seen.final
        assert stored.command == "the command"
        assert {one.split.value for one in seen.final} == {"new_instances", "attacks"}
        assert (path / "curve.png").stat().st_size > 5_000
        result = json.loads((path / "result.json").read_text())
        assert set(result["tail_costs"]) == {"money", "violations", "overrun"}
        assert result["cpu_seconds"] > 0
    agents = load_agents(folder.stage("agents") / "agents_p3o.npz")
    assert set(agents.groups) == {"scout", "reader", "editor", "generalist"}
    assert agents.trained.notes["command"] == "the command"
    plan = load_policy(folder.stage("plan") / "plan_p3o.npz")
    assert plan.version.startswith("p3o-0-")


def test_agents_and_plans_train_in_turns_from_what_was_left(
    trained: tuple[RunFolder, dict[str, _Seen]], tmp_path: Path
) -> None:
    before, _ = trained
    settings = SETTINGS.model_copy(
        update={"stages": ("joint",), "iterations": 3, "turn": 2, "start_from": str(before.path)}
    )
    whole = RunFolder.create(tmp_path / "whole", settings, command="")
    seen = _Seen()
    assert JointRun(whole, seen).run()
    assert seen.sides == ["agents", "agents", "plan", "plan", "agents", "plan"]
    assert {one.setting for one in seen.final} == {"joint"}
    cut = RunFolder.create(tmp_path / "cut", settings, command="")
    first, second = _Seen(), _Seen()
    assert not JointRun(cut, first, should_stop=lambda: len(first.updates) >= 3).run()
    assert JointRun(cut, second).run()
    assert second.sides == ["plan", "agents", "plan"]
    for side in ("agents", "plan"):
        name = f"history_{side}.jsonl"
        ours, theirs = (_lines(run.stage("joint"), name) for run in (cut, whole))
        assert ours == theirs
    agents_file, plan_file = JointRun(cut, second).policy_files
    moved = load_agents(agents_file).trained.weights
    start = load_agents(before.stage("agents") / "agents_p3o.npz").trained.weights
    assert any(not np.array_equal(moved[name], start[name]) for name in start)
    assert load_policy(plan_file).parameters is not None


def test_joint_training_without_anything_to_start_from_says_so(tmp_path: Path) -> None:
    settings = SETTINGS.model_copy(update={"stages": ("joint",)})
    folder = RunFolder.create(tmp_path / "run", settings, command="")
    with pytest.raises(ConfigurationError, match=r"stage agents has left nothing.*--start-from"):
        JointRun(folder, _Seen()).run()


def test_a_run_that_was_stopped_leaves_its_policy_and_goes_on(tmp_path: Path) -> None:
    settings = SETTINGS.model_copy(
        update={"stages": ("agents",), "iterations": 4, "evaluations": 0, "checkpoint_every": 3}
    )
    whole = RunFolder.create(tmp_path / "whole", settings, command="")
    assert StageRun(whole, "agents", _Seen()).run()
    cut = RunFolder.create(tmp_path / "cut", settings, command="")
    first = _Seen()
    stopped = StageRun(cut, "agents", first, should_stop=lambda: len(first.updates) >= 2)
    assert not stopped.run()
    assert stopped.policy_files[0].exists()
    assert not stopped.is_done
    assert load_agents(stopped.policy_files[0]).trained.notes["finished"] == "False"
    with (cut.stage("agents") / "history.jsonl").open("a") as file:
        file.write('{"iteration": 99}\n')  # of a process that was killed after its checkpoint
    second = _Seen()
    again = StageRun(RunFolder.open(tmp_path / "cut"), "agents", second)
    assert again.run()
    assert second.began_[0].iteration == 2
    assert second.updates == [3, 4]
    assert _lines(cut.stage("agents")) == _lines(whole.stage("agents"))
    ours, theirs = (
        load_agents(run.stage("agents") / "agents_p3o.npz").trained.weights for run in (cut, whole)
    )
    assert all(np.array_equal(ours[name], theirs[name]) for name in theirs)
    assert second.final == read_records(whole.stage("agents") / "final.jsonl").records


def test_tensorboard_reads_what_the_board_writes(tmp_path: Path) -> None:
    folder = RunFolder.create(
        tmp_path / "run",
        SETTINGS.model_copy(update={"stages": ("agents",), "iterations": 1, "evaluations": 0}),
        command="",
    )
    seen = _Seen()
    StageRun(folder, "agents", seen).run()
    with Board(tmp_path / "board", ("money", "violations", "overrun")) as board:
        board.add(seen.records[0])
    (file,) = (tmp_path / "board").iterdir()
    written = file.read_bytes()
    assert file.name.startswith("events.out.tfevents")
    for name in (b"cost/money", b"kappa/overrun", b"update/kl", b"episodes/strict"):
        assert name in written
