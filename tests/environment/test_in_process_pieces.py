"""A page taken apart at its markers and remembered gives what the whole page gives at once."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

from hypothesis import given, settings
from hypothesis import strategies as st

from core.http import HttpRequest
from core.pages import Element
from environment.browsers.in_process.document import Document, FormKey
from environment.browsers.in_process.forms import Filled, Submission
from environment.browsers.in_process.pieces import Memory, document_of
from environment.sites.contract import WorldSpec
from environment.world_host import WorldHost

URL = "http://forum.localhost/f/books/12?page=2"
OPEN, CLOSE = "<!--[-->", "<!--]-->"
_WORDS = ("alpha", "beta &amp; gamma", " ", "\n", "x &nbsp; y", "<br>", "&lt;!--[--&gt;", "")


class _Writer:
    """Writes pages that keep the contract of marked pieces."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._ids = 0

    def page(self) -> str:
        title = self._rng.choice(_WORDS)
        ugc = self._rng.choice(("", " data-ugc"))
        return f"<!doctype html><title>{title}</title><body{ugc}>{self._flow(4, marked=True)}"

    def _flow(self, depth: int, *, marked: bool, in_form: bool = False) -> str:
        kinds: list[Callable[[], str]] = [self._inline, self._paragraph, self._heading]
        if depth > 0:
            kinds += [
                lambda: self._box(depth - 1, marked, in_form),
                lambda: self._list(depth - 1, marked, in_form),
                lambda: self._table(depth - 1, marked, in_form),
            ]
            if not in_form:
                kinds.append(lambda: self._form(depth - 1))
            if marked:
                kinds += [lambda: self._piece(depth - 1)] * 2
        return "".join(self._rng.choice(kinds)() for _ in range(self._rng.randint(0, 4)))

    def _piece(self, depth: int) -> str:
        parts = []
        for _ in range(self._rng.randint(1, 2)):
            tag = self._rng.choice(("article", "section", "header", "fieldset"))
            inside = self._flow(depth, marked=False)
            parts.append(f"<{tag}{self._marks()}>{inside}</{tag}>{self._rng.choice(('', ' '))}")
        return OPEN + "".join(parts) + CLOSE

    def _box(self, depth: int, marked: bool, in_form: bool) -> str:
        tag = self._rng.choice(("div", "section", "article", "fieldset", "aside", "span"))
        return f"<{tag}{self._marks()}>{self._flow(depth, marked=marked, in_form=in_form)}</{tag}>"

    def _items(self, tag: str, depth: int, marked: bool, in_form: bool) -> Iterator[str]:
        for _ in range(self._rng.randint(0, 3)):
            is_piece = marked and self._rng.random() < 0.5
            inside = self._flow(depth, marked=marked and not is_piece, in_form=in_form)
            inside = f"<td>{inside}</td>" if tag == "tr" else inside
            item = f"<{tag}{self._marks()}>{inside}</{tag}>"
            yield OPEN + item + CLOSE if is_piece else item

    def _list(self, depth: int, marked: bool, in_form: bool) -> str:
        return "<ul>" + "".join(self._items("li", depth, marked, in_form)) + "</ul>"

    def _table(self, depth: int, marked: bool, in_form: bool) -> str:
        rows = "".join(self._items("tr", depth, marked, in_form))
        return f"<table><tbody>{rows}</tbody></table>"

    def _form(self, depth: int) -> str:
        inside = self._flow(depth, marked=False, in_form=True)
        hidden = f"<input type=hidden name=token value={self._id()}>"
        return f"<form id={self._id()} action=/x>{hidden}{inside}<button>Go</button></form>"

    def _paragraph(self) -> str:
        return f"<p{self._marks()}>{self._inline()}{self._inline()}</p>"

    def _heading(self) -> str:
        level = self._rng.randint(1, 6)
        return f"<h{level}>{self._inline()}</h{level}>"

    def _inline(self) -> str:
        rng, name = self._rng, self._id()
        return rng.choice(
            (
                rng.choice(_WORDS),
                f"<b>{rng.choice(_WORDS)}</b>",
                f"<span{self._marks()}>{rng.choice(_WORDS)}</span>",
                f"<a href={rng.choice(('/a', 'b', '?c=1', 'http://o.example/', '#x'))}>{name}</a>",
                f"<label for={name}>L {name}</label><input name=n id={name} value={name}>",
                f"<label>In <input type=checkbox name={name} checked required></label>",
                f"<select aria-label={name} name=s><option>1<option selected value=v>2</select>",
                f"<textarea aria-label={name} name=t>{rng.choice(_WORDS[:5])}</textarea>",
                f"<input type=radio name=r value={name} aria-label={name}>",
                f"<time datetime=2023>{name}</time>",
                f"<img alt={name} src=/i.png>",
                f"<div role=status>{name} <a href=/s>s</a></div>",
                f"<span hidden><input name=h value={name}></span>",
            )
        )

    def _marks(self) -> str:
        rng = self._rng
        marks = rng.choice(("", "", " data-ugc", " hidden", " disabled", " aria-hidden=false"))
        return marks + (f" id={self._id()}" if rng.random() < 0.5 else "")

    def _id(self) -> str:
        self._ids += 1
        return f"i{self._ids}"


def _sent(document: Document) -> list[tuple[str, Submission]]:
    """What every form would send, with its fields' elements, in an order free of units."""
    keys: dict[FormKey, None] = {}
    for found in document.controls:
        if found.form is not None:
            keys.setdefault(found.form)
    filled = Filled(document)
    return [(document.form(key).id, filled.submission(key, None)) for key in keys]


def _controls(document: Document) -> list[tuple[int, str, str, str | None]]:
    return [
        (
            found.element,
            found.control.name,
            found.control.value,
            document.form(found.form).id if found.form is not None else None,
        )
        for found in document.controls
    ]


def _whole(html: str, url: str) -> Document:
    return document_of(html.replace(OPEN, "").replace(CLOSE, ""), url, Memory())


def _assert_same(html: str, url: str, memory: Memory) -> tuple[Element, ...]:
    whole = _whole(html, url)
    for _ in range(2):  # the second time from memory
        taken_apart = document_of(html, url, memory)
        assert taken_apart.elements == whole.elements
        assert taken_apart.title == whole.title
        assert _controls(taken_apart) == _controls(whole)
        assert _sent(taken_apart) == _sent(whole)
    return whole.elements


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 3))
def test_pieces_and_memory_change_nothing(seed: int, warm: int) -> None:
    memory = Memory()
    for other in range(warm):  # fill the memory with pieces that look alike
        document_of(_Writer(random.Random(seed + other + 1)).page(), URL, memory)
    _assert_same(_Writer(random.Random(seed)).page(), URL, memory)


def test_one_piece_in_many_contexts_is_remembered_for_each() -> None:
    piece = f"{OPEN}<section>x <input name=a aria-label=a></section>{CLOSE}"
    html = (
        f"<body>{piece}<article id=r>{piece}</article><div data-ugc>{piece}</div>"
        f"<fieldset disabled>{piece}</fieldset><h1>H</h1>{piece}"
    )
    texts = [one for one in _assert_same(html, URL, Memory()) if one.name in "xa"]
    assert len(set(texts)) == 2 + 2 + 2 + 1 + 2  # a disabled fieldset does not change the text


def test_a_piece_with_its_own_row_and_heading_still_depends_on_who_wrote_it() -> None:
    piece = f"{OPEN}<article id=r><h2>T</h2><p>x</p><input aria-label=b></article>{CLOSE}"
    html = (
        f"<body>{piece}<div data-ugc>{piece}</div><fieldset disabled>{piece}</fieldset>"
        f"<div data-ugc><fieldset disabled>{piece}</fieldset></div>"
    )
    elements = _assert_same(html, URL, Memory())
    boxes = [(one.ugc, one.state) for one in elements if one.role == "textbox"]
    assert len(set(boxes)) == 4


def test_a_form_around_pieces_owns_their_controls() -> None:
    html = (
        "<body><form id=f action=/go><input type=hidden name=a value=1>"
        f"{OPEN}<ul><li id=x><input name=b aria-label=b value=2></li></ul>{CLOSE}"
        f"<input name=c aria-label=c value=3>{OPEN}<section>"
        f"<input name=d aria-label=d value=4></section>{CLOSE}<button name=e>Go</button></form>"
    )
    _assert_same(html, URL, Memory())
    document = document_of(html, URL, Memory())
    assert [sent.data for _, sent in _sent(document)] == ["a=1&b=2&c=3&d=4"]


def test_a_small_memory_forgets_and_still_gives_the_same() -> None:
    memory = Memory(page_bytes=0, unit_characters=2_000)
    for seed in range(30):
        _assert_same(_Writer(random.Random(seed)).page(), URL, memory)


def test_every_page_of_the_forum_is_the_same_in_pieces_and_whole() -> None:
    memory = Memory()
    for skin in ("plain", "modern"):
        host = WorldHost.open({"reddit": WorldSpec(seed=3, attacks=True)}, skin=skin)
        base = host.base_url("reddit")
        ((_, name, value),) = host.cookies_for(None)
        seen, waiting, marked = {"/"}, ["/"], 0
        rng = random.Random(skin)
        while waiting and len(seen) - len(waiting) < 60:
            path = waiting.pop(rng.randrange(len(waiting)))
            fields = (("accept", "text/html"), ("cookie", f"{name}={value}"))
            answer = host.handle(HttpRequest(method="GET", url=base + path, headers=fields))
            html = answer.body.decode()
            marked += OPEN in html
            for element in _assert_same(html, (base + path).partition("#")[0], memory):
                href = element.href.partition("#")[0]
                if element.role == "link" and href.startswith("/") and href not in seen:
                    seen.add(href)
                    waiting.append(href)
        host.close()
        assert marked >= 30
