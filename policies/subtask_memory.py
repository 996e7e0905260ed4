"""What an agent keeps in mind during one attempt: its notes, its steps, and what it tried where."""

from __future__ import annotations

from collections import Counter

from core.pages import Action, Note, Observation, Value
from core.plans import PlanNode
from policies.subtask_reports import label_of
from policies.view import PastStep

__all__ = ["SubtaskMemory"]


class SubtaskMemory:
    """Grows with every step; nothing is forgotten before the attempt ends."""

    def __init__(self) -> None:
        self.notes: dict[str, Value] = {}
        """Outputs found so far."""
        self.history: list[PastStep] = []
        self._tried: Counter[tuple[str, int, int, str]] = Counter()

    def take(self, note: Note, node: PlanNode) -> str:
        """Keeps a note that is an output of the node; returns why not, else ``""``."""
        for output in node.outputs:
            if output.name == note.name:
                if not output.type.accepts(note.value):
                    return f"{note.name!r} wants a {output.type}"
                self.notes[note.name] = note.value
                return ""
        return f"no output is called {note.name!r}"

    def remember(self, page: Observation | None, action: Action, problem: str) -> None:
        """Adds a step, with the page on which it was chosen."""
        label = label_of(page, action)
        url = "" if page is None else page.url
        self.history.append(PastStep(url=url, action=action, label=label, problem=problem))

    def times_tried(self, page: Observation, num_shown: int, action: Action) -> int:
        """Counts one more try; returns how often this action was tried on the very same page."""
        key = (page.url, hash(page.elements), num_shown, repr(action))
        self._tried[key] += 1
        return self._tried[key]
