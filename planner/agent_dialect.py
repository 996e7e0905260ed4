"""Actions as a language model writes them, and the way to our own.

    reply:  {"why", "notes": [{name, value}], "action", "element", "text"}

Notes come before the action of the same reply, so one call notes all that a page has to give and
acts. Values are written as text and read by the type of the output they are noted for. A text
`$NAME` is the subtask's value of that name, so that what is typed is exactly what was given.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urljoin

from pydantic import JsonValue

from core.pages import (
    Action,
    Answer,
    Back,
    Click,
    Expand,
    Fill,
    Goto,
    Note,
    Press,
    Select,
    Stop,
    Value,
)
from core.plans import NodeOutput, PlanNode, ValueType
from planner.findings import Finding
from planner.lenient_json import Cut
from planner.parsing import find_json, fit

__all__ = ["SCHEMA_NAME", "ReadActions", "action_schema", "read_actions"]

SCHEMA_NAME = "action"
_KINDS = ("click", "fill", "select", "press", "goto", "back", "expand", "answer", "stop")
_ON_ELEMENT = frozenset({"click", "fill", "select", "press"})
_KEYS = frozenset({"action", "element", "text", "notes"})
_BARE: Mapping[str, Action] = {"back": Back(), "expand": Expand(), "answer": Answer()}
_MAX_NOTES = 24
_MAX_REASON = 300
_LISTS = frozenset({ValueType.TEXTS, ValueType.NUMBERS, ValueType.URLS, ValueType.RECORDS})


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadActions:
    """What a reply says."""

    actions: tuple[Action, ...] = ()
    """Notes first, then one action; empty when there are findings."""
    findings: tuple[str, ...] = ()


def action_schema(node: PlanNode) -> dict[str, JsonValue]:
    """Returns the JSON schema of a reply for a node: its outputs and no others can be noted."""
    names: list[JsonValue] = [output.name for output in node.outputs]
    name: dict[str, JsonValue] = {"type": "string"}
    if names:
        name["enum"] = names
    note = _record(name=name, value={"type": "string"})
    return _record(
        why={"type": ["string", "null"]},
        notes={"type": "array", "items": note},
        action={"type": "string", "enum": list(_KINDS)},
        element={"type": ["integer", "null"]},
        text={"type": ["string", "null"]},
    )


def read_actions(
    text: str,
    node: PlanNode,
    arguments: Mapping[str, Value],
    page_url: str,
    *,
    is_cut: bool = False,
) -> ReadActions:
    """Reads a reply.

    Args:
        text: All that the model said.
        node: Whose outputs may be noted.
        arguments: The node's bound inputs.
        page_url: What relative addresses are relative to.
        is_cut: Whether the output limit cut the reply.
    """
    found = find_json(text, _KEYS)
    if isinstance(found, Finding):
        return ReadActions(findings=(found.message,))
    if found.cut is Cut.LOST or (is_cut and found.cut is Cut.CLOSED):
        return ReadActions(findings=("the reply ended before the action did",))
    fitted = fit(found.value, action_schema(node))
    if fitted.findings:
        return ReadActions(findings=tuple(finding.message for finding in fitted.findings))
    said = fitted.value
    assert isinstance(said, dict), "fit checked it"
    notes, wrong = _notes(said["notes"], node, page_url)
    words = _meant(said["text"], arguments)
    action = _action(str(said["action"]), said["element"], words, page_url)
    findings = [*wrong, *([action] if isinstance(action, str) else [])]
    if findings or isinstance(action, str):
        return ReadActions(findings=tuple(findings))
    return ReadActions(actions=(*notes, action))


def _record(**properties: JsonValue) -> dict[str, JsonValue]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _notes(said: JsonValue, node: PlanNode, page_url: str) -> tuple[list[Note], list[str]]:
    outputs = {output.name: output for output in node.outputs}
    notes, findings = [], []
    for one in _records(said)[:_MAX_NOTES]:
        output = outputs.get(str(one["name"]))
        if output is None:
            findings.append(f"no output is called {one['name']!r}: leave the note out")
            continue
        try:
            notes.append(Note(output.name, _value(output, str(one["value"]), page_url)))
        except ValueError:
            findings.append(
                f"the value of {output.name!r} is no {output.type}: {str(one['value'])[:60]!r}"
            )
    return notes, findings


def _value(output: NodeOutput, text: str, page_url: str) -> JsonValue:
    """Reads a noted value.

    Raises:
        ValueError: The text is not of the output's type.
    """
    kind = output.type
    if kind is ValueType.TEXT:
        return text
    if kind is ValueType.URL:
        return urljoin(page_url, text.strip())
    value: JsonValue = json.loads(text.lower() if kind is ValueType.FLAG else text)
    if kind in _LISTS and not isinstance(value, list):
        value = [value]
    if kind is ValueType.URLS and isinstance(value, list):
        value = [urljoin(page_url, str(one)) for one in value]
    if not kind.accepts(value):
        raise ValueError(f"{text[:60]!r} is no {kind}")
    return value


def _meant(text: JsonValue, arguments: Mapping[str, Value]) -> JsonValue:
    """Returns the value that a text `$NAME` stands for, any other text as it is."""
    if isinstance(text, str) and text.startswith("$") and text[1:] in arguments:
        value = arguments[text[1:]]
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text


def _action(kind: str, element: JsonValue, text: JsonValue, page_url: str) -> Action | str:
    """Returns the action, or what is missing from it."""
    if kind in _ON_ELEMENT:
        if not isinstance(element, int):
            return f"{kind} needs the number of an element"
        return _on_element(kind, element, text if isinstance(text, str) else None)
    if kind == "goto":
        return Goto(urljoin(page_url, str(text))) if text else "goto needs an address as text"
    if kind == "stop":
        return Stop(str(text or "action: the model gave up")[:_MAX_REASON])
    return _BARE[kind]


def _on_element(kind: str, element: int, text: str | None) -> Action | str:
    if kind == "click":
        return Click(element)
    if kind == "press":
        return Press(element, text or "Enter")
    if text is None:
        return f"{kind} needs a text"
    return Fill(element, text) if kind == "fill" else Select(element, text)


def _records(said: JsonValue) -> Sequence[Mapping[str, JsonValue]]:
    return [one for one in said if isinstance(one, dict)] if isinstance(said, list) else []
