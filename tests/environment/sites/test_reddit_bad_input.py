"""Nothing that a client can send makes the forum raise or answer 5xx."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote_from_bytes

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import environment.sites.reddit as reddit
from environment.sites.contract import HttpRequest, SiteApp
from environment.sites.reddit.markup import markdown

BASE = "http://forum.test"
PATHS = [
    "/", "/top", "/all", "/forums", "/search", "/submit", "/submit/a", "/create_forum", "/f/a",
    "/f/a/edit", "/f/a/subscribe.json", "/f/a/1", "/f/a/1/-/comment", "/f/a/1/-/comment/1",
    "/f/a/1/-/comment/1/edit", "/f/a/1/-/comment/1/delete", "/f/a/1/-/edit", "/f/a/1/-/delete",
    "/sv/1.json", "/cv/1", "/user/u", "/user/u/edit_biography", "/user/u/account", "/inbox",
    "/user/u/block_user", "/user/u/compose_message", "/messages", "/messages/thread/1", "/login",
    "/login_check", "/logout", "/registration", "/comments", "/static/x.css",
]  # fmt: skip
FIELDS = [
    "token", "choice", "submission[title]", "submission[forum]", "submission[url]", "forum[name]",
    "reply_to_submission_1[comment]", "reply_to_comment_1[comment]", "comment[comment]", "page",
    "_username", "_password", "user[username]", "user_biography[biography]", "message[body]", "t",
    "q",
]  # fmt: skip


@pytest.fixture(scope="module")
def app() -> Iterator[SiteApp]:
    db = sqlite3.connect(":memory:")
    db.executescript((Path(reddit.__file__).parent / "schema.sql").read_text())
    db.executescript(
        "INSERT INTO meta VALUES ('now', '1000');"
        "INSERT INTO users VALUES (1, 'u', 'password', '', 0);"
        "INSERT INTO forums VALUES (1, 'a', 'A', '', '', 1, 0);"
        "INSERT INTO submissions VALUES (1, 1, 1, 't', NULL, 'b', 1, NULL, 1, 0, 0);"
        "INSERT INTO comments VALUES (1, 1, NULL, 1, 'c', 2, NULL, 1, 0, 0);"
    )
    app = reddit.RedditSite().open(db.serialize(), base_url=BASE)
    yield app
    app.close()


raw = st.binary(max_size=40)
encoded = raw.map(quote_from_bytes)
pairs = st.lists(st.tuples(st.sampled_from(FIELDS), encoded), max_size=5)
queries = pairs.map(lambda items: "&".join(f"{name}={text}" for name, text in items))


@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "post", ""]),
    path=st.sampled_from(PATHS) | encoded.map("/".__add__) | st.text(max_size=20),
    tail=encoded,
    query=queries | encoded,
    form=queries.map(str.encode) | raw,
    headers=st.lists(
        st.tuples(st.sampled_from(["cookie", "accept", "referer"]), st.text()), max_size=2
    ),
    known=st.booleans(),
)
def test_garbage_never_raises_and_is_never_our_fault(
    app: SiteApp, method: str, path: str, tail: str, query: str, form: bytes,
    headers: list[tuple[str, str]], known: bool,
):  # fmt: skip
    cookie = app.cookie_for("u")
    token = b"token=" + _csrf(app, cookie)
    fields = (("cookie", cookie), *headers) if known else tuple(headers)
    body = token + b"&" + form if known else form
    for url in (f"{BASE}{path}?{query}", f"{BASE}{path}{tail}", path):
        answer = app.handle(HttpRequest(method=method, url=url, headers=fields, body=body))
        assert 200 <= answer.status < 500


def _csrf(app: SiteApp, cookie: str) -> bytes:
    page = app.handle(HttpRequest(method="GET", url=BASE + "/", headers=(("cookie", cookie),)))
    return page.body.split(b'name="token" value="')[1].split(b'"')[0]


def test_a_form_of_more_than_a_megabyte_is_refused(app: SiteApp):
    request = HttpRequest(method="POST", url=BASE + "/login_check", body=b"a=" + b"x" * 1_000_000)
    assert app.handle(request).status == 413


def test_another_kind_of_body_is_refused(app: SiteApp):
    headers = (("content-type", "multipart/form-data; boundary=x"),)
    request = HttpRequest(method="POST", url=BASE + "/submit", headers=headers, body=b"--x")
    assert app.handle(request).status == 415


def test_a_closed_world_answers_500_instead_of_raising(caplog: pytest.LogCaptureFixture):
    app = reddit.RedditSite().open(_empty(), base_url=BASE)
    app.close()
    request = HttpRequest(method="GET", url=BASE + "/", headers=(("cookie", "PHPSESSID=x"),))
    assert app.handle(request).status == 500
    assert "failed" in caplog.text


def _empty() -> bytes:
    db = sqlite3.connect(":memory:")
    db.executescript((Path(reddit.__file__).parent / "schema.sql").read_text())
    db.execute("INSERT INTO meta VALUES ('now', '0')")
    db.commit()
    return db.serialize()


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="<>\"'&`*_~[]()!#>-+1. \n\\abhttps://", max_size=200))
def test_markdown_lets_no_html_of_its_own_through(text: str):
    allowed = {
        "p",
        "strong",
        "em",
        "del",
        "code",
        "pre",
        "a",
        "ul",
        "ol",
        "li",
        "blockquote",
        "h6",
        "hr",
    }
    rest = markdown(text)
    for part in rest.split("<")[1:]:
        name = part.lstrip("/").split(">")[0].split(" ")[0]
        assert name in allowed
    assert "javascript:" not in rest


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("a\n\nb", "<p>a</p>\n<p>b</p>"),
        ("- x\n- y", "<ul><li>x</li><li>y</li></ul>"),
        ("> quoted", "<blockquote><p>quoted</p></blockquote>"),
        ("`a<b`", "<p><code>a&lt;b</code></p>"),
        ("[in](/f/a)", '<p><a href="/f/a" rel="nofollow ugc">in</a></p>'),
        ("[out](//evil.test)", "<p>[out](//evil.test)</p>"),
        ("```\n*x*\n```", "<pre><code>*x*</code></pre>"),
    ],
)
def test_markdown_renders_the_documented_blocks_and_spans(text: str, html: str):
    assert markdown(text) == html
