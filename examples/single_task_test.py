"""One official task, solved and judged. Starts Ray; needs no key.

python -m examples.single_task_test [method]
"""

from __future__ import annotations

import sys

from actors import run_single_task_test


def main(method: str = "p3o") -> None:
    """Solves the task and prints the judge's verdict and what it cost."""
    result = run_single_task_test(method=method, use_llm=False)
    print(f"success {result['success']} (judged: {result['verified']})")
    print(f"cost ${result['cost']:.6f}, replans {result['replanning_count']}")


if __name__ == "__main__":
    main(*sys.argv[1:2])
