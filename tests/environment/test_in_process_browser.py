"""Acting in the in-process browser: links, forms, cookies, history, and worlds that misbehave."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from urllib.parse import parse_qsl, urlsplit

import pytest

from core.errors import CallerError, WorldTimeoutError, WorldUnreachableError
from core.http import HttpRequest, HttpResponse, header
from core.pages import Back, BrowserAction, Click, Fill, Goto, Observation, Press, Select
from environment.browsers.in_process import InProcessBrowser, InProcessPage
from environment.browsers.in_process.pieces import Memory

BASE = "http://mini.localhost"
Answer = HttpResponse | str | Callable[[HttpRequest], HttpResponse]


def html(body: str, status: int = 200, *more: tuple[str, str]) -> HttpResponse:
    fields = (("content-type", "text/html; charset=utf-8"), *more)
    return HttpResponse(status=status, headers=fields, body=body.encode())


def to(location: str, status: int = 302, *more: tuple[str, str]) -> HttpResponse:
    return HttpResponse(status=status, headers=(("location", location), *more))


class MiniSite:
    """A transport that answers from a table of paths and keeps what it was asked."""

    def __init__(self, **pages: Answer) -> None:
        self.pages: dict[str, Answer] = {"/" + path: answer for path, answer in pages.items()}
        self.requests: list[HttpRequest] = []

    def send(self, request: HttpRequest) -> HttpResponse:
        if not request.url.startswith((BASE + "/", "http://other.localhost/")):
            raise WorldUnreachableError(request.url)
        self.requests.append(request)
        answer = self.pages.get(urlsplit(request.url).path, html("<h1>none</h1>", 404))
        if isinstance(answer, str):
            return html(f"<title>t</title><body>{answer}")
        return answer if isinstance(answer, HttpResponse) else answer(request)

    @property
    def last(self) -> HttpRequest:
        return self.requests[-1]


def open_page(site: MiniSite, path: str = "/", session: str = "s") -> InProcessPage:
    browser = InProcessBrowser(site, memory=Memory())
    return browser.open_now(BASE + path, session=session)


def at(seen: Observation, name: str) -> int:
    return next(i for i, element in enumerate(seen.elements) if element.name == name)


def act(
    page: InProcessPage, kind: Callable[..., BrowserAction], name: str, *more: str
) -> Observation:
    return page.act_now(kind(at(page.observe_now(), name), *more))


def sent(request: HttpRequest) -> list[tuple[str, str]]:
    text = request.body.decode() if request.method == "POST" else urlsplit(request.url).query
    return parse_qsl(text, keep_blank_values=True)


def test_a_link_is_followed_with_referer_and_back_returns() -> None:
    site = MiniSite(a="<a href=/b?x=1#part>go</a>", b="<p>b</p>")
    page = open_page(site, "/a")
    assert header(site.last.headers, "referer") == ""
    seen = act(page, Click, "go")
    assert (seen.url, seen.title, seen.status, seen.problem) == (f"{BASE}/b?x=1", "t", 200, "")
    assert header(site.last.headers, "referer") == f"{BASE}/a"
    assert header(site.last.headers, "accept").startswith("text/html")
    seen = page.act_now(Back())
    assert (seen.url, seen.problem) == (f"{BASE}/a", "")
    assert page.act_now(Back()).problem == "no page to go back to"


def test_a_typed_address_has_no_referer_and_another_site_learns_the_origin_only() -> None:
    site = MiniSite(a="<a href=http://other.localhost/b>go</a>", b="<a href=/b#x>here</a>")
    page = open_page(site, "/a?secret=1")
    act(page, Click, "go")
    assert header(site.last.headers, "referer") == BASE + "/"
    page.act_now(Goto("/b"))
    assert header(site.last.headers, "referer") == ""
    count = len(site.requests)
    assert act(page, Click, "here").problem == ""  # a place on the same page
    assert len(site.requests) == count


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_post_becomes_a_get_unless_the_redirect_says_otherwise(status: int) -> None:
    form = (
        "<form method=post action=/do><input name=q value=v aria-label=q><button>Go</button></form>"
    )
    site = MiniSite(a=form, do=to("/done", status), done="<p>done</p>")
    seen = act(open_page(site, "/a"), Click, "Go")
    assert seen.url == f"{BASE}/done"
    keeps = status in (307, 308)
    assert site.last.method == ("POST" if keeps else "GET")
    assert sent(site.last) == ([("q", "v")] if keeps else [])
    assert header(site.last.headers, "referer") == f"{BASE}/a"


FORM = """
<form method=post action=/do?keep=1 id=f>
  <input type=hidden name=token value=t><div hidden><input name=pot value=""></div>
  <label>Title <input name=title value=old></label>
  <label>Body <textarea name=body></textarea></label>
  <label>Yes <input type=checkbox name=yes></label>
  <label>No <input type=checkbox name=no checked></label>
  <label>A <input type=radio name=r value=a checked></label>
  <label>B <input type=radio name=r value=b></label>
  <label>Sort <select name=sort><option value=n>New<option value=o>Old<option disabled>Off
  </select></label>
  <input name=off value=x disabled aria-label=off><button type=button name=nothing>Nothing</button>
  <button name=how value=first>First</button>
  <button name=how value=second formaction=/other>Second</button>
  <input type=reset value=Reset>
</form><label>Far <input name=far form=f></label>
"""


def test_a_form_sends_what_was_filled_in_and_the_button_pressed() -> None:
    site = MiniSite(a=FORM, do="ok", other="ok")
    page = open_page(site, "/a")
    act(page, Fill, "Title", "new & ~ü\nline")
    act(page, Fill, "Body", "two\nlines")
    act(page, Click, "Yes")
    act(page, Click, "No")
    act(page, Click, "B")
    act(page, Select, "Sort", "Old")
    act(page, Fill, "Far", "away")
    assert act(page, Click, "Nothing").problem == ""
    assert len(site.requests) == 1
    seen = page.observe_now()
    assert seen.elements[at(seen, "Title")].value == "new & ~üline"
    assert [seen.elements[at(seen, name)].state for name in ("Yes", "No", "A", "B")] == [
        "checked",
        "",
        "",
        "checked",
    ]
    assert seen.elements[at(seen, "Sort")].value == "Old"
    seen = act(page, Click, "Second")
    assert (seen.url, site.last.method) == (f"{BASE}/other", "POST")
    assert header(site.last.headers, "content-type") == "application/x-www-form-urlencoded"
    assert b"title=new+%26+%7E%C3%BCline&body=two%0D%0Alines" in site.last.body
    assert sent(site.last) == [
        ("token", "t"),
        ("pot", ""),
        ("title", "new & ~üline"),
        ("body", "two\r\nlines"),
        ("yes", "on"),
        ("r", "b"),
        ("sort", "o"),
        ("how", "second"),
        ("far", "away"),
    ]


def test_reset_gives_back_and_enter_presses_the_first_button() -> None:
    site = MiniSite(a=FORM, do="ok")
    page = open_page(site, "/a")
    before = page.observe_now()
    act(page, Fill, "Title", "x")
    act(page, Click, "B")
    assert page.observe_now() != before
    assert act(page, Click, "Reset") == before
    seen = act(page, Press, "Title")
    assert seen.url == f"{BASE}/do?keep=1"
    assert ("how", "first") in sent(site.last)


def test_keys_do_what_they_do_in_a_browser() -> None:
    site = MiniSite(a=FORM, do="ok", b="<form action=/do><input name=q aria-label=q></form>")
    page = open_page(site, "/a")
    assert act(page, Press, "Body").elements[at(page.observe_now(), "Body")].value == "\n"
    assert (
        "checked" in act(page, Press, "Yes", "Space").elements[at(page.observe_now(), "Yes")].state
    )
    assert act(page, Press, "Sort").problem == ""
    assert act(page, Press, "Title", "Tab").problem == ""
    assert act(page, Press, "Title", "F13").problem == "key 'F13' does nothing"
    assert len(site.requests) == 1
    page.act_now(Goto("/b"))
    act(page, Fill, "q", "x")
    assert act(page, Press, "q").url == f"{BASE}/do?q=x"


def test_a_get_form_replaces_the_query() -> None:
    site = MiniSite(
        a="<form action='/s?old=1#f'><input name=q aria-label=q><button>Go</button></form>"
    )
    page = open_page(site, "/a")
    act(page, Fill, "q", "a b")
    assert act(page, Click, "Go").url == f"{BASE}/s?q=a+b"
    assert site.last.method == "GET"


@pytest.mark.parametrize(
    ("controls", "problem"),
    [
        ("<input name=a required aria-label=Title>", "required: Title"),
        ("<textarea name=a required aria-label=Body></textarea>", "required: Body"),
        ("<input type=checkbox name=a required aria-label=Yes>", "required: Yes"),
        ("<input type=radio name=a required aria-label=R>", "required: R"),
        ("<select name=a required aria-label=S><option value=''>none</select>", "required: S"),
        ("<input type=email name=a value=x aria-label=Mail>", "invalid: Mail"),
        ("<input type=url name=a value=x aria-label=Link>", "invalid: Link"),
        ("<input type=number name=a value=x aria-label=N>", "invalid: N"),
        ("<input name=a pattern=[0-9]+ value=x aria-label=P>", "invalid: P"),
        ("<input name=a required disabled aria-label=Off>", ""),
        ("<input type=email name=a value=x@y.example pattern='(' aria-label=Mail>", ""),
    ],
)
def test_a_form_that_a_browser_would_not_send_is_not_sent(controls: str, problem: str) -> None:
    site = MiniSite(a=f"<form action=/do>{controls}<button>Go</button></form>", do="ok")
    page = open_page(site, "/a")
    assert act(page, Click, "Go").problem == problem
    assert len(site.requests) == (1 if problem else 2)
    relaxed = MiniSite(a=f"<form novalidate action=/do>{controls}<button>Go</button></form>", do="")
    assert act(open_page(relaxed, "/a"), Click, "Go").problem == ""


def test_a_json_form_loads_the_page_again_only_when_it_is_accepted() -> None:
    form = "<form action=/x data-json-action=/vote.json><button name=v value=1>Up</button></form>"
    votes: list[HttpRequest] = []

    def vote(request: HttpRequest) -> HttpResponse:
        votes.append(request)
        fields = (("content-type", "application/json"), ("set-cookie", "seen=1"))
        return HttpResponse(status=403 if len(votes) == 2 else 200, headers=fields, body=b"{}")

    site = MiniSite(a=lambda _: html(f"<p>{len(votes)}</p>{form}"), **{"vote.json": vote})
    page = open_page(site, "/a")
    seen = act(page, Click, "Up")
    assert (seen.url, seen.elements[0].name, seen.problem) == (f"{BASE}/a", "1", "")
    assert (votes[0].method, votes[0].body) == ("POST", b"v=1")
    assert header(votes[0].headers, "accept") == "application/json"
    assert header(site.last.headers, "cookie") == "seen=1"
    seen = act(page, Click, "Up")
    assert (seen.elements[0].name, seen.problem) == ("1", "the site answered 403")
    assert page.act_now(Back()).problem == "no page to go back to"


def test_cookies_belong_to_session_host_and_path_and_can_be_deleted() -> None:
    gone = "x=; Max-Age=0"
    site = MiniSite(
        a=html("a", 200, ("set-cookie", "x=1; Path=/; HttpOnly"), ("set-cookie", "y=2; path=/p")),
        p="p",
        out=html("out", 200, ("set-cookie", gone)),
    )
    browser = InProcessBrowser(site, memory=Memory())
    cookies = [(BASE, "id", "7")]
    page = browser.open_now(f"{BASE}/a", session="one", cookies=cookies)
    assert header(site.last.headers, "cookie") == "id=7"
    browser.open_now(f"{BASE}/p", session="one", cookies=[(BASE, "id", "8")])
    assert header(site.last.headers, "cookie") == "id=7; x=1; y=2"
    page.act_now(Goto("http://other.localhost/p"))
    assert header(site.last.headers, "cookie") == ""
    page.act_now(Goto(f"{BASE}/out"))
    page.act_now(Goto(f"{BASE}/a"))
    assert header(site.last.headers, "cookie") == "id=7"
    browser.open_now(f"{BASE}/p", session="two")
    assert header(site.last.headers, "cookie") == ""


def test_an_answer_to_a_post_is_kept_when_going_back_to_it() -> None:
    form = "<form method=post action=/do><button>Go</button></form>"
    site = MiniSite(a=form, do="<p>error</p><a href=/a>again</a>")
    page = open_page(site, "/a")
    act(page, Click, "Go")
    act(page, Click, "again")
    count = len(site.requests)
    seen = page.act_now(Back())
    assert (seen.url, seen.elements[0].name, len(site.requests)) == (f"{BASE}/do", "error", count)


@pytest.mark.parametrize("number", [-1, 1, 10**12])
def test_an_unknown_element_is_told_and_nothing_happens(number: int) -> None:
    page = open_page(MiniSite(a="<a href=/b>x</a>"), "/a")
    for action in (Click(number), Fill(number, "x"), Select(number, "x"), Press(number)):
        seen = page.act_now(action)
        assert (seen.problem, seen.url) == (f"no such element: {number}", f"{BASE}/a")


def test_the_wrong_kind_of_element_is_told() -> None:
    body = (
        "<h1>h</h1><p>p</p><a href=/b>l</a><select aria-label=s><option>1</select>"
        "<p role=alert>a</p>"
    )
    page = open_page(MiniSite(a=body), "/a")
    assert act(page, Click, "h").problem == "element 0 is a heading: cannot click it"
    assert act(page, Click, "a").problem == "element 4 is an alert: cannot click it"
    assert act(page, Fill, "l", "x").problem == "element 2 is a link: cannot fill it"
    assert act(page, Fill, "s", "1").problem == "element 3 is a combobox: cannot fill it"
    assert act(page, Select, "l", "1").problem == "element 2 is a link: cannot select it"
    assert act(page, Press, "p").problem == "element 1 is a text: cannot press it"
    assert act(page, Select, "s", "2").problem == "no option '2' in element 3"
    assert act(page, Click, "s").problem == ""


def test_what_is_disabled_stays_as_it_is() -> None:
    body = (
        "<fieldset disabled><form action=/b><input name=q aria-label=q><button>Go</button></form>"
    )
    page = open_page(MiniSite(a=body), "/a")
    before = page.observe_now()
    for action in (Fill(0, "x"), Press(0), Click(1)):
        seen = page.act_now(action)
        assert (seen.problem, seen.elements) == (
            f"element {action.element} is disabled",
            before.elements,
        )


@pytest.mark.parametrize(
    ("href", "problem"),
    [
        ("javascript:alert(1)", "cannot open javascript:alert(1)"),
        ("mailto:a@b.example", "cannot open mailto:a@b.example"),
        ("data:text/html,x", "cannot open data:text/html,x"),
        ("file:///etc/passwd", "cannot open file:///etc/passwd"),
        ("http://elsewhere.example/x", "cannot reach http://elsewhere.example/x"),
        ("http://[bad/", "cannot open http://[bad/"),
    ],
)
def test_a_link_out_of_the_episode_leaves_the_page(href: str, problem: str) -> None:
    site = MiniSite(a=f"<a href='{href}'>x</a>")
    page = open_page(site, "/a")
    for action in (Click(0), Goto(href)):
        seen = page.act_now(action)
        assert (seen.problem, seen.url, len(seen.elements)) == (problem, f"{BASE}/a", 1)
    assert len(site.requests) == 1


def test_errors_are_pages_with_their_status() -> None:
    site = MiniSite(a=html("<title>oops</title><h1>Broken</h1>", 500), b=HttpResponse(status=204))
    seen = open_page(site, "/a").observe_now()
    assert (seen.status, seen.title, seen.elements[0].name) == (500, "oops", "Broken")
    assert open_page(site, "/none").observe_now().status == 404
    seen = open_page(site, "/b").observe_now()
    assert (seen.status, seen.elements, seen.problem) == (204, (), "")


def test_a_redirect_loop_ends() -> None:
    site = MiniSite(a="<a href=/loop>x</a>", loop=to("/loop"))
    page = open_page(site, "/a")
    seen = act(page, Click, "x")
    assert (seen.problem, seen.url) == (f"too many redirects: {BASE}/loop", f"{BASE}/a")
    assert len(site.requests) == 12
    seen = open_page(site, "/loop").observe_now()
    assert (seen.status, seen.elements, seen.problem) == (
        0,
        (),
        f"too many redirects: {BASE}/loop",
    )


def test_a_hang_is_a_problem_and_not_an_exception() -> None:
    def hang(request: HttpRequest) -> HttpResponse:
        raise WorldTimeoutError(request.url)

    page = open_page(MiniSite(a="<a href=/b>x</a>", b=hang), "/a")
    seen = act(page, Click, "x")
    assert (seen.problem, seen.url) == (f"time-out: {BASE}/b", f"{BASE}/a")


@pytest.mark.parametrize(
    ("kind", "body", "texts"),
    [
        ("application/json", b'{"a":  1}', ['{"a": 1}']),
        ("text/plain; charset=utf-8", b"x\n\xff", ["x \ufffd"]),
        ("image/png", b"\x89PNG", []),
        ("text/plain", b" ", []),
    ],
)
def test_what_is_not_html_is_one_text_or_nothing(kind: str, body: bytes, texts: list[str]) -> None:
    answer = HttpResponse(status=200, headers=(("content-type", kind),), body=body)
    seen = open_page(MiniSite(**{"some file.x": answer, "some%20file.x": answer}), "/some%20file.x")
    found = seen.observe_now()
    assert (found.title, [element.name for element in found.elements]) == ("some file.x", texts)


def test_garbage_bytes_are_some_page() -> None:
    answers = {str(i): html("") for i in range(20)}
    for i in range(20):
        body = bytes((i * 37 + j * j * 11) % 256 for j in range(3_000)) + b"<form><input>"
        answers[str(i)] = HttpResponse(
            status=200, headers=(("content-type", "text/html"),), body=body
        )
    page = open_page(MiniSite(**answers), "/0")
    for i in range(20):
        assert page.act_now(Goto(f"/{i}")).status == 200


def test_half_a_character_in_an_action_is_replaced_as_a_browser_does() -> None:
    form = "<form action=/got><input name=q aria-label=Q><select aria-label=S><option>1</select>"
    site = MiniSite(form=html(form + "<button>Go</button></form><a href=/form>l</a>"), got=html(""))
    page = open_page(site, "/form")
    box, choice = at(page.observe_now(), "Q"), at(page.observe_now(), "S")
    problems = [
        page.act_now(one).problem
        for one in (Select(choice, "\ud800"), Press(box, "\ud800"), Press(3, "\udfff"))
    ]
    assert all("\ufffd" in problem for problem in problems)
    page.act_now(Fill(box, "a\ud800\U0001f600"))
    assert page.act_now(Click(at(page.observe_now(), "Go"))).status == 200
    assert sent(site.requests[-1]) == [("q", "a\ufffd\U0001f600")]
    page.act_now(Goto("/got?\udfff"))
    assert site.requests[-1].url.endswith("/got?%EF%BF%BD")


def test_a_page_of_five_megabytes_is_cut_and_can_be_left() -> None:
    card = "<article id=i{0}><h2>Card {0}</h2><p>words and words</p><a href=/b>go {0}</a></article>"
    marked = "".join(f"<!--[-->{card.format(i)}<!--]-->" for i in range(50_000))
    for body in (marked, marked.replace("<!--[-->", "").replace("<!--]-->", "")):
        assert len(body) > 4_500_000
        page = open_page(MiniSite(a=body, b="<p>b</p>"), "/a")
        seen = page.observe_now()
        assert (len(seen.elements), seen.problem) == (5_000, "page truncated at 5000 elements")
        seen = page.act_now(Fill(0, "x"))
        assert seen.problem.endswith("cannot fill it; page truncated at 5000 elements")
        assert act(page, Click, "go 7").url == f"{BASE}/b"


def test_a_closed_page_and_a_closed_browser_say_so() -> None:
    async def story() -> None:
        browser = InProcessBrowser(lambda _: MiniSite(a="<a href=/a>x</a>"))
        page = await browser.open(f"{BASE}/a", session="s")
        (seen,) = await browser.act_all([(page, Click(0))])
        assert seen == await page.observe()
        await browser.end_session("s")
        await browser.end_session("unknown")
        await page.close()
        assert (await page.act(Click(0))).problem == "page is closed"
        await browser.close()
        with pytest.raises(CallerError, match="closed"):
            await browser.open(f"{BASE}/a", session="s")

    asyncio.run(story())
