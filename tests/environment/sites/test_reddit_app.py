"""The forum's routes, driven as a browser drives them: requests in, pages out."""

import json
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest

import environment.sites.reddit as reddit
from environment.sites.contract import HttpRequest, HttpResponse, SiteApp, header

BASE = "http://forum.test"
ME = "MarvelsGrantMan136"
NOW = 1_700_000_000
DAY = 86_400


def small_world() -> bytes:
    """Three users, three forums, forty posts, a thread of four comments."""
    db = sqlite3.connect(":memory:")
    db.executescript((Path(reddit.__file__).parent / "schema.sql").read_text())
    db.execute("INSERT INTO meta VALUES ('now', ?)", (str(NOW),))
    users = [(1, ME, "test1234", "Old bio", 0), (2, "ann", "password", "", 0)]
    users.append((3, "bob", "password", "<b>bob</b>", 0))
    db.executemany("INSERT INTO users VALUES (?,?,?,?,?)", users)
    forums = [(10, "space", "Space", "All of it", "**rules**", 2, 0)]
    forums += [(11, "machine learning", "ML", "", "", None, 0), (12, "Books", "Books", "", "", 1, 0)]
    db.executemany("INSERT INTO forums VALUES (?,?,?,?,?,?,?)", forums)
    posts = [
        (n, 10, 2 + n % 2, f"Post number {n}", None, f"Text {n}", NOW - n * DAY, None, 5 + n, 2, 0)
        for n in range(1, 31)
    ]
    posts.append((31, 11, 1, "[D] Yan LeCun's recent recommendations", None, "b", 5, None, 1, 0, 0))
    posts.append((32, 12, 2, "A link", "https://example.org/x", None, NOW - 60, None, 9, 1, 0))
    posts.append((33, 12, 3, "Bald", "/submission_images/abc123.jpg", None, 9, None, 1, 9, 0))
    db.executemany("INSERT INTO submissions VALUES (?,?,?,?,?,?,?,?,?,?,?)", posts)
    comments = [
        (100, 32, None, 3, "first *comment*", NOW - 50, None, 1, 0, 0),
        (101, 32, None, 1, "better comment", NOW - 40, None, 9, 0, 0),
        (102, 32, 100, 2, "a reply", NOW - 30, None, 1, 4, 0),
        (103, 32, 102, 3, "a deeper reply", NOW - 20, None, 1, 0, 0),
    ]
    db.executemany("INSERT INTO comments VALUES (?,?,?,?,?,?,?,?,?,?)", comments)
    db.commit()
    return db.serialize()


SNAPSHOT = small_world()


class Client:
    """The least browser: a cookie, forms, no redirects."""

    def __init__(self, app: SiteApp, user: str | None) -> None:
        self.app = app
        self.cookie = app.cookie_for(user) if user else ""
        self.referer = ""

    def send(self, method: str, path: str, body: bytes = b"", accept: str = "") -> HttpResponse:
        headers = (
            ("cookie", self.cookie),
            ("referer", self.referer),
            ("accept", accept or "text/html"),
            ("content-type", "application/x-www-form-urlencoded"),
        )
        request = HttpRequest(method=method, url=BASE + path, headers=headers, body=body)
        return self.app.handle(request)

    def get(self, path: str, status: int = 200) -> str:
        answer = self.send("GET", path)
        assert answer.status == status, (path, answer.status)
        return answer.body.decode()

    def token(self) -> str:
        found = re.search(r'name="token" value="(\w+)"', self.get("/login"))
        assert found is not None
        return found[1]

    def post(self, path: str, accept: str = "", **fields: str) -> HttpResponse:
        return self.send("POST", path, urlencode({"token": self.token(), **fields}).encode(), accept)

    def form(self, path: str, fields: dict[str, str]) -> HttpResponse:
        return self.post(path, **fields)

    def ids(self, path: str, kind: str = "submission") -> list[int]:
        return [int(n) for n in re.findall(rf'id="{kind}_(\d+)"', self.get(path))]


@pytest.fixture(params=["plain", "modern"])
def app(request: pytest.FixtureRequest) -> Iterator[SiteApp]:
    app = reddit.RedditSite().open(SNAPSHOT, base_url=BASE, skin=request.param)
    yield app
    app.close()


@pytest.fixture
def me(app: SiteApp) -> Client:
    return Client(app, ME)


@pytest.fixture
def anyone(app: SiteApp) -> Client:
    return Client(app, None)


def location(answer: HttpResponse) -> str:
    assert answer.status == 302, (answer.status, answer.body[:2000])
    return header(answer.headers, "location")


def rows(app: SiteApp, table: str) -> list[dict[str, object]]:
    return [dict(row) for row in app.tables()[table]]


GET_PAGES = [
    "/", "/hot", "/top?t=week", "/all", "/all/new", "/featured", "/subscribed", "/moderated/top",
    "/forums", "/forums/by_name", "/forums/by_title", "/forums/by_subscribers", "/comments",
    "/f/space", "/f/SPACE/new", "/f/space/controversial?t=year", "/f/machine%20learning",
    "/f/space?page=2", "/f/Books/32/a-link", "/f/Books/32", "/f/Books/32/wrong-slug",
    "/f/Books/32/-/comment/102", "/f/machine%20learning/31/-/edit", "/submit", "/submit/space",
    "/create_forum", "/f/Books/edit", "/f/Books/32/-/comment/101/edit",
    "/f/Books/32/-/comment/101/delete", "/f/machine%20learning/31/-/delete", "/user/ann",
    "/user/ann/submissions", f"/user/{ME}/comments", f"/user/{ME}/edit_biography",
    f"/user/{ME}/account", f"/user/{ME}/block_list", "/user/bob/block_user",
    "/user/bob/compose_message", "/inbox", "/notifications", "/messages", "/search",
    "/search?q=number+7", "/search?q=reply&type=comments", "/login", "/static/site.js",
    "/static/plain.css", "/submission_images/abc123.jpg",
]  # fmt: skip


@pytest.mark.parametrize("path", GET_PAGES)
def test_a_signed_in_user_can_open_every_page(me: Client, path: str):
    assert me.send("GET", path).status == 200
