"""The scripts that train plan policies and compare ways to decide, in their smallest runs."""

from pathlib import Path

import pytest

from core.errors import ConfigurationError
from policies.plan_policy import load_policy
from scripts import compare_plans


def test_training_writes_a_policy_that_the_comparison_reads(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("torch")
    from scripts import train_plans

    out = tmp_path / "plan_p3o.npz"
    train_plans.main(
        train_plans.Options(out=out, iterations=1, num_envs=3, rollout_length=2, instances=1)
    )
    assert load_policy(out).version == "p3o-0.6-0"
    compare_plans.main(compare_plans.Options(what="policies", n=2, files=(out,)))
    printed = capsys.readouterr().out
    for side in ("rules", "full pages", "plan_p3o"):
        assert side in printed


def test_several_agents_are_compared_with_one(capsys: pytest.CaptureFixture[str]) -> None:
    compare_plans.main(compare_plans.Options(what="teams", n=12, alpha=0.1))
    printed = capsys.readouterr().out
    assert "one agent" in printed
    assert "several" in printed


def test_a_file_that_is_not_there_is_no_untrained_policy(tmp_path: Path) -> None:
    options = compare_plans.Options(what="policies", n=1, files=(tmp_path / "none.npz",))
    with pytest.raises(ConfigurationError, match="no policy in"):
        compare_plans.main(options)
