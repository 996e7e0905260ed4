"""The forum's routes, driven as a browser drives them: requests in, pages out."""

import json
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
from selectolax.lexbor import LexborHTMLParser

import environment.sites.reddit as reddit
from environment.sites.contract import HttpRequest, HttpResponse, SiteApp, header
from environment.sites.reddit.rankings import ensure_rankings
from environment.sites.reddit.store import Store

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
    forums += [
        (11, "machine learning", "ML", "", "", None, 0),
        (12, "Books", "Books", "", "", 1, 0),
    ]
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
        return self.send(
            "POST", path, urlencode({"token": self.token(), **fields}).encode(), accept
        )

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


def test_an_anonymous_reader_sees_pages_but_is_sent_to_the_sign_in_form(anyone: Client):
    assert "Post number 3" in anyone.get("/f/space")
    assert location(anyone.send("GET", "/submit")) == "/login"
    assert anyone.post("/sv/1.json", "application/json", choice="1").status == 401


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/nowhere", 404), ("/f/none", 404), ("/f/space/999", 404), ("/f/Books/1", 404),
        ("/user/nobody", 404), ("/f/space/edit", 403), ("/user/ann/edit_biography", 403),
        ("/f/Books/32/-/edit", 403), ("/f/Books/32/-/comment/100/edit", 403), ("/login_check", 405),
        ("/f/space?page=0", 404), ("/f/space?t=century", 404), ("/f/%ff", 400), ("/?q=%ff", 400),
        ("/f/a%00b", 400), ("/static/none.css", 404), ("/messages/thread/1", 404),
    ],
)  # fmt: skip
def test_what_is_not_there_or_not_allowed_is_a_clear_refusal(me: Client, path: str, status: int):
    page = me.get(path, status)
    assert f"Error {status}" in page
    assert 'role="alert"' in page


def test_forums_are_found_in_any_case_and_with_a_space_in_their_name(me: Client):
    assert me.ids("/f/BOOKS/new") == [32, 33]
    assert "yan-lecun-s-recent-recommendations" in me.get("/f/machine%20learning")


def test_each_sort_orders_the_posts_of_a_forum_as_documented(me: Client):
    newest_first = list(range(1, 31))
    assert me.ids("/f/space/new") == newest_first[:25]
    assert me.ids("/f/space/new?page=2") == newest_first[25:]
    assert me.ids("/f/space/top")[:3] == [30, 29, 28]
    assert me.ids("/f/space/controversial")[:3] == [1, 2, 3]
    assert me.ids("/f/space/active")[:3] == [1, 2, 3]
    # Score 4 buys 2 hours, score 5 at most half an hour more: time decides.
    assert me.ids("/f/space/hot")[:3] == [1, 2, 3]
    assert me.ids("/f/space/top?t=week") == [6, 5, 4, 3, 2, 1]
    assert me.ids("/all/most_commented")[0] == 32


def test_a_list_links_to_its_next_page_and_keeps_the_period(me: Client):
    assert 'href="?t=all&amp;page=2" rel="next"' in me.get("/f/space/top?t=all")
    assert 'rel="next"' not in me.get("/f/space/top?t=all&page=2")


def test_comments_stand_flat_in_thread_order_with_their_depth(me: Client):
    page = me.get("/f/Books/32/a-link")
    found = re.findall(r'id="comment_(\d+)"[^>]*aria-level="(\d)"', page)
    assert found == [("101", "1"), ("100", "1"), ("102", "2"), ("103", "3")]


def test_markers_are_balanced_and_never_nest(me: Client):
    for path in ("/f/space", "/f/Books/32/a-link", "/comments", "/forums", "/user/ann"):
        marks = re.findall(r"<!--([\[\]])-->", me.get(path))
        assert marks == ["[", "]"] * (len(marks) // 2)
        assert marks


def test_a_vote_counts_once_changes_and_can_be_taken_back(app: SiteApp, me: Client):
    def vote(choice: str) -> int:
        answer = me.post("/sv/1.json", "application/json", choice=choice)
        assert answer.status == 200
        return int(json.loads(answer.body)["netScore"])

    before = app.digest()
    assert [vote("1"), vote("1"), vote("-1"), vote("0")] == [5, 5, 3, 4]
    assert app.digest() == before
    assert vote("-1") == 3
    assert rows(app, "submission_votes") == [{"user_id": 1, "submission_id": 1, "choice": -1}]
    page = me.get("/f/space/1")
    form = page[page.index('data-json-action="/sv/1.json"') :]
    down = re.search(r'<button[^>]*value="0"[^>]*>', form[: form.index("</form>")])
    assert down is not None
    assert 'aria-pressed="true"' in down[0]


def test_a_vote_on_a_comment_moves_it_in_its_thread(me: Client):
    assert me.post("/cv/101.json", choice="-1").status == 200
    for choice in ("1", "5"):
        me.post("/cv/100.json", choice=choice)
    assert me.post("/cv/999.json", choice="1").status == 404
    me.referer = f"{BASE}/f/Books/32"
    assert location(me.post("/cv/100", choice="1")) == "/f/Books/32"


def test_subscribing_works_from_the_page_of_a_submission_and_shows(app: SiteApp, me: Client):
    page = me.get("/f/space/1")
    assert 'data-json-action="/f/space/subscribe.json"' in page
    answer = me.post("/f/space/subscribe.json", "application/json")
    assert json.loads(answer.body) == {"subscribed": True}
    assert rows(app, "subscriptions") == [{"user_id": 1, "forum_id": 10}]
    assert 'data-json-action="/f/space/unsubscribe.json"' in me.get("/f/space/1")
    assert me.ids("/")[:2] == [1, 2]
    assert me.ids("/all")[0] == 32
    answer = me.post("/f/machine%20learning/unsubscribe.json", "application/json")
    assert json.loads(answer.body) == {"subscribed": False}


def test_submitting_leads_to_the_new_post_with_its_slug(app: SiteApp, me: Client):
    fields = {"submission[title]": "To Kill a Mockingbird by Harper Lee", "submission[forum]": "12"}
    where = location(me.form("/submit/Books", {**fields, "submission[body]": "Please help"}))
    assert where == "/f/Books/34/to-kill-a-mockingbird-by-harper-lee"
    assert "Please help" in me.get(where)
    assert me.ids("/f/Books/new")[0] == 34
    assert rows(app, "submissions")[-1]["user_id"] == 1
    comment = {"reply_to_submission_34[comment]": "good book!"}
    assert location(me.form("/f/Books/34/-/comment", comment)) == "/f/Books/34/-/comment/104"
    assert "good book!" in me.get(where)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"submission[title]": " ", "submission[forum]": "12"}, "Title must not be blank"),
        ({"submission[title]": "x" * 301, "submission[forum]": "12"}, "Title is too long"),
        ({"submission[title]": "kept"}, "Choose a forum"),
        ({"submission[title]": "kept", "submission[forum]": "77"}, "Choose a forum"),
        (
            {
                "submission[title]": "kept",
                "submission[forum]": "12",
                "submission[url]": "javascript:1",
            },
            "is not valid",
        ),
    ],
)
def test_an_invalid_submission_is_shown_again_with_its_errors(
    app: SiteApp, me: Client, fields: dict[str, str], message: str
):
    before = app.digest()
    answer = me.form("/submit", fields)
    assert answer.status == 422
    assert message in answer.body.decode()
    assert fields["submission[title]"] in answer.body.decode()
    assert app.digest() == before


def test_replies_notify_the_author_until_the_inbox_is_cleared(app: SiteApp, me: Client):
    ann = Client(app, "ann")
    reply = {"reply_to_comment_102[comment]": "thanks!"}
    assert location(me.form("/f/Books/32/-/comment/102", reply)) == "/f/Books/32/-/comment/104"
    assert rows(app, "comments")[-1]["parent_id"] == 102
    assert "thanks!" in ann.get("/inbox")
    assert location(ann.post("/clear_notifications")) == "/inbox"
    assert "thanks!" not in ann.get("/inbox")
    empty = me.form("/f/Books/32/-/comment/102", {"reply_to_comment_102[comment]": " "})
    assert empty.status == 422


def test_authors_edit_and_delete_what_they_wrote(app: SiteApp, me: Client):
    path = "/f/machine%20learning/31/-"
    edited = {"submission[title]": "New title", "submission[body]": "b\nEDIT: more"}
    assert location(me.form(f"{path}/edit", edited)).endswith("/31/new-title")
    assert rows(app, "submissions")[30]["body"] == "b\nEDIT: more"
    assert location(me.post("/f/Books/32/-/comment/101/edit", **{"comment[comment]": "changed"}))
    assert "changed" in me.get("/f/Books/32")
    assert location(me.post("/f/Books/32/-/comment/101/delete")) == "/f/Books/32/a-link"
    assert me.ids("/f/Books/32", "comment") == [100, 102, 103]
    assert location(me.post(f"{path}/delete")) == "/f/machine%20learning"
    me.get("/f/machine%20learning/31", 404)


def test_a_deleted_comment_stays_as_a_gap_while_it_has_replies(app: SiteApp, me: Client):
    bob = Client(app, "bob")
    location(bob.post("/f/Books/32/-/comment/100/delete"))
    assert "first <em>comment" not in me.get("/f/Books/32")
    assert me.ids("/f/Books/32", "comment") == [101, 100, 102, 103]


def test_a_forum_is_created_once_and_belongs_to_its_creator(app: SiteApp, me: Client):
    fields = {
        "forum[name]": "sci_fi",
        "forum[title]": "sci_fi",
        "forum[description]": "A wild place",
        "forum[sidebar]": "**New**, *Movies*",
    }
    assert location(me.form("/create_forum", fields)) == "/f/sci_fi"
    assert "<strong>New</strong>, <em>Movies</em>" in me.get("/f/sci_fi")
    assert "already a forum" in me.form("/create_forum", fields).body.decode()
    assert (
        "Name is not valid"
        in me.form("/create_forum", {**fields, "forum[name]": "no spaces"}).body.decode()
    )
    assert location(me.form("/f/sci_fi/edit", {**fields, "forum[title]": "Other"})) == "/f/sci_fi"
    assert rows(app, "forums")[-1]["title"] == "Other"
    assert Client(app, "ann").form("/f/sci_fi/edit", fields).status == 403


def test_biography_block_and_messages(app: SiteApp, me: Client):
    bob = Client(app, "bob")
    bio = {"user_biography[biography]": "I am a robot"}
    assert location(me.form(f"/user/{ME}/edit_biography", bio)) == f"/user/{ME}"
    page = me.get(f"/user/{ME}")
    assert "I am a robot" in page
    assert "Your biography was updated." in page
    assert "was updated" not in me.get(f"/user/{ME}")
    hello = {"message[body]": "hello"}
    assert location(me.form("/user/bob/compose_message", hello)) == "/messages/thread/1"
    assert "hello" in bob.get("/messages/thread/1")
    assert Client(app, "ann").send("GET", "/messages/thread/1").status == 404
    assert location(bob.form("/messages/thread/1", {"message[body]": "hi"}))
    assert location(bob.post(f"/user/{ME}/block_user")) == "/user/bob/block_list"
    assert rows(app, "blocks") == [{"user_id": 3, "blocked_id": 1}]
    assert me.form("/messages/thread/1", hello).status == 403
    assert location(bob.post(f"/user/{ME}/unblock_user"))
    assert rows(app, "blocks") == []


def test_signing_in_out_and_up(app: SiteApp, anyone: Client):
    wrong = {"_username": ME, "_password": "nope"}
    answer = anyone.form("/login_check", wrong)
    assert answer.status == 422
    assert "Invalid credentials" in answer.body.decode()
    answer = anyone.form("/login_check", {**wrong, "_password": "test1234"})
    assert location(answer) == "/"
    anyone.cookie = header(answer.headers, "set-cookie").split(";")[0]
    assert ME in anyone.get("/")
    assert location(anyone.post("/logout")) == "/"
    assert location(anyone.send("GET", "/submit")) == "/login"
    new = {"user[username]": "newbie", "user[password][first]": "longenough"}
    assert anyone.form("/registration", new).status == 422
    answer = anyone.form("/registration", {**new, "user[password][second]": "longenough"})
    assert location(answer) == "/"
    assert rows(app, "users")[-1]["username"] == "newbie"
    with pytest.raises(KeyError, match="nobody"):
        app.cookie_for("nobody")


def test_search_finds_words_in_posts_and_comments_and_sees_new_ones(me: Client):
    assert me.ids("/search?q=NUMBER+7") == [7, 17, 27]
    assert me.ids("/search?q=%25") == []
    assert me.ids("/search?q=deeper&type=comments", "comment") == [103]
    me.form("/submit", {"submission[title]": "brand new thing", "submission[forum]": "12"})
    assert me.ids("/search?q=brand+thing") == [34]


def test_a_form_without_the_right_token_changes_nothing(app: SiteApp, me: Client):
    before = app.digest()
    for path in ("/sv/1.json", "/f/space/subscribe.json", "/submit", "/create_forum", "/logout"):
        body = urlencode({"token": "x", "choice": "1"}).encode()
        assert me.send("POST", path, body).status == 400
    assert app.digest() == before


def test_user_content_is_escaped_and_marked(me: Client):
    evil = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)> [x](javascript:alert(1))"
    fields = {"submission[title]": evil, "submission[body]": evil, "submission[forum]": "12"}
    where = location(me.form("/submit", fields))
    me.form("/f/Books/34/-/comment", {"reply_to_submission_34[comment]": evil})
    me.form(f"/user/{ME}/edit_biography", {"user_biography[biography]": evil})
    for path in (
        where,
        "/f/Books",
        "/comments",
        f"/user/{ME}",
        "/f/Books/34/-/edit",
        "/search?q=" + quote(evil),
    ):
        page = me.get(path)
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert 'href="javascript' not in page
    for path in (where, "/f/Books", "/comments", f"/user/{ME}"):
        unmarked = LexborHTMLParser(me.get(path))
        for node in unmarked.css("[data-ugc], head"):
            node.decompose()
        assert "alert(1)" not in unmarked.text()


def test_two_worlds_of_one_snapshot_are_apart_and_deterministic():
    site = reddit.RedditSite()
    one, two = (site.open(SNAPSHOT, base_url=BASE) for _ in range(2))
    pages = [Client(app, ME).get("/f/space") for app in (one, two)]
    assert pages[0] == pages[1]
    assert one.digest() == two.digest()
    Client(one, ME).post("/sv/1.json", choice="1")
    assert one.digest() != two.digest()
    Client(two, ME).post("/sv/1.json", choice="1")
    assert one.digest() == two.digest()
    assert one.tables().keys() == two.tables().keys()
    assert not {"sessions", "meta", "rankings"} & one.tables().keys()
    for app in (one, two):
        app.close()


def test_each_change_moves_the_clock_by_one_second(app: SiteApp, me: Client):
    for n in range(3):
        me.form("/f/Books/32/-/comment", {"reply_to_submission_32[comment]": f"c{n}"})
    assert [row["created_at"] for row in rows(app, "comments")[-3:]] == [NOW + 1, NOW + 2, NOW + 3]


def test_a_slash_too_many_is_taken_off(me: Client):
    answer = me.send("GET", "/f/machine%20learning/")
    assert (answer.status, header(answer.headers, "location")) == (301, "/f/machine%20learning")
    answer = me.send("GET", "/search/?q=a+b%26c&type=comments")
    assert header(answer.headers, "location") == "/search?q=a+b%26c&type=comments"
    me.get("/no/such/page", 404)


@pytest.mark.parametrize("path", ["//evil.test/", "/%2Fevil.test/", "/%2F%2Fevil.test/x/", "//"])
def test_no_address_of_the_site_leads_to_another_host(me: Client, path: str):
    assert me.send("GET", path).status == 404


@pytest.mark.parametrize(
    "end", ["//evil.test/x", "/\\evil.test", ".evil.test/", ":1@evil.test/", ""]
)
def test_a_vote_never_leads_to_another_host(me: Client, end: str):
    me.referer = BASE + end
    answer = me.post("/sv/1", choice="1")
    assert (answer.status, header(answer.headers, "location")) == (302, "/")
    me.referer = BASE + "/f/Books/new?page=2"
    answer = me.post("/sv/1", choice="0")
    assert header(answer.headers, "location") == "/f/Books/new?page=2"


def test_changes_are_the_rows_that_differ_from_the_snapshot(app: SiteApp, me: Client):
    me.post("/f/space/subscribe.json")
    me.post("/sv/1.json", choice="1")
    changes = app.changes()
    assert changes.keys() == {"subscriptions", "submissions", "submission_votes"}
    assert [row["upvotes"] for row in changes["submissions"].before] == [6]
    assert [row["upvotes"] for row in changes["submissions"].after] == [7]
    me.post("/f/space/unsubscribe.json")
    me.post("/sv/1.json", choice="0")
    assert app.changes() == {}


def test_a_change_that_fails_leaves_the_world_and_its_clock():
    store = Store(SNAPSHOT)
    before = store.digest()

    def fail_halfway() -> None:
        with store.change():
            store.write("submissions", "UPDATE submissions SET title = 'x' WHERE id = 1")
            store.write("submissions", "INSERT INTO submissions (id) VALUES (1)")

    with pytest.raises(sqlite3.IntegrityError):
        fail_halfway()
    assert (store.digest(), store.now) == (before, NOW)
    store.close()


def test_the_rankings_follow_every_kind_of_write(app: SiteApp, me: Client):
    me.post("/sv/1.json", choice="-1")
    location(me.post("/f/Books/32/-/comment", **{"reply_to_submission_32[comment]": "x"}))
    location(Client(app, "bob").post("/f/Books/32/-/comment/100/delete"))
    location(me.post("/submit", **{"submission[title]": "n", "submission[forum]": "12"}))
    location(me.post("/f/machine%20learning/31/-/delete"))
    assert isinstance(app, reddit.site.RedditApp)
    kept = app._store.rows("SELECT * FROM rankings ORDER BY submission_id")
    db = sqlite3.connect(":memory:", isolation_level=None)
    db.deserialize(app._store._connection.serialize())
    db.execute("DROP TABLE rankings")
    assert ensure_rankings(db)
    assert db.execute("SELECT * FROM rankings ORDER BY submission_id").fetchall() == kept


def test_an_unknown_skin_is_refused():
    with pytest.raises(ValueError, match="plain, modern"):
        reddit.RedditSite().open(SNAPSHOT, base_url=BASE, skin="dark")
