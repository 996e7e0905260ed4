"""What worlds and users share by being in one process: time, and nothing that anybody sees."""

import re
from collections.abc import Iterator
from itertools import product
from random import Random
from urllib.parse import quote

import pytest

from core.http import HttpRequest
from core.tasks import WorldSpec
from environment.browsers.in_process import InProcessBrowser
from environment.browsers.in_process.pieces import Memory
from environment.sites.reddit import rendering, search, site
from environment.transports import DirectTransport
from environment.world_host import WorldHost

ME = "MarvelsGrantMan136"
SKINS = ("plain", "modern")


class Reader:
    """One user of one world, signed in or (without a name) not."""

    def __init__(self, host: WorldHost, user: str) -> None:
        self.host = host
        self.user = user
        self.cookies = host.cookies_for(user) if user else []

    def get(self, path: str) -> str:
        return self._send("GET", path, b"")

    def post(self, path: str, fields: str = "") -> None:
        self._send("POST", path, f"token={self.token()}&{fields}".encode())

    def token(self) -> str:
        found = re.search(r'name="token" value="(\w+)"', self.get("/login"))
        assert found is not None
        return found[1]

    def observe(self, path: str, memory: Memory) -> object:
        browser = InProcessBrowser(DirectTransport(self.host), memory=memory)
        url = self.host.base_url("reddit") + path
        return browser.open_now(url, session="s", cookies=self.cookies).observe_now()

    def _send(self, method: str, path: str, body: bytes) -> str:
        cookie = "; ".join(f"{name}={value}" for _, name, value in self.cookies)
        headers = (
            ("accept", "text/html"),
            ("cookie", cookie),
            ("content-type", "application/x-www-form-urlencoded"),
        )
        url = self.host.base_url("reddit") + path
        request = HttpRequest(method=method, url=url, headers=headers, body=body)
        answer = self.host.handle(request)
        assert answer.status < 400, (path, answer.status)
        return answer.body.decode()


def forget() -> None:
    """Makes the process as if no page had been rendered; the templates may stay."""
    remembering = [value for value in vars(rendering).values() if hasattr(value, "cache_clear")]
    pieces = [one for one in remembering if one.__name__ not in ("_template", "_environment")]
    assert len(pieces) >= 5
    for one in pieces:
        one.cache_clear()
    search._REMEMBERED.clear()
    site._PAGES.clear()


@pytest.fixture(scope="module", params=SKINS)
def readers(request: pytest.FixtureRequest) -> Iterator[list[Reader]]:
    """Two worlds of one snapshot, in the first of which two users have done things, and others."""
    other_skin = next(skin for skin in SKINS if skin != request.param)
    wanted = ((3, request.param), (3, request.param), (4, request.param), (3, other_skin))
    hosts = [WorldHost.open({"reddit": WorldSpec(seed=n)}, skin=skin) for n, skin in wanted]
    tables = hosts[0].tables()["reddit"]
    post = next(p for p in tables["submissions"] if p["body"] and not p["deleted"])
    other = next(u["username"] for u in tables["users"] if u["id"] == post["user_id"])
    forum = next(f["name"] for f in tables["forums"] if f["id"] == post["forum_id"])
    comment = next(c["id"] for c in tables["comments"] if c["submission_id"] == post["id"])
    mine, theirs = Reader(hosts[0], ME), Reader(hosts[0], str(other))
    for who, choice in ((mine, 1), (theirs, -1)):
        who.post(f"/sv/{post['id']}", f"choice={choice}")
        who.post(f"/cv/{comment}", f"choice={-choice}")
        who.post(f"/f/{forum}/subscribe" if who is mine else f"/f/{forum}/unsubscribe")
        field = quote(f"reply_to_submission_{post['id']}[comment]")
        who.post(f"/f/{forum}/{post['id']}/-/comment", f"{field}=written+by+{who.user}")
    everybody = [Reader(host, str(user)) for host in hosts[:2] for user in (ME, other, "")]
    yield [*everybody, *(Reader(host, ME) for host in hosts[2:])]
    for host in hosts:
        host.close()


def paths(reader: Reader) -> list[str]:
    tables = reader.host.tables()["reddit"]
    post = next(p for p in tables["submissions"] if p["body"] and not p["deleted"])
    forum = next(f["name"] for f in tables["forums"] if f["id"] == post["forum_id"])
    author = next(u["username"] for u in tables["users"] if u["id"] == post["user_id"])
    return [
        "/", "/all/new", "/forums", "/comments", "/search?q=the", "/search?q=the&type=comments",
        f"/f/{forum}", f"/f/{forum}/new", f"/f/{forum}/{post['id']}", f"/user/{ME}",
        f"/user/{author}", f"/user/{author}/submissions",
    ]  # fmt: skip


def test_a_page_is_the_same_whoever_and_whatever_was_served_before(readers: list[Reader]) -> None:
    visits = [(reader, path) for reader in readers for path in paths(reader)]
    alone = {}
    for number, (reader, path) in enumerate(visits):
        forget()
        alone[number] = (reader.get(path), reader.observe(path, Memory()))
    memory, rng = Memory(), Random(1)
    order = [*range(len(visits))] * 2
    rng.shuffle(order)
    for number in order:
        reader, path = visits[number]
        page, seen = alone[number]
        assert reader.get(path) == page, (reader.user, path)
        assert reader.observe(path, memory) == seen, (reader.user, path)


def test_a_users_token_is_on_nobody_elses_pages(readers: list[Reader]) -> None:
    tokens = {reader.user: reader.token() for reader in readers}
    assert len(set(tokens.values())) == 3
    for reader, user in product(readers, tokens):
        pages = "".join(map(reader.get, paths(reader)))
        assert (tokens[user] in pages) == (user == reader.user)


def test_what_a_user_may_change_and_has_voted_is_their_own(readers: list[Reader]) -> None:
    acted, _, looking = readers[:3]
    path = next(p for p in paths(acted) if re.fullmatch(r"/f/[^/]+/\d+", p))
    forum = path.rpartition("/")[0]
    own_edits = [len(re.findall(r"/-/comment/\d+/edit", r.get(path))) for r in readers[:6]]
    assert own_edits[0] > own_edits[3], "the comment was written in one world only"
    assert own_edits[1] > own_edits[4]
    assert own_edits[2] == own_edits[5] == 0
    untouched = readers[3]
    assert acted.get(path) != untouched.get(path)
    assert f"{forum}/unsubscribe" in acted.get(path)
    assert f"{forum}/subscribe" in readers[1].get(path)
    assert "/edit" not in looking.get(path)


def test_a_world_that_a_request_changed_shows_its_own_pages_and_no_other_world_sees_them() -> None:
    forget()
    one, other = (WorldHost.open({"reddit": WorldSpec(seed=5)}) for _ in range(2))
    mine, theirs = Reader(one, ME), Reader(other, ME)
    path = f"/user/{ME}"
    before = mine.get(path)
    assert theirs.get(path) == before
    assert len(site._PAGES) > 0, "the second world was given the first one's page"
    mine.post(f"{path}/edit_biography", f"{quote('user_biography[biography]')}=Changed+here")
    assert "Changed here" in mine.get(path)
    assert theirs.get(path) == before
    assert len(one.trace()) > len(other.trace()) == 2, "what is given again is in the trace"
    one.close()
    other.close()


def test_a_page_given_again_is_the_page_that_would_be_made() -> None:
    forget()
    paths = ("/", "/forums", f"/user/{ME}", "/comments", "/search?q=tea", "/inbox", "/nowhere")
    first, again = (WorldHost.open({"reddit": WorldSpec(seed=6)}) for _ in range(2))
    for user in (ME, ""):
        made = [_answer(first, user, path) for path in paths]
        assert [_answer(again, user, path) for path in paths] == made
        forget()
        assert [_answer(again, user, path) for path in paths] == made
    first.close()
    again.close()


def _answer(host: WorldHost, user: str, path: str) -> tuple[int, bytes]:
    cookies = host.cookies_for(user) if user else []
    cookie = "; ".join(f"{name}={value}" for _, name, value in cookies)
    headers = (("accept", "text/html"), ("cookie", cookie), ("referer", path))
    url = host.base_url("reddit") + path
    answer = host.handle(HttpRequest(method="GET", url=url, headers=headers))
    return answer.status, answer.body
