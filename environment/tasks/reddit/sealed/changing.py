"""Sealed definitions that want the world changed."""

from __future__ import annotations

from random import Random

from environment.tasks.reddit import checks, words
from environment.tasks.reddit.view import ForumView
from environment.tasks.templates import Definition, Goal, defined, mutate

__all__ = ["DEFINITIONS"]


@defined(
    "sealed_14",
    'Upvote the comment that {user} left on the post "{title}" in the {forum} forum.',
    'In the thread "{title}" of f/{forum}, give {user}\'s comment an upvote.',
    'Find what {user} commented under "{title}" in {forum} and like that comment.',
)
def _upvote_comment(world: ForumView, rng: Random) -> Goal:
    post = world.post(rng, lambda row: len(world.comments(row)) >= 3)
    rows = world.comments(post)
    writers = [row.user_id for row in rows]
    single = [
        row
        for row in rows
        if writers.count(row.user_id) == 1
        and row.user_id != world.me.id
        and world.my_vote(row) == 0
    ]
    comment, other = rng.sample(world.some(single, 2), 2)
    slots = {
        "user": world.author(comment).username,
        "title": post.title,
        "forum": world.forum_of(post).name,
    }
    return mutate(slots, checks.comment_voted(comment, 1), other=world.author(other).username)


@defined(
    "sealed_15",
    "Find out who wrote the newest post in {source}, then create a post in {forum} whose title is "
    'exactly that username and whose body is "{body}".',
    "Post in f/{forum}: as title use the username of the author of the most recent submission in "
    'f/{source}, as text "{body}".',
    "Make a new submission in the {forum} forum. Its title must be the name of the user behind the "
    'latest post of the {source} forum, its body must say "{body}".',
)
def _post_author_name(world: ForumView, rng: Random) -> Goal:
    source, forum, other = world.several_forums(rng, 3)
    authors = [world.author(world.posts(one)[0]).username for one in (source, other)]
    world.need(authors[0] != authors[1])
    body = words.paragraph(rng)
    slots = {"source": source.name, "forum": forum.name, "body": body}
    check = checks.posted(forum, authors[0], body=body)
    return mutate(slots, check, other=other.name)


@defined(
    "sealed_16",
    'Change my comment on "{title}" in {forum} so that it only says "{text}".',
    'I commented on the post "{title}" in f/{forum}. Edit my comment: the new text is "{text}".',
    'Replace the text of the comment that I wrote under "{title}" ({forum} forum) by "{text}".',
)
def _edit_my_comment(world: ForumView, rng: Random) -> Goal:
    mine = world.comments_by(world.me)
    posts = [row.submission_id for row in mine]
    titles = [world.index.submissions[one].title for one in posts]
    single = [
        row
        for row, title in zip(mine, titles, strict=True)
        if posts.count(row.submission_id) == 1 and titles.count(title) == 1
    ]
    comment, other = rng.sample(world.some(single, 2), 2)
    post = world.post_of(comment)
    forum = world.forum_of(post)
    text = words.remark(rng)
    slots = {"title": post.title, "forum": forum.name, "text": text}
    return mutate(
        slots,
        checks.comment_changed(forum, comment, text),
        other=world.post_of(other).title,
        other_forum=world.forum_of(world.post_of(other)).name,
    )


@defined(
    "sealed_17",
    "Delete the post of mine that has the lowest score.",
    "Of all the posts I have submitted, remove the one with the fewest points.",
    "Find my worst rated submission and delete it.",
)
def _delete_worst(world: ForumView, rng: Random) -> Goal:
    mine = world.posts_by(world.me)
    worst = world.best(mine, lambda row: -row.net)
    other = rng.choice([row for row in mine if row is not worst])
    return mutate(
        {},
        checks.post_deleted(world.forum_of(worst), worst),
        title=worst.title,
        other=other.title,
    )


@defined(
    "sealed_18",
    'Downvote every comment by {user} on the post "{title}" in the {forum} forum.',
    'In f/{forum}, under "{title}", dislike all the comments that {user} wrote.',
    'Go to the thread "{title}" ({forum} forum) and give each comment of {user} a downvote.',
)
def _downvote_all_comments(world: ForumView, rng: Random) -> Goal:
    post = world.post(rng, lambda row: len(world.comments(row)) >= 4)
    rows = [row for row in world.comments(post) if row.user_id != world.me.id]
    writers = [row.user_id for row in rows]
    users = sorted({one for one in writers if writers.count(one) >= 2})
    user = world.index.users[rng.choice(world.some(users))]
    wanted = [row for row in rows if row.user_id == user.id]
    world.need(all(world.my_vote(row) == 0 for row in wanted) and len(rows) > len(wanted))
    slots = {
        "user": user.username,
        "title": post.title,
        "forum": world.forum_of(post).name,
    }
    return mutate(slots, *(checks.comment_voted(row, -1) for row in wanted))


@defined(
    "sealed_19",
    "Block the user who wrote the lowest scored post in the {forum} forum.",
    "I do not want to hear from the author of the most disliked submission in f/{forum}. "
    "Block that user.",
    "Find the post with the worst score in {forum} and block whoever submitted it.",
)
def _block_worst_author(world: ForumView, rng: Random) -> Goal:
    forum, other = world.several_forums(rng, 2)
    authors = [
        world.author(world.best(world.posts(one), lambda row: -row.net)) for one in (forum, other)
    ]
    world.need(authors[0] != authors[1] and world.me not in authors)
    return mutate({"forum": forum.name}, checks.user_blocked(authors[0].username), other=other.name)


@defined(
    "sealed_20",
    "Set my biography to the title of the all-time top post in {source}, "
    "and subscribe me to {forum}.",
    "Two things: use the title of the highest scored post of f/{source} as my bio, "
    "and join f/{forum}.",
    "Subscribe to the {forum} forum. Also replace my biography with the exact title of the best "
    "rated submission in the {source} forum.",
    forks=2,
)
def _biography_and_subscription(world: ForumView, rng: Random) -> Goal:
    source, forum, other = world.several_forums(rng, 3)
    world.need(forum.id not in world.subscribed)
    top = world.best(world.posts(source), lambda row: row.net)
    return mutate(
        {"source": source.name, "forum": forum.name},
        checks.biography_changed(world.me.username, top.title),
        checks.subscribed(forum, True),
        other=other.name,
    )


@defined(
    "sealed_21",
    'Send the private message "{text}" to the author of the newest post in {first} and to the '
    "author of the newest post in {second}.",
    "Write to two people: whoever posted most recently in f/{first} and whoever posted most "
    'recently in f/{second}. Both get the message "{text}".',
    "The latest submissions of the forums {first} and {second} have two different authors. "
    'Message each of them "{text}".',
    forks=2,
)
def _message_two_authors(world: ForumView, rng: Random) -> Goal:
    first, second, other = world.several_forums(rng, 3)
    authors = [world.author(world.posts(one)[0]) for one in (first, second, other)]
    world.need(len({one.id for one in (*authors, world.me)}) == 4)
    text = words.message(rng)
    return mutate(
        {"first": first.name, "second": second.name, "text": text},
        *(checks.message_sent(one.username, text) for one in authors[:2]),
        other=other.name,
    )


@defined(
    "sealed_22",
    'I voted on the post "{title}" in {forum}. Take my vote back.',
    'Remove my vote from "{title}" in the {forum} forum, so that I have not voted on it at all.',
    'Undo the vote that I gave to the submission "{title}" in f/{forum}.',
)
def _retract_vote(world: ForumView, rng: Random) -> Goal:
    voted = [
        world.index.submissions[post]
        for (user, post) in world.index.submission_votes
        if user == world.me.id and world.index.submissions[post].user_id != world.me.id
    ]
    post = rng.choice(world.some([row for row in voted if not row.deleted]))
    return mutate({"title": post.title, "forum": world.forum_of(post).name}, checks.voted(post, 0))


@defined(
    "sealed_23",
    'Answer the conversation with {user} in my private messages with "{text}".',
    'I have a message thread with {user}. Reply there: "{text}".',
    'Write "{text}" into my existing private conversation with {user}.',
)
def _answer_message(world: ForumView, rng: Random) -> Goal:
    partners = {
        thread: next(user for user in pair if user != world.me.id)
        for thread, pair in world.index.threads.items()
        if world.me.id in pair
    }
    thread, other = rng.sample(world.some(sorted(partners), 2), 2)
    text = words.message(rng)
    user = world.index.users[partners[thread]]
    return mutate(
        {"user": user.username, "text": text},
        checks.message_answered(thread, text),
        other=world.index.users[partners[other]].username,
    )


DEFINITIONS: tuple[Definition[ForumView], ...] = (
    _upvote_comment,
    _post_author_name,
    _edit_my_comment,
    _delete_worst,
    _downvote_all_comments,
    _block_worst_author,
    _biography_and_subscription,
    _message_two_authors,
    _retract_vote,
    _answer_message,
)
