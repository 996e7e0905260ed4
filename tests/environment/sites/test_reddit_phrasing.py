"""Slugs as the benchmark's addresses have them, and the doctests of small text functions."""

import doctest

import pytest

from environment.sites.reddit import markup, phrasing
from environment.sites.reddit.wording import WORDING


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        (
            "The Moon, Saturn and Jupiter through my 4\u201d telescope and smartphone",
            "the-moon-saturn-and-jupiter-through-my-4-telescope-and",
        ),
        ("[D] Yan LeCun's recent recommendations", "d-yan-lecun-s-recent-recommendations"),
        (
            "The letters of T.S. Eliot to Emily Hale that were kept sealed for 60 years",
            "the-letters-of-t-s-eliot-to-emily-hale-that-were-kept-sealed",
        ),
        (
            "Is BBQ chipped chopped ham a thing? My grandma says it is from here",
            "is-bbq-chipped-chopped-ham-a-thing-my-grandma-says-it-is",
        ),
        ("Friendly reminder: bookshop.org exists", "friendly-reminder-bookshop-org-exists"),
        ("\u2018Ted Lasso\u2019 Season 3", "ted-lasso-season-3"),
        ("Café", "cafe"),
        ("???", "-"),
        ("x" * 90, "x" * 60),
    ],
)
def test_slugs_are_those_of_the_real_forum(title: str, slug: str):
    assert phrasing.slug(title) == slug


def test_the_skins_have_the_same_phrases():
    assert WORDING["plain"].keys() == WORDING["modern"].keys()


@pytest.mark.parametrize("module", [phrasing, markup])
def test_examples_in_docstrings_hold(module):
    assert doctest.testmod(module).failed == 0
