"""Open definitions about posts and comments."""

from __future__ import annotations

from random import Random

from environment.tasks.reddit import checks, words
from environment.tasks.reddit.view import ForumView
from environment.tasks.templates import Definition, Goal, defined, mutate

__all__ = ["DEFINITIONS"]


@defined(
    "comment_on_post",
    'Comment "{text}" on the post "{title}" in {forum}.',
    'Leave the comment "{text}" under "{title}" in the {forum} forum.',
    'Reply to the submission "{title}" in f/{forum} with "{text}".',
)
def _comment_on_post(world: ForumView, rng: Random) -> Goal:
    post = world.post(rng)
    other = world.neighbour(rng, post)
    forum, text = world.forum_of(post), words.remark(rng)
    slots = {"text": text, "title": post.title, "forum": forum.name}
    return mutate(slots, checks.commented(forum, post, text), other=other.title)


@defined(
    "reply_to_comment",
    'Reply "{text}" to the comment by {user} on "{title}" in {forum}.',
    'In the thread "{title}" of the {forum} forum, answer {user}\'s comment with "{text}".',
    'Find what {user} wrote under "{title}" (f/{forum}) and reply "{text}" to it.',
)
def _reply_to_comment(world: ForumView, rng: Random) -> Goal:
    post = world.post(rng, lambda row: len(world.comments(row)) >= 3)
    rows = [row for row in world.comments(post) if row.user_id != world.me.id]
    writers = [row.user_id for row in rows]
    single = [row for row in rows if writers.count(row.user_id) == 1]
    comment, other = rng.sample(world.some(single, 2), 2)
    forum, text = world.forum_of(post), words.remark(rng)
    slots = {
        "text": text,
        "user": world.author(comment).username,
        "title": post.title,
        "forum": forum.name,
    }
    check = checks.replied(forum, comment, text)
    return mutate(slots, check, other=world.author(other).username)


@defined(
    "comment_on_two_newest",
    'Comment "{text}" on the newest post in {first} and on the newest post in {second}.',
    'Leave the same comment, "{text}", on the most recent submissions of f/{first} and f/{second}.',
    'The latest posts of the forums {first} and {second} should each get my comment "{text}".',
    forks=2,
)
def _comment_on_two_newest(world: ForumView, rng: Random) -> Goal:
    first, second, other = world.several_forums(rng, 3)
    text = words.remark(rng)
    return mutate(
        {"text": text, "first": first.name, "second": second.name},
        *(checks.commented(one, world.posts(one)[0], text) for one in (first, second)),
        other=other.name,
    )


@defined(
    "submit_text",
    'Create a post in {forum} titled "{title}" with the text "{body}".',
    'Post in f/{forum}. The title is "{title}" and the body says "{body}".',
    'Submit "{title}" to the {forum} forum; in the post details write "{body}".',
)
def _submit_text(world: ForumView, rng: Random) -> Goal:
    forum, other = world.several_forums(rng, 2)
    title, body = words.question(rng), words.paragraph(rng)
    return mutate(
        {"forum": forum.name, "title": title, "body": body},
        checks.posted(forum, title, body=body),
        other=other.name,
    )


@defined(
    "submit_link",
    'Share the link {url} in {forum} with the title "{title}".',
    'Post the URL {url} to the {forum} forum and title it "{title}".',
    'Submit a link to f/{forum}: the address is {url}, the title is "{title}".',
)
def _submit_link(world: ForumView, rng: Random) -> Goal:
    forum, other = world.several_forums(rng, 2)
    title, url = words.question(rng), words.address(rng)
    return mutate(
        {"forum": forum.name, "title": title, "url": url},
        checks.posted(forum, title, url=url),
        other=other.name,
    )


@defined(
    "submit_by_forum_title",
    'Post my question "{title}" in the forum whose title is "{heading}".',
    'There is a forum with the title "{heading}". Create a post there titled "{title}".',
    'Find the forum called "{heading}" in the list of forums and submit "{title}" to it.',
)
def _submit_by_forum_title(world: ForumView, rng: Random) -> Goal:
    forum, other = world.several_forums(rng, 2)
    headings = [one.title for one in world.forums]
    world.need(headings.count(forum.title) == 1 and forum.title != other.title)
    title = words.question(rng)
    return mutate(
        {"heading": forum.title, "title": title},
        checks.posted(forum, title),
        other=other.title,
    )


@defined(
    "cross_post",
    "Create a post in {target} whose title is the title of the top post of all time in {source}, "
    'with the text "{body}". Also comment "{text}" on the newest post in {third}.',
    "Take the title of the highest scored submission in f/{source} and post it to f/{target} with "
    'the body "{body}". Besides, leave the comment "{text}" on the latest post of f/{third}.',
    'Comment "{text}" on the most recent submission in the {third} forum. Then submit to {target}: '
    'the title is that of the best rated post in {source}, the body is "{body}".',
    forks=2,
)
def _cross_post(world: ForumView, rng: Random) -> Goal:
    source, target, third, other = world.several_forums(rng, 4)
    title = world.best(world.posts(source), lambda row: row.net).title
    text, body = words.remark(rng), words.paragraph(rng)
    return mutate(
        {
            "source": source.name,
            "target": target.name,
            "third": third.name,
            "body": body,
            "text": text,
        },
        checks.posted(target, title, body=body),
        checks.commented(third, world.posts(third)[0], text),
        other=other.name,
    )


@defined(
    "edit_my_post",
    'Add the line "{text}" at the end of my post "{title}" in {forum}.',
    'Edit my submission "{title}" in f/{forum}: append a line to the body that says "{text}".',
    'My post "{title}" ({forum} forum) needs another line at the end of its text: "{text}".',
)
def _edit_my_post(world: ForumView, rng: Random) -> Goal:
    mine = [row for row in world.posts_by(world.me) if row.body and not row.url]
    post, other = rng.sample(world.some(mine, 2), 2)
    forum, text = world.forum_of(post), words.remark(rng)
    return mutate(
        {"text": text, "title": post.title, "forum": forum.name},
        checks.post_changed(forum, post, f"{post.body}\n{text}"),
        other=other.title,
        other_forum=world.forum_of(other).name,
    )


@defined(
    "delete_my_comment",
    'Delete my comment on the post "{title}" in {forum}.',
    'I commented on "{title}" in the {forum} forum. Remove that comment.',
    'Take down what I wrote under "{title}" in f/{forum}.',
)
def _delete_my_comment(world: ForumView, rng: Random) -> Goal:
    mine = world.comments_by(world.me)
    posts = [row.submission_id for row in mine]
    single = [row for row in mine if posts.count(row.submission_id) == 1]
    comment, other = rng.sample(world.some(single, 2), 2)
    post = world.post_of(comment)
    forum = world.forum_of(post)
    return mutate(
        {"title": post.title, "forum": forum.name},
        checks.comment_deleted(forum, comment),
        other=world.post_of(other).title,
        other_forum=world.forum_of(world.post_of(other)).name,
    )


DEFINITIONS: tuple[Definition[ForumView], ...] = (
    _comment_on_post,
    _reply_to_comment,
    _comment_on_two_newest,
    _submit_text,
    _submit_link,
    _submit_by_forum_title,
    _cross_post,
    _edit_my_post,
    _delete_my_comment,
)
