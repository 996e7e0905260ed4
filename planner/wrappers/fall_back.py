"""One provider after the other, until one replies.

Two things make the next one try: an error of any kind (a refused key, a budget that a cheaper model
may still fit, retries used up) and a reply that says no (a refusal, a content filter). What to do
when all have failed is the caller's matter: the planner then uses its rules.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from core.errors import ConfigurationError
from planner.providers.contract import (
    FinishReason,
    ModelReply,
    ModelRequest,
    Provider,
    ProviderError,
)

__all__ = ["AllProvidersFailedError", "FallingBack"]

_SAYS_NO = frozenset({FinishReason.REFUSAL, FinishReason.FILTERED})


class AllProvidersFailedError(ProviderError):
    """No provider of a list gave a reply; `errors` has one for each."""

    def __init__(self, errors: Sequence[ProviderError]) -> None:
        told = "; ".join(f"{error.provider or '?'}: {error}" for error in errors)
        super().__init__(f"no provider replied: {told}", may_be_billed=False)
        self.errors = tuple(errors)


def _nobody_listens(model: str, problem: str) -> None:
    del model, problem


@dataclass(frozen=True, slots=True)
class FallingBack:
    """A provider made of several, best first."""

    providers: tuple[Provider, ...]
    on_fall: Callable[[str, str], None] = _nobody_listens
    """Told the model that was given up, and why."""

    def __post_init__(self) -> None:
        if not self.providers:
            raise ConfigurationError("a list of providers to fall back over has at least one")

    @property
    def name(self) -> str:
        """The first provider's; a reply names the one that gave it."""
        return self.providers[0].name

    @property
    def model(self) -> str:
        """The first provider's; a reply names the one that gave it."""
        return self.providers[0].model

    def complete(self, request: ModelRequest) -> ModelReply:
        """Returns the first reply that does not say no; when all say no, the last one.

        Each provider is asked under an id of its own, since money is reserved by id.

        Raises:
            AllProvidersFailedError: There is no reply at all.
        """
        errors: list[ProviderError] = []
        declined: ModelReply | None = None
        for place, provider in enumerate(self.providers):
            asked = request if place == 0 else replace(request, id=f"{request.id}@{place}")
            try:
                reply = provider.complete(asked)
            except ProviderError as error:
                error.provider = error.provider or provider.name
                errors.append(error)
                self.on_fall(provider.model, f"{type(error).__name__}: {error}")
                continue
            if reply.finish not in _SAYS_NO:
                return reply
            declined = reply
            self.on_fall(provider.model, f"the reply ended with {reply.finish}")
        if declined is not None:
            return declined
        raise AllProvidersFailedError(errors) from errors[-1]
