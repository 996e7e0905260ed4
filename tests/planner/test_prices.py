from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ConfigurationError
from planner.prices import (
    FREE,
    ModelPrices,
    PriceBook,
    PriceStep,
    UnpricedModelError,
    input_token_bound,
    parse_price,
    read_price_file,
)
from planner.providers.contract import ChatMessage, ModelRequest, Usage
from tests.planner.voices_for_tests import asking

LISTED = [
    ("openai", "gpt-4o"),
    ("openai", "gpt-4-turbo"),
    ("anthropic", "claude-sonnet-4-5"),
    ("anthropic", "claude-3-opus"),
    ("google", "gemini-2.5-pro"),
    ("google", "gemini-1.5-pro"),
]


@pytest.mark.parametrize(
    ("provider", "model", "usage", "micros"),
    [
        ("openai", "gpt-4o", Usage(input_tokens=1_000, output_tokens=100), 3_500),
        ("openai", "gpt-4o", Usage(cache_read_tokens=1_000), 1_250),
        ("anthropic", "claude-sonnet-4-5", Usage(cache_read_tokens=1_000), 300),
        ("anthropic", "claude-sonnet-4-5", Usage(cache_write_tokens=1_000), 3_750),
        ("google", "gemini-2.5-pro", Usage(output_tokens=100, reasoning_tokens=90), 1_000),
        # Beyond 200,000 input tokens every token of the call is dearer.
        ("google", "gemini-2.5-pro", Usage(input_tokens=200_001), 500_003),
        # Old names have no price for caches: billed like plain input.
        ("openai", "gpt-4-turbo", Usage(cache_read_tokens=1_000), 10_000),
    ],
)
def test_listed_prices_bill_each_kind_of_token(provider, model, usage, micros):
    assert PriceBook().prices(provider, model).cost(usage) == micros


def test_the_price_of_a_kind_agrees_with_the_price_package():
    from genai_prices import Usage as ListedUsage
    from genai_prices import calc_price

    now = datetime(2026, 11, 23, tzinfo=UTC)
    usage = Usage(
        input_tokens=1_000, cache_read_tokens=2_000, cache_write_tokens=500, output_tokens=700
    )
    listed = ListedUsage(
        input_tokens=3_500, cache_read_tokens=2_000, cache_write_tokens=500, output_tokens=700
    )
    for provider, model in [("anthropic", "claude-sonnet-4-5"), ("anthropic", "claude-3-opus")]:
        expected = calc_price(
            listed, model, provider_id=provider, genai_request_timestamp=now
        ).total_price
        prices = PriceBook(now=lambda: now).prices(provider, model)
        assert prices.cost(usage) == pytest.approx(float(expected) * 1e6, abs=1)


def test_a_typed_prefix_does_not_hide_the_model():
    assert PriceBook().prices("openai", "openai:gpt-4o") == PriceBook().prices("openai", "gpt-4o")


@pytest.mark.parametrize(
    ("provider", "model"),
    [("openai", "gpt-99-imaginary"), ("local", "gpt-4o"), ("local", "local:qwen")],
)
def test_a_model_without_a_price_fails_closed_and_says_how_to_give_one(provider, model):
    with pytest.raises(UnpricedModelError, match="--price INPUT,OUTPUT") as refused:
        PriceBook().prices(provider, model)
    assert model in str(refused.value)


def test_the_user_s_price_comes_before_the_table():
    book = PriceBook().with_price("gpt-4o", parse_price("1,1"))
    assert book.prices("openai", "openai:gpt-4o").cost(Usage(input_tokens=5)) == 5
    assert PriceBook(overrides={"local:*": FREE}).prices("local", "local:any").bound(asking()) == 0


def test_a_price_file_names_models(tmp_path):
    path = tmp_path / "prices.json"
    path.write_text('{"local:m": {"input": 0.5, "output": 1, "cache_read": 0.1}}')
    prices = PriceBook(overrides=read_price_file(path)).prices("local", "local:m")
    assert prices.cost(Usage(input_tokens=10, cache_read_tokens=10)) == 6


@pytest.mark.parametrize("text", ["", "1", "1,2,3", "one,two", "-1,2", "nan,1", "inf,1"])
def test_a_price_that_is_no_price_is_refused(text):
    with pytest.raises(ConfigurationError):
        parse_price(text)


@pytest.mark.parametrize(
    "content", ["", "[]", '{"m": {"input": 1}}', '{"m": {"input": -1, "output": 1}}', "\xff"]
)
def test_a_price_file_that_is_none_is_refused(tmp_path, content):
    path = tmp_path / "prices.json"
    path.write_text(content)
    with pytest.raises(ConfigurationError):
        read_price_file(path)


def test_a_missing_price_file_is_told(tmp_path):
    with pytest.raises(ConfigurationError, match="nowhere"):
        read_price_file(tmp_path / "nowhere.json")


@pytest.mark.parametrize(
    "steps",
    [
        (),
        (PriceStep(above_tokens=5, input=1, cache_read=1, cache_write=1, output=1),),
        (PriceStep(input=-1, cache_read=1, cache_write=1, output=1),),
    ],
)
def test_senseless_steps_are_refused(steps):
    with pytest.raises(ConfigurationError):
        ModelPrices(steps=steps)


rates = st.integers(0, 100_000_000)
steps = st.builds(
    PriceStep,
    above_tokens=st.just(0),
    input=rates,
    cache_read=rates,
    cache_write=rates,
    output=rates,
)
prices = st.builds(
    lambda first, second, at, fee: ModelPrices(
        steps=(
            first,
            PriceStep(
                above_tokens=at,
                input=second.input,
                cache_read=second.cache_read,
                cache_write=second.cache_write,
                output=second.output,
            ),
        ),
        per_request=fee,
    ),
    steps,
    steps,
    st.integers(1, 5_000),
    st.integers(0, 50_000),
) | st.sampled_from([PriceBook().prices(*listed) for listed in LISTED])


@given(
    prices=prices,
    system=st.text(max_size=200),
    texts=st.lists(st.text(max_size=300), max_size=4),
    output=st.integers(1, 10_000),
    data=st.data(),
)
def test_no_usage_that_a_request_allows_costs_more_than_its_bound(
    prices, system, texts, output, data
):
    request = ModelRequest(
        id="r",
        system=system,
        messages=tuple(ChatMessage(role="user", text=text) for text in texts),
        max_output_tokens=output,
        schema={"type": "object"} if data.draw(st.booleans()) else None,
    )
    left = input_token_bound(request)
    kinds = []
    for _ in range(3):
        kinds.append(data.draw(st.integers(0, left)))
        left -= kinds[-1]
    usage = Usage(
        input_tokens=kinds[0],
        cache_read_tokens=kinds[1],
        cache_write_tokens=kinds[2],
        output_tokens=data.draw(st.integers(0, output)),
    )
    assert prices.cost(usage) <= prices.bound(request)
