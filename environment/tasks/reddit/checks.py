"""The requests that the official evaluators look for, as `NetworkEventEvaluator` entries.

Addresses and fields are those of the benchmark's own tasks for this site.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from pydantic import JsonValue

from environment.sites.reddit.phrasing import slug
from environment.sites.reddit.world.rows import Comment, Forum, Submission

__all__ = [
    "HOME",
    "Check",
    "biography_changed",
    "comment_changed",
    "comment_deleted",
    "comment_voted",
    "commented",
    "forum_created",
    "message_answered",
    "message_sent",
    "post_changed",
    "post_deleted",
    "posted",
    "replied",
    "subscribed",
    "user_blocked",
    "voted",
]

Check = Mapping[str, JsonValue]
HOME = "__REDDIT__"


def voted(post: Submission, choice: int) -> Check:
    """A vote on a post; `choice` is 1, -1 or 0."""
    return _request(f"/sv/{post.id}.json", {"choice": str(choice)}, status=200)


def comment_voted(comment: Comment, choice: int) -> Check:
    """A vote on a comment; `choice` is 1, -1 or 0."""
    return _request(f"/cv/{comment.id}.json", {"choice": str(choice)}, status=200)


def subscribed(forum: Forum, wanted: bool) -> Check:
    """A subscription that begins or ends."""
    base = f"{HOME}/f/{quote(forum.name)}"
    return {
        "evaluator": "NetworkEventEvaluator",
        "expected": {
            "url": [f"{base}/subscribe.json", f"{base}/unsubscribe.json"],
            "http_method": "POST",
            "response_content": {"subscribed": wanted},
        },
    }


def commented(forum: Forum, post: Submission, text: str) -> Check:
    """A comment directly under a post."""
    return _request(
        f"/f/{quote(forum.name)}/{post.id}/-/comment",
        {f"reply_to_submission_{post.id}[comment]": text},
    )


def replied(forum: Forum, comment: Comment, text: str) -> Check:
    """A reply to a comment."""
    return _request(
        f"/f/{quote(forum.name)}/{comment.submission_id}/-/comment/{comment.id}",
        {f"reply_to_comment_{comment.id}[comment]": text},
    )


def posted(forum: Forum, title: str, *, body: str = "", url: str = "") -> Check:
    """A new post."""
    fields = {"submission[title]": title, "submission[forum]": str(forum.id)}
    if body:
        fields["submission[body]"] = body
    if url:
        fields["submission[url]"] = url
    return _request(["/submit", f"/submit/{quote(forum.name)}"], fields)


def post_changed(forum: Forum, post: Submission, body: str) -> Check:
    """A post whose text is replaced; the evaluators take all white space for the same."""
    return _request(
        f"/f/{quote(forum.name)}/{post.id}/-/edit",
        {"submission[title]": post.title, "submission[body]": body},
    )


def post_deleted(forum: Forum, post: Submission) -> Check:
    """A post of one's own that is removed."""
    base = f"/f/{quote(forum.name)}/{post.id}"
    return _request([f"{base}/-/delete", f"{base}/{slug(post.title)}/delete"], {})


def comment_changed(forum: Forum, comment: Comment, body: str) -> Check:
    """A comment whose text is replaced."""
    return _request(
        f"/f/{quote(forum.name)}/{comment.submission_id}/-/comment/{comment.id}/edit",
        {"comment[comment]": body},
    )


def comment_deleted(forum: Forum, comment: Comment) -> Check:
    """A comment of one's own that is removed."""
    base = f"/f/{quote(forum.name)}/{comment.submission_id}/-/comment/{comment.id}"
    return _request([f"{base}/delete", f"{base}/delete_own"], {})


def biography_changed(username: str, text: str) -> Check:
    """A new biography."""
    return _request(f"/user/{username}/edit_biography", {"user_biography[biography]": text})


def message_sent(username: str, text: str) -> Check:
    """A private message that opens a conversation."""
    return _request(f"/user/{username}/compose_message", {"message[body]": text})


def message_answered(thread: int, text: str) -> Check:
    """A private message in a conversation that exists."""
    return _request(f"/messages/thread/{thread}", {"message[body]": text})


def forum_created(name: str, title: str, description: str, sidebar: str) -> Check:
    """A new forum."""
    fields = {"name": name, "title": title, "description": description, "sidebar": sidebar}
    return _request("/create_forum", {f"forum[{key}]": value for key, value in fields.items()})


def user_blocked(username: str) -> Check:
    """A user that is blocked."""
    return _request(f"/user/{username}/block_user", {})


def _request(path: str | list[str], fields: Mapping[str, str], status: int = 302) -> Check:
    url: JsonValue = HOME + path if isinstance(path, str) else [HOME + one for one in path]
    expected: dict[str, JsonValue] = {
        "url": url,
        "http_method": "POST",
        "response_status": status,
    }
    if fields:
        expected["post_data"] = dict(fields.items())
    return {"evaluator": "NetworkEventEvaluator", "expected": expected}
