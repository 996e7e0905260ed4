"""A forum world as the makers of tasks ask about it: live rows and well-posed draws."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from random import Random
from typing import TypeVar

from environment.sites.reddit.phrasing import submission_path
from environment.sites.reddit.world.index import WorldIndex
from environment.sites.reddit.world.prose import topics
from environment.sites.reddit.world.rows import Comment, Forum, Submission, User
from environment.tasks.templates import NoInstanceError

__all__ = ["ForumView"]

Row = TypeVar("Row")

_LONGEST_QUOTE = 100
"""Characters; longer texts may carry more than their author's own words."""
_MARKUP = re.compile(r"://|[\[\]*_`<>\n]")


class ForumView:
    """Questions about one world; nothing here changes it."""

    def __init__(self, index: WorldIndex) -> None:
        self.index = index
        self.me: User = index.default_user
        """Who is signed in."""
        self.subscribed = index.subscriptions.get(self.me.id, frozenset())
        """Ids of the forums that the signed-in user is subscribed to."""

    @classmethod
    def of(cls, snapshot: bytes) -> ForumView:
        """Reads a world from the bytes of its database."""
        return cls(WorldIndex.of(snapshot))

    # What there is

    @cached_property
    def forums(self) -> tuple[Forum, ...]:
        """All forums."""
        return tuple(self.index.forums.values())

    @cached_property
    def _subscribers(self) -> Counter[int]:
        return Counter(forum for forums in self.index.subscriptions.values() for forum in forums)

    def subscribers(self, forum: Forum) -> int:
        """Returns how many users are subscribed to a forum."""
        return self._subscribers[forum.id]

    def posts(self, forum: Forum) -> list[Submission]:
        """Returns the posts of a forum, newest first."""
        return _newest_first(self.index.submissions_of_forum.get(forum.id, ()))

    def posts_by(self, user: User) -> list[Submission]:
        """Returns the posts of a user, newest first."""
        return _newest_first(self.index.submissions_of_user.get(user.id, ()))

    def comments(self, post: Submission) -> list[Comment]:
        """Returns the comments of a post, oldest first."""
        rows = self.index.comments_of_submission.get(post.id, ())
        return [row for row in rows if not row.deleted]

    def comments_by(self, user: User) -> list[Comment]:
        """Returns the comments of a user, newest first."""
        rows = self.index.comments_of_user.get(user.id, ())
        return sorted((row for row in rows if not row.deleted), key=lambda row: -row.created_at)

    def replies(self, comment: Comment) -> list[Comment]:
        """Returns the direct replies to a comment."""
        rows = self.index.replies_of_comment.get(comment.id, ())
        return [row for row in rows if not row.deleted]

    def author(self, row: Submission | Comment) -> User:
        """Returns who wrote a post or a comment."""
        return self.index.users[row.user_id]

    def forum_of(self, post: Submission) -> Forum:
        """Returns the forum that a post stands in."""
        return self.index.forums[post.forum_id]

    def post_of(self, comment: Comment) -> Submission:
        """Returns the post that a comment stands under."""
        return self.index.submissions[comment.submission_id]

    def my_vote(self, row: Submission | Comment) -> int:
        """Returns 1, -1 or 0: how the signed-in user voted."""
        votes = (
            self.index.submission_votes if isinstance(row, Submission) else self.index.comment_votes
        )
        return votes.get((self.me.id, row.id), 0)

    def url(self, post: Submission) -> str:
        """Returns the address of a post's page, with the site's placeholder."""
        return "__REDDIT__" + submission_path(self.forum_of(post).name, post.id, post.title)

    # Draws

    def forum(self, rng: Random) -> Forum:
        """Draws a forum."""
        return rng.choice(self.forums)

    def several_forums(self, rng: Random, count: int) -> list[Forum]:
        """Draws different forums."""
        return rng.sample(self.forums, count)

    def post(self, rng: Random, suits: Callable[[Submission], bool] = lambda _: True) -> Submission:
        """Draws a post of another user that suits, from any forum.

        Raises:
            NoInstanceError: None of the drawn ones suits.
        """
        for _ in range(40):
            post = rng.choice(self.posts(self.forum(rng)))
            if post.user_id != self.me.id and suits(post):
                return post
        raise NoInstanceError("no drawn post suits")

    def neighbour(self, rng: Random, post: Submission) -> Submission:
        """Draws another post of the same forum, by another author, not by the signed-in user."""
        rows = [
            row
            for row in self.posts(self.forum_of(post))
            if row.user_id not in (post.user_id, self.me.id)
        ]
        return rng.choice(self.some(rows))

    def user(self, rng: Random, suits: Callable[[User], bool] = lambda _: True) -> User:
        """Draws another user that suits.

        Raises:
            NoInstanceError: None of the drawn ones suits.
        """
        users = self._users
        for _ in range(40):
            user = rng.choice(users)
            if user.id != self.me.id and suits(user):
                return user
        raise NoInstanceError("no drawn user suits")

    def missing_forum(self, rng: Random) -> str:
        """Draws the name of a forum that other worlds have and this one lacks."""
        names = [name for topic in topics() for name in topic.names]
        return rng.choice([name for name in names if name.lower() not in self.index.forum_by_name])

    def missing_user(self, rng: Random) -> str:
        """Draws a name that looks like those of this world's users and is none of them.

        Raises:
            NoInstanceError: The drawn one is taken.
        """
        model = self.user(rng, lambda one: one.username[-1].isdigit())
        name = re.sub(r"\d+$", str(rng.randrange(2, 2000)), model.username)
        self.need(name.lower() not in self.index.user_by_name)
        return name

    @cached_property
    def _users(self) -> tuple[User, ...]:
        return tuple(self.index.users.values())

    # Conditions of a well-posed task

    @staticmethod
    def plain(text: str) -> bool:
        """Whether a text is short, of one line and without markup, so that it can be quoted."""
        return 0 < len(text) <= _LONGEST_QUOTE and not _MARKUP.search(text)

    @staticmethod
    def some(rows: Sequence[Row], at_least: int = 1) -> Sequence[Row]:
        """Returns the rows.

        Raises:
            NoInstanceError: There are fewer than wanted.
        """
        if len(rows) < at_least:
            raise NoInstanceError(f"{len(rows)} rows, at least {at_least} are needed")
        return rows

    @staticmethod
    def best(rows: Iterable[Row], key: Callable[[Row], int]) -> Row:
        """Returns the row with the highest key.

        Raises:
            NoInstanceError: There is no row, or two share the highest key.
        """
        ranked = sorted(rows, key=key, reverse=True)
        if not ranked or (len(ranked) > 1 and key(ranked[0]) == key(ranked[1])):
            raise NoInstanceError("no single best row")
        return ranked[0]

    @staticmethod
    def need(condition: bool) -> None:
        """Gives up this draw unless a condition holds.

        Raises:
            NoInstanceError: It does not hold.
        """
        if not condition:
            raise NoInstanceError("the draw does not meet the template's condition")


def _newest_first(rows: Iterable[Submission]) -> list[Submission]:
    return sorted((row for row in rows if not row.deleted), key=lambda row: -row.created_at)
