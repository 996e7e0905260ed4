"""Keeps what exploration taught about embedded sites, one JSON file for all runs.

A site is looked at once for each skin, in a world of its own and without Chromium, so the look
changes nothing and stands in no episode's trace. A file that cannot be read counts as empty.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from pydantic import JsonValue

from actors.exploration import explore
from core.tasks import Task
from environment.browsers.in_process.browser import InProcessBrowser
from environment.transports import DirectTransport
from environment.world_host import WorldHost

__all__ = ["SiteMemory"]

SiteNotes = dict[str, dict[str, JsonValue]]


class SiteMemory:
    """Site and skin to notes."""

    def __init__(self, file: Path | None) -> None:
        """Opens the memory; the file is made at the first look, `None` keeps nothing on disk."""
        self._file = file
        self._notes = {} if file is None else _read(file)

    def notes_for(self, task: Task) -> SiteNotes:
        """Returns notes about each embedded site of a task, looking around where there are none."""
        found: SiteNotes = {}
        for site in task.worlds:
            key = f"{site}/{task.skin}"
            if key not in self._notes:
                self._notes[key] = _look(task, site)
                self._write()
            found[site] = self._notes[key]
        return found

    def _write(self) -> None:
        if self._file is None:
            return
        self._file.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._file.with_suffix(".new")
        fresh.write_text(json.dumps(self._notes, indent=1, sort_keys=True), encoding="utf-8")
        fresh.replace(self._file)


def _look(task: Task, site: str) -> dict[str, JsonValue]:
    host = WorldHost.open({site: task.worlds[site]}, skin=task.skin)
    try:
        browser = InProcessBrowser(DirectTransport(host))
        cookies = host.cookies_for(task.user)
        return asyncio.run(
            explore(browser, host.base_url(site), session="exploration", cookies=cookies)
        )
    finally:
        host.close()


def _read(file: Path) -> SiteNotes:
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(kept, dict):
        return {}
    return {str(key): notes for key, notes in kept.items() if isinstance(notes, dict)}
