import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from pydantic import SecretStr

from core.budget import BudgetTracker
from planner.credentials import Credentials
from planner.llm_planner import LLMPlanner
from planner.plan_dialect import as_said
from planner.prices import PriceBook, parse_price
from planner.rules.planner import RulesPlanner
from planner.validator import PlanContext, find_flaws
from planner.wrappers.purses import LedgerPurse
from planner.wrappers.retry import RetryConfig
from planner.wrappers.stack import open_stack
from tests.planner.plans_for_tests import request_for

SOUND = json.dumps(as_said(RulesPlanner().plan(request_for())))


class _Server(BaseHTTPRequestHandler):
    """Refuses the key of one model, answers for the other, after one refusal for being busy."""

    asked = None

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked.append(body["model"])
        if body["model"] == "gpt-4o":
            self._say(401, {"error": {"message": "Incorrect API key provided"}})
        elif body["model"] == "broken":
            self._say(503, {"error": {"message": "down for now"}})
        elif self.asked.count("tiny") == 1:
            self._say(429, {"error": {"message": "slow down"}}, {"Retry-After": "0"})
        else:
            usage = {"prompt_tokens": 2_000, "completion_tokens": 500, "total_tokens": 2_500}
            message = {"role": "assistant", "content": f"```json\n{SOUND}\n```"}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            reply = {"id": "1", "object": "chat.completion", "created": 1, "model": "tiny-1"}
            self._say(200, {**reply, "choices": [choice], "usage": usage})

    def _say(self, status, body, headers=()):
        data = json.dumps(body).encode()
        self.send_response(status)
        for name, value in dict(headers).items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    handler = type("Handler", (_Server,), {"asked": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}/v1", handler.asked
        running.shutdown()
        thread.join()


def planned(url, book, model="local:tiny"):
    credentials = Credentials(
        keys={"OPENAI_API_KEY": SecretStr("wrong")},
        urls={"OPENAI_BASE_URL": url, "LOCAL_MODEL_URL": url},
    )
    fallen, stories, ledger = [], [], BudgetTracker(1.0)
    stack = open_stack(
        ["gpt-4o", "claude-3-opus", model, "rules"],
        credentials,
        book,
        retry=RetryConfig(first_wait_s=0.01, longest_wait_s=0.01),
        on_fall=lambda model, why: fallen.append((model, why.partition(":")[0])),
    )
    planner = LLMPlanner(stack.for_purse, RulesPlanner(), on_story=stories.append)
    request = request_for(purse=LedgerPurse(tracker=ledger, holder="planner"))
    plan = planner.plan(request)
    assert find_flaws(plan, PlanContext.of(request)) == ()
    return plan, stories[0], ledger, fallen


def test_a_refused_key_then_a_busy_server_and_then_a_plan_through_the_real_sdk(server):
    url, asked = server
    book = PriceBook().with_price("local:tiny", parse_price("1,10"))
    plan, story, ledger, fallen = planned(url, book)
    assert plan.origin == "tiny-1"
    assert fallen == [("claude-3-opus", "CredentialsError"), ("gpt-4o", "CredentialsError")]
    assert asked == ["gpt-4o", "tiny", "tiny"]
    assert ledger.spent == story.spent == 2_000 + 5_000
    assert ledger.reserved == 0


def test_a_model_without_a_price_is_never_reached_and_rules_plan(server):
    url, asked = server
    plan, story, ledger, _ = planned(url, PriceBook())
    assert plan.origin == "rules"
    assert asked == ["gpt-4o"]
    assert "--price" in story.fell_back
    assert ledger.spent == 0


def test_a_server_that_is_not_there_costs_nothing():
    book = PriceBook().with_price("local:tiny", parse_price("1,10"))
    plan, story, ledger, fallen = planned("http://127.0.0.1:9/v1", book)
    assert plan.origin == "rules"
    assert ledger.spent == story.spent == 0
    assert ("local:tiny", "OverloadedError") in fallen


def test_a_server_that_answers_with_errors_costs_nothing(server):
    url, asked = server
    book = PriceBook().with_price("local:broken", parse_price("1,10"))
    plan, story, ledger, _ = planned(url, book, "local:broken")
    assert plan.origin == "rules"
    assert asked.count("broken") > 1
    assert ledger.spent == story.spent == 0
