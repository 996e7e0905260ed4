"""What a trained agent chooses from: the candidates of its page, and what reasoning proposes.

Values to note, pages that are not linked and the end of a subtask cannot be enumerated; whoever
reasons about the subgoal proposes one action, and it stands among the others without a mark. So the
learner finds out by itself when to do what is proposed, and what it does instead.
"""

from __future__ import annotations

from collections.abc import Sequence

from core.pages import Action, Expand
from policies.candidates import Candidate, candidates
from policies.rendering import relevance, wanted_words
from policies.tiers import TIERS
from policies.view import AgentView

__all__ = ["MAX_OPTIONS", "may_ask_for_more", "options"]

MAX_OPTIONS = 64
"""Most options of one choice: memory and time of learners grow with it."""


def options(view: AgentView, proposed: Action | None) -> list[Candidate]:
    """Returns the options of one choice, those on elements first, in page order; never empty.

    Where a page offers too many, the elements that share most words with the subgoal and its
    arguments are kept, and everything that is not about an element.

    Args:
        view: What the agent sees.
        proposed: What reasoning proposes; it is always among the options.
    """
    found = candidates(view)
    if not may_ask_for_more(view):
        found = [one for one in found if not isinstance(one.action, Expand)]
    known = next((one for one in found if one.action == proposed), None)
    if known is None and proposed is not None:
        known = Candidate(proposed, getattr(proposed, "element", None))
        found.append(known)
    if len(found) <= MAX_OPTIONS:
        return found
    return _most_useful(view, found, known)


def may_ask_for_more(view: AgentView) -> bool:
    """Returns whether asking for more can show more; where it cannot, it would only cost."""
    spec, number = TIERS[view.node.tier], len(view.observation.elements)
    room = spec.max_elements * spec.expand_factor**view.expanded
    return len(view.shown) < number and room < number


def _most_useful(
    view: AgentView, found: Sequence[Candidate], kept: Candidate | None
) -> list[Candidate]:
    wanted = frozenset(wanted_words(view.node, view.arguments))
    elements = view.observation.elements
    scores = [
        float("inf")
        if one is kept or one.element is None
        else relevance(elements[one.element], wanted)
        for one in found
    ]
    order = sorted(range(len(found)), key=lambda place: -scores[place])[:MAX_OPTIONS]
    return [found[place] for place in sorted(order)]
