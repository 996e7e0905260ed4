"""The rules of `extraction.md`, case by case, over the in-process extractor."""

from __future__ import annotations

import time

import pytest

from core.pages import Element
from environment.browsers.in_process.markup import decode
from environment.browsers.in_process.pieces import Memory, document_of

URL = "http://forum.localhost/f/books/12?page=2"


def elements(body: str) -> tuple[Element, ...]:
    return document_of(f"<!doctype html><body>{body}</body>", URL, Memory()).elements


def rows(body: str) -> list[tuple[str, str]]:
    return [(element.role, element.name) for element in elements(body)]


def test_a_run_ends_at_the_border_of_a_block_and_not_of_an_inline_element() -> None:
    assert rows("one <b>two</b><i> three</i><p>four</p>five<br>six<div></div>seven") == [
        ("text", "one two three"),
        ("text", "four"),
        ("text", "five six"),
        ("text", "seven"),
    ]


def test_what_is_skipped_neither_ends_a_run_nor_shows() -> None:
    body = "a<script>x</script>b<div hidden>c</div><span aria-hidden=true>d</span><svg>e</svg>f"
    assert rows(body) == [("text", "abf")]
    assert rows("<noscript>a</noscript><template><p>b</p></template><style>c</style>") == []


def test_every_kind_of_white_space_is_one_space() -> None:
    assert rows("<p> a\t\n\r\f&nbsp; b&nbsp;</p><p>&nbsp; \n</p><p>c\u2003d</p>") == [
        ("text", "a b"),
        ("text", "c\u2003d"),
    ]


def test_text_of_users_is_never_in_one_run_with_text_of_the_site() -> None:
    found = elements("by <span data-ugc>Ann</span> today")
    assert [(element.name, element.ugc) for element in found] == [
        ("by", False),
        ("Ann", True),
        ("today", False),
    ]
    assert elements("by <a href=/u data-ugc>Ann</a>")[0].ugc is False


@pytest.mark.parametrize(
    ("markup", "name"),
    [
        ("<a href=/>x <img src=/i alt='  cat '> y</a>", "x cat y"),
        ("<a href=/><div>x</div><div>y</div></a>", "x y"),
        ("<a href=/ title=t></a>", "t"),
        ("<a href=/ aria-label=' l '>x</a>", "l"),
        ("<p hidden id=n>far</p><a href=/ aria-labelledby='n  m' aria-label=l>x</a>", "far"),
        ("<button><b>go</b> on</button>", "go on"),
        ("<input type=submit value=send>", "send"),
        ("<input type=submit>", ""),
        ("<label for=q>Query <b>text</b></label><input id=q>", "Query text"),
        ("<input id=q><label for=q>after</label><label for=q>second</label>", "after"),
        ("<label>Body <textarea>inner</textarea> more</label>", "Body more"),
        ("<label>Sort <select><option>a</select></label>", "Sort"),
        ("<input placeholder=p title=t>", "t"),
        ("<input placeholder=p>", "p"),
        ("<label for=q>L</label><input id=q aria-label=own>", "own"),
        ("<label for=q> </label><label>near <input id=q></label>", "near"),
    ],
)
def test_the_first_source_of_a_name_that_is_not_empty_wins(markup: str, name: str) -> None:
    found = [element for element in elements(markup) if element.role != "text"]
    assert [element.name for element in found] == [name]


def test_a_label_is_no_text_but_a_link_in_it_is_a_link() -> None:
    assert rows("<label>I accept the <a href=/t>terms</a><input type=checkbox></label>") == [
        ("link", "terms"),
        ("checkbox", "I accept the terms"),
    ]


def test_a_heading_names_the_innermost_scope_from_itself_on() -> None:
    found = elements(
        "<p>0</p><h1>A</h1><p>1</p><article id=r1><p>2</p><div><h2>B <a href=/b>b</a></h2></div>"
        "<p>3</p><section><p>4</p></section></article><p>5</p>"
    )
    assert [(element.name, element.heading, element.row) for element in found] == [
        ("0", "", ""),
        ("A", "A", ""),
        ("1", "A", ""),
        ("2", "A", "r1"),
        ("B b", "B b", "r1"),
        ("b", "B b", "r1"),
        ("3", "B b", "r1"),
        ("4", "B b", "r1"),
        ("5", "A", ""),
    ]
    assert found[1].state == "level=1"


def test_only_links_and_controls_stand_inside_a_heading_or_an_alert() -> None:
    body = (
        "<div role=alert>No <h2>way</h2> <time datetime=1>t</time><a href=/x>x</a><p>!</p></div>z"
    )
    assert rows(body) == [("alert", "No way tx !"), ("link", "x"), ("text", "z")]
    assert elements(body)[-1].heading == ""


def test_a_row_is_the_nearest_item_that_has_an_id() -> None:
    found = elements("<ul><li id=a>x<ul><li>y</ul></li></ul><table><tr id=b><td>z</table>")
    assert [(element.name, element.row) for element in found] == [
        ("x", "a"),
        ("y", "a"),
        ("z", "b"),
    ]


def test_states_are_sorted_and_belong_to_links_and_controls() -> None:
    found = elements(
        "<fieldset disabled><input type=checkbox checked required aria-label=c>"
        "<a href=/ aria-current=page aria-expanded=true>l</a></fieldset>"
        "<button aria-pressed=true aria-invalid=true>b</button><p aria-current=page>t</p>"
        "<a href=/ aria-current=false disabled>m</a>"
    )
    assert [(element.name, element.state) for element in found] == [
        ("c", "checked disabled required"),
        ("l", "current expanded"),
        ("b", "invalid pressed"),
        ("t", ""),
        ("m", ""),
    ]


def test_values_are_what_the_controls_hold() -> None:
    found = elements(
        "<textarea aria-label=a>\n x\ny </textarea><input type=password value=s aria-label=b>"
        "<input type=password aria-label=c><input type=file><input type=hidden value=h>"
        "<select aria-label=d><option disabled>1<option> 2 <option label=three>3</select>"
        "<select aria-label=e><option>1<option selected>2<option selected>3</select>"
        "<select aria-label=f multiple><option>1<option>2</select>"
        "<input type=whatever value=w aria-label=g>"
    )
    assert [(element.role, element.name, element.value, element.options) for element in found] == [
        ("textbox", "a", " x\ny ", ()),
        ("textbox", "b", "********", ()),
        ("textbox", "c", "", ()),
        ("combobox", "d", "2", ("1", "2", "three")),
        ("combobox", "e", "3", ("1", "2", "3")),
        ("combobox", "f", "", ("1", "2")),
        ("textbox", "g", "w", ()),
    ]


def test_times_and_images_are_elements_of_their_own() -> None:
    found = elements("on <time datetime=2023-01-02>2 Jan</time> <img alt=cat src=../c.png><img>by")
    assert [(element.role, element.name, element.value, element.href) for element in found] == [
        ("text", "on", "", ""),
        ("text", "2 Jan", "2023-01-02", ""),
        ("image", "cat", "", "/f/c.png"),
        ("text", "by", "", ""),
    ]


@pytest.mark.parametrize(
    ("href", "shown"),
    [
        ("/a?b=c#d", "/a?b=c#d"),
        ("x", "/f/books/x"),
        ("../x/./y", "/f/x/y"),
        ("?page=3", "/f/books/12?page=3"),
        ("#top", "/f/books/12?page=2#top"),
        ("", "/f/books/12?page=2"),
        ("//other.example/x", "http://other.example/x"),
        ("HTTP://Forum.localhost/x", "/x"),
        ("http://forum.localhost", "/"),
        ("https://forum.localhost/x", "https://forum.localhost/x"),
        ("http://forum.localhost.evil.example/x", "http://forum.localhost.evil.example/x"),
        ("/a b/ü", "/a%20b/%C3%BC"),
        (" mailto:a@b.example ", "mailto:a@b.example"),
        ("javascript:alert(1)", "javascript:alert(1)"),
        ("/a/../b", "/b"),
    ],
)
def test_references_are_shown_as_a_browser_resolves_them(href: str, shown: str) -> None:
    assert elements(f'<a href="{href}">x</a>')[0].href == shown


def test_a_relative_reference_in_a_piece_is_remembered_for_its_page_only() -> None:
    memory = Memory()
    html = "<body><!--[--><article><a href=x>x</a></article><!--]-->"
    first = document_of(html, "http://forum.localhost/a/b", memory)
    second = document_of(html, "http://forum.localhost/c/d", memory)
    assert (first.elements[0].href, second.elements[0].href) == ("/a/x", "/c/x")


def test_names_texts_and_pages_are_cut() -> None:
    assert len(elements("<p>" + "é" * 9_000)[0].name) == 4_000
    page = document_of("<body>" + "<p>x</p>" * 6_000, URL, Memory())
    assert (len(page.elements), page.is_truncated) == (5_000, True)
    pieces = "<!--[--><article><p>x</p><p>y</p></article><!--]-->" * 3_000
    page = document_of("<body>" + pieces, URL, Memory())
    assert (len(page.elements), page.is_truncated) == (5_000, True)
    exact = document_of("<body>" + "<p>x</p>" * 5_000, URL, Memory())
    assert (len(exact.elements), exact.is_truncated) == (5_000, False)


@pytest.mark.parametrize(
    "body",
    [
        "<!--[--><article>a<!--[--><p>b</p><!--]--></article><!--]-->",
        "<!--[--><article>a</article>",
        "<article>a</article><!--]-->",
        "<!--[--><article>a<!--]--></article><!--[--><article>b</article><!--]-->",
        "<textarea aria-label=t><!--[-->x<!--]--></textarea>",
        "<!--[--><!--]--><p>a</p><!--[--> <!--]-->",
    ],
)
def test_markers_that_break_the_contract_are_ignored(body: str) -> None:
    plain = body.replace("<!--[-->", "").replace("<!--]-->", "")
    if "<textarea" in body:
        assert elements(body)[0].role == "textbox"
    else:
        assert elements(body) == elements(plain)


def test_a_page_nested_ten_thousand_deep_is_read() -> None:
    assert rows("<div>" * 10_000 + "deep") == [("text", "deep")]
    assert rows("<h1>" + "<span>" * 10_000 + "deep") == [("heading", "deep")]
    assert rows("<b>" * 10_000 + "<a href=/>x")[0] == ("link", "x")


@pytest.mark.parametrize("tag", ["<div>", "<ul><li>", "<b>", "<table><tr><td>"])
def test_a_page_nested_without_end_is_read_in_bounded_time(tag: str) -> None:
    start = time.process_time()
    assert len(rows("<p>first</p>" + tag * 100_000 + "deep")) <= 2
    assert time.process_time() - start < 20  # without a limit: minutes
    flat = rows("<li>x<br><p>y" * 30_000)
    assert len(flat) == 5_000


def test_bytes_are_decoded_by_mark_header_or_meta_and_never_refused() -> None:
    assert decode(b"\xef\xbb\xbfa\r\nb\rc", "text/html") == "a\nb\nc"
    assert decode("\ufeffé".encode("utf-16"), "text/html") == "\ufeffé"
    assert decode(b"\xe9", "text/html; charset=ISO-8859-1") == "é"
    assert decode(b"<meta charset='windows-1252'>\x80", "")[-1] == "€"
    assert decode(b"a\xff\xfeb", "text/html; charset=utf-8") == "a\ufffd\ufffdb"
    assert decode(b"a", "text/html; charset=no-such-thing") == "a"
    assert decode(b"a", "text/html; charset=hex") == "a"
