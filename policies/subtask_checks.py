"""What is checked at the end of a subtask, and how a bad page is named."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from core.events import FailureKind
from core.pages import Observation, Value
from core.plans import PlanNode, Postcondition

__all__ = [
    "Refusal",
    "missing_output",
    "named_failure",
    "page_failure",
    "stop_failure",
    "unmet_postcondition",
]


class Refusal(NamedTuple):
    """Why a subtask did not deliver."""

    kind: FailureKind
    reason: str


def missing_output(node: PlanNode, outputs: Mapping[str, Value]) -> str:
    """Returns what is wrong with the outputs, empty when each is there and has its type."""
    for wanted in node.outputs:
        if wanted.name not in outputs:
            return f"output {wanted.name!r} is missing"
        value = outputs[wanted.name]
        if not wanted.type.accepts(value):
            return f"output {wanted.name!r} is no {wanted.type}: {str(value)[:80]!r}"
    return ""


def unmet_postcondition(wanted: Postcondition | None, page: Observation | None) -> str:
    """Returns what does not hold on the last page, empty when everything does."""
    if wanted is None:
        return ""
    if page is None:
        return f"{wanted.kind} cannot hold: no page was opened"
    holds = _holds(wanted, page)
    return "" if holds else f"{wanted.kind} {wanted.argument!r} does not hold on {page.url}"


def page_failure(page: Observation, base_url: str) -> Refusal | None:
    """Returns why no subtask can go on from this page, `None` when one can.

    Args:
        page: What stands after an action.
        base_url: Of the node's site: what cannot be reached elsewhere is the policy's business.
    """
    if page.status >= 500:
        return Refusal(FailureKind.UNREACHABLE, f"{page.url} answered {page.status}")
    if page.status == 0:
        return Refusal(FailureKind.UNREACHABLE, page.problem or f"{page.url} does not answer")
    for problem in page.problem.split("; "):
        if problem.startswith(("time-out:", f"cannot reach {base_url}")):
            return Refusal(FailureKind.UNREACHABLE, problem)
    return None


def stop_failure(reason: str, page: Observation | None) -> Refusal:
    """Returns the kind of failure that a policy's `Stop` means.

    A reason may start with a kind and a colon (`not_found: no forum is called x`). Without one, the
    page's status decides: 401 and 403 are `not_allowed`, 404 and 410 `not_found`.

    Args:
        reason: As the policy gave it.
        page: The page on which it stopped.
    """
    status = 0 if page is None else page.status
    return named_failure(reason, otherwise=_BY_STATUS.get(status, FailureKind.ACTION))


def named_failure(reason: str, *, otherwise: FailureKind) -> Refusal:
    """Returns the failure that a reason names before a colon, `otherwise` when it names none."""
    head, _, rest = reason.partition(":")
    try:
        return Refusal(FailureKind(head.strip().lower()), rest.strip() or reason)
    except ValueError:
        return Refusal(otherwise, reason)


_BY_STATUS = {
    401: FailureKind.NOT_ALLOWED,
    403: FailureKind.NOT_ALLOWED,
    404: FailureKind.NOT_FOUND,
    410: FailureKind.NOT_FOUND,
}


def _holds(wanted: Postcondition, page: Observation) -> bool:
    text = wanted.argument.casefold()
    match wanted.kind:
        case "url_contains":
            return text in page.url.casefold()
        case "text_present":
            return _shows(page, text)
        case "text_absent":
            return not _shows(page, text)
        case "pressed":
            return any(
                "pressed" in element.state.split()
                and (text in element.name.casefold() or text == element.row.casefold())
                for element in page.elements
            )


def _shows(page: Observation, text: str) -> bool:
    return any(
        text in element.name.casefold() or text in element.value.casefold()
        for element in page.elements
    )
