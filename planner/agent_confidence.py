"""How sure a model was of an action, from the log-probabilities of the tokens that name it.

    "action": "click", "element": 12         the spans of the two values in the reply's text
    p = Π exp(logprob) / Σ exp(logprob of the alternatives shown)     over the tokens of the spans

Under a grammar the log-probabilities are those of the unconstrained model, so each is taken
relative to the alternatives that were shown beside it. A token that is not among its own
alternatives was forced, and says nothing: there is then no number at all. This is a confidence, for
triggers; it is not the log-probability of an action, and nothing is trained on it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence

from planner.providers.contract import TokenLogprob

__all__ = ["confidence_of"]

_NAMED = re.compile(r'"action"\s*:\s*"([^"]*)"|"element"\s*:\s*(\d+)')
_LEAST, _MOST = 0.05, 0.99


def confidence_of(logprobs: Sequence[TokenLogprob] | None) -> float | None:
    """Returns the probability of action and element, in [0.05, 0.99]; `None`: nobody knows.

    Args:
        logprobs: The tokens of a whole reply, in order.
    """
    if not logprobs:
        return None
    text = "".join(token.token for token in logprobs)
    spans = [_span(match) for match in _NAMED.finditer(text)]
    total = 0.0
    for token in _within(logprobs, spans):
        share = _share(token)
        if share is None:
            return None
        total += share
    return min(max(math.exp(total), _LEAST), _MOST) if spans else None


def _span(match: re.Match[str]) -> tuple[int, int]:
    return match.span(1) if match[1] is not None else match.span(2)


def _within(
    logprobs: Sequence[TokenLogprob], spans: Sequence[tuple[int, int]]
) -> Iterator[TokenLogprob]:
    """Yields the tokens that overlap one of the spans."""
    start = 0
    for token in logprobs:
        end = start + len(token.token)
        if any(start < until and since < end for since, until in spans):
            yield token
        start = end


def _share(token: TokenLogprob) -> float | None:
    """Returns the natural log of a token's share among the alternatives shown."""
    others = dict(token.top)
    if not others:
        return min(token.logprob, 0.0)
    if token.token not in others:
        return None
    total = sum(math.exp(min(value, 0.0)) for value in others.values())
    return min(token.logprob, 0.0) - math.log(total)
