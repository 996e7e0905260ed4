"""Gives the accounts a past: subscriptions, votes, private messages and an inbox."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from environment.sites.reddit.world.prose import Slots, Topic
from environment.sites.reddit.world.rows import DEFAULT_USER, NOW, Draft, Message, Notification

__all__ = ["live_in"]

_UNSEEN_REPLIES = 5
_OPENERS = (
    "Hi! You wrote about the {thing}. Is it still for sale for {price}?",
    "Are you coming to {place} on {date}?",
    "Thanks for the hint about the {thing}, the manual is at {link}.",
    "Could you send me the name of the shop in {place}?",
)
_ANSWERS = (
    "Sure, my number ends in {n} and I am free on {date}.",
    "I would take {price}, the {part} is included.",
    "Sorry, I only saw this now. Try {link}.",
    "{person} knows more about it, ask there.",
)


def live_in(
    rng: Random,
    draft: Draft,
    topics: Sequence[Topic],
    *,
    voted: Sequence[int],
    unfollowed: frozenset[int] = frozenset(),
) -> None:
    """Adds what the accounts did besides writing, to the draft itself.

    Args:
        rng: The only source of chance.
        draft: A world with accounts, forums, submissions and comments.
        topics: What private messages may be about.
        voted: Ids of submissions that the default user's single votes may be drawn from.
        unfollowed: Ids of forums that the default user is not subscribed to.
    """
    user_id = draft.user_named(DEFAULT_USER).id
    _subscribe(rng, draft, user_id, unfollowed)
    _vote(rng, draft, user_id, voted)
    _write_messages(rng, draft, user_id, topics)
    _notify(draft, user_id)


def _subscribe(rng: Random, draft: Draft, user_id: int, unfollowed: frozenset[int]) -> None:
    everything = [forum.id for forum in draft.forums]
    followed = [number for number in everything if number not in unfollowed]
    for user in draft.users:
        own = user.id == user_id
        drawn = rng.sample(followed, 6) if own else rng.sample(everything, rng.randrange(1, 6))
        draft.subscriptions += [(user.id, forum) for forum in drawn]


def _vote(rng: Random, draft: Draft, user_id: int, voted: Sequence[int]) -> None:
    """Everybody upvotes what they write; the default user also voted on 16 posts and comments."""
    own = [(user_id, row.id, 1) for row in draft.submissions if row.user_id == user_id]
    allowed = set(voted)
    others = [
        row
        for row in draft.submissions
        if row.id in allowed and row.user_id != user_id and row.upvotes > 1 and row.downvotes > 0
    ]
    drawn = [(user_id, row.id, rng.choice((1, 1, -1))) for row in rng.sample(others, 16)]
    draft.submission_votes += own + drawn
    own = [(user_id, row.id, 1) for row in draft.comments if row.user_id == user_id]
    comments = [
        row
        for row in draft.comments
        if row.submission_id in allowed
        and row.user_id != user_id
        and row.upvotes > 1
        and row.downvotes > 0
    ]
    drawn = [(user_id, row.id, rng.choice((1, 1, -1))) for row in rng.sample(comments, 16)]
    draft.comment_votes += own + drawn


def _write_messages(rng: Random, draft: Draft, user_id: int, topics: Sequence[Topic]) -> None:
    partners = rng.sample([user.id for user in draft.users if user.id != user_id], 5)
    times = iter(sorted(rng.sample(range(NOW - 200 * 86_400, NOW - 3_600, 60), 30)))
    for thread_id, partner in enumerate(partners, start=1):
        first, second = (user_id, partner) if rng.random() < 0.4 else (partner, user_id)
        draft.threads.append((thread_id, first, second))
        slots = Slots(rng, rng.choice(topics))
        for turn in range(rng.randrange(2, 6)):
            pool = _OPENERS if turn == 0 else _ANSWERS
            draft.messages.append(
                Message(
                    id=len(draft.messages) + 1,
                    thread_id=thread_id,
                    sender_id=second if turn % 2 else first,
                    body=slots.fill(pool[(thread_id + turn) % len(pool)]),
                    created_at=next(times),
                )
            )
            slots = Slots(rng, slots.topic, slots["thing"])


def _notify(draft: Draft, user_id: int) -> None:
    """Fills the inbox with answers by others and received messages; only the latest are unseen."""
    own_posts = {row.id for row in draft.submissions if row.user_id == user_id}
    own_comments = {row.id for row in draft.comments if row.user_id == user_id}
    entries: list[tuple[int, int | None, int | None]] = [
        (row.created_at, row.id, None)
        for row in draft.comments
        if row.user_id != user_id
        and (
            row.parent_id in own_comments or (not row.parent_id and row.submission_id in own_posts)
        )
    ]
    entries += [
        (row.created_at, None, row.id) for row in draft.messages if row.sender_id != user_id
    ]
    entries.sort(key=lambda entry: entry[0])
    last_seen = len(entries) - _UNSEEN_REPLIES
    draft.notifications += [
        Notification(number, user_id, comment_id, message_id, created_at, int(number <= last_seen))
        for number, (created_at, comment_id, message_id) in enumerate(entries, start=1)
    ]
