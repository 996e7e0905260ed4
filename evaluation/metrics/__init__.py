"""Metrics: from episodes to one number, a file each.

All of them return `None` for no episodes: the rate of nothing is not known, and zero would be
good news for a violation and bad news for a success. `macro_average` weighs templates alike.
"""

from evaluation.metrics.clean_success import clean_success
from evaluation.metrics.cost import cost
from evaluation.metrics.cost_per_success import cost_per_success
from evaluation.metrics.cost_share import cost_share
from evaluation.metrics.guarantee import SLACK_PERCENT, guarantee_rate, holds
from evaluation.metrics.macro import Metric, macro_average
from evaluation.metrics.strict_success import strict_success
from evaluation.metrics.success import success
from evaluation.metrics.violations import violations_per_episode

__all__ = [
    "SLACK_PERCENT",
    "Metric",
    "clean_success",
    "cost",
    "cost_per_success",
    "cost_share",
    "guarantee_rate",
    "holds",
    "macro_average",
    "strict_success",
    "success",
    "violations_per_episode",
]
