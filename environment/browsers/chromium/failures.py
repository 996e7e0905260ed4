"""What goes wrong between us and a tab, and which of it Chromium's words mean. Pure.

TabLostError          the tab has crashed, or its browser is gone
DocumentLostError     another document came while a script was running in this one
CommandRefusedError   Chromium does not do this, for instance open what is not a URL
"""

from __future__ import annotations

__all__ = [
    "CommandRefusedError",
    "DocumentLostError",
    "TabLostError",
    "explained",
    "is_swapping",
]

_GONE_WORDS = ("closed", "crashed", "disconnected")
_EITHER = "navigated or closed"
"""Said of a script whose document went away; the next command tells whether the tab went too."""
_OTHER_DOCUMENT_WORDS = ("context", "navigated", "Promise was collected", "No frame")
_SWAPPING = "Not attached to an active page"


class TabLostError(Exception):
    """The tab has crashed, or its browser is gone."""


class CommandRefusedError(Exception):
    """Chromium does not do this, for instance open what is not a URL."""


class DocumentLostError(Exception):
    """Another document came while a script was running in this one."""


def is_swapping(message: str) -> bool:
    """Tells whether one renderer process is just taking over from another."""
    return _SWAPPING in message


def explained(message: str) -> TabLostError | DocumentLostError | CommandRefusedError:
    """Finds the meaning of what Chromium said when a command failed."""
    is_gone = any(word in message for word in _GONE_WORDS)
    if is_gone and _EITHER not in message:
        return TabLostError(message)
    if is_gone or any(word in message for word in _OTHER_DOCUMENT_WORDS):
        return DocumentLostError(message)
    return CommandRefusedError(message)
