"""The whole system with a real Chromium: an embedded task, and a site that nobody here has seen."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from actors.assembly import default_assembly
from actors.system import Call, System
from core.tasks import ResponseStatus
from environment.tasks.anywhere import task_anywhere
from environment.tasks.loader import load_task

pytestmark = [pytest.mark.ray, pytest.mark.chromium]

PAGES = {
    "/": """<title>Village news</title><h1>Village news</h1><a href="/about">About</a>
      <article id="post-2"><h2><a href="/bridge">The bridge is open</a></h2>2 hours ago</article>
      <article id="post-1"><h2><a href="/baker">A new baker</a></h2>3 days ago</article>""",
    "/bridge": "<title>News</title><h1>The bridge is open</h1><p>At last.</p>",
    "/baker": "<title>News</title><h1>A new baker</h1><p>On the square.</p>",
}


class Village(BaseHTTPRequestHandler):
    """A foreign site; says nothing on the console."""

    def do_GET(self) -> None:
        page = PAGES.get(self.path)
        body = f"<!doctype html>{page or '<h1>Not here</h1>'}".encode()
        self.send_response(200 if page else 404)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def village() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Village)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join(5)


@pytest.fixture(scope="module")
def system(
    ray_instance: None, village: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[System]:
    del ray_instance
    allow = ("*.localhost", village)
    assembly = default_assembly(num_agents=2, browser="chromium", allow=allow)
    with System.start(assembly, runs=tmp_path_factory.mktemp("runs"), run="chromium") as started:
        yield started


def test_an_official_task_is_solved_in_chromium(system: System) -> None:
    result = system.solve(Call(task=load_task("404"), budget=0.005))
    assert result.verdict is not None, result.reason
    assert (result.verdict["official"], result.verdict["strict"]) == (1.0, True)


def test_an_intent_on_a_site_that_nobody_has_seen_is_answered(system: System, village: str) -> None:
    intent = "Open the newest post and tell me its title"
    task = task_anywhere(intent, f"http://{village}/")
    result = system.solve(Call(task=task, budget=0.005, is_judged=False))
    assert result.response is not None, result.reason
    assert result.response.status is ResponseStatus.SUCCESS, result.reason
    assert result.response.retrieved_data == ["The bridge is open"]


def test_a_site_that_is_not_there_is_told(system: System, village: str) -> None:
    task = task_anywhere("Open the newest post", f"http://{village}/absent")
    result = system.solve(Call(task=task, budget=0.005, is_judged=False))
    assert result.response is not None, result.reason
    assert result.response.status is ResponseStatus.NOT_FOUND_ERROR
