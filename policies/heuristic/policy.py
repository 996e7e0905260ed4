"""The heuristic as an `ActionPolicy`: reason about the subgoal, then choose among candidates."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from core.errors import CallerError
from core.pages import Answer, Note, Stop
from core.plans import Verb
from policies.candidates import candidates
from policies.compute import derive
from policies.heuristic.forms import delete, edit, submit
from policies.heuristic.gathering import collect, read
from policies.heuristic.locating import find, open_ranked
from policies.heuristic.scene import Scene
from policies.heuristic.toggling import toggle
from policies.heuristic.wishes import Wish, rank
from policies.view import AgentView, Choice

__all__ = ["HeuristicPolicy"]

_SKILLS: Mapping[Verb, Callable[[Scene], list[Wish]]] = {
    Verb.FIND: find,
    Verb.OPEN: open_ranked,
    Verb.READ: read,
    Verb.COUNT: collect,
    Verb.COLLECT: collect,
    Verb.SUBMIT: submit,
    Verb.TOGGLE: toggle,
    Verb.EDIT: edit,
    Verb.DELETE: delete,
}


class HeuristicPolicy:
    """Implements `policies.view.ActionPolicy` without a model; stateless between calls.

    It never follows what users wrote: names that users wrote are matched as data, and a control
    counts only where the site itself shows it.
    """

    def choose_all(self, views: Sequence[AgentView]) -> list[Choice]:
        """Returns one choice for each view, in order."""
        return [self.choose(view) for view in views]

    def choose(self, view: AgentView) -> Choice:
        """Returns the choice for one view."""
        verb = view.node.subgoal.verb
        if verb in (Verb.COMPUTE, Verb.RESPOND):
            return _compute(view)
        wishes = _SKILLS[verb](Scene(view))
        described = any(wish.phrases for wish in wishes)
        pool = candidates(view) if described else []
        if not pool:
            best = rank(wishes, (), view.observation.elements)
            return Choice(action=best.action, confidence=best.confidence * wishes[0].sure)
        best = rank([*wishes, _LOST], pool, view.observation.elements)
        return Choice(action=best.action, confidence=best.confidence)


_LOST = Wish(action=Stop("action: nothing on the page fits the subgoal"), sure=0.2)


def _compute(view: AgentView) -> Choice:
    """Notes the outputs of a node without a page, one after the other."""
    try:
        outputs = derive(view.node, view.arguments)
    except CallerError as error:
        return Choice(action=Stop(f"output: {error}"), confidence=1.0)
    for name, value in outputs.items():
        if view.notes.get(name) != value:
            return Choice(action=Note(name, value), confidence=1.0)
    return Choice(action=Answer(), confidence=1.0)
