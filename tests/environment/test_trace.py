"""What the judge reads of an exchange, and what it never sees."""

from __future__ import annotations

from types import MappingProxyType

import pytest
from webarena_verified.types.tracing import NetworkEvent, NetworkTrace

from core.http import HttpRequest, HttpResponse
from environment.trace import MASK, TraceEntry, entry_of

FORM = "application/x-www-form-urlencoded"


def exchange(
    *,
    method: str = "POST",
    headers: tuple[tuple[str, str], ...] = (),
    body: bytes = b"",
    status: int = 200,
    answer: tuple[tuple[str, str], ...] = (("content-type", "text/html"),),
    text: bytes = b"<p>x</p>",
) -> TraceEntry:
    url = "http://reddit.localhost/submit?x=1"
    request = HttpRequest(method=method, url=url, headers=headers, body=body)
    response = HttpResponse(status=status, headers=answer, body=text)
    return entry_of(3, request, response, duration_ms=5, secret_cookies=("PHP",))


def event(entry: TraceEntry) -> NetworkEvent:
    return NetworkEvent(data=MappingProxyType(entry.as_har()))


def test_the_evaluators_read_a_post_with_its_referer_and_redirect() -> None:
    fields = (("referer", "http://reddit.localhost/submit"), ("content-type", FORM))
    read = event(
        exchange(
            headers=fields,
            body=b"title=a+%26+b&url=",
            status=302,
            answer=(("location", "/f/books/1"),),
        )
    )
    assert (read.url_path, read.http_method, read.request_status) == ("/submit", "POST", 302)
    assert read.referer == "http://reddit.localhost/submit"
    assert read.post_data == {"title": "a & b", "url": ""}
    assert read.redirect_url == "http://reddit.localhost/f/books/1"
    assert read.is_request_success
    assert not read.is_navigation_event


def test_a_page_load_is_a_navigation_and_a_json_call_is_not() -> None:
    page = exchange(method="GET", headers=(("accept", "text/html,*/*;q=0.8"),))
    assert event(page).is_navigation_event
    assert not event(
        exchange(method="GET", headers=(("accept", "application/json"),))
    ).is_navigation_event
    by_user = (
        ("accept", "text/html"),
        ("sec-fetch-user", "?1"),
        ("sec-fetch-dest", "document"),
        ("sec-fetch-mode", "navigate"),
    )
    assert event(exchange(method="GET", headers=by_user)).is_navigation_event
    assert not event(exchange(method="GET", headers=by_user[:2])).is_navigation_event


def test_bodies_of_json_answers_are_kept_and_of_pages_are_not() -> None:
    answer = (("content-type", "application/json; charset=utf-8"), ("x-other", "1"))
    entry = exchange(answer=answer, text=b'{"netScore": 4}')
    assert event(entry).response_content == {"netScore": 4}
    assert event(entry).response_headers == {"content-type": "application/json; charset=utf-8"}
    assert exchange().text == ""
    assert event(exchange()).response_content is None


def test_session_cookies_are_dropped_and_other_cookies_are_kept() -> None:
    answer = (
        ("set-cookie", "PHP=s3cret; path=/"),
        ("set-cookie", "other=s3cret; HttpOnly"),
        ("set-cookie", "mySession=s3cret"),
        ("set-cookie", "mage-messages=%5Bsaved%5D; path=/"),
    )
    entry = exchange(headers=(("cookie", "PHP=s3cret"), ("authorization", "s3cret")), answer=answer)
    assert "s3cret" not in repr(entry)
    assert event(entry).response_cookies == {
        "PHP": MASK,
        "other": MASK,
        "mySession": MASK,
        "mage-messages": "[saved]",
    }


@pytest.mark.parametrize(
    ("kind", "body", "kept"),
    [
        (FORM, b"_username=ann&_password=s3cret&x=1", b"_username=ann&_password=********&x=1"),
        (FORM, b"user%5Bpassword%5D%5Bfirst%5D=s3cret", b"user%5Bpassword%5D%5Bfirst%5D=********"),
        (FORM, b"title=my+password+is+long", b"title=my+password+is+long"),
        (FORM, b"p%61ssword=s3cret", b"p%61ssword=********"),
        (
            "application/json",
            b'{"a": [{"password": "s3cret"}]}',
            b'{"a": [{"password": "********"}]}',
        ),
        ("application/json", b'{"password": s3cret', b"********"),
        ("multipart/form-data; boundary=b", b"--b name=password s3cret", b"********"),
        ("", b"\xff\xfe", b"\xff\xfe"),
    ],
)
def test_passwords_are_masked_in_every_kind_of_body(kind: str, body: bytes, kept: bytes) -> None:
    entry = exchange(headers=(("content-type", kind),), body=body)
    assert entry.request.body == kept
    assert "s3cret" not in str(entry.as_har())


def test_a_trace_of_entries_is_one_that_the_evaluators_accept() -> None:
    trace = NetworkTrace.from_content([exchange().as_har(), exchange(method="GET").as_har()])
    assert [read.http_method for read in trace.evaluation_events] == ["POST", "GET"]
