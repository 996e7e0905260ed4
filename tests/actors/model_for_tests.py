"""A model behind real HTTP: a loopback server in OpenAI's format whose words a test chooses."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from planner.plan_dialect import as_said
from planner.prices import parse_price
from planner.providers.contract import Usage
from planner.rules import RulesPlanner
from planner.wrappers.retry import RetryConfig
from tests.planner.wire_servers.openai_wire import LocalWire
from tests.planner.wire_servers.wire_server import Answer, Received, json_answer, serving

MODEL = "local:qwen2.5"
WIRE = LocalWire()
PRICES = {MODEL: parse_price("0.5,2")}
AT_ONCE = RetryConfig(max_attempts=2, first_wait_s=0.0, longest_wait_s=0.0)
USAGE = Usage(input_tokens=1_000, output_tokens=50)
COST = 600
"""Micro-dollars of one reply with that usage at that price."""


def reply(text: str) -> Answer:
    return json_answer(WIRE.reply(text, usage=USAGE))


@dataclass
class ModelServer:
    """Where it is, and what it was asked."""

    url: str
    received: list[Received] = field(default_factory=list)

    def asked_for(self, form: str) -> list[Received]:
        return [one for one in self.received if form_of(one) == form]


def form_of(received: Received) -> str:
    """Returns what was asked for: `plan` or `action`."""
    schema = received.body["response_format"]
    properties = schema.get("json_schema", schema)["schema"]["properties"]
    return "plan" if "nodes" in properties else "action"


def prompt_of(received: Received) -> str:
    return str(received.body["messages"][1]["content"])


@contextmanager
def model_serving(answer: Callable[[Received], Answer]) -> Iterator[ModelServer]:
    """Serves a model that answers each request as the function says."""
    with serving() as wire:
        server = ModelServer(wire.address + "/v1")

        def take(received: Received) -> Answer:
            server.received.append(received)
            return answer(received)

        wire.take = take
        yield server


class Upvoter:
    """Plans as the rules do, gives chosen nodes to itself, and acts on what the prompt shows."""

    def __init__(self, request, own_nodes=(0, 2)) -> None:
        said = as_said(RulesPlanner().plan(request))
        for node in said["nodes"]:
            if node["id"] in own_nodes:
                node |= {"agent": "generalist", "tier": "language_model"}
        self.plan = json.dumps(said)

    def __call__(self, received: Received) -> Answer:
        if form_of(received) == "plan":
            return reply("Here is the plan:\n```json\n" + self.plan + "\n```")
        return reply(json.dumps(self._act(prompt_of(received))))

    def _act(self, prompt: str) -> dict:
        url = re.search(r"THE PAGE NOW.*\n<<<DATA \w+ from (\S+)", prompt)[1]
        if "\nfind forum" in prompt:
            return self._find(url)
        pressed = re.search(r'\[\d+\] button "(Retract upvote|Upvoted?)".*\[pressed', prompt)
        if pressed:
            return said("answer", notes=[{"name": "done", "value": "true"}])
        found = re.search(r'\[(\d+)\] button "Upvote"', prompt)
        return said("click", element=int(found[1]))

    def _find(self, url: str) -> dict:
        if not url.endswith("/f/books"):
            return said("goto", text="/f/books")
        notes = [{"name": "url", "value": "/f/books"}, {"name": "name", "value": "books"}]
        return said("answer", notes=notes)


def said(action, *, element=None, text=None, notes=()):
    return {"why": "", "notes": list(notes), "action": action, "element": element, "text": text}
