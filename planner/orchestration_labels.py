"""A model's preferences about a plan that stands: which label it gives each node, and how surely.

The model is asked for one letter a node, never for a plan, so what is scored is the decision itself
and not the free text around it (log-probabilities of constrained JSON are something else).

    reply with log-probabilities   at each letter: softmax over the letters among its alternatives
    reply without                  a few samples; how often each letter was given
    no usable reply                `None`: the caller's one-hot prior

One call scores all nodes: each letter is conditioned on the letters before it.
"""

from __future__ import annotations

import math
import re
import string
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from core.errors import ConfigurationError, WorldError
from core.plans import Plan
from planner.orchestration_priors import AsProposed, PriorOf
from planner.providers.contract import (
    ChatMessage,
    ModelReply,
    ModelRequest,
    Provider,
    Purse,
)
from planner.requests import PlanRequest
from policies.plan_policy import DecisionProblem, PlanPrior

__all__ = ["LabelPrior"]

PROMPT_VERSION = "assign.1"
_PROMPT = Path(__file__).parent / "assign_prompt.txt"
_LETTERS = string.ascii_uppercase + string.ascii_lowercase
_LINE = re.compile(r"^\s*(\d+)\s*:\s*([A-Za-z])\b", re.MULTILINE)
_ALTERNATIVES = 20


def _fresh_id() -> str:
    return uuid.uuid4().hex


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelPrior:
    """Asks a model which choice each open node should get."""

    stack: Callable[[Purse], Provider | None]
    """Makes a provider that pays from a purse, as `ProviderStack.for_purse`."""
    num_samples: int = 3
    """Replies that vote where the model shows no log-probabilities."""
    otherwise: PriorOf = field(default_factory=AsProposed)
    new_id: Callable[[], str] = _fresh_id
    """Gives an id that no call had before: money is reserved by it."""

    def __post_init__(self) -> None:
        if self.num_samples < 1:
            raise ConfigurationError(f"votes need at least one sample, not {self.num_samples!r}")

    def prior(self, plan: Plan, request: PlanRequest, problem: DecisionProblem) -> PlanPrior:
        """Returns the model's preferences; without a usable reply the plain prior."""
        plain = self.otherwise.prior(plan, request, problem)
        asked = _asked(plan, problem)
        letters = dict(zip(_LETTERS, (c.label for c in problem.choices), strict=False))
        if not asked or len(problem.choices) > len(_LETTERS):
            return plain
        provider = None if request.purse is None else self.stack(request.purse)
        if provider is None:
            return plain
        call = replace(_request(plan, request, problem, letters), id=self.new_id())
        votes: dict[int, dict[str, int]] = {node: {} for node in asked}
        for sample in range(self.num_samples):
            try:
                reply = provider.complete(replace(call, id=f"{call.id}.{sample}"))
            except WorldError:  # no reply, no money or no ledger: what was said so far counts
                break
            scores = _scores(reply, letters)
            known = {node: scores[node] for node in asked if scores.get(node)}
            if known:
                return PlanPrior.from_label_logprobs(known)
            _count(reply, letters, votes)
        if any(votes.values()):
            return PlanPrior.from_votes(votes)
        return plain


def _asked(plan: Plan, problem: DecisionProblem) -> list[int]:
    """Returns the ids of nodes with something to choose."""
    return [plan.nodes[row].id for row in np.flatnonzero(problem.agents_active)]


def _request(
    plan: Plan, request: PlanRequest, problem: DecisionProblem, letters: Mapping[str, str]
) -> ModelRequest:
    prices = dict(zip(letters, _cheapest(problem), strict=True))
    subtasks = []
    for row in np.flatnonzero(problem.agents_active):
        node = plan.nodes[row]
        legal = "".join(
            letter
            for letter, is_legal in zip(letters, problem.agent_mask[row], strict=True)
            if is_legal
        )
        words = f"{node.subgoal.verb.value} {node.subgoal.object}"
        subtasks.append(f"{node.id}: {words} (one of {legal})")
    text = _PROMPT.read_text().format(
        labels="\n".join(f"{k} = {v} ({prices[k]:.0f})" for k, v in letters.items()),
        free=request.budget,
        intent=request.task.intent,
        subtasks="\n".join(subtasks),
    )
    return ModelRequest(
        id="",
        system="You assign subtasks to agents.",
        messages=(ChatMessage(role="user", text=text),),
        max_output_tokens=16 + 8 * len(subtasks),
        temperature=1.0,
        top_logprobs=_ALTERNATIVES,
    )


def _cheapest(problem: DecisionProblem) -> list[float]:
    """Returns each choice's smallest worst case over the nodes, in micro-dollars. [K]."""
    return [float(cost) for cost in problem.costs.min(axis=0)]


def _count(reply: ModelReply, letters: Mapping[str, str], votes: dict[int, dict[str, int]]) -> None:
    given = {int(line[1]): line[2] for line in _LINE.finditer(reply.text)}
    for node, letter in given.items():
        if node in votes and letter in letters:
            label = letters[letter]
            votes[node][label] = votes[node].get(label, 0) + 1


def _scores(reply: ModelReply, letters: Mapping[str, str]) -> dict[int, dict[str, float]]:
    """Returns log-probabilities by node and label, where a letter is a token of its own."""
    if not reply.logprobs:
        return {}
    starts, text = [], ""
    for token in reply.logprobs:
        starts.append(len(text))
        text += token.token
    scores: dict[int, dict[str, float]] = {}
    for line in _LINE.finditer(text):
        place = max(i for i, start in enumerate(starts) if start <= line.start(2))
        token = reply.logprobs[place]
        if token.token.strip() != line[2]:
            continue
        found: dict[str, float] = {}
        for alternative, logprob in ((token.token, token.logprob), *token.top):
            label = letters.get(alternative.strip())
            if label is not None and math.isfinite(logprob):
                found[label] = max(logprob, found.get(label, -math.inf))
        scores[int(line[1])] = found
    return scores
