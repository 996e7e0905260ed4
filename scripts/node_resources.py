"""Prints what this machine offers to a cluster, as `ray start --resources` takes it.

    ray start ... --resources="$(python -m scripts.node_resources)"

CPUs and GPUs are found by Ray itself. A browser is memory, see `core/placement.py`.
"""

from __future__ import annotations

import json
import os
import sys

from core.placement import BROWSER, LEARNER, browser_slots


def main() -> int:
    """Prints one line of JSON."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    print(json.dumps({BROWSER: browser_slots(memory), LEARNER: 1}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
