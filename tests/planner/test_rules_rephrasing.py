"""Acts are said in the order in which they are to be done, and people by what they did."""

import pytest

from planner.rules.masking import mask
from planner.rules.rephrasing import rephrased


@pytest.mark.parametrize(
    ("said", "plainly"),
    [
        ("After leaving f/x, join f/y.", "leave f/x, then join f/y."),
        ("Join f/y after leaving f/x", "leave f/x, then Join f/y."),
        ("Before leaving f/x, join f/y", "join f/y, then leave f/x."),
        ("Join f/y before unsubscribing from f/x", "Join f/y, then unsubscribe from f/x."),
        ("Hello. Before posting «0», join f/y. Bye.", "Hello. join f/y, then post «0». Bye."),
    ],
)
def test_acts_come_in_the_order_in_which_they_are_done(said: str, plainly: str) -> None:
    assert rephrased(said) == plainly


def test_an_act_that_speaks_of_another_comes_after_it() -> None:
    said = "Comment «0» on the newest post after upvoting it"
    assert rephrased(said) == "Comment «0» on the newest post, then upvote it."


@pytest.mark.parametrize(
    ("said", "plainly"),
    [
        ("Who was first to comment on «0»?", "Who wrote the first comment on «0»?"),
        ("Who replied last to «0»?", "who wrote the last comment to «0»?"),
        (
            "the user whose comment is the first one under «0»",
            "the user who wrote the first comment under «0»",
        ),
        ("To whom is kim88 replying in «0»?", "To whom did kim88 reply in «0»?"),
        (
            "Name the author of the comment that kim88 replied to in «0».",
            "to whom did kim88 reply in «0».",
        ),
        ("Would you mind upvoting «0»?", "upvote «0»?"),
    ],
)
def test_people_are_named_by_what_they_did(said: str, plainly: str) -> None:
    assert rephrased(said) == plainly


@pytest.mark.parametrize(
    "text",
    [
        "Upvote the newest post in f/x.",
        "Who posted in f/x after joining f/y?",
        "Return the posts from before 2020, newest first.",
    ],
)
def test_other_words_stay_as_they_are(text: str) -> None:
    assert rephrased(text) == text


def test_single_quotes_hold_a_text_and_apostrophes_do_not():
    said = mask("Comment 'It's a good read' on U's post, and read the users' and members' lists")
    assert said.quotes == ("It's a good read",)
    assert said.text == "Comment «0» on U's post, and read the users' and members' lists"
    assert mask("Post 'A' and 'B'").quotes == ("A", "B")
    assert mask("say \"don't\" to 'him'").quotes == ("don't", "him")
