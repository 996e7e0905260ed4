"""Lists or checks the hashes of the sealed task templates.

    python -m scripts.seal_templates --write     after a sealed definition was written or mended
    python -m scripts.seal_templates --check     exits with 1 when a definition has changed

The hash of a template is the SHA-256 of the source of its definition: its wording and the rule
that computes what is asked. Lines of the list that start with `#` are kept by `--write`.
"""

from __future__ import annotations

import argparse
import hashlib
import inspect
import sys
from pathlib import Path

from environment.tasks.reddit.sealed.definitions import DEFINITIONS

__all__ = ["LIST", "main", "seals"]

LIST = Path(__file__).parent.parent / "docs" / "sealed_templates.sha256"


def seals() -> dict[str, str]:
    """Returns template id to the hash of its definition."""
    return {
        definition.name: hashlib.sha256(inspect.getsource(definition.rule).encode()).hexdigest()
        for definition in DEFINITIONS
    }


def main(arguments: list[str] | None = None) -> int:
    """Writes or checks the list; returns the exit status."""
    parser = argparse.ArgumentParser(description="Hashes of the sealed task templates.")
    mode = parser.add_mutually_exclusive_group(required=True)
    mode.add_argument("--write", action="store_true", help="write the list")
    mode.add_argument("--check", action="store_true", help="compare the list with the definitions")
    if parser.parse_args(arguments).write:
        _write()
        return 0
    changed = sorted(set(_listed().items()) ^ set(seals().items()))
    for digest, name in ((digest, name) for name, digest in changed):
        print(f"differs: {digest}  {name}", file=sys.stderr)
    return 1 if changed else 0


def _lines() -> list[str]:
    return LIST.read_text(encoding="utf-8").splitlines() if LIST.exists() else []


def _listed() -> dict[str, str]:
    pairs = [line.split("  ") for line in _lines() if line and not line.startswith("#")]
    return {name: digest for digest, name in pairs}


def _write() -> None:
    comments = [line for line in _lines() if line.startswith("#")]
    entries = [f"{digest}  {name}" for name, digest in sorted(seals().items())]
    LIST.write_text("\n".join([*comments, *entries]) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
