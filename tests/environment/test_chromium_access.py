"""Which addresses a session may load documents from, and what a tab's gate lets in."""

import pytest

from environment.browsers.chromium.access import Access
from environment.browsers.chromium.gate import DocumentRequest, Gate

HOME = "http://reddit-e7.localhost:8080/f/books"


@pytest.mark.parametrize(
    ("url", "is_open"),
    [
        ("http://reddit-e7.localhost:8080/", True),
        ("http://shopping-admin-e7.localhost:8080/x?y", True),
        ("http://reddit-e8.localhost:8080/", False),
        ("http://reddit-e77.localhost:8080/", False),
        ("http://reddit-x-e7.localhost:8080/", False),
        ("http://reddit-e7.localhost:8265/", False),
        ("http://reddit-e7.localhost/", False),
        ("http://e7.localhost:8080/", True),
        ("http://localhost:8080/", False),
        ("http://127.0.0.1:8080/", False),
        ("http://example.org/", False),
        ("http://[", False),
    ],
)
def test_a_wildcard_opens_the_own_episode_and_no_other(url: str, is_open: bool) -> None:
    assert Access(("*.localhost",), home=[HOME]).allows(url) is is_open


@pytest.mark.parametrize("start", ["shopping", "shopping-admin", "reddit"])
def test_every_site_of_an_episode_is_its_home(start: str) -> None:
    access = Access(("*.localhost",), home=[f"http://{start}-e7.localhost:80/"])
    for site in ("shopping", "shopping-admin", "map", "reddit"):
        assert access.allows(f"http://{site}-e7.localhost:80/")
        assert not access.allows(f"http://{site}-e8.localhost:80/")


def test_an_episode_may_have_hyphens_in_its_name() -> None:
    access = Access(("*.localhost",), home=["http://reddit-run-2-guest.localhost/"])
    assert access.allows("http://map-run-2-guest.localhost/")
    assert not access.allows("http://map-run-3-guest.localhost/")


def test_what_is_named_in_full_is_open_to_every_session() -> None:
    patterns = ("reddit-e9.localhost:8080", "http://map-e9.localhost:1", "*.example.org")
    access = Access(patterns, home=[HOME])
    assert access.allows("http://reddit-e9.localhost:8080/")
    assert access.allows("http://map-e9.localhost:1/")
    assert access.allows("https://www.example.org/")
    assert not access.allows("http://map-e9.localhost:2/")
    assert not access.allows(HOME)


def test_a_star_opens_the_web_and_the_own_episode_of_this_machine() -> None:
    access = Access(("*",), home=[HOME])
    assert access.allows("https://example.org/")
    assert access.allows("http://localhost:3000/")
    assert not access.allows("http://reddit-e8.localhost:8080/")


class TestGate:
    def test_a_refusal_to_the_main_frame_is_a_problem_of_the_page(self) -> None:
        gate = Gate("main")
        gate.is_allowed = lambda url: url.startswith("http://a/")
        assert gate.lets_in(DocumentRequest("1", "http://a/", "main", ""))
        assert not gate.lets_in(DocumentRequest("2", "http://b/", "inner", ""))
        assert gate.refusal == ""
        assert not gate.lets_in(DocumentRequest("3", "http://b/", "main", ""))
        assert gate.refusal == "cannot reach http://b/"

    def test_the_eleventh_redirect_is_refused_by_the_name_of_the_first_address(self) -> None:
        gate = Gate("main")
        hops = [DocumentRequest("r0", "http://a/0", "main", "")]
        hops += [
            DocumentRequest(f"r{i}", f"http://a/{i}", "main", f"r{i - 1}") for i in range(1, 12)
        ]
        assert [gate.lets_in(hop) for hop in hops] == [True] * 11 + [False]
        assert gate.refusal == "too many redirects: http://a/0"
