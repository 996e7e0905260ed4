"""From a request to nodes: how things are located and how the site is changed."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from core.pages import Value
from core.plans import Verb
from planner.rules.draft import Draft, Flow, NodeHandle
from planner.rules.frames import Frame, Place
from policies.thesaurus import number_of

__all__ = ["COLLECTED_ORDERS", "COMMENT_TARGET", "Recipe", "change"]

Url = Flow | str

COLLECTED_ORDERS: Mapping[str, tuple[str, str]] = {
    "oldest": ("min", "time"),
    "lowest": ("min", "score"),
    "fewest comments": ("min", "comments"),
}
"""Orders that sites seldom offer: the whole list is read, then one item is picked."""
_USER_ORDERS: Mapping[str, tuple[str, str]] = {
    **COLLECTED_ORDERS,
    "top": ("max", "score"),
    "most commented": ("max", "comments"),
    "controversial": ("min", "score"),
}
COMMENT_TARGET = (
    r"\b(?:the|that|this|each|every|all|any|first|second|third|fourth|fifth|last|top|newest|latest"
    r"|oldest|best|worst|my|their|\S+'s|points|score|rated|recent|scored|commented|upvoted)"
    r" (?:of )?(?:the )?(?:\w+ )?(?<!number of )(?<!most )(?<!more )(?<!fewest )"
    r"(?:comments?|repl(?:y|ies))\b(?! section)(?! page)(?! count)"
)
"""Words that speak of comments as things, not of how many there are."""


@dataclass(slots=True)
class Recipe:
    """Draws the nodes of one task; remembers what later requests refer to."""

    draft: Draft
    start_url: str
    home: str
    created: Flow | None = None
    """Address of what an earlier request made."""
    latest: Url | None = None
    """Address of the post that the request before spoke of."""
    borrowed: Flow | None = None
    """A text that is taken from the site instead of from the request."""
    refusal: str = ""
    ends: list[NodeHandle] = field(default_factory=list)

    # Locating

    def place(self, place: Place, fallback_topic: str = "") -> NodeHandle | None:
        """Draws how a forum is found; `None` for the page that the task starts on."""
        if place.by in ("here", "flow"):
            return None
        if place.by == "ranked":
            return self._ranked_forum(place.text)
        if place.by == "topic":
            topic = place.text or fallback_topic
            return self.draft.add(Verb.FIND, "forum", ("url", "name", "title"), topic=topic)
        exact = True if place.by == "address" else None
        return self.draft.add(Verb.FIND, "forum", ("url", "name"), name=place.text, exact=exact)

    def _ranked_forum(self, rule: str) -> NodeHandle:
        """Draws how the forum with the most or the fewest of something is picked."""
        which, metric = rule.split()
        fields: list[Value] = ["name", "url", metric]
        rows = self.draft.add(Verb.COLLECT, "forums", ("items",), fields=fields)
        return self.draft.add(
            Verb.COMPUTE, f"pick {which}", ("url", "name"), items=rows["items"], by=metric
        )

    def place_url(self, frame: Frame, place: Place | None) -> Url | None:
        """Returns the address of the forum that a request means."""
        if place is None:
            return self.start_url if frame.is_here and self._starts_inside() else None
        if place.flow is not None:
            return place.flow
        found = self.place(place)
        return self.start_url if found is None else found["url"]

    def post(
        self, frame: Frame, place: Place | None, outputs: Sequence[str] = ("url",)
    ) -> NodeHandle | None:
        """Draws how the post that a request means is reached; `None` if it names none."""
        title = frame.said.get("post", "")
        if title:
            return self._titled(frame, place, title, outputs)
        is_thread_of_user = frame.speaks_of(COMMENT_TARGET) and bool(frame.order)
        if is_thread_of_user and place is not None:
            frame = replace(frame, users=[])
        if not frame.users and frame.order and place is None and frame.speaks_of(_MY_POST):
            frame = replace(frame, users=["me"])
        if frame.users and place is None and not frame.is_here:
            return self._of_user(frame, outputs)
        if not frame.order:
            return None
        url = self.place_url(frame, place) or self.home
        if frame.order in COLLECTED_ORDERS:
            return self._collected(frame, url, outputs)
        where = _by_user(frame)
        return self.draft.add(
            Verb.OPEN,
            "post",
            outputs,
            url=url,
            order=frame.order,
            period=frame.period,
            rank=frame.rank,
            where=where,
        )

    def _titled(
        self, frame: Frame, place: Place | None, title: str, outputs: Sequence[str]
    ) -> NodeHandle:
        url = self.place_url(frame, place)
        if url is None and frame.is_mine and frame.order in COLLECTED_ORDERS:
            return self._collected(frame, None, outputs, title)
        mine = frame.is_mine and place is None and not frame.users
        exact = title not in frame.masked.described
        return self.draft.add(
            Verb.FIND,
            "post",
            outputs,
            url=url,
            name=title,
            mine=mine or None,
            exact=exact or None,
        )

    def _of_user(self, frame: Frame, outputs: Sequence[str]) -> NodeHandle:
        """Draws the way to a post in a user's own list, which is the newest first."""
        user = self.draft.add(Verb.FIND, "user", ("url",), name=frame.users[0])
        which, by = _USER_ORDERS.get(frame.order, ("", ""))
        if not by:
            listed = self.draft.add(
                Verb.OPEN, "user section", ("url",), url=user["url"], section="user posts"
            )
            return self.draft.add(Verb.OPEN, "post", outputs, url=listed["url"], rank=frame.rank)
        fields: list[Value] = ["title", "time", "score", "comments"]
        items = self.draft.add(
            Verb.COLLECT,
            "posts",
            ("items",),
            url=user["url"],
            section="user posts",
            fields=fields,
        )
        picked = self.draft.add(
            Verb.COMPUTE, f"pick {which}", ("url",), items=items["items"], by=by, rank=frame.rank
        )
        if tuple(outputs) == ("url",):
            return picked
        return self.draft.add(Verb.READ, "post", outputs, url=picked["url"])

    def _collected(
        self, frame: Frame, url: Url | None, outputs: Sequence[str], title: str = ""
    ) -> NodeHandle:
        which, by = COLLECTED_ORDERS[frame.order]
        where = _by_user(frame)
        if title:
            where.append({"field": "title", "op": "mentions", "value": title})
        fields: list[Value] = ["title", "author", "time", "score", "comments"]
        items = self.draft.add(
            Verb.COLLECT,
            "posts",
            ("items",),
            url=url,
            mine=True if url is None else None,
            section="user posts" if url is None else "",
            where=where,
            fields=fields,
        )
        picked = self.draft.add(
            Verb.COMPUTE, f"pick {which}", ("url",), items=items["items"], by=by, rank=frame.rank
        )
        if tuple(outputs) == ("url",):
            return picked
        return self.draft.add(Verb.READ, "post", outputs, url=picked["url"])

    def thread(self, frame: Frame, place: Place | None) -> Url | None:
        """Returns the address of the post that a request speaks of."""
        found = self.post(frame, place)
        if found is not None:
            self.latest = found["url"]
            return self.latest
        refers = r"\bit\b|\b(?:that|this|the same|same|the) (?:post|submission|thread)\b|\bthere\b"
        if self.created is None and self.latest is not None and frame.speaks_of(refers):
            return self.latest
        if self.created is not None and frame.speaks_of(
            r"\b(?:created|that|the new|this new|new|your|my|the) (?:post|submission|thread)\b"
            r"|\bit\b"
        ):
            return self.created
        return self.start_url if self._starts_inside() else None

    def comment_of_user(self, frame: Frame, outputs: Sequence[str] = ("url",)) -> NodeHandle:
        """Draws how a comment in a user's own list is found, the newest unless told."""
        user = self.draft.add(Verb.FIND, "user", ("url",), name=frame.users[0])
        order, rank = _comment_order(frame)
        return self.draft.add(
            Verb.FIND,
            "comment",
            outputs,
            url=user["url"],
            section="user comments",
            order="" if order == "newest" else order,
            rank=rank,
        )

    def target_comment(self, frame: Frame, place: Place | None) -> Flow:
        """Returns the address of the comment that a request is about."""
        is_lone = place is None and not frame.said.get("post") and not frame.is_here
        is_lone = is_lone and self.latest is None and "comment" not in frame.said
        if is_lone and (frame.users or frame.is_mine):
            named = frame if frame.users else replace(frame, users=["me"])
            return self.comment_of_user(named)["url"]
        thread = self.thread(frame, place) or self.home
        return self.comment(frame, thread)["url"]

    def comment(self, frame: Frame, thread: Url, outputs: Sequence[str] = ("url",)) -> NodeHandle:
        """Draws how a comment of a thread is found."""
        where = _by_user(frame) + list(frame.where())
        if frame.is_mine and frame.predicate in ("delete", "edit"):
            where.append({"field": "mine", "op": "is", "value": True})
        name = frame.said.get("comment", "") or described_author(frame)
        order, rank = _comment_order(frame)
        return self.draft.add(
            Verb.FIND,
            "comment",
            outputs,
            url=thread,
            name=name,
            exact=True if frame.said.get("comment") else None,
            where=where,
            order="" if name else order,
            rank=rank,
        )

    def _starts_inside(self) -> bool:
        return self.start_url.rstrip("/") != self.home.rstrip("/")


def _comment_order(frame: Frame) -> tuple[str, int]:
    """Returns the order and the place of the comment that a request speaks of."""
    near = re.search(
        r"\b(first|second|third|fourth|fifth|last|newest|latest|most recent|oldest|earliest|top"
        r"|best"
        r"|highest[- ]\w+|lowest[- ]\w+|worst|most upvoted|most liked) (?:\w+ )?(?:comment|reply)\b"
        r"|\b(?:comment|reply) (?:that has |that got |with |having )(?:the )?"
        r"(most|highest|best|lowest|fewest) (?:score|points|votes|upvotes|rating)",
        frame.text,
    )
    word = (near[1] or near[2]) if near else ""
    if word in ("newest", "latest", "most recent"):
        return "newest", 1
    if word in ("oldest", "earliest"):
        return "oldest", 1
    if word.startswith(("lowest", "worst", "fewest")):
        return "lowest", 1
    if word.startswith(("top", "best", "highest", "most")):
        return "top", 1
    return "", number_of(word) or 1 if word else 1


def described_author(frame: Frame) -> str:
    """Returns how the writer of a comment is described, as in `reply to the owner of the shop`."""
    match = re.search(
        r"\b(?:reply|respond|answer) to (?:the )?([\w ]+?) (?:in|on|under|with)\b", frame.text
    )
    if match is None or re.search(
        r"\b(?:post|comment|reply|submission|thread|first|top)\b", match[1]
    ):
        return ""
    return match[1] if not frame.users else ""


def change(recipe: Recipe, frame: Frame) -> list[NodeHandle]:
    """Draws the nodes of a request that changes the site, one branch for each of its targets."""
    _settle_choice(recipe, frame)
    return _CHANGES.get(frame.predicate, _other)(recipe, frame)


def _settle_choice(recipe: Recipe, frame: Frame) -> None:
    """Draws a comparison of places when a request means the winner of several."""
    if len(frame.places) < 2 or not frame.speaks_of(_WINNER):
        return
    which = "min" if frame.speaks_of(r"\b(?:fewer|smaller|less|least|fewest|smallest)\b") else "max"
    metric = "subscribers"
    if frame.speaks_of(r"\b(?:more|fewer|most|fewest) (?:posts|submissions)\b"):
        metric = "posts"
    records: dict[str, Flow] = {}
    for number, place in enumerate(frame.places):
        fields: list[Value] = ["name", "url", metric]
        if metric == "posts":
            listed = recipe.draft.add(
                Verb.COLLECT, "forums", ("items",), fields=fields,
                where=[{"field": "name", "op": "is", "value": place.text}],
            )  # fmt: skip
            records[f"option_{number}"] = listed["items"]
        else:
            url = recipe.place_url(frame, place) or recipe.home
            read = recipe.draft.add(Verb.READ, "forum", ("record",), url=url, fields=fields)
            records[f"option_{number}"] = read["record"]
        recipe.draft.branch += 1
    picked = recipe.draft.add(Verb.COMPUTE, f"pick {which}", ("url", "name"), by=metric, **records)
    frame.places = [Place("", "flow", picked["url"])]
    if frame.order == "top" and frame.speaks_of(r"most (?:posts|submissions|subscribers|members)"):
        frame.order = ""


_WINNER = (
    r"\bwhichever\b|\bthe (?:one|forum) (?:of|with|that|which)\b|\bwhich of\b|\bof the two\b"
    r"|\b(?:larger|bigger|smaller|busier|more popular) (?:of|one|forum)\b"
)


_MY_POST = (
    r"\bmy (?:\w+[- ]){0,3}?(?:posts?|submissions?|threads?)\b|\b(?:post|submission"
    r"|thread) of mine\b"
    r"|\b(?:post|submission|thread) (?:that )?i (?:have )?(?:wrote|made|submitted|posted)\b"
)


def _by_user(frame: Frame) -> list[Value]:
    if not frame.users:
        return []
    value: Value = frame.users[0] if len(frame.users) == 1 else list(frame.users)
    return [{"field": "author", "op": "is", "value": value}]


def _each_place(frame: Frame) -> list[Place | None]:
    return list(frame.places) or [None]


def _branches(
    recipe: Recipe, frame: Frame, draw: Callable[[Place | None], NodeHandle]
) -> list[NodeHandle]:
    """Draws one branch for each place; branches are independent."""
    drawn = []
    for place in _each_place(frame):
        drawn.append(draw(place))
        recipe.draft.branch += 1
    return drawn


def _vote(recipe: Recipe, frame: Frame) -> list[NodeHandle]:
    meaning = "upvote" if frame.predicate == "unvote" else frame.predicate
    if frame.predicate == "unvote" and frame.speaks_of("downvote|dislike"):
        meaning = "downvote"
    state = False if frame.predicate == "unvote" else None

    def draw(place: Place | None) -> NodeHandle:
        draft = recipe.draft
        if frame.speaks_of(COMMENT_TARGET) or "comment" in frame.said:
            if frame.wants_all and frame.speaks_of(
                r"\b(?:comments|replies)\b|(?:every|each) (?:comment|reply)"
            ):
                where = _by_user(frame) + list(frame.where())
                thread = recipe.thread(frame, place) or recipe.home
                return draft.add(
                    Verb.TOGGLE, f"{meaning} comments", ("count",), url=thread, all=True,
                    where=where, state=state,
                )  # fmt: skip
            return draft.add(
                Verb.TOGGLE,
                f"{meaning} comment",
                ("done",),
                url=recipe.target_comment(frame, place),
                state=state,
            )
        if frame.users and not frame.said.get("post") and (frame.wants_all or not frame.order):
            return _vote_all_of_user(recipe, frame, place, meaning, state)
        limit = frame.limit
        if limit > 1 or _votes_on_list(frame):
            url = recipe.place_url(frame, place) or recipe.home
            return draft.add(
                Verb.TOGGLE,
                f"{meaning} posts",
                ("count",),
                url=url,
                order=frame.order,
                period=frame.period,
                limit=limit or None,
                all=None if limit else True,
                where=_by_user(frame) + list(frame.where()),
                state=state,
            )
        url = recipe.thread(frame, place) or recipe.place_url(frame, place) or recipe.home
        return draft.add(Verb.TOGGLE, f"{meaning} post", ("done",), url=url, state=state)

    return _branches(recipe, frame, draw)


def _votes_on_list(frame: Frame) -> bool:
    return (
        frame.wants_all and not frame.order and frame.speaks_of(r"\b(?:posts|submissions|post)\b")
    )


def _vote_all_of_user(
    recipe: Recipe, frame: Frame, place: Place | None, meaning: str, state: bool | None
) -> NodeHandle:
    draft = recipe.draft
    user = draft.add(Verb.FIND, "user", ("url",), name=frame.users[0])
    where: list[Value] = list(frame.where())
    if place is not None:
        where.append({"field": "forum", "op": "is", "value": place.text})
    return draft.add(
        Verb.TOGGLE,
        f"{meaning} posts",
        ("count",),
        url=user["url"],
        section="user posts",
        all=True,
        where=where,
        state=state,
    )


def _subscription(recipe: Recipe, frame: Frame) -> list[NodeHandle]:
    verb = frame.predicate
    draft = recipe.draft
    if frame.users and not frame.places:
        found = draft.add(Verb.FIND, "user", ("url",), name=frame.users[0])
        return [draft.add(Verb.TOGGLE, f"{verb} user", ("done",), url=found["url"])]

    def draw(place: Place | None) -> NodeHandle:
        from_post = recipe.post(frame, place) if frame.order or frame.said.get("post") else None
        url = from_post["url"] if from_post else recipe.place_url(frame, place)
        return draft.add(Verb.TOGGLE, f"{verb} forum", ("done",), url=url or recipe.start_url)

    return _branches(recipe, frame, draw)


def _block(recipe: Recipe, frame: Frame) -> list[NodeHandle]:
    drawn = []
    for url in _people(recipe, frame):
        drawn.append(recipe.draft.add(Verb.TOGGLE, f"{frame.predicate} user", ("done",), url=url))
        recipe.draft.branch += 1
    return drawn


def _comment(recipe: Recipe, frame: Frame) -> list[NodeHandle]:
    text: Value | Flow = frame.said.get("text", "")
    if not text and recipe.borrowed is not None:
        text = recipe.borrowed

    def draw(place: Place | None) -> NodeHandle:
        if _replies_to_comment(frame):
            thread: Url = recipe.target_comment(frame, place)
        else:
            thread = recipe.thread(frame, place) or recipe.home
        return recipe.draft.add(Verb.SUBMIT, "comment", ("url",), url=thread, body=text)

    return _branches(recipe, frame, draw)


def _replies_to_comment(frame: Frame) -> bool:
    """Returns whether a comment, and not a post, is what is to be answered."""
    if "comment" in frame.said or described_author(frame):
        return True
    if frame.users and frame.speaks_of(
        r"'s (?:\w+ )?(?:comment|reply)|(?:comment|reply) (?:by|of|from)"
    ):
        return True
    if frame.users:
        return not frame.speaks_of(_POST_OF_USER)
    return frame.speaks_of(_TO_COMMENT) and not frame.speaks_of(r"\bwith my comment\b")


_POST_OF_USER = (
    r"'s (?:\w+ ){0,2}?(?:post|submission|thread)\b"
    r"|\b(?:post|submission|thread)s? (?:«\d+» )?(?:that|by|which)\b"
    r"|\b(?:post|submission)s? (?:of|from)\b"
)
_TO_COMMENT = (
    r"\b(?:to|answer|under) (?:the )?(?:[\w-]+ ){0,3}?(?:comment|reply)\b"
    r"(?! «)(?!s? (?:on|to) the (?:post|submission))"
    r"|\b(?:to|answer) (?:the )?(?:\w+ )?(?:comment|reply)\b(?! «)"
)


def _post(recipe: Recipe, frame: Frame) -> list[NodeHandle]:
    draft = recipe.draft
    title: Value | Flow = frame.said.get("title", "")
    body = frame.said.get("body", "")
    places = list(frame.places)
    link: Value | Flow = frame.links[0] if frame.links else ""
    if frame.said.get("post") and frame.speaks_of("image|picture|photo|link|re-?post"):
        picture = draft.add(
            Verb.FIND, "post", ("link",), url=recipe.start_url, name=frame.said["post"]
        )
        link = picture["link"]
    if (
        not places
        and recipe.created is not None
        and frame.speaks_of(r"\b(?:in it|there|to it|new forum)\b")
    ):
        places = [Place("", "flow", recipe.created)]
    elif (
        frame.order
        and len(places) > 1
        and not link
        and frame.speaks_of(r"\b(?:link|url|address) of\b")
    ):
        source = max(places, key=lambda place: _closeness(frame, place))
        donor = recipe.post(frame, source, ("url", "link"))
        assert donor is not None, "a frame with an order names a post"
        link, places = donor["link"], [place for place in places if place is not source]
    elif frame.order and len(places) > 1 and not title:
        title, places = _borrowed_title(recipe, frame, places)
    topic = title if isinstance(title, str) and title else body
    drawn = []
    for place in places or [Place("", "here" if recipe._starts_inside() else "topic")]:
        found = recipe.place(place, topic)
        made = draft.add(
            Verb.SUBMIT,
            "post",
            ("url",),
            url=found["url"] if found else place.flow or recipe.start_url,
            title=title,
            body=body,
            link=link,
            forum=found["name"] if found else "",
        )
        drawn.append(made)
        draft.branch += 1
    recipe.created = drawn[-1]["url"]
    return drawn


def _borrowed_title(recipe: Recipe, frame: Frame, places: list[Place]) -> tuple[Flow, list[Place]]:
    """Draws where a title is taken from: the place named right behind the order's words."""
    source = max(places, key=lambda place: _closeness(frame, place))
    donor = recipe.post(frame, source, ("url", "title"))
    assert donor is not None, "a frame with an order names a post"
    return donor["title"], [place for place in places if place is not source]


def _closeness(frame: Frame, place: Place) -> int:
    """Returns how near behind the word `title of` or an order a place stands; larger is nearer."""
    at = frame.text.find(place.text.casefold())
    marks = [
        m.end()
        for m in re.finditer(r"top|highest|newest|latest|recent|best|most|oldest", frame.text)
    ]
    distances = [at - mark for mark in marks if mark <= at]
    return -min(distances, default=10_000)


def _edit(recipe: Recipe, frame: Frame) -> list[NodeHandle]:
    draft = recipe.draft
    text = frame.said.get("text", "")
    place = frame.places[0] if frame.places else None
    appends = frame.speaks_of(
        r"\b(?:append|another line|add|adding|at the end|extra line|new line)\b"
    )
    mode = "append" if appends else "replace"
    if place is not None and not frame.said.get("post") and frame.speaks_of(_FORUM_FIELDS):
        found = recipe.place(place)
        field = "sidebar" if frame.speaks_of("sidebar") else "title"
        if frame.speaks_of(r"\bdescription\b"):
            field = "description"
        url: Url = found["url"] if found else recipe.start_url
        return [draft.add(Verb.EDIT, "forum", ("url",), url=url, mode=mode, **{field: text})]
    if frame.speaks_of(r"\b(?:comment|reply)\b"):
        target = recipe.target_comment(frame, place)
        return [draft.add(Verb.EDIT, "comment", ("url",), url=target, body=text, mode=mode)]
    thread = recipe.thread(frame, place) or recipe.home
    field = "title" if frame.speaks_of(r"\b(?:title|rename|retitle)\b(?! «)") else "body"
    return [draft.add(Verb.EDIT, "post", ("url",), url=thread, mode=mode, **{field: text})]


_FORUM_FIELDS = (
    r"\bsidebar\b|\bdescription\b|\btitle of (?:the )?(?:[\w-]+ )?(?:forum|community|f/)"
    r"|\bforum'?s title\b|\b(?:rename|retitle) (?:the )?(?:forum|f/|[\w-]+ forum)"
)


def _delete(recipe: Recipe, frame: Frame) -> list[NodeHandle]:
    draft = recipe.draft
    place = frame.places[0] if frame.places else None
    if frame.speaks_of(r"\b(?:comments?|reply|replies|commented|wrote under)\b"):
        target = recipe.target_comment(frame, place)
        return [draft.add(Verb.DELETE, "comment", ("done",), url=target)]
    thread = recipe.thread(frame, place) or recipe.home
    if thread == recipe.home:
        frame.predicate = "other:delete"
        return _other(recipe, frame)
    return [draft.add(Verb.DELETE, "post", ("done",), url=thread)]


def _message(recipe: Recipe, frame: Frame) -> list[NodeHandle]:
    drawn = []
    text: Value | Flow = frame.said.get("text", "")
    if not text and recipe.borrowed is not None:
        text = recipe.borrowed
    if frame.users and frame.speaks_of(_ANSWERS):
        found = recipe.draft.add(
            Verb.FIND, "conversation", ("url",), name=frame.users[0], url=recipe.home
        )
        return [recipe.draft.add(Verb.SUBMIT, "message", ("url",), url=found["url"], body=text)]
    for url in _people(recipe, frame):
        drawn.append(recipe.draft.add(Verb.SUBMIT, "message", ("url",), url=url, body=text))
        recipe.draft.branch += 1
    return drawn


_ANSWERS = r"\b(?:answer|reply|respond)\b|\bconversation with\b|\bthread with\b|\bexisting\b"


def _people(recipe: Recipe, frame: Frame) -> list[Flow]:
    from planner.rules.people import person_url

    if len(frame.users) <= 1:
        return [person_url(recipe, frame)]
    urls = []
    for user in frame.users:
        urls.append(recipe.draft.add(Verb.FIND, "user", ("url",), name=user)["url"])
        recipe.draft.branch += 1
    return urls


def _edit_biography(recipe: Recipe, frame: Frame) -> list[NodeHandle]:
    me = recipe.draft.add(Verb.FIND, "user", ("url",), name="me")
    text: Value | Flow = frame.said.get("text", "")
    if not text and frame.users:
        other = recipe.draft.add(Verb.FIND, "user", ("url",), name=frame.users[0])
        text = recipe.draft.add(Verb.READ, "user", ("biography",), url=other["url"])["biography"]
    mode = "append" if frame.speaks_of(r"\b(?:append|add|adding)\b") else "replace"
    return [
        recipe.draft.add(Verb.EDIT, "biography", ("url",), url=me["url"], biography=text, mode=mode)
    ]


def _create_forum(recipe: Recipe, frame: Frame) -> list[NodeHandle]:
    said = frame.said
    name = said.get("name", "") or said.get("full_title", "")
    made = [
        recipe.draft.add(
            Verb.SUBMIT,
            "forum",
            ("url",),
            url=recipe.home,
            name=name,
            title=said.get("full_title", "") or name,
            description=said.get("description", ""),
            sidebar=said.get("sidebar", ""),
        )
    ]
    recipe.created = made[0]["url"]
    return made


def _clear(recipe: Recipe, frame: Frame) -> list[NodeHandle]:
    del frame
    clear = recipe.draft.add(
        Verb.TOGGLE,
        "clear-notifications",
        ("done",),
        url=recipe.home,
        section="notifications",
    )
    return [clear]


def _other(recipe: Recipe, frame: Frame) -> list[NodeHandle]:
    """Draws an act that the rules do not know: the site may offer a control that is called so."""
    verb = frame.predicate.removeprefix("other:")
    place = frame.places[0] if frame.places else None
    url: Url = recipe.home
    if frame.order or frame.speaks_of(r"(?:posts?|submissions?|threads?|questions?)(?: \w+)? «"):
        url = recipe.thread(frame, place) or recipe.home
    elif frame.users:
        url = recipe.draft.add(Verb.FIND, "user", ("url",), name=frame.users[0])["url"]
    elif place is not None:
        url = recipe.place_url(frame, place) or recipe.home
    return [recipe.draft.add(Verb.TOGGLE, f"{verb} thing", ("done",), url=url)]


_CHANGES: Mapping[str, Callable[[Recipe, Frame], list[NodeHandle]]] = {
    "upvote": _vote,
    "downvote": _vote,
    "unvote": _vote,
    "subscribe": _subscription,
    "unsubscribe": _subscription,
    "block": _block,
    "unblock": _block,
    "comment": _comment,
    "post": _post,
    "edit": _edit,
    "delete": _delete,
    "message": _message,
    "edit_biography": _edit_biography,
    "create_forum": _create_forum,
    "clear": _clear,
}
