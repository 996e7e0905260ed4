"""The loopback server: many episodes, in order, within limits."""

import http.client
import threading
import time
from collections.abc import Iterator

import pytest

from core.errors import CallerError, ConfigurationError
from core.http import HttpRequest, HttpResponse, header
from environment.http_server import LoopbackConfig, LoopbackServer


class Recorder:
    """Answers with what it was asked; `wait` holds every answer up."""

    def __init__(self, *, wait: threading.Event | None = None) -> None:
        self.seen: list[HttpRequest] = []
        self._wait = wait

    def handle(self, request: HttpRequest) -> HttpResponse:
        self.seen.append(request)
        if self._wait is not None:
            self._wait.wait(10)
        if request.url.endswith("/bug"):
            raise ValueError("a bug of the site")
        fields = (
            ("content-type", "text/html; charset=utf-8"),
            ("set-cookie", "a=1"),
            ("set-cookie", "b=2"),
        )
        return HttpResponse(status=201, headers=fields, body=request.url.encode())


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    one = LoopbackServer(LoopbackConfig(deadline_s=0.3, body_limit=1_000))
    one.start()
    yield one
    one.stop()


def ask(
    server: LoopbackServer, url: str, path: str, method: str = "GET", body: bytes = b""
) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    try:
        host = url.removeprefix("http://")
        connection.request(method, path, body=body, headers={"Host": host, "Referer": "x"})
        answer = connection.getresponse()
        answer.text = answer.read().decode()
        return answer
    finally:
        connection.close()


def attached(server: LoopbackServer, episode: str, host: Recorder) -> str:
    url = server.base_urls(episode, ["shopping_admin"])["shopping_admin"]
    server.attach(episode, host)
    return url


def test_a_request_arrives_whole_and_its_answer_comes_back(server: LoopbackServer) -> None:
    host = Recorder()
    url = attached(server, "e1", host)
    answer = ask(server, url, "/a%20b/%C3%A9?q=1&r=%2F", "POST", b"x=y")
    request = host.seen[0]
    assert url == f"http://shopping-admin-e1.localhost:{server.port}"
    assert (request.method, request.url) == ("POST", f"{url}/a%20b/%C3%A9?q=1&r=%2F")
    assert (request.body, header(request.headers, "referer")) == (b"x=y", "x")
    assert (answer.status, answer.text) == (201, request.url)
    assert answer.headers.get_all("set-cookie") == ["a=1", "b=2"]


def test_only_pages_that_were_got_are_not_stored(server: LoopbackServer) -> None:
    url = attached(server, "e1", Recorder())
    assert ask(server, url, "/").headers["cache-control"] == "no-store"
    assert ask(server, url, "/", "POST").headers["cache-control"] is None


def test_episodes_do_not_hear_of_one_another(server: LoopbackServer) -> None:
    hosts = {name: Recorder() for name in ("e1", "e2")}
    urls = {name: attached(server, name, host) for name, host in hosts.items()}
    ask(server, urls["e1"], "/one")
    ask(server, urls["e2"], "/two")
    assert [r.url for r in hosts["e1"].seen] == [urls["e1"] + "/one"]
    assert [r.url for r in hosts["e2"].seen] == [urls["e2"] + "/two"]


def test_an_unknown_host_is_misdirected_and_a_detached_one_too(server: LoopbackServer) -> None:
    url = attached(server, "e1", Recorder())
    assert ask(server, "http://elsewhere.localhost", "/").status == 421
    server.detach("e1")
    server.detach("e1")
    assert ask(server, url, "/").status == 421


def test_a_favicon_is_no_request_of_an_agent(server: LoopbackServer) -> None:
    host = Recorder()
    assert ask(server, attached(server, "e1", host), "/favicon.ico").status == 204
    assert host.seen == []


def test_a_body_over_the_limit_never_reaches_the_site(server: LoopbackServer) -> None:
    host = Recorder()
    assert ask(server, attached(server, "e1", host), "/", "POST", b"x" * 1_001).status == 413
    assert host.seen == []


def test_a_bug_of_a_site_is_a_page(server: LoopbackServer) -> None:
    assert ask(server, attached(server, "e1", Recorder()), "/bug").status == 500


def test_a_slow_site_holds_up_nobody_else_and_its_queue_is_dropped(
    server: LoopbackServer,
) -> None:
    gate = threading.Event()
    slow = Recorder(wait=gate)
    url = attached(server, "slow", slow)
    quick = attached(server, "quick", Recorder())
    assert ask(server, url, "/first").status == 504
    assert ask(server, quick, "/").status == 201
    assert ask(server, url, "/second").status == 504
    gate.set()
    assert ask(server, url, "/third").status == 201
    assert [r.url.rpartition("/")[2] for r in slow.seen] == ["first", "third"]


def test_requests_of_one_episode_are_served_one_after_the_other(server: LoopbackServer) -> None:
    busy: list[int] = []

    class Counting:
        def __init__(self) -> None:
            self.inside = 0

        def handle(self, request: HttpRequest) -> HttpResponse:
            self.inside += 1
            time.sleep(0.002)
            busy.append(self.inside)
            self.inside -= 1
            return HttpResponse(status=200, body=request.url.encode())

    url = server.base_urls("e1", ["reddit"])["reddit"]
    server.attach("e1", Counting())
    threads = [threading.Thread(target=ask, args=(server, url, f"/{i}")) for i in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert busy == [1] * 16


def test_the_mistakes_of_a_caller_are_told(server: LoopbackServer) -> None:
    with pytest.raises(ConfigurationError, match="Bad_Name"):
        server.base_urls("Bad_Name", ["reddit"])
    with pytest.raises(CallerError, match="no addresses"):
        server.attach("e9", Recorder())
    attached(server, "e1", Recorder())
    with pytest.raises(CallerError, match="attached already"):
        server.attach("e1", Recorder())
    with pytest.raises(CallerError, match="not been started"):
        _ = LoopbackServer().port
    with pytest.raises(ConfigurationError, match="deadline_s=0"):
        LoopbackConfig(deadline_s=0)
    server.start()
    server.stop()
    server.stop()
