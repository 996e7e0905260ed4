"""What only a real Chromium has to cope with: scripts, crashes, hanging pages, foreign markup."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.errors import BrowserUnavailableError, ConfigurationError
from core.http import HttpRequest, HttpResponse
from core.pages import Click, Fill, Goto, Observation, Press
from environment.browsers.chromium.browser import ChromiumBrowser, ChromiumConfig
from environment.http_server import LoopbackServer

PAGES = {
    "/": "<h1>Start</h1><a href=/next>next</a>",
    "/next": "<h1>Next</h1>",
    "/framework": """<input aria-label=box><p id=out>-</p><p id=trusted>-</p><script>
      const box = document.querySelector("input"), out = document.getElementById("out");
      let last = box.value;  // a framework keeps the last value on the node itself
      const native = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value");
      Object.defineProperty(box, "value", {
        get() { return native.get.call(this); },
        set(text) { last = String(text); native.set.call(this, text); }, configurable: true });
      box.addEventListener("input", () => {
        if (box.value !== last) { last = box.value; out.textContent = "typed " + last; } });
      box.addEventListener("change", () => out.textContent += " changed");
      </script>""",
    "/dialogs": """<button type=button onclick="out.textContent = confirm('sure?')">ask</button>
      <p id=out>-</p><script>addEventListener("beforeunload", e => e.preventDefault())</script>
      <a href=/next>leave</a>""",
    "/windows": """<button type=button onclick="window.open('/next')">open</button>
      <form action=/next target=_blank><button>send</button></form>""",
    "/fetch": """<button type=button onclick="go()">load</button><p id=out>-</p><script>
      async function go() { const a = await fetch("/slow.json"); const b = await a.json();
        await new Promise(r => setTimeout(r, 0)); out.textContent = b.word; }</script>""",
    "/late": """<button type=button onclick="fetch('/slow.json').then(() => location = '/next')">
      go</button>""",
    "/loop": "<button type=button onclick='for(;;);'>hang</button><a href=/next>next</a>",
    "/files": """<iframe src="file:///etc/passwd"></iframe><p>mine</p>
      <a href=/next download>take</a><button type=button onclick="open_it()">open</button>
      <script>const open_it = () => { location.href = "file:///etc/passwd"; }</script>""",
    "/hop": "<script>location.replace('/next')</script><p>hop</p>",
    "/refresh": "<meta http-equiv=refresh content='0; url=/next'><p>refresh</p>",
    "/covered": """<button type=button onclick="out.textContent='pressed'">under</button>
      <div style="position:fixed;inset:0;background:#fff">cover</div><p id=out>-</p>
      <label><input type=checkbox style="display:none" onchange="out.textContent='ticked'">c
      </label>""",
    "/foreign": """<iframe srcdoc="<p>framed</p>"></iframe>
      <x-card>light</x-card><p>old</p>
      <script>customElements.define("x-card", class extends HTMLElement { connectedCallback() {
        this.attachShadow({mode: "open"}).innerHTML = "<p>shadow</p>"; } });
      Array.prototype.toJSON = () => "broken"; JSON.stringify = () => "broken";
      document.querySelector = () => { throw new Error("broken"); };</script>
      <a href=/next>on</a>""",
    "/big": "<ul>" + f"<li>{'some words in an item of a long list ' * 26}</li>" * 5_750 + "</ul>",
    "/busy": """<h1>Busy</h1><script>setInterval(() => fetch("/from-the-past"), 20);
      setInterval(() => location.href = "/from-the-past", 400);
      addEventListener("pagehide", () => navigator.sendBeacon("/from-the-past"))</script>""",
    "/204": "<a href=/nothing>nothing</a><a href=/file>file</a><h1>Here</h1>",
}


class Scripted:
    """Serves the pages above; `/hang` is answered after the test's patience."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def handle(self, request: HttpRequest) -> HttpResponse:
        path = request.url.partition(".localhost")[2].partition("/")[2].partition("?")[0]
        self.asked.append(path)
        if path == "nothing":
            return HttpResponse(status=204)
        if path == "file":
            return HttpResponse(
                status=200, headers=(("content-type", "application/zip"),), body=b"x"
            )
        if path == "slow.json":
            time.sleep(0.2)
            fields = (("content-type", "application/json"),)
            return HttpResponse(status=200, headers=fields, body=b'{"word": "loaded"}')
        if path == "hang":
            time.sleep(2.5)
        page = PAGES.get("/" + path, "<h1>none</h1>")
        body = f"<!doctype html><title>t</title><body>{page}".encode()
        return HttpResponse(status=200, headers=(("content-type", "text/html"),), body=body)


class Driven:
    """One Chromium and the site, driven from plain functions."""

    def __init__(self, runner: asyncio.Runner, base: str, site: Scripted) -> None:
        self.run = runner.run
        self.base = base
        self.site = site
        config = ChromiumConfig(action_timeout_s=2.0)
        self.browser = self.run(ChromiumBrowser.launch(config))

    def open(self, path: str, session: str = "s"):
        return self.run(self.browser.open(self.base + path, session=session))

    def act(self, path: str, action, session: str = "s") -> Observation:
        return self.run(self.open(path, session).act(action))


@pytest.fixture(scope="module")
def server() -> Iterator[LoopbackServer]:
    one = LoopbackServer()
    one.start()
    yield one
    one.stop()


@pytest.fixture(scope="module")
def driven(server: LoopbackServer) -> Iterator[Driven]:
    base = server.base_urls("chromium", ["site"])["site"]
    site = Scripted()
    server.attach("chromium", site)
    with asyncio.Runner() as runner:
        one = Driven(runner, base, site)
        yield one
        runner.run(one.browser.close())


def wait_for(condition: Callable[[], bool], limit_s: float = 5.0) -> bool:
    deadline = time.monotonic() + limit_s
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    return condition()


def texts(seen: Observation) -> list[str]:
    return [element.name for element in seen.elements]


@pytest.mark.chromium
class TestScripts:
    def test_a_framework_notices_what_is_filled_in(self, driven: Driven) -> None:
        seen = driven.act("/framework", Fill(0, "hello"))
        assert seen.elements[0].value == "hello"
        assert seen.elements[1].name == "typed hello changed"

    def test_dialogs_are_dismissed_and_hold_nobody_up(self, driven: Driven) -> None:
        page = driven.open("/dialogs")
        assert driven.run(page.act(Click(0))).elements[1].name == "false"
        assert texts(driven.run(page.act(Click(2)))) == ["Next"]

    @pytest.mark.parametrize("button", [0, 1])
    def test_new_windows_open_in_the_page(self, driven: Driven, button: int) -> None:
        assert texts(driven.act("/windows", Click(button))) == ["Next"]

    def test_a_fetch_and_what_it_changes_are_waited_for(self, driven: Driven) -> None:
        assert texts(driven.act("/fetch", Click(0))) == ["load", "loaded"]

    @pytest.mark.parametrize("path", ["/hop", "/refresh"])
    def test_a_page_that_sends_on_is_followed(self, driven: Driven, path: str) -> None:
        page = driven.open("/")
        assert texts(driven.run(page.act(Goto(path)))) == ["Next"]

    def test_a_navigation_after_a_fetch_is_waited_for(self, driven: Driven) -> None:
        assert texts(driven.act("/late", Click(0))) == ["Next"]

    def test_what_the_mouse_cannot_reach_is_pressed_in_the_page(self, driven: Driven) -> None:
        page = driven.open("/covered")
        assert "pressed" in texts(driven.run(page.act(Click(0))))
        box = next(i for i, e in enumerate(driven.run(page.observe()).elements) if e.name == "c")
        seen = driven.run(page.act(Click(box)))
        assert seen.elements[box].state == "checked"
        assert "ticked" in texts(seen)

    @pytest.mark.parametrize("link", [0, 1])
    def test_an_answer_that_is_no_page_leaves_the_page(self, driven: Driven, link: int) -> None:
        start = time.monotonic()
        seen = driven.act("/204", Click(link))
        assert texts(seen) == ["nothing", "file", "Here"]
        assert time.monotonic() - start < 1.5

    def test_foreign_scripts_cannot_fool_the_reader(self, driven: Driven) -> None:
        seen = driven.run(driven.open("/foreign").observe())
        assert texts(seen) == ["light", "old", "on"]

    def test_a_page_of_five_megabytes_is_cut(self, driven: Driven) -> None:
        assert len(PAGES["/big"]) > 5_000_000

        async def read() -> list[Observation]:
            browser = await ChromiumBrowser.launch()  # with the patience of a real run
            try:
                page = await browser.open(driven.base + "/", session="s")
                return [await page.act(Goto("/big")), await page.observe()]
            finally:
                await browser.close()

        for seen in driven.run(read()):
            assert len(seen.elements) == 5_000
            assert seen.problem == "page truncated at 5000 elements"


@pytest.mark.chromium
class TestBadDays:
    def test_a_site_that_hangs_ends_in_a_problem(self, driven: Driven) -> None:
        page = driven.open("/")
        seen = driven.run(page.act(Goto("/hang")))
        assert seen.problem == f"time-out: {driven.base}/hang"
        assert texts(seen) == ["Start", "next"]
        time.sleep(0.6)  # the site serves one request after the other
        assert texts(driven.run(page.act(Click(1)))) == ["Next"]

    def test_a_script_that_never_ends_is_ended(self, driven: Driven) -> None:
        page = driven.open("/loop", "loop")
        assert driven.run(page.act(Click(0))).problem.startswith("time-out: ")
        driven.run(driven.browser.end_session("loop"))
        assert texts(driven.run(driven.open("/", "loop").observe())) == ["Start", "next"]

    def test_a_crashed_page_says_so_and_the_next_one_works(self, driven: Driven) -> None:
        page = driven.open("/", "crash")

        async def crash() -> None:
            task = asyncio.ensure_future(page.tab.command("Page.crash"))
            await asyncio.sleep(0.3)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

        driven.run(crash())
        seen = driven.run(page.act(Click(1)))
        assert (seen.problem, seen.elements) == ("page crashed", ())
        driven.run(driven.browser.end_session("crash"))
        assert driven.run(driven.open("/", "crash").observe()).problem == ""

    def test_a_killed_browser_is_started_again(self, driven: Driven) -> None:
        page = driven.open("/", "kill")
        for pid in chromium_pids(os.getpid()):
            os.kill(pid, signal.SIGKILL)
        assert driven.run(page.act(Click(1))).problem == "page crashed"
        assert texts(driven.run(driven.open("/", "kill2").observe())) == ["Start", "next"]

    def test_a_page_opens_no_file_of_this_machine_and_leaves_none(self, driven: Driven) -> None:
        page = driven.open("/files", "files")
        seen = driven.run(page.observe())
        for name in ("take", "open"):
            (element,) = [at for at, one in enumerate(seen.elements) if one.name == name]
            seen = driven.run(page.act(Click(element)))
            assert "mine" in texts(seen)
            assert "root:" not in str(seen)
        assert not list(Path.cwd().glob("next*"))

    def test_keys_of_this_process_are_not_in_the_browsers(
        self, driven: Driven, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("OPENAI_API_KEY", "c4n4ry-key")
        monkeypatch.setenv("RAY_AUTH_TOKEN", "c4n4ry-token")

        before = set(chromium_pids(os.getpid()))
        browser = driven.run(ChromiumBrowser.launch())
        pids = set(chromium_pids(os.getpid())) - before
        found = [Path(f"/proc/{pid}/environ").read_bytes() for pid in pids]
        driven.run(browser.close())
        assert any(b"PATH=" in environment for environment in found)
        assert not any(b"c4n4ry" in environment for environment in found)

    def test_files_and_off_list_sites_stay_closed(self, driven: Driven) -> None:
        assert driven.act("/", Goto("file:///etc/passwd")).problem.startswith("cannot open file:")

        async def blocked() -> Observation:
            allow = (driven.base.removeprefix("http://"),)
            browser = await ChromiumBrowser.launch(ChromiumConfig(allow=allow))
            try:
                page = await browser.open(driven.base + "/", session="s")
                return await page.act(Goto("http://127.0.0.1:9/"))
            finally:
                await browser.close()

        seen = driven.run(blocked())
        assert seen.problem == "cannot reach http://127.0.0.1:9/"
        assert texts(seen) == ["Start", "next"]

    def test_a_session_cannot_enter_the_world_of_another_episode(
        self, driven: Driven, server: LoopbackServer
    ) -> None:
        urls = server.base_urls("other", ["site"])
        server.attach("other", Scripted())

        async def visits() -> list[Observation]:
            config = ChromiumConfig(allow=("*.localhost",))
            browser = await ChromiumBrowser.launch(config)
            try:
                mine = await browser.open(driven.base + "/", session="mine")
                seen = [await mine.act(Goto(urls["site"] + "/next")), await mine.act(Click(1))]
                await browser.end_session("mine")
                other = await browser.open(urls["site"] + "/next", session="other")
                assert other.tab is mine.tab
                return [*seen, await other.observe(), await other.act(Goto(driven.base + "/"))]
            finally:
                await browser.close()
                server.detach("other")

        seen = driven.run(visits())
        refusals = [f"cannot reach {urls['site']}/next", "", "", f"cannot reach {driven.base}/"]
        assert [one.problem for one in seen] == refusals
        assert [texts(one)[0] for one in seen] == ["Start", "Next", "Next", "Next"]

    def test_a_missing_executable_is_told_with_what_to_install(self, driven: Driven) -> None:
        config = ChromiumConfig(executable=Path("/nonexistent/chromium"))
        with pytest.raises(BrowserUnavailableError, match="chromium-headless-shell"):
            driven.run(ChromiumBrowser.launch(config))
        with pytest.raises(BrowserUnavailableError, match="does not start"):
            driven.run(ChromiumBrowser.launch(ChromiumConfig(executable=Path("/bin/true"))))


@pytest.mark.chromium
class TestContexts:
    def test_a_context_is_used_again_and_remembers_nothing(self, driven: Driven) -> None:
        first = driven.open("/", "one")
        driven.run(driven.browser.end_session("one"))
        second = driven.open("/next", "two")
        assert second.tab is first.tab
        assert driven.run(first.act(Click(1))).problem == "page is closed"
        assert texts(driven.run(second.act(Press(0)))) == ["Next"]

    def test_a_session_never_sees_the_page_of_an_earlier_one(self, driven: Driven) -> None:
        driven.open("/", "one")
        driven.run(driven.browser.end_session("one"))
        page = driven.run(driven.browser.open("ftp://nowhere/", session="two"))
        assert driven.run(page.observe()).elements == ()
        assert driven.run(page.act(Click(0))).elements == ()
        driven.run(driven.browser.end_session("two"))

    def test_nothing_of_an_earlier_page_runs_in_a_later_session(self, driven: Driven) -> None:
        first = driven.open("/busy", "past")
        assert wait_for(lambda: "from-the-past" in driven.site.asked)
        driven.run(driven.browser.end_session("past"))
        driven.run(asyncio.sleep(0.3))  # what was on its way to the site has arrived
        driven.site.asked.clear()
        second = driven.open("/next", "future")
        driven.run(asyncio.sleep(0.2))
        assert second.tab is first.tab
        assert driven.site.asked == ["next"]
        assert texts(driven.run(second.observe())) == ["Next"]

    def test_a_session_that_ends_while_it_acts_gives_no_tab_to_another(
        self, driven: Driven
    ) -> None:
        async def both() -> tuple[Observation, Observation]:
            page = await driven.browser.open(driven.base + "/fetch", session="hasty")
            acting = asyncio.create_task(page.act(Click(0)))
            await asyncio.sleep(0.05)
            await driven.browser.end_session("hasty")
            other = await driven.browser.open(driven.base + "/next", session="later")
            assert other.tab is not page.tab
            return await acting, await other.observe()

        ended, seen = driven.run(both())
        assert ended.problem in ("page crashed", "")
        assert texts(seen) == ["Next"]

    def test_a_screenshot_is_a_png(self, driven: Driven) -> None:
        shot = driven.run(driven.open("/", "shot").screenshot())
        assert shot.startswith(b"\x89PNG")

    def test_a_closed_browser_opens_nothing(self, driven: Driven) -> None:
        async def closed() -> None:
            browser = await ChromiumBrowser.launch()
            await browser.close()
            await browser.close()
            with pytest.raises(BrowserUnavailableError, match="closed"):
                await browser.open(driven.base, session="s")

        driven.run(closed())


OWNER = """
import asyncio, sys
from environment.browsers.chromium.browser import ChromiumBrowser
async def main():
    browser = await ChromiumBrowser.launch()
    await browser.open("about:blank", session="s")
    print("ready", flush=True)
    await asyncio.sleep(60)
asyncio.run(main())
"""


@pytest.mark.chromium
@pytest.mark.parametrize("stopped", [False, True], ids=["willing", "stopped"])
def test_nothing_survives_a_killed_owner(stopped: bool) -> None:
    owner = subprocess.Popen([sys.executable, "-c", OWNER], stdout=subprocess.PIPE)
    try:
        assert owner.stdout is not None
        assert owner.stdout.readline() == b"ready\n"
        pids = descendants(owner.pid)
        browsers = chromium_pids(owner.pid)
        assert browsers
        if stopped:  # a Chromium that cannot see its pipes close
            for pid in browsers:
                os.kill(pid, signal.SIGSTOP)
    finally:
        owner.kill()
        owner.communicate()
    deadline = time.monotonic() + 8
    while (alive := [pid for pid in pids if is_alive(pid)]) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive


def test_a_setting_out_of_range_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="action_timeout_s is 0"):
        ChromiumConfig(action_timeout_s=0)


def descendants(root: int) -> list[int]:
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents.setdefault(int(fields[1]), []).append(int(entry.parent.name))
    found = [root]
    for pid in found:
        found.extend(parents.get(pid, ()))
    return found[1:]


def chromium_pids(root: int) -> list[int]:
    return [pid for pid in descendants(root) if "--headless" in command_line(pid)]


def command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False
