"""Texts that tasks ask to be written, drawn from small grammars."""

from __future__ import annotations

from random import Random

__all__ = [
    "address",
    "biography",
    "forum_name",
    "message",
    "paragraph",
    "question",
    "remark",
    "sidebar",
]

_OPENINGS = (
    "Thanks for sharing this",
    "I had not thought of that",
    "This matches my experience",
    "Interesting point",
    "Well said",
    "I am not convinced yet",
    "Good to know",
    "That made my day",
)
_CLOSINGS = (
    "please keep us posted",
    "I will try it on {day}",
    "looking forward to part {number}",
    "count me in",
    "saved for {day} evening",
    "my {relative} says the same",
    "{number} thumbs up from here",
)
_DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
_RELATIVES = ["sister", "uncle", "neighbour", "flatmate", "colleague", "cousin"]
_SUBJECTS = (
    "the best way to start",
    "storage over the winter",
    "a fair price in {year}",
    "tools that last longer than {number} years",
    "beginners who give up after {number} days",
    "what to avoid on a {day}",
    "clubs with more than {number} members",
    "books on the subject printed before {year}",
)
_QUESTIONS = (
    "Any advice on {subject}?",
    "What do you think about {subject}?",
    "Has anyone written about {subject}?",
    "Who can recommend something on {subject}?",
)
_SENTENCES = (
    "I have been at it for {number} months.",
    "My {relative} and I disagree about it.",
    "Short answers are fine.",
    "I will read every reply on {day}.",
    "Nothing older than {year}, please.",
)
_PEOPLE = ["gardener", "carpenter", "teacher", "librarian", "sailor", "baker", "nurse", "welder"]
_HOBBIES = ["chess", "pottery", "birds", "jazz", "maps", "puzzles", "kites", "sourdough"]
_MESSAGES = (
    "Hello, could you call me on {day}? I have {number} questions.",
    "Hi, are you free on {day} at {number} o'clock?",
    "I found the {hobby} set from {year}, do you still want it?",
    "My {relative} would like to talk to you about {hobby}.",
)
_FIRST = ["night", "river", "corner", "paper", "silver", "open", "north", "garden"]
_SECOND = ["readers", "walkers", "makers", "growers", "riders", "keepers", "singers", "menders"]


def remark(rng: Random) -> str:
    """Returns a short comment."""
    return _fill(rng, f"{rng.choice(_OPENINGS)}, {rng.choice(_CLOSINGS)}.")


def question(rng: Random) -> str:
    """Returns the title of a post."""
    subject = _fill(rng, rng.choice(_SUBJECTS))
    return rng.choice(_QUESTIONS).format(subject=subject)


def paragraph(rng: Random) -> str:
    """Returns the body of a post: two sentences on one line."""
    return " ".join(_fill(rng, sentence) for sentence in rng.sample(_SENTENCES, 2))


def biography(rng: Random) -> str:
    """Returns what somebody says about themselves."""
    person, first, second = rng.choice(_PEOPLE), *rng.sample(_HOBBIES, 2)
    return _fill(rng, f"Retired {person}, into {first} and {second} since {{year}}")


def message(rng: Random) -> str:
    """Returns a private message."""
    return _fill(rng, rng.choice(_MESSAGES))


def forum_name(rng: Random) -> str:
    """Returns a name that no drawn world gives to a forum."""
    return f"{rng.choice(_FIRST)}_{rng.choice(_SECOND)}{rng.randrange(100, 1000)}"


def sidebar(rng: Random) -> str:
    """Returns a line for the side of a forum."""
    first, second, third = rng.sample(_HOBBIES, 3)
    return f"{first.title()}, {second}, {third} and rule {rng.randrange(2, 90)}"


def address(rng: Random) -> str:
    """Returns a web address."""
    return f"https://{rng.choice(_FIRST)}-{rng.choice(_SECOND)}.example/{rng.randrange(100, 9999)}"


def _fill(rng: Random, text: str) -> str:
    return text.format(
        day=rng.choice(_DAYS),
        number=rng.randrange(2, 40),
        relative=rng.choice(_RELATIVES),
        year=rng.randrange(1971, 2010),
        hobby=rng.choice(_HOBBIES),
    )
