"""A web agent's policy that asks a language model, checks what it says, and always has an action.

    view -> fenced prompt -> provider -> find JSON -> read as actions -> rules of actions -> Choice
                 ^                                                            |
                 |               findings, a bounded number of times          |
                 +------------------------------------------------------------+

    another tier, no purse, no money, an error of the provider, findings left at the end
                                          -> the fall-back, a policy without a model

One reply may note several values and then act; what it said ahead is carried out step by step
without another call, as long as page and notes are what it said it for. A provider that does not
answer is left alone for a while, so that a model which is down does not cost its time-out at every
step. What a page says cannot make an action pass that breaks a rule of `planner.agent_checks`.
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from core.errors import ConfigurationError, WorldError
from core.model_calls import Purse
from core.pages import Action, Expand, Note
from core.plans import EffortTier
from planner.agent_checks import action_findings, as_on_page
from planner.agent_confidence import confidence_of
from planner.agent_dialect import SCHEMA_NAME, action_schema, read_actions
from planner.agent_prompt import ShownPage, prompt_values, shown_page
from planner.prompts.manager import Prompt, PromptManager
from planner.providers.contract import (
    ChatMessage,
    FinishReason,
    ModelReply,
    ModelRequest,
    Provider,
    ProviderError,
    SpendRefusedError,
)
from planner.wrappers.fall_back import AllProvidersFailedError
from policies.view import ActionPolicy, AgentView, Choice

__all__ = ["LLMAgent", "LLMAgentConfig"]

_MAX_AHEAD = 256
"""Views for which something was said ahead."""
_ECHO_CHARS = 4_000
_SAYS_NO = frozenset({FinishReason.REFUSAL, FinishReason.FILTERED})


@dataclass(frozen=True, slots=True, kw_only=True)
class LLMAgentConfig:
    """How a model is asked for actions."""

    method: str = ""
    """`p3o`, `ppo_lagrangian`, `macpo`: which word about money the prompt has; empty: none."""
    max_repairs: int = 1
    """Times that findings go back to the model; each is a call of its own."""
    max_output_tokens: int = 700
    """Of one reply, thinking included: what a reservation is made for."""
    temperature: float | None = None
    """`None`: the model's default."""
    top_logprobs: int = 5
    """Alternatives per token, for the confidence; 0: not asked for."""
    timeout_s: float = 25.0
    page_tokens: int = 3_000
    """Room for the page, in our unit; each `expand` on a page doubles it."""
    confidence: float = 0.75
    """Of a valid action without log-probabilities: well above the trigger's 0.5, below what the
    heuristic says of a clear case. The share of such actions that were right belongs here."""
    repaired_factor: float = 0.8
    """Multiplies the confidence once for each repair that was needed."""
    rest_s: float = 60.0
    """Seconds in which a provider that failed is not asked again."""

    def __post_init__(self) -> None:
        if self.max_repairs < 0 or min(self.max_output_tokens, self.page_tokens) < 1:
            raise ConfigurationError(f"a model is not asked like this: {self}")
        if not (self.timeout_s > 0 and 0 <= self.confidence <= 1):
            raise ConfigurationError(f"a model is not asked like this: {self}")


def _fresh_id() -> str:
    return uuid.uuid4().hex


@dataclass(frozen=True, slots=True)
class _Ahead:
    """What a reply said for the steps after the first."""

    actions: tuple[Action, ...]
    confidence: float


class LLMAgent:
    """Implements `policies.view.ActionPolicy`; nodes of other tiers are the fall-back's.

    Safe for many threads at once when stack and fall-back are. Calls wait for the model.
    """

    def __init__(
        self,
        stack: Callable[[Purse], Provider | None],
        fallback: ActionPolicy,
        config: LLMAgentConfig | None = None,
        *,
        prompts: PromptManager | None = None,
        new_id: Callable[[], str] = _fresh_id,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Takes what choosing needs.

        Args:
            stack: Makes a provider that pays from a purse, as `ProviderStack.for_purse`.
            fallback: Chooses when no model does.
            config: How a model is asked.
            prompts: Where prompts come from; `None`: the files of the package.
            new_id: Gives an id that no call had before: money is reserved by it.
            clock: Seconds.

        Raises:
            ConfigurationError: There is no prompt for the method.
        """
        self._stack = stack
        self._fallback = fallback
        self._config = config or LLMAgentConfig()
        self._prompts = prompts or PromptManager()
        self._new_id = new_id
        self._clock = clock
        self._lock = threading.Lock()
        self._ahead: OrderedDict[str, _Ahead] = OrderedDict()
        self._rests_until = 0.0
        for name in ("act", "act_repair"):
            self._prompts.version(name, self._config.method)

    def choose_all(self, views: Sequence[AgentView]) -> list[Choice]:
        """Returns one choice for each view, in order."""
        return [self._choice(view) for view in views]

    def _choice(self, view: AgentView) -> Choice:
        if view.node.tier is EffortTier.LANGUAGE_MODEL:
            said = self._said_before(view) or self._asked(view)
            if said is not None:
                first, *rest = said.actions
                self._say_ahead(view, first, _Ahead(tuple(rest), said.confidence))
                return Choice(action=first, confidence=said.confidence)
        return self._fallback.choose_all([view])[0]

    def _asked(self, view: AgentView) -> _Ahead | None:
        """Returns what the model says, `None` when it says nothing that can be used."""
        if view.purse is None or self._clock() < self._rests_until:
            return None
        provider = self._stack(view.purse)
        if provider is None:
            return None
        try:
            return self._converse(provider, view)
        except ProviderError as error:
            if not _is_about_money(error):
                self._rests_until = self._clock() + self._config.rest_s
        except WorldError:
            return None  # the ledger does not answer: nothing may be spent
        return None

    def _converse(self, provider: Provider, view: AgentView) -> _Ahead | None:
        page = shown_page(view, self._config.page_tokens)
        prompt = self._prompts.render("act", self._config.method, **prompt_values(view, page))
        first = ChatMessage(role="user", text=prompt.text)
        messages: tuple[ChatMessage, ...] = (first,)
        call = self._new_id()
        for turn in range(self._config.max_repairs + 1):
            reply = provider.complete(self._request(view, prompt, f"{call}.{turn}", messages))
            actions, findings = _read(reply, view, page)
            if not findings:
                return _Ahead(actions, self._confidence(reply, turn))
            if reply.finish in _SAYS_NO:
                break
            messages = (first, *self._objection(reply, findings))
        return None

    def _request(
        self, view: AgentView, prompt: Prompt, ident: str, messages: tuple[ChatMessage, ...]
    ) -> ModelRequest:
        return ModelRequest(
            id=ident,
            system=prompt.system,
            messages=messages,
            schema_name=SCHEMA_NAME,
            schema=action_schema(view.node),
            max_output_tokens=self._config.max_output_tokens,
            temperature=self._config.temperature,
            top_logprobs=self._config.top_logprobs,
            timeout_s=self._config.timeout_s,
            prompt=prompt.version,
        )

    def _objection(self, reply: ModelReply, findings: tuple[str, ...]) -> tuple[ChatMessage, ...]:
        prompt = self._prompts.render(
            "act_repair",
            self._config.method,
            findings=findings[:8],
            was_cut=reply.finish is FinishReason.LENGTH,
        )
        echo = reply.text if 0 < len(reply.text) <= _ECHO_CHARS else "(no action)"
        return (
            ChatMessage(role="assistant", text=echo),
            ChatMessage(role="user", text=prompt.text),
        )

    def _confidence(self, reply: ModelReply, repairs: int) -> float:
        told = confidence_of(reply.logprobs)
        sure = self._config.confidence if told is None else told
        return sure * self._config.repaired_factor**repairs

    def _said_before(self, view: AgentView) -> _Ahead | None:
        with self._lock:
            return self._ahead.pop(_key(view), None)

    def _say_ahead(self, view: AgentView, first: Action, rest: _Ahead) -> None:
        """Keeps the rest under the view that there will be after a note."""
        if not rest.actions or not isinstance(first, Note):
            return
        then = replace(view, notes={**view.notes, first.name: first.value})
        with self._lock:
            self._ahead[_key(then, steps=1)] = rest
            while len(self._ahead) > _MAX_AHEAD:
                self._ahead.popitem(last=False)


def _read(
    reply: ModelReply, view: AgentView, page: ShownPage
) -> tuple[tuple[Action, ...], tuple[str, ...]]:
    """Returns the actions of a reply, or findings."""
    read = read_actions(
        reply.text,
        view.node,
        view.arguments,
        view.observation.url,
        is_cut=reply.finish is FinishReason.LENGTH,
    )
    actions = tuple(as_on_page(action, view) for action in read.actions)
    findings = read.findings or action_findings(actions, view, page.shown)
    if findings:
        return (), findings
    news = tuple(
        action
        for action in actions
        if not (isinstance(action, Note) and view.notes.get(action.name) == action.value)
    )
    if isinstance(news[-1], Expand) and not page.left_out:
        return (), ("the page is shown whole; there is nothing to expand",)
    return news, ()


def _key(view: AgentView, *, steps: int = 0) -> str:
    """Names one attempt's state: same purse, node, page, notes and number of steps."""
    notes = json.dumps(dict(view.notes), sort_keys=True, default=str)
    page = hash((view.observation.url, view.observation.elements))
    return f"{id(view.purse)}/{view.node.id}/{len(view.history) + steps}/{page}/{notes}"


def _is_about_money(error: ProviderError) -> bool:
    """Returns whether it is the episode's money that was refused, not the provider that failed."""
    if isinstance(error, AllProvidersFailedError):
        return all(isinstance(one, SpendRefusedError) for one in error.errors)
    return isinstance(error, SpendRefusedError)
