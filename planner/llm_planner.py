"""A planner that asks a language model, checks what it says, and always has a plan.

    context -> prompt -> provider -> find JSON -> read as a plan -> rules of plans -> mend
                 ^                                                        |
                 |              findings, a bounded number of times       |
                 +--------------------------------------------------------+

    no purse, no provider, an error of the provider, findings left at the end -> the fall-back

The fall-back is a planner without a model (the rules). What a model wrote is used only when no
rule of plans is broken; a page in the prompt can suggest anything, it cannot make a plan pass that
leaves the task's sites, its agents or its money.

When a running plan is changed, completed nodes are put into the new plan by us, as they are: a
model writes only what is still to be done, so it can neither lose nor alter what is finished.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

from core.errors import ConfigurationError, WorldError
from core.plans import Plan
from planner.context import ContextBuilder, PlanningContext
from planner.plan_replies import read_reply
from planner.plan_schema import SCHEMA_NAME, plan_schema
from planner.plan_standing import completed_part, standing_of
from planner.prompts.manager import Prompt, PromptManager
from planner.providers.contract import (
    ChatMessage,
    FinishReason,
    ModelReply,
    ModelRequest,
    Provider,
    Purse,
    Usage,
)
from planner.requests import Planner, PlanRequest, ReplanRequest
from planner.wrappers.purses import MeteredPurse

__all__ = ["LLMPlanner", "LLMPlannerConfig", "ModelTurn", "PlanningStory"]

_ECHO_CHARS = 30_000
"""Longest reply of a model that is shown to it again; a longer one is not a plan."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LLMPlannerConfig:
    """How a model is asked."""

    method: str = ""
    """`p3o`, `ppo_lagrangian`, `macpo`: which word about money the prompt has; empty: none."""
    max_repairs: int = 2
    """Times that findings go back to the model; each is a call of its own."""
    max_output_tokens: int = 3_000
    """Of one reply, thinking included: what a reservation is made for."""
    temperature: float | None = None
    """`None`: the model's default."""
    timeout_s: float = 60.0
    context_tokens: int = 6_000
    """Room for task, page, steps and notes, in our unit."""

    def __post_init__(self) -> None:
        if self.max_repairs < 0 or self.max_output_tokens < 1 or self.timeout_s <= 0:
            raise ConfigurationError(f"a model is not asked like this: {self}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelTurn:
    """One reply of a model and what was thought of it."""

    request: str
    """Id of the request; its reservation has the same or one that begins with it."""
    model: str
    usage: Usage | None
    attempts: int
    latency_ms: int
    put_right: tuple[str, ...]
    """What was not as asked and had one meaning."""
    findings: tuple[str, ...]
    """What was wrong; empty: the plan was taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanningStory:
    """How one plan came about."""

    task: str
    origin: str
    """`Plan.origin` of what was returned; empty when there was no plan."""
    prompt: str
    """Version of the prompt, as `plan@1+p3o@1`; empty when no model was asked."""
    turns: tuple[ModelTurn, ...]
    spent: int
    """Micro-dollars settled for the model's calls, those that failed included."""
    fell_back: str
    """Why the fall-back made the plan; empty when the model did."""


def _nobody_listens(story: PlanningStory) -> None:
    del story


def _fresh_id() -> str:
    return uuid.uuid4().hex


@dataclass(slots=True)
class _Dialogue:
    """One plan being asked for."""

    request: PlanRequest
    prompt: Prompt
    kept: Plan | None = None
    revision: int = 0
    turns: list[ModelTurn] = field(default_factory=list)


class LLMPlanner:
    """Implements `planner.requests.Planner` with a language model and a fall-back.

    Safe for many threads at once when stack, fall-back and listener are.
    """

    def __init__(
        self,
        stack: Callable[[Purse], Provider | None],
        fallback: Planner,
        config: LLMPlannerConfig | None = None,
        *,
        prompts: PromptManager | None = None,
        new_id: Callable[[], str] = _fresh_id,
        on_story: Callable[[PlanningStory], None] = _nobody_listens,
    ) -> None:
        """Takes what planning needs.

        Args:
            stack: Makes a provider that pays from a purse, as `ProviderStack.for_purse`.
            fallback: Makes the plan when no model does.
            config: How a model is asked.
            prompts: Where prompts come from; `None`: the files of the package.
            new_id: Gives an id that no call had before: money is reserved by it.
            on_story: Told how each plan came about, before it is returned.

        Raises:
            ConfigurationError: There is no prompt for the method.
        """
        self._stack = stack
        self._fallback = fallback
        self._config = config or LLMPlannerConfig()
        self._prompts = prompts or PromptManager()
        self._new_id = new_id
        self._on_story = on_story
        for name in ("plan", "replan", "repair"):
            self._prompts.version(name, self._config.method)

    def plan(self, request: PlanRequest) -> Plan:
        """Returns a plan that keeps all rules, by the model or by the fall-back.

        Raises:
            PlanError: The pool cannot do what any plan needs.
        """
        dialogue = _Dialogue(request=request, prompt=self._prompt("plan", request))
        plan, spent, why = self._asked(dialogue)
        if plan is None:
            plan = self._fallback.plan(request)
        self._tell(dialogue, plan, spent, why)
        return plan

    def replan(self, request: ReplanRequest) -> Plan | None:
        """Returns a plan that keeps completed nodes as they are, or `None`: give up."""
        inner = request.request
        dialogue = _Dialogue(
            request=inner,
            prompt=self._prompt("replan", inner, **standing_of(request)),
            kept=completed_part(request),
            revision=request.plan.revision + 1,
        )
        plan, spent, why = self._asked(dialogue)
        better = plan if plan is not None else self._fallback.replan(request)
        self._tell(dialogue, better, spent, why)
        return better

    def _prompt(self, name: str, request: PlanRequest, **more: object) -> Prompt:
        context = self._context(request)
        return self._prompts.render(name, self._config.method, context=context, **more)

    def _context(self, request: PlanRequest) -> PlanningContext:
        builder = ContextBuilder(
            max_tokens=self._config.context_tokens,
            agents=request.agents,
            max_nodes=request.max_nodes,
        )
        return builder.build(
            request.task,
            observation=request.start_page,
            budget=request.budget,
            method=self._config.method,
            site_notes=request.site_notes,
        )

    def _asked(self, dialogue: _Dialogue) -> tuple[Plan | None, int, str]:
        """Returns the model's plan or `None`, what was spent, and why there is none."""
        if dialogue.request.purse is None:
            return None, 0, "nothing may be spent on a model"
        purse = MeteredPurse(dialogue.request.purse)
        provider = self._stack(purse)
        if provider is None:
            return None, 0, "there is no model to ask"
        try:
            plan, why = self._converse(provider, dialogue)
        except WorldError as error:
            # No reply, no money, or no ledger: nothing that another word to the model would change.
            return None, purse.spent, f"{type(error).__name__}: {error}"
        return plan, purse.spent, why

    def _converse(self, provider: Provider, dialogue: _Dialogue) -> tuple[Plan | None, str]:
        call = self._new_id()
        first = ChatMessage(role="user", text=dialogue.prompt.text)
        messages: tuple[ChatMessage, ...] = (first,)
        findings: tuple[str, ...] = ()
        versions = dialogue.prompt.version
        for turn in range(self._config.max_repairs + 1):
            asked = self._request(dialogue, f"{call}.{turn}", messages, versions)
            reply = provider.complete(asked)
            read = read_reply(
                reply, dialogue.request, kept=dialogue.kept, revision=dialogue.revision
            )
            findings = tuple(finding.message for finding in read.findings)
            dialogue.turns.append(_turn(asked.id, reply, read.put_right, findings))
            if not findings:
                return read.plan, ""
            if read.gave_up or reply.finish in (FinishReason.REFUSAL, FinishReason.FILTERED):
                break
            objection = self._objection(reply, findings)
            messages = (
                first,
                ChatMessage(role="assistant", text=_echo(reply)),
                ChatMessage(role="user", text=objection.text),
            )
            versions = f"{dialogue.prompt.version},{objection.version}"
        return None, f"the model's plan breaks rules: {'; '.join(findings[:3])}"

    def _request(
        self, dialogue: _Dialogue, ident: str, messages: tuple[ChatMessage, ...], versions: str
    ) -> ModelRequest:
        return ModelRequest(
            id=ident,
            system=dialogue.prompt.system,
            messages=messages,
            schema_name=SCHEMA_NAME,
            schema=plan_schema(dialogue.request),
            max_output_tokens=self._config.max_output_tokens,
            temperature=self._config.temperature,
            timeout_s=self._config.timeout_s,
            prompt=versions,
        )

    def _objection(self, reply: ModelReply, findings: tuple[str, ...]) -> Prompt:
        return self._prompts.render(
            "repair",
            self._config.method,
            findings=findings,
            was_cut=reply.finish is FinishReason.LENGTH,
        )

    def _tell(self, dialogue: _Dialogue, plan: Plan | None, spent: int, why: str) -> None:
        self._on_story(
            PlanningStory(
                task=dialogue.request.task.key,
                origin="" if plan is None else plan.origin,
                prompt=dialogue.prompt.version if dialogue.turns else "",
                turns=tuple(dialogue.turns),
                spent=spent,
                fell_back=why,
            )
        )


def _turn(
    ident: str, reply: ModelReply, put_right: tuple[str, ...], findings: tuple[str, ...]
) -> ModelTurn:
    return ModelTurn(
        request=ident,
        model=reply.model,
        usage=reply.usage,
        attempts=reply.attempts,
        latency_ms=reply.latency_ms,
        put_right=put_right,
        findings=findings,
    )


def _echo(reply: ModelReply) -> str:
    """Returns the last reply as it is shown to the model again; older ones are not shown."""
    return reply.text if 0 < len(reply.text) <= _ECHO_CHARS else "(no plan)"
