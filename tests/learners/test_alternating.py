from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")

from core.errors import ConfigurationError, InvariantError
from learners.alternating import Alternating, PartnerRollouts, Side
from learners.history import Record
from learners.history_files import record_line
from learners.networks.actors import actor_shape
from learners.p3o import P3OConfig
from learners.problems.exact import make_env_of, s1
from learners.rollouts import InProcessRollouts, Rollouts
from learners.runs import TrainConfig
from learners.training import Training
from policies.networks import Weights

MAKE = make_env_of(s1())
SPEC = MAKE(0, 4).spec
CONFIG = TrainConfig(total_steps=None, iterations=5, num_envs=4, rollout_length=6, seed=1)


class _Starts:
    """Starts environments and remembers with which partner."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.partners: list[Weights] = []

    def __call__(self, partner: Weights, turn: int) -> Rollouts:
        self.partners.append(partner)
        networks = P3OConfig().networks
        shape = actor_shape(SPEC, networks.actor_hidden, networks.embedding)
        return InProcessRollouts(MAKE, shape, num_envs=4, num_steps=6, seed=10 * turn + 1)


def _side(name: str) -> Side:
    rollouts = PartnerRollouts(SPEC, _Starts(name))
    return Side(name, Training(P3OConfig(), MAKE, CONFIG, rollouts=rollouts), rollouts)


def _both() -> tuple[Alternating, Side, Side]:
    first, second = _side("first"), _side("second")
    return Alternating(first, second, block=2), first, second


def _played(both: Alternating, updates: int) -> list[tuple[str, str]]:
    def step() -> tuple[str, str]:
        record: Record = both.step()
        line = record_line(record)
        return both.moved.name, line[: line.index('"seconds"')]

    return [step() for _ in range(updates)]


def test_sides_take_turns_until_both_are_done() -> None:
    both, first, second = _both()
    names = []
    while both.share_done < 1.0:
        both.step()
        names.append(both.moved.name[0])
    assert "".join(names) == "ffssffssfs"
    assert (first.training.num_updates, second.training.num_updates) == (5, 5)
    assert both.num_updates == 10


def test_a_turn_meets_the_newest_weights_of_the_other_side() -> None:
    rollouts = PartnerRollouts(SPEC, starts := _Starts("first"))
    first = Side("first", Training(P3OConfig(), MAKE, CONFIG, rollouts=rollouts), rollouts)
    second = _side("second")
    both = Alternating(first, second, block=2)
    at_start = second.training.weights
    _played(both, 4)
    after = second.training.weights
    _played(both, 1)
    assert len(starts.partners) == 2
    for name, values in after.items():
        assert np.array_equal(starts.partners[0][name], at_start[name])
        assert np.array_equal(starts.partners[1][name], values)
    assert any(not np.array_equal(at_start[name], values) for name, values in after.items())


@pytest.mark.parametrize("place", [3, 4])
def test_two_sides_go_on_exactly_in_the_middle_of_a_turn_and_between_turns(place: int) -> None:
    both, _, _ = _both()
    _played(both, place)
    state = both.state()
    expected = _played(both, 10 - place)
    again, _, _ = _both()
    again.load_state(state)
    assert again.num_updates == place
    assert _played(again, 10 - place) == expected
    both.close()
    again.close()


def test_nothing_is_collected_before_a_turn_and_a_turn_has_updates() -> None:
    side = _side("first")
    with pytest.raises(InvariantError, match="a turn begins"):
        side.training.step()
    with pytest.raises(ConfigurationError, match="at least one update, not 0"):
        Alternating(side, _side("second"), block=0)
