"""What an episode may cost: B(task) = alpha x median reference cost of the task's template.

The reference is the rules' plan acted by the heuristic that reads every page in full, so a budget
says how much of the plain way's price an agent may take. The table beside this file is made by

    python -m scripts.reference_costs

and says with which n, seed and prices. A template that is not in it gets its site's median.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.errors import ConfigurationError
from core.tasks import Task
from policies.tariff import TARIFF_VERSION

__all__ = ["REFERENCE_FILE", "Budgets", "ReferenceCosts", "SiteCosts", "read_reference_costs"]

REFERENCE_FILE = Path(__file__).with_name("reference_costs.json")


class SiteCosts(BaseModel):
    """Reference costs of one site, or of one set of sites, in micro-dollars."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    median: int = Field(gt=0)
    """Of all episodes: for templates that are not listed."""
    templates: dict[str, int]
    """Template to the median of its episodes."""


class ReferenceCosts(BaseModel):
    """The table."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    command: str
    tariff: str
    """`policies.tariff.TARIFF_VERSION` of the prices."""
    split: str
    seed: int
    per_template: int
    """Episodes of each template."""
    sites: dict[str, SiteCosts]
    """Names of a task's sites, joined with `+`, to their costs."""


class Budgets:
    """Gives each task its budget."""

    def __init__(self, alpha: float, costs: ReferenceCosts | None = None) -> None:
        """Makes budgets.

        Args:
            alpha: Share of the reference cost that an episode may spend, above 0.
            costs: The table; `None`: the one that is shipped.

        Raises:
            ConfigurationError: `alpha` is not above 0, or the table is of other prices.
        """
        if not alpha > 0.0:
            raise ConfigurationError(f"alpha is above 0, not {alpha}")
        self.alpha = alpha
        self._costs = costs or read_reference_costs(REFERENCE_FILE)
        if self._costs.tariff != TARIFF_VERSION:
            raise ConfigurationError(
                f"reference costs are of tariff {self._costs.tariff}, this is {TARIFF_VERSION}; "
                f"make them again: {self._costs.command}"
            )

    def of(self, task: Task) -> int:
        """Returns B in micro-dollars, at least 1.

        Raises:
            ConfigurationError: Nothing is known of the task's sites.
        """
        return max(1, round(self.alpha * self.reference(task)))

    def reference(self, task: Task) -> int:
        """Returns the reference cost of a task's template in micro-dollars.

        Raises:
            ConfigurationError: Nothing is known of the task's sites.
        """
        key = "+".join(task.sites)
        known: Mapping[str, SiteCosts] = self._costs.sites
        if key not in known:
            raise ConfigurationError(
                f"no reference costs of {key!r}, only of {sorted(known)}; "
                f"make them: {self._costs.command}"
            )
        return known[key].templates.get(task.template, known[key].median)


@cache
def read_reference_costs(path: Path) -> ReferenceCosts:
    """Returns the table in a file.

    Raises:
        ConfigurationError: There is none, or it is not such a table.
    """
    try:
        return ReferenceCosts.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise ConfigurationError(f"{path} holds no reference costs: {error}") from error
