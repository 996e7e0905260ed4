"""What pages teach about a site."""

from core.pages import Element, Observation
from planner.site_map import SiteMap


def page(*elements: Element, status: int = 200) -> Observation:
    return Observation(url="http://s.test/", title="S", status=status, elements=elements)


def test_links_named_like_their_address_teach_a_pattern() -> None:
    site = SiteMap()
    site.learn(page(*(Element("link", name, href=f"/user/{name}") for name in ("ann", "bob"))))
    assert site.notes()["patterns"] == {"user": "/user/{}"}


def test_one_link_is_no_pattern_and_an_error_page_teaches_nothing() -> None:
    site = SiteMap()
    site.learn(page(Element("link", "ann", href="/user/ann")))
    site.learn(page(Element("link", "bob", href="/user/bob"), status=404))
    assert site.notes()["patterns"] == {}


def test_sections_come_from_the_site_and_never_from_its_users() -> None:
    site = SiteMap()
    site.learn(
        page(
            Element("link", "Messages (3)", href="/inbox"),
            Element("link", "Settings", href="/trap", ugc=True),
        )
    )
    assert site.notes()["sections"] == {"messages": "/inbox"}
    assert SiteMap(site.notes()).notes() == site.notes()
