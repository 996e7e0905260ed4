"""What an action has to keep, whoever proposes it: rules that know nothing of what a page says.

    on the page   the element is shown, is enabled, and is of a kind that the action works on
    on the site   no address of another host is opened, followed or noted
    no secrets    nothing goes into a field for secrets; nothing that looks like a key is typed
    in scope      a subtask that only looks presses no button that changes something; one that
                  writes types the values it was given, and deletes or blocks only if that is asked

A model that obeys an instruction it read on a page breaks one of these, and the instruction is not
carried out. They are a last line, not a proof: a text that a page suggests can still be searched
for, and a wrong value can still be noted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from urllib.parse import urlsplit

from core.pages import Action, Answer, Click, Element, Fill, Goto, Note, Press, Select, Value
from core.plans import Verb
from policies.subtask_checks import missing_output, unmet_postcondition
from policies.text import fold, words
from policies.view import AgentView

__all__ = ["action_findings", "as_on_page"]

_ROLES = {
    "click": frozenset({"link", "button", "checkbox", "radio"}),
    "fill": frozenset({"textbox"}),
    "select": frozenset({"combobox"}),
    "press": frozenset({"textbox", "combobox", "button"}),
}
_LOOKING = frozenset({Verb.FIND, Verb.OPEN, Verb.READ, Verb.COUNT, Verb.COLLECT})
_CHANGING = frozenset(
    words(
        "upvote downvote vote retract delete remove block unblock subscribe unsubscribe submit "
        "post publish send save create edit update report buy order checkout pay cart wishlist "
        "register invite follow unfollow star fork merge approve"
    )
)
"""Words on buttons that change something."""
_HARMLESS = frozenset(
    words("search find filter sort show more load view go next previous apply open close menu")
)
"""Words on buttons that say that only the view changes, as in `search posts`."""
_DRASTIC = frozenset(words("delete remove block ban logout buy order checkout pay"))
"""Words on controls that are pressed only by a subtask that speaks of it."""
_LOGOUT = re.compile(r"\b(log|sign)[\s-]?out\b", re.IGNORECASE)
_SECRET_FIELD = re.compile(
    r"pass\s?(word|wort|phrase|code)|\bsecret\b|api[\s_-]?key|\baccess[\s_-]?token\b|"
    r"\bcvv\b|\bcvc\b|card number|\biban\b|social security",
    re.IGNORECASE,
)
_SECRET_TEXT = re.compile(
    r"\b(?:sk|pk|rk)-[\w-]{16,}|\bAIza[\w-]{20,}|\bgh[pousr]_\w{20,}|\bxox[abp]-[\w-]{10,}|"
    r"-----BEGIN [A-Z ]*PRIVATE KEY|\bAKIA[A-Z0-9]{12,}"
)
_MAX_QUERY = 200
"""Characters that a subtask which only looks types into a field."""


def action_findings(
    actions: Sequence[Action], view: AgentView, shown: Sequence[int]
) -> tuple[str, ...]:
    """Returns what is wrong with actions on a page; empty: all rules are kept.

    Args:
        actions: Notes, then one action, as the model gave them.
        view: What the agent sees.
        shown: Ids of the elements that the model was shown.
    """
    notes = {one.name: one.value for one in actions if isinstance(one, Note)}
    found = [
        f"{name}: {address} is not an address of this site"
        for name, value in notes.items()
        for address in _addresses(name, value, view)
    ]
    for action in actions:
        found += _findings(action, view, shown, notes)
    return tuple(found)


def as_on_page(action: Action, view: AgentView) -> Action:
    """Returns an action with an option's label as the page writes it."""
    if isinstance(action, Select) and 0 <= action.element < len(view.observation.elements):
        element = view.observation.elements[action.element]
        same = [one for one in element.options if fold(one) == fold(action.option)]
        if action.option not in element.options and len(same) == 1:
            return Select(action.element, same[0])
    return action


def _findings(
    action: Action, view: AgentView, shown: Sequence[int], notes: dict[str, Value]
) -> Iterator[str]:
    match action:
        case Click() | Fill() | Select() | Press():
            wrong = _misplaced(action, view, shown)
            if wrong:
                yield wrong
                return
            element = view.observation.elements[action.element]
            for rule in _ON_ELEMENT:
                yield from rule(action, element, view)
        case Goto():
            if not _is_here(action.url, view):
                yield f"{action.url[:120]!r} is not an address of this site ({view.base_url})"
            elif _LOGOUT.search(action.url):
                yield "nobody asked to log out"
        case Answer():
            missing = missing_output(view.node, {**view.notes, **notes})
            if missing:
                yield f"before answer: {missing}"
            unmet = unmet_postcondition(view.node.postcondition, view.observation)
            if unmet:
                yield f"before answer: {unmet}"
        case _:
            return


def _misplaced(action: Click | Fill | Select | Press, view: AgentView, shown: Sequence[int]) -> str:
    if action.element not in shown:
        return f"there is no element [{action.element}] among those shown"
    element = view.observation.elements[action.element]
    if element.role not in _ROLES[action.kind]:
        allowed = " or ".join(sorted(_ROLES[action.kind]))
        return f"[{action.element}] is a {element.role}; {action.kind} needs a {allowed}"
    if "disabled" in element.state.split():
        return f"[{action.element}] is disabled"
    return ""


def _option(action: Action, element: Element, view: AgentView) -> Iterator[str]:
    del view
    if isinstance(action, Select) and action.option not in element.options:
        labels = ", ".join(repr(one) for one in element.options[:20])
        yield f"{action.option!r} is no option of [{action.element}]; there are {labels}"


def _leaving(action: Action, element: Element, view: AgentView) -> Iterator[str]:
    if isinstance(action, Click) and element.href and not _is_here(element.href, view):
        yield f"[{action.element}] leads to another site, {element.href[:80]!r}"


def _secrets(action: Action, element: Element, view: AgentView) -> Iterator[str]:
    if not isinstance(action, Fill):
        return
    if _SECRET_FIELD.search(element.name):
        yield f"[{action.element}] is a field for secrets; nothing is typed into it"
    elif _SECRET_TEXT.search(action.text) and not _is_given(action.text, view):
        yield "the text looks like a key or a password; it is not typed"


def _scope(action: Action, element: Element, view: AgentView) -> Iterator[str]:
    if not isinstance(action, Click | Press) or element.role == "textbox":
        return
    label = frozenset(words(element.name[:100]))
    if _LOGOUT.search(element.name):
        yield f"[{action.element}] logs out, which nobody asked for"
        return
    if element.role != "button":
        return
    if view.node.subgoal.verb in _LOOKING and label & _CHANGING and not label & _HARMLESS:
        yield f"[{action.element}] changes something, and this subtask only looks"
    asked = frozenset(words(f"{view.node.subgoal.verb} {view.node.subgoal.object}"))
    if label & _DRASTIC - asked and view.node.subgoal.verb is not Verb.DELETE:
        yield f"[{action.element}] does what the subtask does not name"


def _typed(action: Action, element: Element, view: AgentView) -> Iterator[str]:
    del element
    if not isinstance(action, Fill):
        return
    if view.node.subgoal.verb in _LOOKING:
        if len(action.text) > _MAX_QUERY:
            yield f"a search has at most {_MAX_QUERY} characters, not {len(action.text)}"
    elif action.text.strip() and not _is_given(action.text, view):
        yield "the text is none of the subtask's values; type those exactly as they are given"


_ON_ELEMENT: tuple[Callable[[Action, Element, AgentView], Iterator[str]], ...] = (
    _option,
    _leaving,
    _secrets,
    _scope,
    _typed,
)


def _is_given(text: str, view: AgentView) -> bool:
    """Returns whether a text is one of the values that the plan gave, or a part of one."""
    wanted = fold(text)
    given = [fold(str(value)) for value in view.arguments.values()]
    return any(wanted in one for one in [*given, fold(view.node.subgoal.object)])


def _is_here(address: str, view: AgentView) -> bool:
    """Returns whether an address belongs to the subtask's site; a path always does."""
    parts = urlsplit(address.strip())
    if not parts.scheme and not parts.netloc:
        return True
    home = urlsplit(view.base_url)
    return parts.scheme in ("http", "https") and parts.netloc == home.netloc


def _addresses(name: str, value: Value, view: AgentView) -> Iterator[str]:
    """Yields the addresses of other sites that an output of the type url would hold."""
    kinds = {output.name: output.type.value for output in view.node.outputs}
    if kinds.get(name) in ("url", "urls"):
        for one in value if isinstance(value, list) else [value]:
            if not _is_here(str(one), view):
                yield str(one)[:120]
