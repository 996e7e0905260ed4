import pytest

from core.placement import BROWSER, LEARNER, asked, browser_slots, is_on_loopback

GIB = 2**30


@pytest.mark.parametrize("resource", [BROWSER, LEARNER])
def test_a_resource_is_asked_for_only_where_it_is_offered(resource):
    assert asked(resource, {"CPU": 8.0}) == {}
    assert asked(resource, {"CPU": 8.0, resource: 4.0}) == {resource: 1.0}


@pytest.mark.parametrize(("gib", "slots"), [(2, 1), (4, 1), (5, 2), (15.4, 12), (31, 28)])
def test_browsers_leave_three_gib_to_the_rest_of_a_node(gib, slots):
    assert browser_slots(int(gib * GIB)) == slots


@pytest.mark.parametrize(
    ("host", "is_here"),
    [
        ("*.localhost", True),
        ("localhost:8000", True),
        ("http://shop.localhost:80", True),
        ("127.0.0.2", True),
        ("[::1]:80", True),
        ("localhost.example.org", False),
        ("forum.example.org:8080", False),
        ("*", False),
    ],
)
def test_hosts_on_loopback_are_known(host, is_here):
    assert is_on_loopback(host) == is_here
