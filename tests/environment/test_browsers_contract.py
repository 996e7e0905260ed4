"""What every browser must do: the same tests against both, and the same pages compared."""

import asyncio
import shutil
from collections.abc import Iterator
from urllib.parse import parse_qsl, urlsplit

import pytest

from core.errors import WorldUnreachableError
from core.http import HttpRequest, HttpResponse, header
from core.pages import Back, Click, Element, Fill, Goto, Observation, Press, Select
from environment.browsers.chromium.browser import ChromiumBrowser, ChromiumConfig
from environment.browsers.in_process.browser import InProcessBrowser
from environment.http_server import LoopbackServer

SCRIPT = """
document.addEventListener("submit", async (event) => {
  const action = event.target.dataset.jsonAction;
  if (!action) return;
  event.preventDefault();
  const body = new URLSearchParams(new FormData(event.target, event.submitter));
  const answer = await fetch(action, {method: "POST", body, headers: {accept: "application/json"}});
  if (answer.ok) location.reload();
});
"""

# Every rule of extraction.md, one page each.
PAGES = {
    "skipped": """<p>seen</p><p hidden>no</p><div aria-hidden=true><a href=/no>no</a></div>
      <svg><text>no</text></svg><template><p>no</p></template><noscript><p>no</p></noscript>
      <datalist id=d><option>no</datalist><input type=hidden name=h value=no>
      <p aria-hidden=false>seen too</p><style>p{display:none}</style><p style="display:none">css</p>
      <div style="visibility:hidden"><button>invisible</button></div>""",
    "white_space": "<p>  a\n\t b&nbsp;&nbsp;c\f</p><p>&nbsp; </p><p>x<br>y</p><pre> a\n  b </pre>"
    "<p>thin\u2009space</p><p>&#8203;</p><p>\u3000wide\u3000</p>",
    "runs": """<p>one <b>two</b> <i>three</i>four</p>loose <span>text</span>
      <div>a<div>b</div>c</div><p>before <a href=/x>link</a> after</p>
      <p>a <span hidden>no</span>b</p>
      <p>a <label>in label</label> b</p><p>x<input type=file aria-label=f>y</p>
      <p>i<img src=/i.png>j</p><p>t<time>now</time>u</p><ul><li>one<li>two</ul>
      <p>site <span data-ugc>user <b>bold</b></span> site again</p>
      <p>a<!-- comment -->b</p><dl><dt>term<dd>meaning</dl>""",
    "links": """<a href="/a?b=c#d">plain</a> <a href=rel>relative</a> <a href="">empty</a>
      <a>no href</a> <a href="http://elsewhere.example/x?y">other</a> <a href="#frag">here</a>
      <a href=" mailto:a@b.c ">mail</a> <a href="javascript:void 0">js</a> <a href="?q=1">query</a>
      <a href=/i><img src=/i.png alt="picture"></a> <a href=/j aria-label="Named">text</a>
      <a href=/k title="Titled"></a> <a href=/l></a> <a href=/m><div>block</div>end</a>
      <a href=/n aria-current=page>cur</a> <a href=/o aria-current=false>not</a>
      <a href="/p/../q/./r">dots</a> <a href="//elsewhere.example/z">scheme</a>
      <a href="/sp ace/é?ü=ö">odd</a>
      <a href=/r>a<svg><text>no</text></svg>b<span hidden>c</span></a>""",
    "buttons": """<button>Text</button><button type=button aria-pressed=true>P</button>
      <input type=submit value=Send><input type=submit><input type=reset value=R>
      <input type=button value=B title=T><input type=image alt=no title="Image title">
      <button><img src=/i.png alt="icon"> save</button><button aria-label="Label">x</button>
      <button disabled>D</button><fieldset disabled><button>in</button><a href=/x>l</a></fieldset>
      <button aria-expanded=true aria-invalid=true required>E</button><button></button>""",
    "controls": """<form><label for=a>First</label><input id=a value=va><label>Wrap
      <input type=text value=" x "></label><input placeholder=Hint>
      <input title=Tip placeholder=Hint>
      <input aria-label=Aria title=no><span id=n1>one</span><span id=n2>two</span>
      <input aria-labelledby="n1 missing n2"><input type=password value=secret aria-label=pw>
      <input type=password aria-label=empty><input type=search value=s aria-label=se>
      <input type=email value=a@b.c aria-label=em><input type=number value=7 aria-label=nu>
      <textarea aria-label=ta>\nfirst\n second </textarea><textarea aria-label=tb></textarea>
      <input type=checkbox checked aria-label=c1><input type=checkbox required aria-label=c2>
      <label><input type=radio name=r value=1> yes</label>
      <label><input type=radio name=r checked value=2> no</label>
      <label>Pick <select><option>A<option>B</select> please</label><input type=unknown value=u>
      <label for=z>labelled</label><button id=z>own text</button></form>""",
    "selects": """<select aria-label=a><option>one<option selected>two<option>three</select>
      <select aria-label=b><option disabled>no<option>yes</select>
      <select aria-label=c multiple><option>x<option>y</select>
      <select aria-label=d multiple><option>x<option selected>y<option selected>z</select>
      <select aria-label=e size=3><option>x<option>y</select>
      <select aria-label=f><optgroup label=g><option label=L>text<option value=v>  in  side
      </option></optgroup></select><select aria-label=g></select>
      <select aria-label=h><option selected>x<option selected>y</select>""",
    "headings": """<h1>Page</h1><p>t</p><section><h2>In</h2><p>s</p><article id=art><p>before</p>
      <h3>Art <a href=/x>link</a></h3><p>after</p></article><p>s again</p></section><p>t again</p>
      <nav>n<h4></h4>m</nav><h5>A <time datetime=2020>then</time> <img alt=i src=/i.png></h5>
      <form><h6>Form</h6><input aria-label=i></form><aside><p>aside</p></aside>""",
    "rows": """<ul><li id=l1>a<ul><li>b</li><li id=l2>c</li></ul>d</li></ul><article id=a1><p>x</p>
      <table><tr id=t1><td>y<td><a href=/x>z</a></tr><tr><td>w</tr></table></article>
      <div id=no><p>p</p></div><article id=""><p>empty</p></article>""",
    "alerts": """<div role=alert>Bad <b>thing</b> <a href=/fix>fix</a><p>more</p></div>
      <p role=status>Done <button>undo</button> now</p><div role=alert><h2>Head</h2>body</div>
      <p>after</p><p role=note>note</p><div role=status></div>""",
    "images": """<img src=/a.png alt="A picture"><img src=b.png alt=""><img alt="no source">
      <p>x <img src="http://elsewhere.example/i.png" alt=far> y</p>
      <img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=" alt=data>""",
    "times": """<p>posted <time datetime="2023-01-02T03:04:05+00:00">2 days <b>ago</b>
      </time> by x</p>
      <a href=/x><time datetime=2020>in link</time></a><time>plain</time>""",
    "ugc": """<div data-ugc><p>user <a href=/x>l</a></p><h2>uh</h2></div><p>site</p>
      <a href=/y data-ugc>self</a><article id=q data-ugc><button>b</button></article>
      <p>a<span data-ugc>b</span>c</p>""",
    "long": "<p>"
    + "x" * 4_010
    + "</p><p>"
    + "é😀" * 2_100
    + "</p><a href=/x>"
    + "y " * 3_000
    + "</a>",
    "full": "<ul>" + "<li>item</li>" * 5_010 + "</ul>",
    "broken": "<p>one<p>two<table><p>foster</p><tr><td>cell</table><b><p>mis</b>nested</p></div>"
    "<a href=/1>open <a href=/2>again</a><select aria-label=s><option>x</p></select>",
    "marked": "<h1>List</h1><!--[--><article id=m1><h2>One</h2><a href=x>r</a></article><!--]-->"
    "<!--[--><article id=m2><p>two</p><form><input aria-label=q></form></article><!--]-->"
    "<p>end</p>",
    "empty": "",
    "deep": "<div>" * 300 + "bottom" + "</div>" * 300,
}

FORMS = """<h1>Forms</h1><form action=/echo method=post>
  <label>Name <input name=name required></label><label>Mail <input name=mail type=email></label>
  <textarea name=text aria-label=Text></textarea><input type=hidden name=token value="t&amp;k">
  <select name=pick aria-label=Pick><option value=1>One<option value=2>Two<option disabled>No
  </select>  <label><input type=checkbox name=box value=yes> Box</label>
  <label><input type=radio name=side value=l checked> Left</label>
  <label><input type=radio name=side value=r> Right</label>
  <input name=off disabled value=x aria-label=Off>  <button name=do value=save>Save</button>
  <button formaction=/echo?other=1 name=do value=other
  formnovalidate>Other</button><button type=button>Idle</button><button type=reset>Reset</button>
  </form><form action=/echo><input name=q aria-label=Query><button>Search</button></form>
  <form action=/json.json data-json-action=/json.json method=post><input type=hidden name=v value=1>
  <button>Vote</button></form><form data-json-action=/refuse.json method=post><button>Refused
  </button>  </form><form action="mailto:a@b.c" method=post><button>Mail</button></form>
  <a href="/page/runs">runs</a> <a href="/redirect?to=/page/rows" target=_blank>hop</a>
  <a href=#bottom>bottom</a><a href="mailto:x@y.z">mail</a><a href=/loop>loop</a>
  <a href="http://nowhere.localhost/">far</a><a href=/status/404>missing</a>
  <a href=/cookie>cookie</a>  <p>votes: {votes}</p><script src=/site.js></script>"""


class MiniSite:
    """A site whose answers depend on nothing but the requests so far."""

    def __init__(self) -> None:
        self.votes = 0
        self.requests: list[str] = []

    def handle(self, request: HttpRequest) -> HttpResponse:
        parts = urlsplit(request.url)
        target = parts.path + ("?" + parts.query if parts.query else "")
        if parts.path == "/site.js":
            return _answer(SCRIPT, kind="text/javascript")
        if parts.path.endswith(".png"):
            return _answer(b"", kind="image/png")  # asked for by Chromium alone, whenever it likes
        referer = header(request.headers, "referer").partition(".localhost")[2]
        self.requests.append(f"{request.method} {target} from {referer.partition('/')[2]}")
        kind, _, rest = parts.path.strip("/").partition("/")
        answers = {
            "page": lambda: _page(PAGES[rest], title=f"  Page\n{rest} "),
            "forms": lambda: _page(FORMS.format(votes=self.votes)),
            "echo": lambda: _echo(request, parts.query),
            "json.json": lambda: self._vote(request),
            "refuse.json": lambda: _answer("{}", kind="application/json", status=403),
            "redirect": lambda: _redirect(parts.query.partition("=")[2]),
            "loop": lambda: _redirect("/loop"),
            "status": lambda: _page(f"<h1>{rest}</h1>", status=int(rest)),
            "cookie": lambda: _cookie(request),
            "text": lambda: _answer('  {"a":\n [1, 2]}\n', kind=rest.replace("_", "/")),
            "bytes": lambda: _answer(b"<title>b</title><p>caf\xe9 \xff\xfe ok</p>"),
        }
        return answers.get(kind, lambda: _page("nothing", status=404))()

    def _vote(self, request: HttpRequest) -> HttpResponse:
        self.votes += int(dict(parse_qsl(request.body.decode()))["v"])
        return _answer('{"ok": true}', kind="application/json")


def _echo(request: HttpRequest, query: str) -> HttpResponse:
    pairs = parse_qsl(request.body.decode(), keep_blank_values=True)
    kind = header(request.headers, "content-type")
    items = "".join(f"<li>{name}={value!r}</li>" for name, value in pairs)
    return _page(f"<h1>{request.method} {query} {kind}</h1><ul>{items}</ul>")


def _cookie(request: HttpRequest) -> HttpResponse:
    cookie = header(request.headers, "cookie")
    fields = (("set-cookie", "seen=1; Path=/; HttpOnly; SameSite=Lax"),)
    return _answer(f"<title>c</title><p>cookies: {cookie}</p>", extra=fields)


def _redirect(target: str) -> HttpResponse:
    return HttpResponse(status=302, headers=(("location", target),))


def _answer(
    text: str | bytes,
    *,
    kind: str = "text/html; charset=utf-8",
    status: int = 200,
    extra: tuple = (),
) -> HttpResponse:
    body = text.encode() if isinstance(text, str) else text
    return HttpResponse(status=status, headers=(("content-type", kind), *extra), body=body)


def _page(body: str, *, title: str = "Mini", status: int = 200) -> HttpResponse:
    return _answer(f"<!doctype html><title>{title}</title><body>{body}", status=status)


class AppTransport:
    """Calls a mini site directly."""

    def __init__(self, app: MiniSite, base_url: str) -> None:
        self._app = app
        self._base_url = base_url

    def send(self, request: HttpRequest) -> HttpResponse:
        if not request.url.startswith(self._base_url + "/"):
            raise WorldUnreachableError(request.url)
        return self._app.handle(request)


class Bench:
    """One kind of browser with a site of its own, at the same address for every kind."""

    def __init__(self, kind: str, runner: asyncio.Runner, server: LoopbackServer) -> None:
        self.app = MiniSite()
        self._runner = runner
        self.base = server.base_urls("contract", ["mini"])["mini"]
        self._server = server
        if kind == "chromium":
            allow = (self.base,)
            self.browser = self.run(ChromiumBrowser.launch(ChromiumConfig(allow=allow)))
        else:
            self.browser = InProcessBrowser(AppTransport(self.app, self.base))
        self.is_chromium = kind == "chromium"

    def run(self, work):
        return self._runner.run(work)

    def fresh(self) -> None:
        """Gives the next test a site without a past."""
        self.app.votes = 0
        self.app.requests.clear()
        if self.is_chromium:
            self._server.detach("contract")
            self._server.base_urls("contract", ["mini"])
            self._server.attach("contract", self.app)
        self.run(self.browser.end_session("s"))

    def open(self, path: str, *, session: str = "s", cookies=()):
        return self.run(self.browser.open(self.base + path, session=session, cookies=cookies))

    def walk(self, path: str, *steps) -> list[Observation]:
        """Opens a page and carries out steps: actions, or (kind, role, name, *argument)."""
        page = self.open(path)
        seen = [self.run(page.observe())]
        for step in steps:
            seen.append(self.run(page.act(_action(step, seen[-1]))))
        return seen


def _action(step, seen: Observation):
    if not isinstance(step, tuple):
        return step
    make, role, name, *argument = step
    return make(_find(seen, role, name), *argument)


def _find(seen: Observation, role: str, name: str) -> int:
    found = [i for i, e in enumerate(seen.elements) if (e.role, e.name) == (role, name)]
    assert found, f"no {role} {name!r} among {[(e.role, e.name) for e in seen.elements]}"
    return found[0]


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as one:
        yield one


@pytest.fixture(scope="module")
def server() -> Iterator[LoopbackServer]:
    one = LoopbackServer()
    one.start()
    yield one
    one.stop()


@pytest.fixture(scope="module")
def benches(runner: asyncio.Runner, server: LoopbackServer) -> Iterator[dict[str, Bench]]:
    made: dict[str, Bench] = {}

    class Makers(dict):
        def __missing__(self, kind: str) -> Bench:
            made[kind] = self[kind] = Bench(kind, runner, server)
            return made[kind]

    yield Makers()
    for bench in made.values():
        bench.run(bench.browser.close())


KINDS = ["in_process", pytest.param("chromium", marks=pytest.mark.chromium)]


@pytest.fixture(params=KINDS)
def bench(request: pytest.FixtureRequest, benches: dict[str, Bench]) -> Bench:
    one = benches[request.param]
    one.fresh()
    return one


@pytest.fixture
def both(benches: dict[str, Bench]) -> tuple[Bench, Bench]:
    assert shutil.which("chromium-headless-shell") or shutil.which("chromium")
    pair = benches["in_process"], benches["chromium"]
    for one in pair:
        one.fresh()
    return pair


WALKS = {
    "back and forth": ("/page/links", (Click, "link", "plain"), Back(), Back(), Back()),
    "relative goto": ("/page/links", Goto("runs"), Goto("/status/404"), Back(), Goto("?x=1#y")),
    "redirect in a new window": ("/forms", (Click, "link", "hop"), Back()),
    "fragment": ("/forms", (Fill, "textbox", "Query", "kept"), (Click, "link", "bottom")),
    "post by button": (
        "/forms",
        (Fill, "textbox", "Name", "Ü <b> & 'q' \"z\" ~*-._ 😀"),
        (Fill, "textbox", "Text", "one\ntwo\r\nthree"),
        (Select, "combobox", "Pick", "Two"),
        (Click, "checkbox", "Box"),
        (Click, "radio", "Right"),
        (Click, "button", "Save"),
        Back(),
    ),
    "post by enter": (
        "/forms",
        (Fill, "textbox", "Name", "x"),
        (Press, "textbox", "Name", "Enter"),
        Goto("/forms"),
        Back(),
    ),
    "no validation": ("/forms", (Click, "button", "Other")),
    "required": (
        "/forms",
        (Click, "button", "Save"),
        (Press, "textbox", "Mail"),
        (Fill, "textbox", "Name", "n"),
        (Fill, "textbox", "Mail", "not a mail"),
        (Click, "button", "Save"),
        (Click, "button", "Reset"),
    ),
    "get form": ("/forms", (Fill, "textbox", "Query", "a b&c=d/é"), (Press, "textbox", "Query")),
    "json form": ("/forms", (Click, "button", "Vote"), (Click, "button", "Vote"), Back()),
    "json form refused": (
        "/forms",
        (Fill, "textbox", "Query", "kept"),
        (Click, "button", "Refused"),
        (Click, "button", "Idle"),
    ),
    "keys": (
        "/forms",
        (Press, "textbox", "Text", "Enter"),
        (Fill, "textbox", "Text", "x"),
        (Press, "textbox", "Text", "Enter"),
        (Press, "textbox", "Text", "F5"),
        (Press, "checkbox", "Box", "Space"),
        (Press, "radio", "Right", "Space"),
        (Press, "button", "Idle", "Enter"),
        (Press, "link", "runs", "Tab"),
        (Press, "combobox", "Pick", "Enter"),
        (Press, "textbox", "Name", "Escape"),
        (Press, "link", "runs", "Enter"),
    ),
    "refusals": (
        "/forms",
        Click(-1),
        Click(10_000),
        (Click, "heading", "Forms"),
        (Fill, "button", "Save", "x"),
        (Select, "textbox", "Name", "x"),
        (Press, "heading", "Forms"),
        (Click, "textbox", "Off"),
        (Fill, "textbox", "Off", "y"),
        (Select, "combobox", "Pick", "Three"),
        (Select, "combobox", "Pick", "No"),
        (Select, "combobox", "Pick", "it's"),
        (Click, "link", "mail"),
        (Click, "link", "loop"),
        (Click, "link", "far"),
        (Click, "button", "Mail"),
        Goto("ftp://x/y"),
        Goto("http://"),
        Goto("http://nowhere.localhost/z"),
        (Click, "textbox", "Name"),
        (Click, "combobox", "Pick"),
    ),
    "errors are pages": ("/status/500", Goto("/status/404"), Goto("/none"), Back()),
    "cookies": ("/cookie", Goto("/cookie"), (Goto("/forms")), (Click, "link", "cookie")),
}


@pytest.mark.chromium
@pytest.mark.parametrize("name", PAGES)
def test_both_browsers_see_the_same_page(name: str, both: tuple[Bench, Bench]) -> None:
    ours, theirs = (one.walk(f"/page/{name}")[0] for one in both)
    for index, (mine, other) in enumerate(zip(ours.elements, theirs.elements, strict=False)):
        assert mine == other, f"element {index} of {name}"
    assert ours == theirs


@pytest.mark.chromium
@pytest.mark.parametrize("path", ["/text/application_json", "/text/text_plain", "/bytes/x"])
def test_both_browsers_see_the_same_of_what_is_not_html(
    path: str, both: tuple[Bench, Bench]
) -> None:
    ours, theirs = (one.walk(path)[0] for one in both)
    assert ours == theirs
    assert ours.elements


@pytest.mark.chromium
@pytest.mark.parametrize("name", WALKS)
def test_both_browsers_act_alike_and_ask_the_site_alike(
    name: str, both: tuple[Bench, Bench]
) -> None:
    path, *steps = WALKS[name]
    ours, theirs = (one.walk(path, *steps) for one in both)
    for index, (mine, other) in enumerate(zip(ours, theirs, strict=True)):
        assert mine == other, f"after step {index} of {name}"
    asked = [[r for r in one.app.requests if "/loop" not in r] for one in both]
    assert asked[0] == asked[1]


def test_an_element_carries_all_that_the_rules_say(bench: Bench) -> None:
    seen = bench.walk("/page/rows")[0]
    assert seen.elements[:3] == (
        Element("text", "a", row="l1"),
        Element("text", "b", row="l1"),
        Element("text", "c", row="l2"),
    )
    seen = bench.walk("/page/ugc")[0]
    assert [(e.role, e.name, e.ugc) for e in seen.elements] == [
        ("text", "user", True),
        ("link", "l", True),
        ("heading", "uh", True),
        ("text", "site", False),
        ("link", "self", True),
        ("button", "b", True),
        ("text", "a", False),
        ("text", "b", True),
        ("text", "c", False),
    ]


def test_a_full_page_says_so(bench: Bench) -> None:
    seen = bench.walk("/page/full")[0]
    assert len(seen.elements) == 5_000
    assert seen.problem == "page truncated at 5000 elements"


def test_a_form_arrives_with_all_its_fields(bench: Bench) -> None:
    steps = (
        (Fill, "textbox", "Name", "é"),
        (Select, "combobox", "Pick", "Two"),
        (Click, "checkbox", "Box"),
        (Click, "button", "Save"),
    )
    seen = bench.walk("/forms", *steps)[-1]
    assert seen.url == f"{bench.base}/echo"
    assert [e.name for e in seen.elements] == [
        "POST application/x-www-form-urlencoded",
        "name='é'",
        "mail=''",
        "text=''",
        "token='t&k'",
        "pick='2'",
        "box='yes'",
        "side='l'",
        "do='save'",
    ]


def test_a_json_form_loads_the_page_again(bench: Bench) -> None:
    first, second = bench.walk("/forms", (Click, "button", "Vote"))
    assert _find(first, "text", "votes: 0")
    assert _find(second, "text", "votes: 1")
    assert second.problem == ""
    assert [r.split()[1] for r in bench.app.requests] == ["/forms", "/json.json", "/forms"]


def test_a_problem_stays_until_the_next_action(bench: Bench) -> None:
    page = bench.open("/forms")
    assert bench.run(page.act(Click(999))).problem == "no such element: 999"
    assert bench.run(page.observe()).problem == "no such element: 999"
    assert bench.run(page.act(Goto("/forms"))).problem == ""
    assert bench.run(page.observe()).problem == ""


def test_sessions_share_no_cookies_and_pages_of_one_do(bench: Bench) -> None:
    given = ((bench.base, "user", "ann"),)
    first = bench.open("/cookie", cookies=given)
    second = bench.open("/cookie")
    other = bench.open("/cookie", session="t")
    names = [bench.run(page.observe()).elements[0].name for page in (first, second, other)]
    assert names == ["cookies: user=ann", "cookies: user=ann; seen=1", "cookies:"]
    bench.run(bench.browser.end_session("t"))
    bench.run(bench.browser.end_session("s"))
    again = bench.open("/cookie")
    assert bench.run(again.observe()).elements[0].name == "cookies:"


def test_a_page_that_nothing_answers_at_opens_with_a_problem(bench: Bench) -> None:
    page = bench.run(bench.browser.open("http://nowhere.localhost/x", session="s"))
    seen = bench.run(page.observe())
    assert (seen.url, seen.status, seen.elements) == ("http://nowhere.localhost/x", 0, ())
    assert seen.problem == "cannot reach http://nowhere.localhost/x"
    assert bench.run(page.act(Click(0))).problem == "no such element: 0"
    assert bench.run(page.act(Back())).problem == "no page to go back to"
    assert bench.run(page.act(Goto(bench.base + "/page/runs"))).status == 200


def test_a_closed_page_does_nothing(bench: Bench) -> None:
    page = bench.open("/forms")
    bench.run(page.close())
    bench.run(page.close())
    assert bench.run(page.act(Goto("/page/runs"))).problem == "page is closed"
    assert [r.split()[1] for r in bench.app.requests] == ["/forms"]


def test_many_pages_act_at_once_and_answer_in_order(bench: Bench) -> None:
    pages = [bench.open("/forms"), bench.open("/forms")]
    steps = [(pages[0], Goto("/page/runs")), (pages[1], Goto("/page/rows")), (pages[0], Back())]
    seen = bench.run(bench.browser.act_all(steps))
    assert [urlsplit(one.url).path for one in seen] == ["/page/runs", "/page/rows", "/forms"]
