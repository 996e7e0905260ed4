"""Which Chromium to start, found without environment variables or network."""

from __future__ import annotations

import shutil
from pathlib import Path

from core.errors import BrowserUnavailableError

__all__ = ["HOW_TO_INSTALL", "find_executable"]

_NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
"""In order of CPU per navigation: the shell needs about half of a full Chromium."""

HOW_TO_INSTALL = (
    "install Debian's `chromium-headless-shell` (or `chromium`), or run "
    "`python -m playwright install chromium-headless-shell`"
)


def find_executable(given: str | Path | None = None) -> Path | None:
    """Returns the Chromium to start.

    Args:
        given: A path that the user insists on.

    Returns:
        The given path, else the first one on `PATH`, else `None`: Playwright may have its own.

    Raises:
        BrowserUnavailableError: The given path is not a file.
    """
    if given is not None:
        path = Path(given)
        if not path.is_file():
            raise BrowserUnavailableError(f"there is no Chromium at {path}; {HOW_TO_INSTALL}")
        return path
    found = next((where for name in _NAMES if (where := shutil.which(name))), None)
    return Path(found) if found else None
