"""Looks around a site before the first task, so that agents know its addresses.

Only links that the site itself wrote are followed, only by opening them, a bounded number of times;
nothing is submitted. What is learned is plain data (`planner.site_map`), kept by whoever asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from core.pages import Goto, Value
from core.ports import Browser
from planner.site_map import SiteMap

__all__ = ["DEFAULT_PAGES", "explore"]

DEFAULT_PAGES = 8
"""Pages beside the first one: enough for every entry of a forum's main menu."""
_LEAVES = ("logout", "log_out", "signout", "sign_out", "static", ".json", ".jpg", ".png", ".xml")
"""Addresses that end a session or are no pages."""


async def explore(
    browser: Browser,
    base_url: str,
    *,
    session: str,
    cookies: Sequence[tuple[str, str, str]] = (),
    max_pages: int = DEFAULT_PAGES,
) -> dict[str, Value]:
    """Returns what the first pages of a site teach.

    Args:
        browser: Any browser.
        base_url: Scheme and host.
        session: Name of the session; ended afterwards.
        cookies: Of the user who looks around.
        max_pages: Pages opened beside the first one.
    """
    known = SiteMap()
    page = await browser.open(base_url + "/", session=session, cookies=cookies)
    try:
        known.learn(await page.observe())
        for path in _paths(known.notes())[:max_pages]:
            known.learn(await page.act(Goto(base_url + path)))
    finally:
        await browser.end_session(session)
    return known.notes()


def _paths(notes: dict[str, Value]) -> list[str]:
    """Returns the site's own sections, shortest first, each path once."""
    sections = notes.get("sections")
    found = [str(path) for path in sections.values()] if isinstance(sections, dict) else []
    paths = {urlsplit(path).path for path in found}
    return sorted(
        (path for path in paths if path != "/" and not any(end in path for end in _LEAVES)),
        key=lambda path: (path.count("/"), path),
    )
