"""What an agent tells while it works: pages and actions, short and without secrets."""

from __future__ import annotations

from core.events import ActionTaken, PageObserved
from core.pages import Action, Answer, BrowserAction, Expand, Note, Observation, Stop
from policies.subtask_signals import SubtaskOrder
from policies.view import Choice

__all__ = ["MAX_TEXT", "action_report", "label_of", "page_report"]

MAX_TEXT = 1_000
"""Characters of a text in telemetry; a report stays far below 8 kB."""


def page_report(order: SubtaskOrder, page: Observation, tokens: int) -> PageObserved:
    """Returns the report of a page.

    Args:
        order: Whose attempt it is.
        page: What was seen.
        tokens: What was shown of it, and is charged.
    """
    return PageObserved(
        episode=order.episode,
        node=order.node.id,
        agent=order.agent,
        url=page.url[:MAX_TEXT],
        title=page.title[:MAX_TEXT],
        status=page.status,
        num_elements=len(page.elements),
        shown_tokens=tokens,
        problem=page.problem[:MAX_TEXT],
    )


def action_report(
    order: SubtaskOrder, page: Observation | None, step: int, choice: Choice
) -> ActionTaken:
    """Returns the report of an action; what is typed into a password field is masked.

    Args:
        order: Whose attempt it is.
        page: Where it is taken.
        step: Number of actions before it.
        choice: The action, with how sure the policy is.
    """
    action = choice.action
    label = label_of(page, action)
    return ActionTaken(
        episode=order.episode,
        node=order.node.id,
        agent=order.agent,
        step=step,
        action=action.kind,
        element=_element_of(action),
        label=label[:MAX_TEXT],
        text="********" if "password" in label.lower() else _text_of(action)[:MAX_TEXT],
        confidence=choice.confidence,
    )


def label_of(page: Observation | None, action: Action) -> str:
    """Returns role, name and row of the element that an action is about, empty without one."""
    number = _element_of(action)
    if page is None or number is None or not 0 <= number < len(page.elements):
        return ""
    element = page.elements[number]
    return f"{element.role} {element.name}" + (f" @{element.row}" if element.row else "")


def _element_of(action: Action) -> int | None:
    number = getattr(action, "element", None)
    return number if isinstance(number, int) else None


def _text_of(action: Action) -> str:
    match action:
        case Note():
            return f"{action.name}={action.value}"
        case Stop():
            return action.reason
        case _:
            return _typed(action)


def _typed(action: BrowserAction | Expand | Answer) -> str:
    """Returns what was typed, chosen, pressed or opened."""
    for name in ("text", "option", "key", "url"):
        value = getattr(action, name, None)
        if isinstance(value, str):
            return value
    return ""
