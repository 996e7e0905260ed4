"""What a name names, a forum or a user: as its neighbours say, then the list it stands in."""

from __future__ import annotations

from collections.abc import Sequence

from planner.rules.word_lists import word_list

__all__ = ["typed_names"]

_FORUM_WORDS = word_list("forum_words")
_LINKERS = word_list("linkers")
_OF_FORUM = word_list("of_forum")
_OF_PERSON = word_list("of_person")
_PERSON_LEFT = word_list("person_left")
_PLACE_LEFT = word_list("place_left")
_SAYS = word_list("says")
_SKIPPED = word_list("skipped")
_USER_WORDS = word_list("user_words")
_POSTS = frozenset({"post", "posts", "submission", "submissions", "threads"})


def typed_names(
    tokens: Sequence[tuple[str, int]],
    names: list[tuple[int, str, int, str]],
    people: bool,
    has_place: bool,
) -> list[tuple[int, str, int, str]]:
    """Returns (index, name, offset, kind) of each name, with every kind settled.

    Args:
        tokens: The words of the text, each with its offset.
        names: The names among them, of kind `forum`, `user`, or empty where it is open.
        people: Whether a name that nothing tells of is a user's.
        has_place: Whether a forum is named besides.
    """
    has_place = has_place or any(kind == "forum" for *_, kind in names)
    typed = [
        (i, name, start, kind or _by_context(tokens, i, has_place))
        for i, name, start, kind in names
    ]
    typed = _listed_alike(tokens, typed)
    typed = [
        (i, name, start, kind or ("user" if _right(tokens, i) in _SAYS else ""))
        for i, name, start, kind in typed
    ]
    default = "user" if people else "forum"
    return [
        (i, name, start, kind or default) for i, name, start, kind in _listed_alike(tokens, typed)
    ]


def _right(tokens: Sequence[tuple[str, int]], index: int) -> str:
    return tokens[index + 1][0].casefold() if index + 1 < len(tokens) else ""


def _listed_alike(
    tokens: Sequence[tuple[str, int]], typed: list[tuple[int, str, int, str]]
) -> list[tuple[int, str, int, str]]:
    """Gives names of no kind that of the name that they are listed with."""
    typed = list(typed)
    for step in (1, -1):
        order = range(len(typed)) if step == 1 else range(len(typed) - 1, -1, -1)
        for position in order:
            i, name, start, kind = typed[position]
            other = position - step
            if kind or not 0 <= other < len(typed):
                continue
            low, high = sorted((i, typed[other][0]))
            between = [token.casefold() for token, _ in tokens[low + 1 : high]]
            if set(between) <= _LINKERS:
                typed[position] = i, name, start, typed[other][3]
    return typed


def _by_context(tokens: Sequence[tuple[str, int]], index: int, has_place: bool) -> str:
    """Returns what the words on both sides say that a name names, empty if they do not.

    What is `of` somebody is of a user where a forum is named besides.
    """
    position = index - 1
    while position > 0 and tokens[position][0].casefold() in _SKIPPED:
        position -= 1
    left = tokens[position][0].casefold() if position >= 0 else ""
    before = tokens[position - 1][0].casefold() if position >= 1 else ""
    right = _right(tokens, index)
    if right in _FORUM_WORDS or left in _FORUM_WORDS:
        return "forum"
    if left in _USER_WORDS or right in _USER_WORDS:
        return "user"
    if left == "of":
        if before in _OF_PERSON or (has_place and before in _POSTS):
            return "user"
        return "forum" if before in _OF_FORUM else ""
    if left in _PLACE_LEFT and left not in ("on", "for"):
        return "forum"
    if left in _PERSON_LEFT or left in ("did", "does", "has", "have"):
        return "user"
    return ""
