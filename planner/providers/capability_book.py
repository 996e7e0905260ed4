"""Records of what servers can do, corrected by their refusals and remembered.

Shared by all threads of a process; a file, where one is given, carries it to the next process. A
record only loses abilities: a server that learned something new is asked again when the file is
deleted. A file that cannot be read counts as empty, and one that cannot be written is not missed.
"""

from __future__ import annotations

import logging
import os
import tempfile
import threading
from functools import cache
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from planner.providers.capabilities import Capabilities, known_capabilities
from planner.providers.endpoints import Endpoint, ModelKey

__all__ = ["CapabilityBook"]

_log = logging.getLogger(__name__)
_Rows = list[tuple[str, str, Capabilities]]


class CapabilityBook:
    """What is known of each (base URL, model)."""

    def __init__(self, path: Path | None = None) -> None:
        """Reads the file where there is one; `None` remembers in this process only."""
        self._path = path
        self._lock = threading.Lock()
        self._learned: dict[ModelKey, Capabilities] = _read(path)

    def record(self, endpoint: Endpoint) -> Capabilities:
        """Returns what is known now."""
        with self._lock:
            return self._learned.get(endpoint.key) or known_capabilities(endpoint)

    def know(self, endpoint: Endpoint, record: Capabilities) -> None:
        """Sets what is known, from a configuration."""
        with self._lock:
            self._learned[endpoint.key] = record
            self._write()

    def downgrade(self, endpoint: Endpoint, parameter: str, used: Capabilities) -> bool:
        """Takes an ability out of a record; returns whether another try differs from the last.

        Two threads that are refused at once take one step, not two: a record that is no longer
        the one that was `used` is left alone.
        """
        with self._lock:
            now = self._learned.get(endpoint.key) or known_capabilities(endpoint)
            if now != used:
                return True
            weaker = now.without(parameter)
            if weaker is None:
                return False
            self._learned[endpoint.key] = weaker
            _log.info("%s does not take %s", endpoint.label, parameter or "a parameter")
            self._write()
            return True

    def _write(self) -> None:
        if self._path is None:
            return
        rows = [(key.base_url, key.model, record) for key, record in self._learned.items()]
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self._path.parent, prefix=self._path.name)
            with os.fdopen(handle, "wb") as file:
                file.write(_rows().dump_json(rows, indent=1))
            Path(name).replace(self._path)
        except OSError as error:
            _log.warning("what servers can do is not remembered: %s", error)


@cache
def _rows() -> TypeAdapter[_Rows]:
    return TypeAdapter(_Rows)  # only who has a file pays for it


def _read(path: Path | None) -> dict[ModelKey, Capabilities]:
    if path is None:
        return {}
    try:
        rows = _rows().validate_json(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValidationError) as error:
        _log.warning("%s is not a file of capabilities, and is not used: %s", path, error)
        return {}
    return {ModelKey(base_url, model): record for base_url, model, record in rows}
