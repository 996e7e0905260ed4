"""The step of a trust region with linear constraints, and the products it is made of.

    minimise  g·x   subject to   b_k·x + c_k ≤ 0  for every k,   ½ x·Hx ≤ δ

g is the gradient of the *loss* (minus the reward's surrogate), b_k that of cost k's surrogate, c_k
the violation in the unit of the surrogate, H the Fisher matrix (Achiam et al. 2017, arXiv
1705.10528, equation 10). With x_g = H⁻¹g, P = H⁻¹B, q = g·x_g, r = Bᵀx_g, S = BᵀP the solution is

    x = −(x_g + P ν) / λ,   λ ≥ 0, ν ≥ 0

and for a set of constraints that bind (with their rows and columns of r, S and c)

    λ = sqrt((q − r·S⁻¹r) / (2δ − c·S⁻¹c)),   ν = S⁻¹(λ c − r)

The problem is convex, so the set for which ν ≥ 0 and all other constraints hold is the solution;
for K costs there are 2^K sets to look at. For K = 1 this is the closed form of that paper's
appendix in its min form; the max form in circulation has a sign error that its line search hides.

Where the violation cannot be repaired inside the trust region, the step only reduces what is
violated and keeps what is not (`StepCase.RECOVERY`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from core.errors import ConfigurationError

__all__ = ["DualStep", "StepCase", "conjugate_gradient", "dual_step", "fisher_product"]

MOST_COSTS = 8
TINY = 1e-12

Sums = npt.NDArray[np.float64]


class StepCase(StrEnum):
    """Which kind of step the dual gave."""

    UNCONSTRAINED = "unconstrained"
    """No limit is near: the natural gradient step."""
    CONSTRAINED = "constrained"
    """At least one limit binds."""
    RECOVERY = "recovery"
    """No point of the trust region keeps to all limits: violated costs are reduced."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DualStep:
    """x = −(reward · x_g + P ν) / λ."""

    case: StepCase
    lam: float
    """Multiplier of the trust region."""
    nu: Sums
    """Multipliers of the limits, reward units per cost unit; in recovery the weights of the costs.
    [K]"""
    reward: float
    """1, or 0 in recovery: the reward's gradient takes no part."""


def dual_step(q: float, r: Sums, s: Sums, c: Sums, delta: float) -> DualStep:
    """Solves the step's dual.

    Args:
        q: g·H⁻¹g.
        r: B·H⁻¹g. [K]
        s: B·H⁻¹B. [K, K]
        c: Violations; ≤ 0 where a limit is kept. [K]
        delta: δ, radius of the trust region in KL.

    Raises:
        ConfigurationError: Shapes do not fit, or there are more than 8 costs.
    """
    num_costs = len(c)
    if r.shape != (num_costs,) or s.shape != (num_costs, num_costs) or num_costs > MOST_COSTS:
        raise ConfigurationError(
            f"r [K], S [K, K], c [K] with K ≤ {MOST_COSTS}, not {r.shape}, {s.shape}, {c.shape}"
        )
    if delta <= 0:
        raise ConfigurationError(f"the radius of a trust region is > 0, not {delta}")
    usable = np.flatnonzero(np.diag(s) > TINY)  # a limit that no parameter touches binds nothing
    unit = np.sqrt(np.maximum(np.diag(s), TINY))
    scaled = _Problem(q, r / unit, s / np.outer(unit, unit), c / unit, delta)
    found = _best(scaled, usable)
    if found is not None:
        lam, nu = found
        case = StepCase.CONSTRAINED if nu.any() else StepCase.UNCONSTRAINED
        return DualStep(case=case, lam=lam, nu=nu / unit, reward=1.0)
    lam, nu = _recovery(scaled, usable)
    return DualStep(case=StepCase.RECOVERY, lam=lam, nu=nu / unit, reward=0.0)


def conjugate_gradient(
    product: Callable[[Tensor], Tensor],
    right: Tensor,
    *,
    iterations: int = 10,
    tolerance: float = 1e-10,
) -> Tensor:
    """Returns x with H x ≈ right for a symmetric positive definite H.

    Args:
        product: v -> H v; the same on all ranks.
        right: [P]
        iterations: Most products.
        tolerance: Stop at this squared residual, relative to that of x = 0.
    """
    solution = torch.zeros_like(right)
    residual = right.clone()
    direction = right.clone()
    size = residual.dot(residual)
    enough = tolerance * size
    for _ in range(iterations):
        if size <= enough or size == 0:
            break
        turned = product(direction)
        alpha = size / direction.dot(turned)
        solution = solution + alpha * direction
        residual = residual - alpha * turned
        following = residual.dot(residual)
        direction = residual + (following / size) * direction
        size = following
    return solution


def fisher_product(kl_sum: Tensor, parameters: list[Tensor]) -> Callable[[Tensor], Tensor]:
    """Returns v -> F v · n of this rank's rows, by differentiating twice.

    F is the Hessian of the mean KL(old ‖ new) at new = old. The caller adds up over ranks, divides
    by the count of rows and adds its damping.

    Args:
        kl_sum: Σ KL(old ‖ new) with old detached, at new = old.
        parameters: By which to differentiate; those that KL does not touch give zeros.
    """
    slopes = torch.autograd.grad(kl_sum, parameters, create_graph=True, allow_unused=True)
    filled = [
        torch.zeros_like(parameter) if slope is None else slope
        for slope, parameter in zip(slopes, parameters, strict=True)
    ]
    flat = torch.cat([slope.reshape(-1) for slope in filled])

    def product(vector: Tensor) -> Tensor:
        if not flat.requires_grad:
            return torch.zeros_like(vector)
        turned = torch.autograd.grad(
            flat.dot(vector), parameters, retain_graph=True, allow_unused=True
        )
        return torch.cat(
            [
                (torch.zeros_like(parameter) if part is None else part).reshape(-1)
                for part, parameter in zip(turned, parameters, strict=True)
            ]
        )

    return product


@dataclass(frozen=True, slots=True)
class _Problem:
    q: float
    r: Sums
    s: Sums
    c: Sums
    delta: float

    def slopes(self, lam: float, nu: Sums) -> Sums:
        """b·x + c at x = −(x_g + P ν) / λ, [K]."""
        return np.asarray(-(self.r + self.s @ nu) / lam + self.c)


def _best(problem: _Problem, usable: npt.NDArray[np.intp]) -> tuple[float, Sums] | None:
    """The set of binding limits whose solution satisfies all conditions; `None`: infeasible."""
    allowed = 1e-7 * (1.0 + np.abs(problem.c)) + 1e-9 * np.sqrt(problem.q)
    for chosen in _sets(usable):
        found = _with_binding(problem, chosen)
        if found is None:
            continue
        lam, nu = found
        if (nu >= -1e-9 * (1.0 + np.abs(nu).max(initial=0.0))).all() and (
            problem.slopes(lam, nu)[usable] <= allowed[usable]
        ).all():
            return lam, np.maximum(nu, 0.0)
    return None


def _sets(usable: npt.NDArray[np.intp]) -> Iterator[list[int]]:
    for size in range(len(usable) + 1):
        for chosen in combinations(usable.tolist(), size):
            yield list(chosen)


def _with_binding(problem: _Problem, chosen: list[int]) -> tuple[float, Sums] | None:
    """λ and ν if exactly these limits bind; `None`: they cannot all bind in the trust region."""
    nu = np.zeros(len(problem.c))
    r, c = problem.r[chosen], problem.c[chosen]
    across, room = problem.q, 2.0 * problem.delta
    if chosen:
        block = problem.s[np.ix_(chosen, chosen)]
        try:
            solved = np.linalg.solve(block, np.stack([r, c], axis=-1))
        except np.linalg.LinAlgError:
            return None
        across -= float(r @ solved[:, 0])
        room -= float(c @ solved[:, 1])
        if room <= 0:
            return None
    lam = np.sqrt(max(across, TINY * max(problem.q, TINY)) / room)
    if chosen:
        nu[chosen] = solved[:, 1] * lam - solved[:, 0]
    return float(lam), nu


def _recovery(problem: _Problem, usable: npt.NDArray[np.intp]) -> tuple[float, Sums]:
    """Reduces the violated costs, weighted by their violation, and keeps the others."""
    violated = np.zeros(len(problem.c))
    violated[usable] = np.maximum(problem.c[usable], 0.0)
    violated /= max(violated.max(), TINY)
    kept = np.array([k for k in usable if problem.c[k] <= 0], dtype=np.intp)
    turned = problem.s @ violated
    inner = _Problem(float(violated @ turned), turned, problem.s, problem.c, problem.delta)
    found = _best(inner, kept)
    if found is None:  # cannot be: x = 0 keeps what is kept
        found = float(np.sqrt(max(inner.q, TINY) / (2 * problem.delta))), np.zeros_like(violated)
    lam, nu = found
    return lam, violated + nu
