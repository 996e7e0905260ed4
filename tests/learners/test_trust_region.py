"""The step's dual against a reference solver, and products against dense matrices."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from core.errors import ConfigurationError
from learners.trust_region import StepCase, conjugate_gradient, dual_step, fisher_product

NUM_PROBLEMS = 3_000


class _Quadratic:
    """A random step problem in the coordinates where the trust region is a ball."""

    def __init__(self, rng):
        costs = int(rng.choice([1, 1, 2, 3]))
        size = int(rng.integers(max(costs, 2), 6))
        matrix = rng.normal(size=(size, size))
        self.h = matrix @ matrix.T + 0.1 * np.eye(size)
        self.g = rng.normal(size=size)
        self.b = rng.normal(size=(costs, size))
        self.c = rng.normal(size=costs) * rng.choice([0.02, 0.1, 0.3])
        self.delta = float(rng.choice([0.01, 0.05, 0.1]))
        self.inverse = np.linalg.inv(self.h)

    def ours(self):
        x_g, turned = self.inverse @ self.g, self.inverse @ self.b.T
        step = dual_step(float(self.g @ x_g), self.b @ x_g, self.b @ turned, self.c, self.delta)
        return step, -(step.reward * x_g + turned @ step.nu) / step.lam

    def reference(self, rng):
        """Best value of SLSQP from three starts; None: it finds no feasible point."""
        root = np.linalg.cholesky(self.inverse)
        g, b = root.T @ self.g, self.b @ root
        limits = [
            {"type": "ineq", "fun": lambda y: -(b @ y + self.c), "jac": lambda _: -b},
            {"type": "ineq", "fun": lambda y: 2 * self.delta - y @ y, "jac": lambda y: -2 * y},
        ]
        best = None
        for scale in (0.0, 0.1, 0.3):
            found = minimize(
                lambda y: g @ y,
                scale * rng.normal(size=len(g)),
                jac=lambda _: g,
                constraints=limits,
                method="SLSQP",
                options={"maxiter": 300, "ftol": 1e-14},
            )
            kept = (b @ found.x + self.c).max() <= 1e-7
            if kept and found.x @ found.x <= 2 * self.delta + 1e-7:
                best = found.fun if best is None else min(best, found.fun)
        return best


def _agrees(problem, rng):
    step, x = problem.ours()
    best = problem.reference(rng)
    inside = 0.5 * x @ problem.h @ x <= problem.delta * 1.0001
    if best is None or step.case is StepCase.RECOVERY:
        return inside and best is None and step.case is StepCase.RECOVERY
    optimal = abs(problem.g @ x - best) <= 1e-5 * (1 + abs(best))
    return inside and optimal and (problem.b @ x + problem.c).max() <= 1e-6


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*:RuntimeWarning")  # SLSQP leaves its bounds while it searches
def test_the_dual_agrees_with_a_reference_solver_on_all_random_problems():
    rng = np.random.default_rng(0)
    wrong = [n for n in range(NUM_PROBLEMS) if not _agrees(_Quadratic(rng), rng)]
    assert wrong == []


@pytest.mark.filterwarnings("ignore:.*:RuntimeWarning")
def test_the_dual_agrees_with_a_reference_solver_on_a_hundred_problems():
    rng = np.random.default_rng(1)
    assert [n for n in range(100) if not _agrees(_Quadratic(rng), rng)] == []


def test_without_a_cost_the_step_is_the_natural_gradient_of_full_length():
    step = dual_step(4.0, np.zeros(0), np.zeros((0, 0)), np.zeros(0), delta=0.02)
    assert step.case is StepCase.UNCONSTRAINED
    assert step.lam == pytest.approx(np.sqrt(4.0 / 0.04))


def test_recovery_reduces_the_cost_as_far_as_the_region_reaches():
    step = dual_step(1.0, np.array([0.5]), np.array([[4.0]]), np.array([10.0]), delta=0.02)
    assert step.case is StepCase.RECOVERY
    # x = -p nu / lam with b.p = 4: cost falls by sqrt(2 delta s)
    assert 4.0 * step.nu[0] / step.lam == pytest.approx(np.sqrt(2 * 0.02 * 4.0))


def test_recovery_keeps_what_is_kept():
    # two costs that pull apart: reducing the first alone would break the second
    s = np.array([[1.0, -0.9], [-0.9, 1.0]])
    c = np.array([5.0, 0.0])
    step = dual_step(1.0, np.zeros(2), s, c, delta=0.5)
    assert step.case is StepCase.RECOVERY
    change = -(s @ step.nu) / step.lam
    assert change[0] < 0
    assert change[1] <= 1e-9


def test_a_limit_that_no_parameter_touches_is_left_out():
    step = dual_step(1.0, np.zeros(1), np.zeros((1, 1)), np.array([3.0]), delta=0.01)
    assert step.case is StepCase.UNCONSTRAINED


def test_wrong_shapes_of_a_dual_are_refused():
    with pytest.raises(ConfigurationError, match="K"):
        dual_step(1.0, np.zeros(2), np.zeros((1, 1)), np.zeros(1), delta=0.01)


def test_conjugate_gradient_solves_a_small_system():
    torch.manual_seed(0)
    root = torch.randn(6, 6, dtype=torch.float64)
    matrix = root @ root.T + torch.eye(6, dtype=torch.float64)
    right = torch.randn(6, dtype=torch.float64)
    found = conjugate_gradient(lambda v: matrix @ v, right, iterations=12)
    assert torch.allclose(matrix @ found, right, atol=1e-6)


def test_a_fisher_product_is_the_product_with_the_fisher_matrix():
    logits = torch.tensor([0.3, -0.2, 1.0], dtype=torch.float64, requires_grad=True)
    old = torch.log_softmax(logits.detach(), -1)
    kl = (old.exp() * (old - torch.log_softmax(logits, -1))).sum()
    p = old.exp()
    fisher = torch.diag(p) - torch.outer(p, p)
    vector = torch.tensor([1.0, 2.0, -1.0], dtype=torch.float64)
    assert torch.allclose(fisher_product(kl, [logits])(vector), fisher @ vector)
