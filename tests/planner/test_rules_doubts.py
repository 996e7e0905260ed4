"""A change that the rules only guess at is not carried out, and the answer says why."""

import pytest

from core.plans import Plan, Verb
from planner.rules import RulesPlanner
from planner.validator import PlanContext, find_flaws
from policies.compute import derive
from tests.planner.plans_for_tests import request_for

CHANGES = {Verb.TOGGLE, Verb.EDIT, Verb.DELETE, Verb.SUBMIT}


def plan(intent: str, *, is_cautious: bool = True) -> Plan:
    return RulesPlanner(is_cautious=is_cautious).plan(request_for(intent))


def changes(made: Plan) -> list[str]:
    goals = [node.subgoal for node in made.nodes if node.subgoal.verb in CHANGES]
    return [f"{goal.verb} {goal.object}" for goal in goals]


def reason(made: Plan) -> str:
    last = made.nodes[-1]
    return next((str(one.const) for one in last.inputs if one.name == "reason"), "")


@pytest.mark.parametrize(
    ("intent", "why"),
    [
        ("If the newest post in f/tea42 has comments, upvote it", "'if' is a condition"),
        ("Upvote all posts in f/tea42 except the newest", "'except' is a condition"),
        ("Upvote the newest post in f/tea42 unless it is a link", "'unless' is a condition"),
        ("Upvote the newest post in f/tea42 that is not by kim88", "'not' is a condition"),
        ("Upvote all posts in f/tea42 that mention kettles", "what 'kettles' means"),
        ("Upvote every image post in f/tea42", "which is a 'image post'"),
        ('Upvote "A" and "B" in f/tea42', "no part of the request is played by 'B'"),
        ("Upvote the newest and the oldest post in f/tea42", "two things to act on"),
        ("Upvote the newest post and its first comment in f/tea42", "two things to act on"),
        ("Upvote the newest post in f/tea42 or f/rail77", "which of two places"),
        ("Upvote the newest comment in f/tea42", "in which thread the comment is"),
    ],
)
def test_words_that_were_read_over_stop_a_change(intent: str, why: str) -> None:
    assert changes(plan(intent)) == []
    assert why in reason(plan(intent))


@pytest.mark.parametrize(
    ("intent", "why"),
    [
        ("Comment on the newest post in f/tea42", "what is to be written"),
        ('Edit my post "Night trains" in f/rail77', "what is to be written"),
        ("Create a forum", "what is to be written"),
        ("Upvote a post in f/tea42", "which one"),
        ("Upvote the longest post in f/tea42", "which one"),
        ("Subscribe", "which one"),
        ("Delete my posts in f/tea42", "which one"),
        ("Delete all my comments in f/tea42", "which one"),
        ('Send "hi" to everyone who posted in f/tea42', "which one"),
        ("Block him", "who"),
        ("Block everyone who commented on the newest post in f/tea42", "who"),
        ('Reply "Thanks" to all comments on my post "Night trains"', "several"),
    ],
)
def test_nodes_that_would_act_on_a_guess_are_not_planned(intent: str, why: str) -> None:
    assert changes(plan(intent, is_cautious=False)), "the rules would have a guess"
    assert changes(plan(intent)) == []
    assert reason(plan(intent)).endswith(why) or f"{why}:" in reason(plan(intent))


@pytest.mark.parametrize(
    "intent",
    [
        "I do not want to see anything from kim88 any more. Block this user.",
        "Follow the user kim88, so that I hear about every new post.",
        "Upvote the top post of all time in f/tea42, if you can",
        "Upvote all posts in f/tea42 with more than 20 comments",
        "Join the forum with the most subscribers",
        'Send "hi" to the author of the newest post in f/tea42',
        "Clear my bio",
    ],
)
def test_what_only_looks_like_a_doubt_is_carried_out(intent: str) -> None:
    assert changes(plan(intent))
    assert reason(plan(intent)) == ""


def test_a_question_is_never_doubted() -> None:
    made = plan("Which post in f/tea42 has the most comments, if there are any but not kim88's?")
    assert changes(made) == []
    assert reason(made) == ""


def test_one_doubtful_request_stops_the_others_of_the_task() -> None:
    made = plan("Join f/tea42 and comment on the newest post in f/rail77")
    assert changes(made) == []


def test_a_declined_plan_is_sound_and_answers_why_nothing_was_changed() -> None:
    made = plan("Block him")
    assert find_flaws(made, PlanContext.of(request_for("Block him"))) == ()
    (node,) = made.nodes
    response = derive(node, {one.name: one.const for one in node.inputs})["response"]
    assert response == {
        "task_type": "MUTATE",
        "status": "UNKNOWN_ERROR",
        "retrieved_data": None,
        "error_details": reason(made),
    }
    assert reason(made).startswith("nothing was changed: ")
