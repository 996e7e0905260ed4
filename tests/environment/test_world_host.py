"""One episode's worlds: routing, order, sign-in, snapshots, and sites that misbehave."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence

import pytest

from core.errors import ConfigurationError, WorldTimeoutError, WorldUnreachableError
from core.http import HttpRequest, HttpResponse, header
from environment.sites.contract import Row, TableChanges, WorldSpec
from environment.transports import DirectTransport
from environment.world_host import World, WorldHost
from environment.worlds import snapshot_of

SPEC = WorldSpec(seed=3)


class Odd:
    """A site that counts, raises or hangs."""

    def __init__(self) -> None:
        self.served = 0
        self.release = threading.Event()

    def handle(self, request: HttpRequest) -> HttpResponse:
        if request.url.endswith("/raise"):
            raise RuntimeError("broken")
        if request.url.endswith("/hang"):
            self.release.wait(20)
        self.served += 1
        return HttpResponse(status=200, body=str(self.served).encode())

    def cookie_for(self, username: str) -> str:
        if username != "ann":
            raise KeyError(username)
        return "odd=1"

    def tables(self) -> Mapping[str, Sequence[Row]]:
        return {"served": [{"n": self.served}]}

    def changes(self) -> Mapping[str, TableChanges]:
        return {}

    def digest(self) -> str:
        return str(self.served)

    def close(self) -> None:
        self.release.set()


def odd_host(app: Odd, *, max_trace: int = 10) -> WorldHost:
    world = World("odd", "http://odd.localhost", b"", "plain", "ann", app)
    return WorldHost([world], max_trace=max_trace)


def get(url: str, cookie: str = "") -> HttpRequest:
    fields = (("accept", "text/html"), *((("cookie", cookie),) if cookie else ()))
    return HttpRequest(method="GET", url=url, headers=fields)


def test_requests_go_to_the_site_of_their_host_and_are_recorded_in_order() -> None:
    host = WorldHost.open({"reddit": SPEC}, base_urls={"reddit": "http://forum.test:8080/"})
    assert host.base_url("reddit") == "http://forum.test:8080"
    assert host.handle(get("http://FORUM.test:8080/")).status == 200
    assert host.handle(get("http://forum.test/")).status == 502
    assert host.handle(get("https://forum.test:8080/")).status == 502
    assert host.handle(get("http://forum.test:8080/no/such/page")).status == 404
    assert [(entry.sequence, entry.status) for entry in host.trace()] == [
        (0, 200),
        (1, 502),
        (2, 502),
        (3, 404),
    ]
    with pytest.raises(KeyError, match="reddit"):
        host.base_url("gitlab")
    host.close()


def test_what_is_no_url_is_answered_and_not_recorded() -> None:
    host = WorldHost.open({"reddit": SPEC})
    for url in ("http://[::1", "http://[x]/"):
        assert not host.serves(url)
        assert host.handle(get(url)).status == 502
        with pytest.raises(WorldUnreachableError):
            DirectTransport(host).send(get(url))
    assert host.trace() == ()
    host.close()


def test_a_user_has_one_session_in_an_episode_and_its_cookie_is_in_no_trace() -> None:
    host = WorldHost.open({"reddit": SPEC})
    ((base, name, value),) = host.cookies_for(None)
    assert host.cookies_for(None) == [(base, name, value)]
    answer = host.handle(get(base + "/", f"{name}={value}"))
    assert b"MarvelsGrantMan136" in answer.body
    assert b"MarvelsGrantMan136" not in host.handle(get(base + "/")).body
    assert value not in repr(host.trace())
    with pytest.raises(KeyError, match="nobody-at-all"):
        host.cookies_for("nobody-at-all")
    host.close()


def test_after_a_restore_a_user_is_signed_in_anew() -> None:
    host = WorldHost.open({"reddit": SPEC})
    ((base, name, value),) = host.cookies_for(None)
    host.restore()
    assert b"MarvelsGrantMan136" not in host.handle(get(base + "/", f"{name}={value}")).body
    ((base, name, value),) = host.cookies_for(None)
    assert b"MarvelsGrantMan136" in host.handle(get(base + "/", f"{name}={value}")).body
    host.close()


def test_restore_goes_back_to_the_start() -> None:
    host = WorldHost.open({"reddit": SPEC})
    before = host.digest()
    ((base, name, value),) = host.cookies_for(None)
    cookie = f"{name}={value}"
    host.handle(get(base + "/forums", cookie))
    forum = host.tables()["reddit"]["forums"][0]["name"]
    page = host.handle(get(f"{base}/f/{forum}", cookie)).body.decode()
    action = f"/f/{forum}/subscribe.json"
    token = page.partition('name="token" value="')[2].partition('"')[0]
    fields = (
        ("cookie", cookie),
        ("accept", "application/json"),
        ("content-type", "application/x-www-form-urlencoded"),
    )
    for path in (action, f"/f/{forum}/unsubscribe.json"):
        body = f"token={token}".encode()
        host.handle(HttpRequest(method="POST", url=base + path, headers=fields, body=body))
        if host.digest() != before:
            break
    assert host.digest() != before
    host.restore()
    assert (host.digest(), host.trace()) == (before, ())
    assert b"MarvelsGrantMan136" not in host.handle(get(base + "/", cookie)).body
    host.close()
    host.close()


def test_episodes_do_not_share_a_world_and_share_its_snapshot() -> None:
    assert snapshot_of("reddit", SPEC) is snapshot_of("reddit", WorldSpec(seed=3))
    one, two = WorldHost.open({"reddit": SPEC}), WorldHost.open({"reddit": SPEC})
    assert one.digest() == two.digest()
    one.handle(get("http://reddit.localhost/"))
    assert two.trace() == ()
    one.close()
    assert two.handle(get("http://reddit.localhost/")).status == 200
    two.close()
    with pytest.raises(KeyError, match="no embedded site"):
        WorldHost.open({"nowhere": SPEC})


def test_a_trace_that_is_full_refuses_and_says_so() -> None:
    app = Odd()
    host = odd_host(app, max_trace=2)
    answers = [host.handle(get("http://odd.localhost/")) for _ in range(4)]
    assert [answer.status for answer in answers] == [200, 200, 503, 503]
    assert b"may send 2 requests" in answers[2].body
    assert header(answers[2].headers, "content-type").startswith("text/html")
    assert (app.served, len(host.trace())) == (2, 2)


def test_two_worlds_cannot_have_one_address() -> None:
    world = World("odd", "http://odd.localhost", b"", "plain", "ann", Odd())
    with pytest.raises(ConfigurationError, match="of its own"):
        WorldHost([world, world._replace(base_url="http://odd.localhost:80/")])


def test_threads_are_served_one_after_the_other() -> None:
    host = odd_host(Odd(), max_trace=500)
    threads = [
        threading.Thread(
            target=lambda: [host.handle(get("http://odd.localhost/")) for _ in range(50)]
        )
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert [entry.sequence for entry in host.trace()] == list(range(400))
    assert host.tables()["odd"] == {"served": [{"n": 400}]}


@pytest.mark.parametrize("deadline_s", [None, 5.0])
def test_what_a_site_raises_is_a_world_that_cannot_be_reached(deadline_s: float | None) -> None:
    host = odd_host(Odd())
    transport = DirectTransport(host, deadline_s=deadline_s)
    assert transport.send(get("http://odd.localhost/")).body == b"1"
    with pytest.raises(WorldUnreachableError, match="broken"):
        transport.send(get("http://odd.localhost/raise"))
    with pytest.raises(WorldUnreachableError, match="no site"):
        transport.send(get("http://elsewhere.example/"))
    assert transport.send(get("http://odd.localhost/")).body == b"2"
    assert [entry.status for entry in host.trace()] == [200, 500, 200]
    transport.close()


def test_the_trace_can_be_read_and_the_host_closed_while_a_site_hangs() -> None:
    app = Odd()
    host = odd_host(app)
    transport = DirectTransport(host, deadline_s=0.1)
    with pytest.raises(WorldTimeoutError):
        transport.send(get("http://odd.localhost/hang"))
    assert host.trace() == ()
    host.close()
    assert not app.release.is_set()  # not closed under the feet of its thread
    app.release.set()
    transport.close()


def test_a_site_that_hangs_is_left_behind() -> None:
    app = Odd()
    transport = DirectTransport(odd_host(app), deadline_s=0.1)
    start = time.monotonic()
    for _ in range(2):  # the second at once: the site still works on the first
        with pytest.raises(WorldTimeoutError):
            transport.send(get("http://odd.localhost/hang"))
    assert time.monotonic() - start < 5
    app.release.set()
    for _ in range(100):
        try:
            assert transport.send(get("http://odd.localhost/")).status == 200
            break
        except WorldTimeoutError:
            time.sleep(0.05)
    else:
        pytest.fail("the site did not come back")
    transport.close()
