"""Finds an embedded site by the name that WebArena-Verified gives it.

A site's package is imported when it is first asked for, so that a process pays only for the sites
it serves.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from environment.sites.contract import Site

__all__ = ["SITE_NAMES", "site_named"]


def site_named(name: str) -> Site:
    """Returns the site of a name, the same object each time.

    Args:
        name: One of `SITE_NAMES`.

    Raises:
        KeyError: No such site is embedded; the message lists those that are.
    """
    if name not in _MAKERS:
        raise KeyError(f"no embedded site is called {name!r}; there are {', '.join(SITE_NAMES)}")
    return _made(name)


def _reddit() -> Site:
    from environment.sites.reddit import RedditSite

    return RedditSite()


_MAKERS: dict[str, Callable[[], Site]] = {"reddit": _reddit}

SITE_NAMES: tuple[str, ...] = tuple(_MAKERS)
"""The sites that can be built and opened here."""


@cache
def _made(name: str) -> Site:
    return _MAKERS[name]()
