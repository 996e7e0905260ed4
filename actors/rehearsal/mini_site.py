"""A site of a few pages, some of which behave as sites do on bad days.

/            links to the pages below        /boom    answers 500
/posts       three posts with votes          /hang    answers after `hang_s`
/posts/N     one post, a vote button         /big     a page of 5 MB
/note        a form; sending it saves        /latin   bytes that are not UTF-8
/slow        answers after `slow_s`          /private answers 403
anything else answers 404
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from urllib.parse import parse_qs, urlsplit

from core.http import HttpRequest, HttpResponse
from environment.sites.contract import Row, TableChanges
from environment.world_host import World, WorldHost

__all__ = ["MINI_URL", "MiniSite", "mini_host"]

MINI_URL = "http://mini.localhost"

_VOTES = {1: 12, 2: 7, 3: 30}
_BIG_BYTES = 5 * 2**20
_HTML = (("content-type", "text/html; charset=utf-8"),)


class MiniSite:
    """Implements `environment.sites.contract.SiteApp`."""

    def __init__(self, *, hang_s: float = 30.0, slow_s: float = 0.3) -> None:
        self._hang_s = hang_s
        self._slow_s = slow_s
        self._votes = dict(_VOTES)
        self._notes: list[str] = []

    def handle(self, request: HttpRequest) -> HttpResponse:
        """Serves one request."""
        path = urlsplit(request.url).path
        if request.method == "POST":
            return self._write(path, request)
        match path:
            case "/boom":
                return _page("Error", "<h1>Error</h1>", status=500)
            case "/private":
                return _page("No", "<h1>You may not see this</h1>", status=403)
            case "/hang":
                time.sleep(self._hang_s)
            case "/slow":
                time.sleep(self._slow_s)
            case "/big":
                return _page("Big", "<p>much text</p>" * (_BIG_BYTES // 16))
            case "/latin":
                return HttpResponse(status=200, headers=_HTML, body=b"<h1>Caf\xe9 \xff\xfe</h1>")
            case _:
                return self._read(path)
        return _page("Late", "<h1>Late</h1>")

    def cookie_for(self, username: str) -> str:
        """Signs a user in; everybody is known here."""
        return f"who={username}"

    def tables(self) -> Mapping[str, Sequence[Row]]:
        """Returns votes and notes."""
        votes: list[Row] = [{"id": post, "votes": votes} for post, votes in self._votes.items()]
        notes: list[Row] = [{"id": place, "text": text} for place, text in enumerate(self._notes)]
        return {"posts": votes, "notes": notes}

    def changes(self) -> Mapping[str, TableChanges]:
        """Returns nothing: nobody judges this site by its changes."""
        return {}

    def digest(self) -> str:
        """Returns a hash of votes and notes."""
        return hashlib.sha256(repr(self.tables()).encode()).hexdigest()

    def close(self) -> None:
        """Holds nothing that needs closing."""

    def _read(self, path: str) -> HttpResponse:
        match path.strip("/").split("/"):
            case [""]:
                names = ("posts", "note", "slow", "boom", "private")
                links = "".join(f'<a href="/{name}">{name}</a> ' for name in names)
                return _page("Mini", f"<h1>Mini</h1>{links}")
            case ["posts"]:
                rows = "".join(_row(post, votes) for post, votes in self._votes.items())
                return _page("Posts", f"<h1>Posts</h1>{rows}")
            case ["posts", number] if number.isdigit() and int(number) in self._votes:
                return _page(f"Post {number}", _post(int(number), self._votes[int(number)]))
            case ["note"]:
                saved = "".join(f"<p>Saved: {len(note)} characters</p>" for note in self._notes)
                return _page("Note", f"<h1>Note</h1>{_FORM}{saved}")
            case _:
                return _page("Not found", "<h1>Not found</h1>", status=404)

    def _write(self, path: str, request: HttpRequest) -> HttpResponse:
        fields = parse_qs(request.body.decode(errors="replace"))
        match path.strip("/").split("/"):
            case ["posts", number, "vote"] if number.isdigit() and int(number) in self._votes:
                self._votes[int(number)] += 1
                return _redirect(f"/posts/{number}")
            case ["note"]:
                self._notes.append(fields.get("text", [""])[0])
                return _redirect("/note")
            case _:
                return _page("Not found", "<h1>Not found</h1>", status=404)


def mini_host(*, hang_s: float = 30.0, slow_s: float = 0.3) -> WorldHost:
    """Returns a world host with one mini site at `MINI_URL`."""
    site = MiniSite(hang_s=hang_s, slow_s=slow_s)
    return WorldHost([World("mini", MINI_URL, b"", "plain", "visitor", site)])


_FORM = (
    '<form action="/note" method="post"><label>Text <input name="text"></label>'
    "<button>Save</button></form>"
)


def _row(post: int, votes: int) -> str:
    return (
        f'<article id="post_{post}"><h2><a href="/posts/{post}">Post {post}</a></h2>'
        f"<p>{votes} votes</p></article>"
    )


def _post(post: int, votes: int) -> str:
    return (
        f'<h1>Post {post}</h1><p>{votes} votes</p><form action="/posts/{post}/vote" '
        'method="post"><button>Vote</button></form>'
    )


def _page(title: str, body: str, *, status: int = 200) -> HttpResponse:
    text = f"<!doctype html><html><head><title>{title}</title></head><body>{body}</body></html>"
    return HttpResponse(status=status, headers=_HTML, body=text.encode())


def _redirect(path: str) -> HttpResponse:
    return HttpResponse(status=303, headers=(("location", path),))
