"""Texts of an agent that the evaluators run as patterns: they are seen, and never run for ever."""

import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qsl

import pytest

from core.http import HttpRequest, HttpResponse
from core.tasks import AgentResponse, ResponseStatus, TaskType
from environment.judge.official import official_score
from environment.judge.patterns import disarmed, disarmed_fields, reads_as_pattern
from environment.tasks.loader import load_task
from environment.trace import entry_of

BASE = "http://reddit.localhost"
ENDLESS = "^(([a-z0-9 .]+)+)+!!$"


def score(answer):
    request = HttpRequest(method="GET", url=BASE + "/", headers=(("accept", "text/html"),))
    page = HttpResponse(status=200, headers=(("content-type", "text/html"),))
    response = AgentResponse(
        task_type=TaskType.RETRIEVE, status=ResponseStatus.SUCCESS, retrieved_data=[answer]
    )
    return official_score(
        load_task("27"),
        base_urls={"reddit": BASE},
        trace=[entry_of(0, request, page)],
        response=response,
    ).score


def right(**changes):
    title = "56 year old mom has no retirement. Where do I even start on her behalf?"
    return {"username": "Hammer94", "post_title": title, "count": 0, **changes}


PATTERNS = [
    "^.*$",
    " ^.*$\n",
    "\uff3e.*\uff04",
    "\u200b^.*$",
    "^.*\ufe69",
    "\xad^.*$",
    "\u02c6.*$",
]


@pytest.mark.parametrize("text", PATTERNS)
def test_a_pattern_is_recognised_in_every_spelling_that_the_evaluators_take(text):
    assert reads_as_pattern(text)
    # The evaluators do take it for one: this is what makes the question worth asking.
    assert score(right(username=text)) == 1.0


@pytest.mark.parametrize("text", ["", "price: 5$", "^up", "a ^b$ c", "\ud800", "caf\u00e9"])
def test_an_ordinary_text_is_no_pattern_and_stays_as_it_is(text):
    assert not reads_as_pattern(text)
    assert disarmed(text) == text


def test_a_pattern_that_cannot_run_long_stays_as_it_is():
    assert disarmed(["^.*$", {"a": "^b$"}, 3, None]) == ["^.*$", {"a": "^b$"}, 3, None]
    assert disarmed_fields("a=%5E.%2A%24&b=&b=%E9") == "a=%5E.%2A%24&b=&b=%E9"


@pytest.mark.parametrize("text", [ENDLESS, ENDLESS.replace("^", "\uff3e"), "^(a*)*$", "^(a?){99}$"])
def test_a_pattern_that_could_run_for_ever_is_handed_on_as_plain_text(text):
    assert not reads_as_pattern(disarmed(text))
    ((_, value),) = parse_qsl(disarmed_fields(f"q={text.replace('+', '%2B')}"))
    assert not reads_as_pattern(value)


_JUDGED = """
import sys
sys.path.insert(0, "tests/environment")
from test_judge_patterns import ENDLESS, right, score
assert score(right(post_title=ENDLESS)) == 0.0

from core.pages import Fill, Goto, Select, Click
from environment.judge import judge
from environment.judge.references import run_in_process
from environment.oracles.contract import done, find
from environment.tasks.loader import load_task
from environment.world_host import WorldHost

def typing(public, obs):
    obs = yield Goto(public.base_urls["reddit"] + "/submit/nyc")
    obs = yield Fill(find(obs, role="textbox", name="Title"), ENDLESS)
    yield Click(find(obs, role="button", name="Create submission"))
    yield Goto(public.base_urls["reddit"] + "/search?q=%5E((a%2B)%2B)%2B%24")
    return done()

task = load_task("606")
host = WorldHost.open(task.worlds)
verdict = judge(task, host, run_in_process(task, typing, host))
assert (verdict.official, verdict.strict, verdict.error) == (0.0, False, ""), verdict
"""


def test_the_judge_ends_whatever_an_agent_answers_or_types():
    # In a process of its own: a pattern that runs for ever cannot be stopped from inside.
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", _JUDGED], check=True, timeout=60, cwd=root)
