"""What a person who knows the site knows: which forum an everyday description means.

Names only. Whether such a forum exists, and where, the oracle finds out on the site.
"""

from __future__ import annotations

from collections.abc import Mapping

from core.errors import UnknownTaskError

__all__ = ["forum_called", "forums_for"]


def forum_called(description: str) -> str:
    """Returns the name of the forum that an intent calls by this description.

    >>> forum_called("the deep learning"), forum_called("f/books"), forum_called("nyc forum")
    ('deeplearning', 'books', 'nyc')
    """
    plain = description.removeprefix("f/").removesuffix(" forum")
    return _CALLED.get(plain.casefold(), plain)


def forums_for(subject: str) -> tuple[str, ...]:
    """Returns the names of the forums where a subject belongs, the best one first.

    Raises:
        UnknownTaskError: Nothing is known about this subject.
    """
    folded = subject.casefold()
    for words, forums in _SUBJECTS.items():
        if all(word in folded for word in words.split()):
            return forums
    raise UnknownTaskError(f"no forum is known for the subject {subject!r}")


_CALLED: Mapping[str, str] = {
    "personal finances": "personalfinance",
    "worcester": "WorcesterMA",
    "future technology": "Futurology",
    "the deep learning": "deeplearning",
    "machine learning": "MachineLearning",
    "explain like im 5": "explainlikeimfive",
    "games": "gaming",
}

_SUBJECTS: Mapping[str, tuple[str, ...]] = {
    "sota web navigation agent": ("MachineLearning", "deeplearning", "singularity"),
    "ml, dl, nlp": ("deeplearning",),
    "deep learning": ("deeplearning",),
    "console": ("consoles",),
    "nyc": ("nyc",),
    "pittsburgh": ("pittsburgh",),
    "dmv": ("washington",),
    "iphone": ("iphone",),
    "headphones": ("headphones",),
    "harry potter movie": ("movies",),
    "relationship": ("relationship_advice",),
    "diy toolkit": ("DIY",),
    "must have product at last for ever": ("BuyItForLife",),
}
"""Words that must all occur, to forums; the first match counts."""
