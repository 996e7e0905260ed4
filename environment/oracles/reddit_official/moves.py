"""What a person does on the forum again and again: find a forum, sort it, open a post, write one.

Each move is a generator to be used with `yield from`; it takes the page it starts on and returns
the page it ends on. Names of links and fields are those of the plain skin, in which official tasks
run.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator

from core.pages import BrowserAction, Click, Element, Fill, Observation
from environment.oracles.contract import OracleLostError, find, find_all

__all__ = [
    "Walk",
    "comment_on_post",
    "create_post",
    "entries",
    "go_to_forum",
    "in_row",
    "next_page",
    "open_entry",
    "score_of",
    "sort_by",
    "title_of",
    "within",
]

Walk = Generator[BrowserAction, Observation, Observation]
"""A stretch of an oracle: yields actions, receives pages, returns the page where it ends."""

_PAGE_CAP = 40
"""Pages of one list after which a thing counts as not there."""


def go_to_forum(obs: Observation, name: str) -> Walk:
    """Opens a forum through the list of forums."""
    obs = yield Click(find(obs, role="link", name="Forums"))
    pattern = rf"(?i)^/f/{re.escape(name)}$"
    for _ in range(_PAGE_CAP):
        links = list(find_all(obs, role="link", href=pattern))
        if links:
            return (yield Click(links[0]))
        obs = yield from next_page(obs)
    raise OracleLostError(f"the list of forums shows no forum {name!r}")


def sort_by(obs: Observation, order: str, period: str = "") -> Walk:
    """Sorts the list on the page, optionally over a period.

    Args:
        obs: A forum's page.
        order: What the link says: `Hot`, `New`, `Top`, `Controversial`, `Most commented`.
        period: What the link says: `All time`, `Past year`, ...; empty leaves it.
    """
    obs = yield Click(find(obs, role="link", name=order))
    if period:
        obs = yield Click(find(obs, role="link", name=period))
    return obs


def next_page(obs: Observation) -> Walk:
    """Turns to the next page of a list.

    Raises:
        OracleLostError: This is the last page.
    """
    return (yield Click(find(obs, role="link", name="More")))


def entries(obs: Observation) -> tuple[str, ...]:
    """Returns the row keys of the posts on a page, in page order."""
    rows = (element.row for element in obs.elements if element.row.startswith("submission_"))
    return tuple(dict.fromkeys(rows))


def in_row(obs: Observation, row: str) -> Iterator[Element]:
    """Yields the elements of one row."""
    return (element for element in obs.elements if element.row == row)


def within(obs: Observation, row: str, pattern: str) -> bool:
    """Whether a link of a row leads to a path that matches."""
    return any(e.role == "link" and re.search(pattern, e.href) for e in in_row(obs, row))


def score_of(obs: Observation, row: str) -> int:
    """Returns the net score that a post or comment shows, 0 when it shows none.

    The score stands between the two vote buttons, after everything that users wrote.
    """
    shown = [e.name for e in in_row(obs, row) if e.role == "text" and _NUMBER.fullmatch(e.name)]
    return int(shown[-1]) if shown else 0


def title_of(obs: Observation, row: str) -> str:
    """Returns the title of a post: the text of the first link of its row.

    Raises:
        OracleLostError: The row has no link.
    """
    for element in in_row(obs, row):
        if element.role == "link":
            return element.name
    raise OracleLostError(f"{obs.url} shows no title in row {row!r}")


def open_entry(obs: Observation, row: str) -> Walk:
    """Opens the page of a post from a list, by its comments link."""
    number = row.removeprefix("submission_")
    return (
        yield Click(find(obs, role="link", row=row, href=rf"^/f/[^/]+/{number}/", name=_COMMENTS))
    )


def create_post(obs: Observation, *, title: str, body: str = "", url: str = "") -> Walk:
    """Writes a post from a forum's page and returns the page of the new post."""
    obs = yield Click(find(obs, role="link", name="Submit", href=r"^/submit/"))
    if url:
        obs = yield Fill(find(obs, role="textbox", name="URL"), url)
    obs = yield Fill(find(obs, role="textbox", name="Title"), title)
    if body:
        obs = yield Fill(find(obs, role="textbox", name="Body"), body)
    obs = yield Click(find(obs, role="button", name="Create submission"))
    if obs.problem or not re.search(r"/f/[^/]+/\d+/", obs.url):
        raise OracleLostError(f"the post was not accepted: {obs.url} {obs.problem}")
    return obs


def comment_on_post(obs: Observation, text: str) -> Walk:
    """Comments on the post whose page is open."""
    obs = yield Fill(find(obs, role="textbox", name="Comment"), text)
    obs = yield Click(find(obs, role="button", name="Post"))
    if obs.problem:
        raise OracleLostError(f"the comment was not accepted: {obs.url} {obs.problem}")
    return obs


_COMMENTS = re.compile(r"comment", re.IGNORECASE)
_NUMBER = re.compile(r"-?[0-9]+")
