"""Losses against numbers computed by hand."""

from __future__ import annotations

import math

import pytest
import torch

from core.errors import ConfigurationError
from learners.losses import (
    clipped_cost_sum,
    clipped_reward_sum,
    lagrangian_advantage,
    penalised_loss,
    surrogate_sum,
    value_loss_sum,
)

LOG_RATIO = torch.tensor([math.log(1.5), math.log(1.5), math.log(0.5), math.log(0.5)])
ADVANTAGE = torch.tensor([2.0, -2.0, 2.0, -2.0])
WEIGHT = torch.tensor([1.0, 1.0, 1.0, 0.5])


def test_a_surrogate_weighs_ratio_times_advantage():
    assert surrogate_sum(LOG_RATIO, ADVANTAGE, WEIGHT).item() == pytest.approx(3 - 3 + 1 - 0.5)


def test_a_clipped_reward_takes_the_smaller_side():
    # 1.2*2, 1.5*-2, 0.5*2, 0.8*-2*0.5
    value = clipped_reward_sum(LOG_RATIO, ADVANTAGE, WEIGHT, clip=0.2)
    assert value.item() == pytest.approx(2.4 - 3.0 + 1.0 - 0.8)


def test_a_clipped_cost_takes_the_larger_side():
    # 1.5*2, 1.2*-2, 0.8*2, 0.5*-2*0.5
    value = clipped_cost_sum(LOG_RATIO, ADVANTAGE, WEIGHT, clip=0.2)
    assert value.item() == pytest.approx(3.0 - 2.4 + 1.6 - 0.5)


def test_beyond_the_clip_neither_side_has_a_slope_in_the_good_direction():
    log_ratio = torch.tensor([0.5], requires_grad=True)
    one = torch.ones(1)
    clipped_reward_sum(log_ratio, one, one, clip=0.2).backward()
    assert log_ratio.grad is not None
    assert log_ratio.grad.item() == 0.0
    fallen = torch.tensor([-0.5], requires_grad=True)
    clipped_cost_sum(fallen, one, one, clip=0.2).backward()
    assert fallen.grad is not None
    assert fallen.grad.item() == 0.0


def test_the_exact_penalty_counts_only_what_is_above_a_limit():
    costs, slack = torch.tensor([0.1, 0.1]), torch.tensor([0.05, -0.3])
    loss = penalised_loss(torch.tensor(1.0), costs, slack, torch.tensor([10.0, 10.0]))
    assert loss.item() == pytest.approx(-1.0 + 10 * 0.15)


def test_a_lagrangian_advantage_subtracts_weighted_costs():
    advantages = torch.tensor([[1.0, 2.0, 3.0], [0.0, 1.0, 0.0]])
    combined = lagrangian_advantage(advantages, torch.tensor([0.5, 2.0]))
    assert combined.tolist() == pytest.approx([1 - 1 - 6, -0.5])


def test_value_loss_is_half_the_weighted_squared_error():
    values, targets = torch.tensor([[1.0, 2.0], [0.0, 0.0]]), torch.tensor([[0.0, 0.0], [3.0, 0.0]])
    assert value_loss_sum(values, targets, torch.tensor([1.0, 0.0])).item() == pytest.approx(2.5)


@pytest.mark.parametrize("loss", [clipped_reward_sum, clipped_cost_sum])
def test_wrong_shapes_are_refused(loss):
    with pytest.raises(ConfigurationError, match=r"\[R\]"):
        loss(LOG_RATIO, ADVANTAGE[:2], WEIGHT, clip=0.2)
