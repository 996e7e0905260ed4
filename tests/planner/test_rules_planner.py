"""The rules planner: what an intent means, and the shape of the plan that it becomes."""

from dataclasses import replace

import pytest

from core.events import FailureKind, Trigger
from core.pages import Value
from core.plans import EffortTier, Plan, PlanGraph, PlanNode
from core.tasks import OPEN_SITE, PublicTask
from planner.requests import NodeReport, PlanRequest, ReplanRequest
from planner.rules import RulesPlanner
from planner.rules.clauses import split_clauses
from planner.rules.frames import Frame, read_frame
from planner.rules.masking import mask
from planner.validator import PlanContext, find_flaws
from policies.profiles import DEFAULT_POOL, limited_to

BASE = "http://forum.test"


def frames(intent: str) -> list[Frame]:
    return [read_frame(clause) for clause in split_clauses(mask(intent))]


def request(intent: str) -> PlanRequest:
    task = PublicTask(
        key="t", intent=intent, sites=("reddit",), start_urls=(BASE,), base_urls={"reddit": BASE}
    )
    return PlanRequest(task=task, agents=DEFAULT_POOL, budget=50_000)


def plan(intent: str) -> Plan:
    made = RulesPlanner().plan(request(intent))
    assert find_flaws(made, PlanContext.of(request(intent))) == ()
    return made


def test_a_wish_about_any_site_starts_where_the_person_said() -> None:
    task = PublicTask(
        key="web-1",
        intent="Open the newest post",
        sites=(OPEN_SITE,),
        start_urls=("http://village.test/blog",),
        base_urls={OPEN_SITE: "http://village.test"},
    )
    made = RulesPlanner().plan(PlanRequest(task=task, agents=DEFAULT_POOL, budget=50_000))
    urls = [one.const for one in made.nodes[0].inputs if one.name == "url"]
    assert urls == ["http://village.test/blog"]


def steps(made: Plan) -> list[str]:
    return [f"{node.subgoal.verb} {node.subgoal.object}" for node in made.nodes]


def constants(node: PlanNode) -> dict[str, Value]:
    return {one.name: one.const for one in node.inputs if one.source is None}


@pytest.mark.parametrize(
    ("intent", "predicates"),
    [
        ("Upvote the newest post in the tea forum", ["upvote"]),
        ("Thumbs down the top 3 post ever in tea.", ["downvote"]),
        ("Like the latest post of tea, dislike the newest one of f/jazz.", ["upvote", "downvote"]),
        ("Take the title of the top post in f/tea and post it to f/jazz.", ["post"]),
        ('Find "A b" in the tea forum and give it an upvote.', ["upvote"]),
        ('I commented on "A b" in tea. Remove that comment.', ["delete"]),
        ("Join the forums tea and jazz and leave the forum rust.", ["subscribe", "unsubscribe"]),
        ("Which forum has more subscribers, tea4 or jazz5? Return its name.", ["retrieve"]),
        ("Show me the newest posts of the tea forum.", ["navigate"]),
        ('My post "A" needs another line at its end: "b".', ["edit"]),
        ("Report the newest post in tea to the moderators.", ["other:report"]),
    ],
)
def test_an_intent_is_cut_into_its_requests(intent: str, predicates: list[str]) -> None:
    assert [frame.predicate for frame in frames(intent)] == predicates


@pytest.mark.parametrize(
    ("intent", "places", "users"),
    [
        ("Upvote the newest post in explain like im 5 forum", ["explain like im 5"], []),
        ("Like all submissions created by Don_Gato1 in forum nyc", ["nyc"], ["Don_Gato1"]),
        ("Upvote the newest posts in tea4, f/jazz and rust_x.", ["tea4", "jazz", "rust_x"], []),
        ("Return the text of quiet_comet's bio.", [], ["quiet_comet"]),
        ("How many posts has quiet_comet submitted to the tea forum?", ["tea"], ["quiet_comet"]),
        ('Send a private message to quiet_comet: "x".', [], ["quiet_comet"]),
    ],
)
def test_names_of_forums_and_of_users_are_told_apart(
    intent: str, places: list[str], users: list[str]
) -> None:
    frame = frames(intent)[0]
    assert [place.text for place in frame.places] == places
    assert frame.users == users


@pytest.mark.parametrize(
    ("intent", "said"),
    [
        ('Create a post in f/tea titled "A" with the text "B".', {"title": "A", "body": "B"}),
        ('Submit "A" to the tea forum; in the details write "B".', {"title": "A", "body": "B"}),
        ('Comment "A" on the post "B" in tea.', {"text": "A", "post": "B"}),
        ('In the thread "B" of the tea forum, answer with "A".', {"text": "A", "post": "B"}),
        ('Who wrote the comment "A" on the post "B" in tea?', {"comment": "A", "post": "B"}),
        (
            'Start a forum. Its name and its title are "A", its description is "B" and its '
            'sidebar says "C".',
            {"name": "A", "description": "B", "sidebar": "C"},
        ),
    ],
)
def test_each_quotation_gets_its_part(intent: str, said: dict[str, str]) -> None:
    assert frames(intent)[0].said == said


def test_a_plan_finds_opens_and_acts_with_values_on_its_edges() -> None:
    made = plan("Upvote the newest post in the tea forum")
    assert steps(made) == ["find forum", "open post", "toggle upvote post", "respond answer"]
    assert constants(made.nodes[1])["order"] == "newest"
    assert PlanGraph(made).terminals() == (3,)


@pytest.mark.parametrize(
    ("intent", "branches"),
    [
        ("Upvote the newest posts in tea4, jazz5 and rust6.", 3),
        ("Which forum has more subscribers, tea4 or jazz5? Return its name.", 2),
        ('Change my bio to "x" and send quiet_comet the private message "y".', 2),
        ("Collect the biographies of the users ann_1 and bob_2.", 2),
    ],
)
def test_independent_parts_are_parallel_branches_of_different_agents(
    intent: str, branches: int
) -> None:
    made = plan(intent)
    ready = PlanGraph(made).ready(frozenset())
    assert len(ready) == branches
    if branches == 3:
        assert len({made.node(node).agent for node in ready}) == branches


def test_a_comparison_ends_in_one_choice() -> None:
    made = plan("Which forum has more subscribers, tea4 or jazz5? Return its name.")
    assert steps(made)[-2:] == ["compute pick max", "respond answer"]


def test_an_open_choice_of_forum_becomes_a_topic() -> None:
    made = plan('Post my question "is a car needed" in a forum where I\'m likely to get an answer')
    assert constants(made.nodes[0]) == {"topic": "is a car needed"}


def test_keys_of_the_answer_are_filled_from_the_right_nodes() -> None:
    made = plan(
        "In the tea forum, get the username and post title of the most recent post, and count the "
        "number of comments on that post that are not from the author and have more downvotes than "
        'upvotes. Return a list of objects with keys "username", "post_title", and "count".'
    )
    assert steps(made) == ["find forum", "open post", "count comments", "respond answer"]
    assert constants(made.nodes[-1])["keys"] == [
        {"key": "username", "field": "author"},
        {"key": "post_title", "field": "title"},
        {"key": "count", "field": "count"},
    ]


def failed(intent: str, node: int, kind: FailureKind, reason: str = "") -> ReplanRequest:
    made = plan(intent)
    reports = {
        one.id: NodeReport(
            outputs={"url": BASE} if one.id < node else None,
            attempts=1,
            spent=10,
            failure=kind if one.id == node else None,
            reason=reason,
            agents=(one.agent,),
        )
        for one in made.nodes
        if one.id <= node
    }
    return ReplanRequest(
        request=request(intent),
        plan=made,
        nodes=reports,
        trigger=Trigger.ACTION_FAILURE,
        node=node,
        reason=reason,
    )


@pytest.mark.parametrize(
    ("intent", "node", "kind", "status"),
    [
        ('Upvote the post "A b" in f/tea.', 1, FailureKind.NOT_FOUND, "NOT_FOUND_ERROR"),
        ('Delete the post "A b" in f/tea.', 2, FailureKind.NOT_ALLOWED, "PERMISSION_DENIED_ERROR"),
        ("Follow the user bob_2.", 1, FailureKind.NOT_ALLOWED, "ACTION_NOT_ALLOWED_ERROR"),
    ],
)
def test_what_cannot_be_is_answered_and_what_is_done_is_kept(
    intent: str, node: int, kind: FailureKind, status: str
) -> None:
    better = RulesPlanner().replan(failed(intent, node, kind))
    assert better is not None
    assert constants(better.nodes[-1])["status"] == status
    assert better.revision == 1
    done = {one.id for one in plan(intent).nodes if one.id < node}
    assert done <= {one.id for one in better.nodes}


def test_too_few_steps_are_doubled_and_another_agent_takes_over() -> None:
    intent = "Upvote the newest post in the tea forum"
    before = plan(intent)
    better = RulesPlanner().replan(failed(intent, 1, FailureKind.STEP_CAP))
    assert better is not None
    assert better.node(1).step_cap == 2 * before.node(1).step_cap
    assert better.node(1).agent != before.node(1).agent
    assert better.node(0) == before.node(0)


def test_a_name_that_was_no_forum_is_tried_as_a_user() -> None:
    better = RulesPlanner().replan(
        failed("Open the newest submission of quiet_comet.", 0, FailureKind.NOT_FOUND)
    )
    assert better is not None
    assert steps(better)[0] == "find user"


def test_a_lost_cause_is_given_up_after_one_other_try() -> None:
    first = failed("Upvote the newest post in the tea forum", 1, FailureKind.ACTION)
    better = RulesPlanner().replan(first)
    assert better is not None
    again = ReplanRequest(
        request=first.request,
        plan=better,
        nodes=first.nodes,
        trigger=Trigger.REPEATED_FAILURES,
        node=1,
        reason="",
    )
    assert RulesPlanner().replan(again) is None


def test_a_pool_without_the_rules_tier_is_planned_at_its_cheapest() -> None:
    asked = request('Upvote the newest post in the "books" forum')
    asked = replace(
        asked, agents=limited_to(DEFAULT_POOL, (EffortTier.TOP_K, EffortTier.FULL_PAGE))
    )
    made = RulesPlanner().plan(asked)
    assert find_flaws(made, PlanContext.of(asked)) == ()
    assert {node.tier for node in made.nodes} == {EffortTier.TOP_K}
    assert limited_to(DEFAULT_POOL, (EffortTier.LANGUAGE_MODEL,))[0].id == "generalist"
