"""The cluster files against Ray's own schema, and their numbers against what they are made of."""

import json
from pathlib import Path

import pytest
import yaml
from ray.autoscaler._private.util import prepare_config, validate_config

from core.placement import BROWSER, LEARNER, browser_slots
from scripts import node_resources
from scripts.cluster_test.shipping import rehearsed

ROOT = Path(__file__).parents[2]
FILES = ("cluster.yaml", "cluster-onprem.yaml")
SHOWN_BY_LINUX = 0.96
"""Share of a machine's memory that Linux shows: 15.4 of 16 GiB."""


def read(name):
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", FILES)
def test_ray_takes_the_file(name):
    validate_config(prepare_config(read(name)))


def test_the_schema_would_notice_a_typing_error():
    config = read("cluster.yaml")
    config["max_wrokers"] = config.pop("max_workers")
    with pytest.raises(Exception, match="max_wrokers"):
        validate_config(prepare_config(config))


@pytest.mark.parametrize("name", FILES)
def test_code_reaches_the_nodes_in_one_way(name):
    config = read(name)
    assert config["file_mounts"] == {
        "~/webarena-mas": ".",
        "~/.ray/auth_token": "~/.ray/auth_token",
    }
    assert "git clone" not in str(config)
    assert "working_dir" not in str(config)


@pytest.mark.parametrize("name", FILES)
def test_no_port_is_opened_and_everybody_shows_a_token(name):
    config = read(name)
    start = " ".join(config["head_start_ray_commands"])
    assert "--dashboard-host=127.0.0.1" in start
    assert "0.0.0.0" not in (ROOT / name).read_text(encoding="utf-8")
    assert any("RAY_AUTH_MODE=token" in command for command in config["setup_commands"])
    assert "IpPermissions" not in str(config)
    if config["provider"]["type"] == "aws":
        assert config["provider"]["use_internal_ips"] is True
        for kind in config["available_node_types"].values():
            assert kind["node_config"]["SecurityGroupIds"], "Ray's own group opens SSH to everybody"
            assert kind["node_config"]["SubnetIds"], "the usual subnets give out public addresses"


def test_a_type_with_commands_of_its_own_leaves_none_of_the_common_ones_out():
    config = read("cluster.yaml")
    for node_type in config["available_node_types"].values():
        own = node_type.get("worker_setup_commands")
        assert own is None or own[: len(config["setup_commands"])] == config["setup_commands"]


def test_the_cloud_is_sized_by_memory_and_its_workers_may_vanish():
    types = read("cluster.yaml")["available_node_types"]
    assert types["browser"]["resources"][BROWSER] == browser_slots(int(16 * SHOWN_BY_LINUX * 2**30))
    assert types["browser"]["min_workers"] >= 1, "an actor asks only for what some node offers"
    assert [name for name, kind in types.items() if LEARNER in kind["resources"]] == [
        "learner",
        "gpu-learner",
    ]
    spot = {"MarketType": "spot"}
    for name, kind in types.items():
        assert (kind["node_config"].get("InstanceMarketOptions") == spot) == (name != "head"), name
    limits = sum(kind.get("max_workers", 0) for kind in types.values())
    assert read("cluster.yaml")["max_workers"] <= limits


def test_a_machine_says_what_it_offers(capsys):
    assert node_resources.main() == 0
    offered = json.loads(capsys.readouterr().out)
    assert offered[LEARNER] == 1
    assert offered[BROWSER] >= 1


def test_the_rehearsal_changes_the_user_and_the_set_up_and_nothing_else():
    there = read("cluster-onprem.yaml")
    cluster = rehearsed(ROOT / "cluster-onprem.yaml", environment=Path("/opt/environment"))
    here = yaml.safe_load(cluster.text)
    assert here["setup_commands"][0] == "ln -sfn /opt/environment ~/webarena-mas/.venv"
    here["setup_commands"][0] = there["setup_commands"][0]
    here["auth"]["ssh_user"] = there["auth"]["ssh_user"]
    assert here == there
    assert (cluster.head, len(cluster.workers)) == ("10.0.0.10", 2)


def test_a_file_without_a_set_up_is_not_rehearsed(tmp_path):
    file = tmp_path / "bare.yaml"
    file.write_text(yaml.safe_dump(read("cluster-onprem.yaml") | {"setup_commands": []}))
    with pytest.raises(ValueError, match="0 times"):
        rehearsed(file, environment=tmp_path)
