"""What a tier shows: the right elements, within its limits."""

from core.pages import Element, Observation
from core.plans import EffortTier, PlanNode, Subgoal, Verb
from policies.rendering import count_tokens, render, shown_ids
from policies.tiers import TIERS

NODE = PlanNode(id=0, subgoal=Subgoal(verb=Verb.SUBMIT, object="comment"), agent="a", site="s")


def page(*elements: Element) -> Observation:
    return Observation(url="http://s.test/x", title="A page", status=200, elements=elements)


def test_the_rules_see_the_whole_page() -> None:
    view = page(*(Element("text", f"line {n}") for n in range(1_000)))
    assert shown_ids(view, NODE, {}, EffortTier.RULES, 0) == tuple(range(1_000))


def test_top_k_shows_eight_elements_that_fit_and_more_when_expanded() -> None:
    noise = [Element("text", f"something else {n}") for n in range(50)]
    view = page(*noise, Element("textbox", "Comment"), Element("button", "Send"))
    shown = shown_ids(view, NODE, {"body": "hello"}, EffortTier.TOP_K, 0)
    assert len(shown) == 8
    assert {50, 51} <= set(shown)
    assert list(shown) == sorted(shown)
    assert len(shown_ids(view, NODE, {}, EffortTier.TOP_K, 1)) == 24


def test_no_tier_shows_more_tokens_than_its_limit() -> None:
    view = page(*(Element("text", "many words " * 300) for _ in range(900)))
    for tier in EffortTier:
        shown = shown_ids(view, NODE, {}, tier, 3)
        if tier is not EffortTier.RULES:
            assert count_tokens(view, shown) <= TIERS[tier].token_limit


def test_a_line_says_role_name_state_and_who_wrote_it() -> None:
    view = page(
        Element("button", "Upvote", state="pressed", row="post_1"), Element("text", "hi", ugc=True)
    )
    lines = render(view, (0, 1)).splitlines()
    assert lines[1] == '[0] button "Upvote" [pressed] @post_1'
    assert lines[2].endswith("(by a user)")
