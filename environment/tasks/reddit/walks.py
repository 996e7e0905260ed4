"""What a person does on the forum, in either skin: open pages, read rows, press buttons.

Rows and addresses are the same in both skins; what buttons, links and fields are called is not, so
each name here is a pattern of both wordings.
"""

from __future__ import annotations

import re
from collections.abc import Generator
from urllib.parse import quote, quote_plus

from core.pages import BrowserAction, Click, Element, Fill, Goto, Observation
from core.tasks import PublicTask
from environment.oracles.contract import OracleLostError, find, find_all

__all__ = [
    "Walk",
    "comment_count",
    "comments_by",
    "field",
    "follow",
    "go",
    "href_in",
    "in_row",
    "keys",
    "me",
    "number_of",
    "open_forum",
    "open_post",
    "open_row",
    "open_search",
    "parent_of",
    "press",
    "row_titled",
    "score",
    "submit_form",
    "text_of",
    "thread_link",
    "title_of",
    "user_pages",
    "writer",
]

Walk = Generator[BrowserAction, Observation, Observation]
"""A stretch of a trajectory: returns the page where it ends."""

BUTTONS = {
    "upvote": "Upvote|Like",
    "downvote": "Downvote|Dislike",
    "retract_upvote": "Retract upvote|Undo like",
    "retract_downvote": "Retract downvote|Undo dislike",
    "subscribe": "Subscribe|Join",
    "unsubscribe": "Unsubscribe|Leave",
    "submit": "Create submission|Publish post",
    "comment": "Post|Publish reply",
    "save": "Save|Save changes",
    "delete": "Delete|Remove",
    "send": "Send|Send it",
    "block": "Block user|Ignore member",
    "unblock": "Unblock user|Stop ignoring",
    "create_forum": "Create forum|Start a community",
}
LINKS = {"edit": "Edit|Change", "delete": "Delete|Remove", "reply": "Reply|Answer"}
FIELDS = {
    "title": "Title|Headline",
    "body": "Body|Text",
    "url": "URL|Link",
    "comment": "Comment|Write a reply",
    "message": "Message|Your text",
    "biography": "Biography|About me",
    "forum_name": "Name|Short name",
    "forum_title": "Title|Full title",
    "forum_description": "Description|Summary",
    "forum_sidebar": "Sidebar|Side panel",
}
_SCORE = re.compile(r"(-?\d+)(?: points?)?")
_PAGE_CAP = 40
"""Pages of one list after which a thing counts as not there."""


# Getting around


def go(task: PublicTask, path: str) -> Goto:
    """Opens an address of the site."""
    return Goto(task.base_urls["reddit"] + path)


def open_forum(task: PublicTask, name: str, sort: str = "new") -> Walk:
    """Opens a forum in an order: `new`, `top`, `controversial`, `most_commented`, `hot`.

    Raises:
        OracleLostError: There is no such forum.
    """
    obs = yield go(task, f"/f/{quote(name)}/{sort}")
    if obs.status != 200:
        raise OracleLostError(f"forum {name!r} answers {obs.status}")
    return obs


def open_post(task: PublicTask, forum: str, title: str) -> Walk:
    """Opens the page of a post of a forum."""
    obs = yield from open_forum(task, forum)
    for _ in range(_PAGE_CAP):
        row = row_titled(obs, title)
        if row:
            return (yield from open_row(obs, row))
        obs = yield Click(find(obs, role="link", href=r"[?&]page=\d+$"))
    raise OracleLostError(f"forum {forum!r} shows no post {title!r}")


def open_row(obs: Observation, row: str) -> Walk:
    """Opens the page of a post of a list."""
    obs = yield Click(thread_link(obs, row))
    return obs


def open_search(task: PublicTask, text: str) -> Walk:
    """Searches the site for posts."""
    return (yield go(task, f"/search?q={quote_plus(text)}"))


def user_pages(
    task: PublicTask, username: str, part: str
) -> Generator[BrowserAction, Observation, list[Observation]]:
    """Opens all pages of a user's `submissions` or `comments`."""
    pages = [(yield go(task, f"/user/{quote(username)}/{part}"))]
    for _ in range(_PAGE_CAP):
        more = list(find_all(pages[-1], role="link", href=r"[?&]page=\d+$"))
        if not more:
            return pages
        pages.append((yield Click(more[0])))
    raise OracleLostError(f"the {part} of {username!r} have no end")


# Reading


def keys(obs: Observation, kind: str) -> tuple[str, ...]:
    """Returns the row keys of a kind (`submission`, `comment`, `message`), in page order."""
    rows = (one.row for one in obs.elements if one.row.startswith(f"{kind}_"))
    return tuple(dict.fromkeys(rows))


def in_row(obs: Observation, row: str) -> list[Element]:
    """Returns the elements of a row."""
    return [one for one in obs.elements if one.row == row]


def href_in(obs: Observation, row: str, pattern: str) -> str:
    """Returns the first link target of a row that matches, empty when none does."""
    links = (one.href for one in in_row(obs, row) if one.role == "link")
    return next((href for href in links if re.search(pattern, href)), "")


def row_titled(obs: Observation, title: str) -> str:
    """Returns the row of the post with a title, empty when the page does not show it."""
    for one in obs.elements:
        is_post = one.row.startswith("submission_") and one.role == "link"
        if is_post and one.name == " ".join(title.split()):
            return one.row
    return ""


def title_of(obs: Observation, row: str) -> str:
    """Returns the title of a post."""
    links = [one for one in in_row(obs, row) if one.role == "link" and one.ugc]
    titles = [one.name for one in links if not one.href.startswith("/user/")]
    if not titles:
        raise OracleLostError(f"{obs.url}: row {row!r} has no title")
    return titles[0]


def thread_link(obs: Observation, row: str) -> int:
    """Returns the link of a post's row that leads to its comments."""
    number = row.removeprefix("submission_")
    links = list(find_all(obs, role="link", row=row, href=rf"^/f/[^/]+/{number}/[^/]+$"))
    if not links:
        raise OracleLostError(f"{obs.url}: row {row!r} has no link to its comments")
    own = [link for link in links if not obs.elements[link].ugc]
    return (own or links)[0]


def comment_count(obs: Observation, row: str) -> int:
    """Returns how many comments the row of a post says there are."""
    found = re.search(r"\d+", obs.elements[thread_link(obs, row)].name)
    return int(found[0]) if found else 0


def writer(obs: Observation, row: str) -> str:
    """Returns who wrote the post, comment or message of a row."""
    for one in in_row(obs, row):
        if one.role == "link" and re.fullmatch(r"/user/[^/]+", one.href):
            return one.name
    raise OracleLostError(f"{obs.url}: row {row!r} names no author")


def score(obs: Observation, row: str) -> int:
    """Returns the score that a row shows."""
    for one in in_row(obs, row):
        found = _SCORE.fullmatch(one.name) if one.role == "text" and not one.ugc else None
        if found:
            return int(found[1])
    raise OracleLostError(f"{obs.url}: row {row!r} shows no score")


def text_of(obs: Observation, row: str) -> str:
    """Returns what the user wrote in a row, titles and names left out."""
    texts = (one for one in in_row(obs, row) if one.role == "text" and one.ugc)
    return " ".join(one.name for one in texts if not re.fullmatch(r"\([\w.-]+\)", one.name))


def comments_by(obs: Observation, username: str) -> tuple[str, ...]:
    """Returns the rows of a user's comments on a page."""
    return tuple(
        row
        for row in keys(obs, "comment")
        if href_in(obs, row, "^/user/") and writer(obs, row) == username
    )


def parent_of(obs: Observation, row: str) -> str:
    """Returns the row of the comment that a comment answers; empty when it answers the post."""
    number = row.removeprefix("comment_")
    for one in in_row(obs, row):
        found = re.search(r"/-/comment/(\d+)$", one.href)
        if found and found[1] != number and one.name == writer(obs, f"comment_{found[1]}"):
            return f"comment_{found[1]}"
    return ""


def number_of(obs: Observation, pattern: str) -> int:
    """Returns the number in the site's own text that matches a pattern with one group."""
    for one in obs.elements:
        found = re.fullmatch(pattern, one.name) if one.role == "text" and not one.ugc else None
        if found:
            return int(found[1])
    raise OracleLostError(f"{obs.url}: no text matches {pattern!r}")


def me(obs: Observation) -> str:
    """Returns the name of who is signed in."""
    for one in obs.elements:
        found = re.fullmatch(r"/user/([^/]+)/account", one.href)
        if found:
            return found[1]
    raise OracleLostError(f"{obs.url}: nobody is signed in")


# Acting


def press(obs: Observation, button: str, row: str = "") -> Walk:
    """Presses a button of `BUTTONS`.

    Raises:
        OracleLostError: The site did not accept it.
    """
    obs = yield Click(find(obs, role="button", name=_exactly(BUTTONS[button]), row=row))
    if obs.problem or obs.status >= 400:
        raise OracleLostError(f"{button}: {obs.url} {obs.status} {obs.problem}")
    return obs


def field(obs: Observation, name: str) -> int:
    """Returns a text box of `FIELDS`."""
    return find(obs, role="textbox", name=_exactly(FIELDS[name]))


def submit_form(obs: Observation, button: str, **fields: str) -> Walk:
    """Fills fields of `FIELDS` and presses a button."""
    for name, text in fields.items():
        obs = yield Fill(field(obs, name), text)
    return (yield from press(obs, button))


def follow(obs: Observation, link: str, row: str) -> Walk:
    """Follows a link of `LINKS` in a row."""
    return (yield Click(find(obs, role="link", name=_exactly(LINKS[link]), row=row)))


def _exactly(names: str) -> re.Pattern[str]:
    return re.compile(f"^(?:{names})$")
