"""What exploration and past plans taught about a site: plain data, learned from observations.

    patterns   kind of thing -> address with a gap     {"user": "/user/{}", "forum": "/f/{}"}
    sections   wording of the site's own links -> path  {"forums": "/forums", ...}
    kinds      kinds of things that its lists show      ["post", "forum"]

Nothing is known in advance: a link whose text is the last part of its address shows a pattern, a
link that the site itself wrote shows a section. What users wrote gives names, never sections.
"""

from __future__ import annotations

from collections.abc import Mapping

from core.pages import Observation, Value
from policies.items import items_of, path_parts
from policies.text import fold
from policies.thesaurus import kind_words

__all__ = ["SiteMap"]

_MAX_SECTIONS = 60
_ENOUGH = 2
"""Different names that an address must have been seen with before it is a pattern."""


class SiteMap:
    """Collects what pages show of one site; `notes` is what agents get."""

    def __init__(self, notes: Mapping[str, Value] | None = None) -> None:
        """Starts empty, or from notes that were kept.

        Args:
            notes: What `notes` returned before.
        """
        kept = notes or {}
        self._patterns = _texts(kept.get("patterns"))
        self._sections = _texts(kept.get("sections"))
        kinds = kept.get("kinds")
        self._kinds = [str(kind) for kind in kinds] if isinstance(kinds, list) else []
        self._seen: dict[str, set[str]] = {}

    def learn(self, page: Observation) -> None:
        """Takes in one page; an error page teaches nothing."""
        if page.status >= 400 or page.status == 0:
            return
        for element in page.elements:
            if element.role == "link" and element.href.startswith("/"):
                self._learn_link(
                    element.name, element.href, by_user=element.ugc or bool(element.row)
                )
        for item in items_of(page):
            if item.kind and item.kind not in self._kinds:
                self._kinds.append(item.kind)

    def notes(self) -> dict[str, Value]:
        """Returns everything learned, as JSON data."""
        return {
            "patterns": dict(self._patterns),
            "sections": dict(self._sections),
            "kinds": list(self._kinds),
        }

    def _learn_link(self, name: str, href: str, *, by_user: bool) -> None:
        parts = path_parts(href)
        if len(parts) == 2 and fold(parts[1]) == fold(name):
            pattern = f"/{parts[0]}/{{}}"
            names = self._seen.setdefault(pattern, set())
            names.add(fold(name))
            if len(names) >= _ENOUGH:
                self._patterns.setdefault(_kind_of(parts[0]), pattern)
        elif not by_user and name and len(self._sections) < _MAX_SECTIONS:
            self._sections.setdefault(fold(name).rstrip("0123456789():, "), href)


def _kind_of(segment: str) -> str:
    people = (*kind_words("user"), "u", "users", "people", "members")
    return "user" if segment in people else "forum"


def _texts(value: Value) -> dict[str, str]:
    if not isinstance(value, dict):
        return {}
    return {str(key): one for key, one in value.items() if isinstance(one, str)}
