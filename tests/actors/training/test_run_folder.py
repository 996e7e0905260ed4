from __future__ import annotations

from pathlib import Path

import pytest

from actors.training.run_folder import RunFolder, commit_of
from actors.training.settings import TrainSettings, settings_from
from core.errors import ConfigurationError

SETTINGS = TrainSettings(seed=4)


def test_a_run_is_opened_as_it_was_made(tmp_path: Path) -> None:
    path = tmp_path / "runs" / "one"
    made = RunFolder.create(path, SETTINGS, command="python -m scripts.train --seed 4")
    opened = RunFolder.open(path)
    assert opened.record == made.record
    assert opened.settings == SETTINGS
    assert opened.record.libraries["numpy"] != "missing"
    assert opened.changed_libraries() == []
    assert opened.stage("agents").is_dir()


def test_a_folder_that_holds_a_run_is_not_written_over(tmp_path: Path) -> None:
    RunFolder.create(tmp_path, SETTINGS, command="")
    with pytest.raises(ConfigurationError, match=r"holds this run already; .* --resume"):
        RunFolder.create(tmp_path, SETTINGS, command="")
    other = SETTINGS.model_copy(update={"alpha": 0.5})
    with pytest.raises(
        ConfigurationError, match=r"other settings \(alpha: 0\.5, 0\.45\); choose another folder"
    ):
        RunFolder.create(tmp_path, other, command="")


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("mine")
    with pytest.raises(ConfigurationError, match="is not a run's folder"):
        RunFolder.create(tmp_path, SETTINGS, command="")
    with pytest.raises(ConfigurationError, match="holds no training run"):
        RunFolder.open(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_limits_may_change_when_a_run_goes_on_and_nothing_else(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path, SETTINGS, command="")
    longer = SETTINGS.model_copy(update={"iterations": 900, "ranks": 2})
    assert folder.go_on(longer).settings == longer
    assert RunFolder.open(tmp_path).settings == longer
    with pytest.raises(ConfigurationError, match="seed: 5, 4"):
        folder.go_on(longer.model_copy(update={"seed": 5}))


def test_a_run_of_another_version_is_refused(tmp_path: Path) -> None:
    RunFolder.create(tmp_path, SETTINGS, command="")
    file = tmp_path / "run.json"
    file.write_text(file.read_text().replace('"version": 1', '"version": 2'))
    with pytest.raises(ConfigurationError, match="another version, cut short or something else"):
        RunFolder.open(tmp_path)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"algorithm": "sarsa"}, "algorithm: .*'p3o'.*, not 'sarsa'"),
        ({"alpha": 0.0}, "alpha: .* greater than 0, not 0.0"),
        ({"cpu_seconds": None}, "a run needs a limit"),
        ({"envs": 5, "workers": 2}, "5 episodes .* shared evenly by 2 workers"),
        ({"stages": ()}, "there is at least one"),
    ],
)
def test_settings_out_of_range_are_said_with_what_is_allowed(
    values: dict[str, object], message: str
) -> None:
    with pytest.raises(ConfigurationError, match=message):
        settings_from(values)


def test_the_commit_is_known_or_said_to_be_unknown() -> None:
    assert commit_of()
