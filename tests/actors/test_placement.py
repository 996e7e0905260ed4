from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from actors.assembly import default_assembly
from actors.placement import place_agents


def test_agents_spread_and_take_room_where_nodes_offer_it():
    assert place_agents({"CPU": 2.0, "browser": 12.0}, near=None) == {
        "resources": {"browser": 1.0},
        "scheduling_strategy": "SPREAD",
    }
    assert place_agents({"CPU": 2.0}, near=None)["resources"] == {}


def test_agents_whose_pages_are_on_loopback_share_the_drivers_node():
    here = NodeAffinitySchedulingStrategy("0" * 56, soft=False)
    place = place_agents({"CPU": 2.0, "browser": 12.0}, near=here)
    assert place == {"resources": {}, "scheduling_strategy": here}


def test_only_a_chromium_on_loopback_binds_agents_to_a_node():
    assert not default_assembly().is_local
    assert default_assembly(browser="chromium").is_local
    assert default_assembly(browser="chromium", allow=("localhost:8000",)).is_local
    assert not default_assembly(browser="chromium", allow=("forum.example.org",)).is_local
