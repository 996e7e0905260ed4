"""One open page of the in-process browser: its history, what was filled in, and actions on it.

The face without `await` (`observe_now`, `act_now`, `close_now`) is what lock-step training
uses; the `Page` protocol's methods delegate to it.
"""

from __future__ import annotations

from typing import NamedTuple

from core.pages import Back, BrowserAction, Click, Element, Fill, Goto, Observation, Press, Select
from environment.browsers.in_process import links
from environment.browsers.in_process.document import Document, FormKey, Found
from environment.browsers.in_process.forms import Filled
from environment.browsers.in_process.loading import JSON_ACCEPT, Loaded, Loader, NotLoaded
from environment.browsers.in_process.markup import MAX_ELEMENTS
from environment.browsers.in_process.records import Control

__all__ = ["InProcessPage"]

_MAX_HISTORY = 50
_CONTROL_ROLES = frozenset(["button", "textbox", "checkbox", "radio", "combobox"])
_ROLES_OF = {
    "click": _CONTROL_ROLES | {"link"},
    "fill": frozenset(("textbox",)),
    "select": frozenset(("combobox",)),
    "press": _CONTROL_ROLES | {"link"},
}
_SPACE_CLICKS = frozenset(("button", "checkbox", "radio"))
_ENTER_CLICKS = frozenset(("button", "link"))
_KEYS = frozenset(("Enter", "Space", " ", "Tab", "Escape"))


class _Visit(NamedTuple):
    """One place in the history."""

    url: str
    source: str
    """URL of the page it was reached from, empty when typed."""
    kept: Loaded | None
    """The page itself, if it answered a POST: that is not sent again."""


class InProcessPage:
    """Implements `core.ports.Page`. Not for several threads at once."""

    def __init__(self, loader: Loader, url: str) -> None:
        """Opens a page; what goes wrong is told by the first observation."""
        self._loader = loader
        self._history: list[_Visit] = []
        self._show(Loaded(url, 0, "", Document.empty(), is_answer=False))
        self._source = ""
        self._problem = self._open(url, source="")
        self._is_closed = False

    async def observe(self) -> Observation:
        """Returns the page as it stands, without acting."""
        return self.observe_now()

    async def act(self, action: BrowserAction) -> Observation:
        """Carries out one action and returns the page after it."""
        return self.act_now(action)

    async def close(self) -> None:
        """Closes the page; closing twice is allowed."""
        self.close_now()

    @property
    def is_closed(self) -> bool:
        """Whether the page was closed."""
        return self._is_closed

    def observe_now(self) -> Observation:
        """Returns the page as it stands, without acting."""
        page = self._loaded
        problem = self._problem
        if page.document.is_truncated:
            cut = f"page truncated at {MAX_ELEMENTS} elements"
            problem = f"{problem}; {cut}" if problem else cut
        return Observation(
            url=page.url,
            title=page.title,
            status=page.status,
            elements=self._filled.elements(),
            problem=problem,
        )

    def act_now(self, action: BrowserAction) -> Observation:
        """Carries out one action and returns the page after it."""
        self._problem = "page is closed" if self._is_closed else self._act(action)
        return self.observe_now()

    def close_now(self) -> None:
        """Forgets the history; closing twice is allowed."""
        self._is_closed = True
        self._problem = "page is closed"
        self._history.clear()
        self._show(Loaded(self._loaded.url, 0, "", Document.empty(), is_answer=False))

    def _act(self, action: BrowserAction) -> str:
        """Carries out one action; returns the problem, empty if there is none."""
        if isinstance(action, Goto):
            return self._open(links.resolve(self._loaded.url, _whole(action.url)), source="")
        if isinstance(action, Back):
            return self._go_back()
        number = action.element
        elements = self._loaded.document.elements
        if not 0 <= number < len(elements):
            return f"no such element: {number}"
        element = elements[number]
        if element.role not in _ROLES_OF[action.kind]:
            article = "an" if element.role[0] in "aeiou" else "a"
            return f"element {number} is {article} {element.role}: cannot {action.kind} it"
        if element.role == "link":
            return self._act_on_link(element, action)
        found = self._loaded.document.control_at(number)
        if found.control.disabled:
            return f"element {number} is disabled"
        return self._act_on_control(found, element, action)

    def _act_on_link(self, element: Element, action: Click | Fill | Select | Press) -> str:
        if isinstance(action, Press):
            if action.key not in _KEYS:
                return f"key '{_whole(action.key)}' does nothing"
            if action.key != "Enter":
                return ""
        return self._follow(element.href)

    def _act_on_control(
        self, found: Found, element: Element, action: Click | Fill | Select | Press
    ) -> str:
        if isinstance(action, Click):
            return self._click(found)
        if isinstance(action, Fill):
            self._filled.fill(found, _whole(action.text))
            return ""
        if isinstance(action, Press):
            return self._press(found, element.role, action.key)
        if not self._filled.choose(found, action.option):
            return f"no option '{_whole(action.option)}' in element {action.element}"
        return ""

    def _follow(self, href: str) -> str:
        """Follows a link."""
        page = self._loaded.url
        url = links.resolve(page, href)
        if not url.startswith(("http://", "https://")):
            return f"cannot open {href}"
        target, mark, _ = url.partition("#")
        if mark and target == page:
            return ""
        return self._open(url, source=page)

    def _click(self, found: Found) -> str:
        kind = found.control.kind
        if kind in ("checkbox", "radio"):
            self._filled.tick(found)
        elif kind == "reset" and found.form is not None:
            self._filled.reset(found.form)
        elif kind in ("submit", "image") and found.form is not None:
            return self._submit(found.form, found.control)
        return ""

    def _press(self, found: Found, role: str, key: str) -> str:
        if key not in _KEYS:
            return f"key '{_whole(key)}' does nothing"
        if key == "Enter":
            if role in _ENTER_CLICKS:
                return self._click(found)
            if found.control.kind == "textarea":
                self._filled.fill(found, self._filled.text(found) + "\n")
            elif role != "combobox" and found.form is not None:
                return self._submit_implicitly(found.form)
        elif key in ("Space", " ") and role in _SPACE_CLICKS:
            return self._click(found)
        return ""

    def _submit_implicitly(self, form: FormKey) -> str:
        """Submits as `Enter` in a textbox does: by the first button, if there is one."""
        button = self._filled.submitter(form)
        if button is not None:
            return "" if button.control.disabled else self._submit(form, button.control)
        return self._submit(form, None) if self._filled.count_textboxes(form) <= 1 else ""

    def _submit(self, form: FormKey, by: Control | None) -> str:
        complaint = self._filled.complaint(form, by)
        if complaint:
            return complaint
        page = self._loaded.url
        sent = self._filled.submission(form, by)
        url = links.resolve(page, sent.action) if sent.action else page
        if not url.startswith(("http://", "https://")):
            return f"cannot open {sent.action}"
        if sent.is_json:
            return self._submit_json(url, sent.data)
        if sent.method == "POST":
            return self._open(url, source=page, method="POST", data=sent.data)
        return self._open(f"{url.partition('#')[0].partition('?')[0]}?{sent.data}", source=page)

    def _submit_json(self, url: str, data: str) -> str:
        """Sends a JSON form; the page is loaded again if the site accepts it."""
        page = self._loaded.url
        answer = self._loader.send(url, source=page, method="POST", data=data, accept=JSON_ACCEPT)
        if isinstance(answer, NotLoaded):
            return answer.problem
        if not 200 <= answer.status < 300:
            return f"the site answered {answer.status}"
        result = self._loader.load(page, source=page)
        if isinstance(result, NotLoaded):
            return result.problem
        self._show(result)
        return ""

    def _open(self, url: str, *, source: str, method: str = "GET", data: str = "") -> str:
        """Navigates; the page before goes into the history."""
        result = self._loader.load(url, source=source, method=method, data=data)
        if isinstance(result, NotLoaded):
            return result.problem
        if self._loaded.status:
            kept = self._loaded if self._loaded.is_answer else None
            self._history.append(_Visit(self._loaded.url, self._source, kept))
            del self._history[:-_MAX_HISTORY]
        self._source = source
        self._show(result)
        return ""

    def _go_back(self) -> str:
        if not self._history:
            return "no page to go back to"
        visit = self._history[-1]
        result = visit.kept or self._loader.load(visit.url, source=visit.source)
        if isinstance(result, NotLoaded):
            return result.problem
        self._history.pop()
        self._source = visit.source
        self._show(result)
        return ""

    def _show(self, loaded: Loaded) -> None:
        self._loaded = loaded
        self._filled = Filled(loaded.document)


def _whole(text: str) -> str:
    """Replaces halves of characters, as a browser does; a model's answer can hold some."""
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
