import pytest
import ray
import tyro

from core.events import ModelCalled
from scripts import solve
from scripts.solve_view import ModelUse


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--model", "llama-on-the-moon"), "no model has the name"),
        (("--model", "local:x", "--model-url", "nowhere"), "address"),
        (("--model", "gpt-4o", "--price", "cheap"), "INPUT,OUTPUT"),
        (("--model", "gpt-4o", "--price", "-1,2"), "at least 0"),
        (("--price", "1,2"), "are about a --model"),
    ],
)
def test_a_mistake_about_models_is_told_and_starts_nothing(words, says, capsys):
    before = ray.is_initialized()
    assert solve.main(tyro.cli(solve.Options, args=("--task", "404", *words))) == 2
    assert says in " ".join(capsys.readouterr().out.split())
    assert ray.is_initialized() == before


def called(**changes):
    plain = {
        "episode": "e",
        "request": "r",
        "purpose": "plan",
        "prompt": "plan@1",
        "model": "gpt-4o",
        "input_tokens": 1_000,
        "output_tokens": 50,
        "attempts": 1,
        "spent": 600,
        "latency_ms": 10,
    }
    return ModelCalled(**{**plain, **changes})


def test_the_summary_says_calls_tokens_dollars_and_the_last_problem():
    one, all_of_them = ModelUse(), ModelUse()
    one.take(called())
    assert one.told() == "model: 1 call, 1,000 tokens in, 50 out, $0.000600"
    one.take(called(problem="CredentialsError: 401", spent=0, input_tokens=0, output_tokens=0))
    all_of_them.add(one)
    all_of_them.add(ModelUse())
    assert all_of_them.told() == (
        "model: 2 calls, 1,000 tokens in, 50 out, $0.000600; last problem: CredentialsError: 401"
    )
