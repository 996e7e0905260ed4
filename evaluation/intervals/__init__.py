"""How sure a number is: intervals from plain numbers, 95 % unless said otherwise.

| interval           | of what                                           | redrawn              |
|--------------------|---------------------------------------------------|----------------------|
| `wilson`, `exact`  | a share of independent trials                     | nothing, closed form |
| `bca`              | a mean of independent values                      | values               |
| `cluster_interval` | a ratio of sums over templates, macro or pooled   | templates            |
| `run_interval`     | IQM or mean of training runs x templates          | runs, or cells       |
| `paired_interval`  | a mean difference on identical instances          | pairs                |

A bootstrap of equal values has no width. That is no certainty: where a share is 0 or 1, take
`exact`, as `evaluation.estimates` does.
"""

from evaluation.intervals.clusters import cluster_interval
from evaluation.intervals.interval import Interval
from evaluation.intervals.means import bca
from evaluation.intervals.paired import SignTest, paired_interval, sign_test
from evaluation.intervals.runs import Resampling, iqm, run_interval, run_mean
from evaluation.intervals.shares import exact, wilson

__all__ = [
    "Interval",
    "Resampling",
    "SignTest",
    "bca",
    "cluster_interval",
    "exact",
    "iqm",
    "paired_interval",
    "run_interval",
    "run_mean",
    "sign_test",
    "wilson",
]
