"""What a model's tokens cost: the user's word first, then the table of `genai-prices`.

A kind of token for which a provider names no price is billed like plain input. A model without a
price is not free: asking raises, and the message says how to give it a price. How prices become
costs and bounds: `planner.token_prices`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import ROUND_CEILING, Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from core.errors import ConfigurationError
from planner.providers.contract import SpendRefusedError
from planner.providers.naming import read_name
from planner.token_prices import FREE, ModelPrices, PriceStep, input_token_bound

if TYPE_CHECKING:
    from genai_prices.types import ModelPrice

__all__ = [
    "FREE",
    "ModelPrices",
    "PriceBook",
    "PriceStep",
    "UnpricedModelError",
    "input_token_bound",
    "parse_price",
    "read_price_file",
]

_MILLION = 1_000_000
_PROVIDERS = {"openai": "openai", "anthropic": "anthropic", "google": "google"}
"""Our names of providers to those of the price table; others have no listed price."""


class UnpricedModelError(SpendRefusedError):
    """Nobody knows what this model costs, so nothing is spent on it."""


def _utc_now() -> datetime:
    return datetime.now(tz=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceBook:
    """Finds the price of a model: the user's word first, then the table."""

    overrides: Mapping[str, ModelPrices] = field(default_factory=dict)
    """Model name as typed, with or without its provider's prefix, or `provider:*`, to its price."""
    now: Callable[[], datetime] = _utc_now
    """Some prices hold from a date on."""

    def prices(self, provider: str, model: str) -> ModelPrices:
        """Returns what a model costs now.

        Args:
            provider: `Provider.name`.
            model: `Provider.model`, its prefix included.

        Raises:
            UnpricedModelError: Neither the user nor the table says.
        """
        bare = model.removeprefix(f"{provider}:")
        for name in (model, bare, f"{provider}:{bare}", f"{provider}:*"):
            if name in self.overrides:
                return self.overrides[name]
        listed = self._listed(provider, bare)
        if listed is None:
            raise UnpricedModelError(
                f"nobody knows what {model!r} of {provider!r} costs, so nothing is spent on it; "
                f"say it with --price INPUT,OUTPUT (dollars per million tokens; 0,0 for a model "
                f'on your own machine) or with a price file: {{"{model}": {{"input": 2.5, '
                f'"output": 10}}}}',
                provider=provider,
            )
        return listed

    def with_price(self, model: str, prices: ModelPrices) -> PriceBook:
        """Returns a book that also knows this price."""
        return PriceBook(overrides={**self.overrides, model: prices}, now=self.now)

    def _listed(self, provider: str, model: str) -> ModelPrices | None:
        listed_as = _PROVIDERS.get(provider)
        if listed_as is None:
            return None
        from genai_prices.data_snapshot import get_snapshot  # 0.2 CPU-s that rules never pay

        for name in dict.fromkeys((model, _wire_name(model), model.removeprefix("models/"))):
            try:
                _, info = get_snapshot().find_provider_model(name, None, listed_as, None)
            except LookupError:
                continue
            return _from_table(info.get_prices(self.now()))
        return None


def _wire_name(model: str) -> str:
    try:
        return read_name(model).model
    except ConfigurationError:
        return model


def parse_price(text: str) -> ModelPrices:
    """Reads `INPUT,OUTPUT` in dollars per million tokens.

    Cached input is billed like other input, since the text does not say otherwise.

    Raises:
        ConfigurationError: The text is not two numbers of at least 0.

    Example:
        >>> parse_price("2.5,10").steps[0].output
        10000000
    """
    parts = [part.strip() for part in text.split(",")]
    if len(parts) != 2:
        raise ConfigurationError(f"a price is INPUT,OUTPUT in dollars per million, not {text!r}")
    plain, output = (_micros(part) for part in parts)
    return _flat(plain, output)


class _PriceRecord(BaseModel):
    """One model of a price file, in dollars per million tokens."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    input: float
    output: float
    cache_read: float | None = None
    cache_write: float | None = None


_PRICE_FILE = TypeAdapter(dict[str, _PriceRecord])


def read_price_file(path: Path) -> dict[str, ModelPrices]:
    """Reads model names to `{"input", "output"[, "cache_read", "cache_write"]}` from JSON.

    Raises:
        ConfigurationError: The file is missing or is not such a table.
    """
    try:
        records = _PRICE_FILE.validate_json(path.read_bytes())
    except OSError as error:
        raise ConfigurationError(f"cannot read the price file {path}: {error}") from error
    except ValidationError as error:
        raise ConfigurationError(f"{path} is not a price file: {error}") from error
    return {
        name: _flat(
            _micros(record.input),
            _micros(record.output),
            None if record.cache_read is None else _micros(record.cache_read),
            None if record.cache_write is None else _micros(record.cache_write),
        )
        for name, record in records.items()
    }


def _flat(
    plain: int, output: int, cache_read: int | None = None, cache_write: int | None = None
) -> ModelPrices:
    step = PriceStep(
        input=plain,
        cache_read=plain if cache_read is None else cache_read,
        cache_write=plain if cache_write is None else cache_write,
        output=output,
    )
    return ModelPrices(steps=(step,))


def _micros(dollars: str | float) -> int:
    try:
        amount = Decimal(str(dollars))
    except InvalidOperation:
        raise ConfigurationError(f"a price is a number of dollars, not {dollars!r}") from None
    if not (amount.is_finite() and amount >= 0):
        raise ConfigurationError(f"a price is at least 0 and finite, not {dollars!r}")
    return int((amount * _MILLION).to_integral_value(rounding=ROUND_CEILING))


def _from_table(price: ModelPrice) -> ModelPrices | None:
    """Returns the table's price of text; `None` where it has none for input or for output."""
    plain, output = price.input_mtok, price.output_mtok
    if plain is None or output is None:
        return None
    read, write = price.cache_read_mtok, price.cache_write_mtok
    kinds = {
        "input": plain,
        "cache_read": plain if read is None else read,
        "cache_write": plain if write is None else write,
        "output": output,
    }
    starts = {0} | {tier.start for kind in kinds.values() for tier in getattr(kind, "tiers", ())}
    fee = price.requests_kcount
    per_request = 0 if fee is None else _micros(str(_at(fee, 0) / 1000))
    return ModelPrices(
        steps=tuple(
            PriceStep(
                above_tokens=start,
                **{name: _micros(str(_at(kind, start + 1))) for name, kind in kinds.items()},
            )
            for start in sorted(starts)
        ),
        per_request=per_request,
    )


def _at(price: object, size: int) -> Decimal:
    """Returns a price, plain or in steps, for a call with this many input tokens."""
    base = getattr(price, "base", price)
    assert isinstance(base, Decimal), f"the price table holds decimals, not {price!r}"
    for tier in getattr(price, "tiers", ()):
        if size > tier.start:
            base = tier.price
    return base
