"""From a request to nodes: how forums, posts and comments are located."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from core.pages import Value
from core.plans import Verb
from core.tasks import OPEN_SITE
from planner.rules.draft import Draft, Flow, NodeHandle
from planner.rules.frames import Frame, Place
from policies.thesaurus import number_of

__all__ = [
    "COLLECTED_ORDERS",
    "COMMENT_TARGET",
    "Recipe",
    "Url",
    "branches",
    "by_user",
    "described_author",
]

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
    r"|\bwhat (?:\S+ ){0,3}?(?:wrote|said|commented|replied|answered)\b"
    r"|\bwhat (?:did|has) \S+ (?:comment|say|write|reply|answer|said|written|commented)"
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

    def __post_init__(self) -> None:
        if self.draft.site == OPEN_SITE:  # a person said where to start, and knows the site
            self.home = self.start_url

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
        where = by_user(frame)
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
        mine = mine and not frame.speaks_of(_MY_PART)
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
        where = by_user(frame)
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
        where = by_user(frame) + list(frame.where())
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


_MY_POST = (
    r"\bmy (?:\w+[- ]){0,3}?(?:posts?|submissions?|threads?)\b|\b(?:post|submission"
    r"|thread) of mine\b"
    r"|\b(?:post|submission|thread) (?:that )?i (?:have )?(?:wrote|made|submitted|posted)\b"
)


_MY_PART = (
    r"\bmy (?:\w+ )?(?:(?:up|down)?vote|comment|reply)\b|\bi (?:gave|left|commented|replied)\b"
)
"""Words for what is one's own on a post that need not be."""


def by_user(frame: Frame) -> list[Value]:
    """Returns the condition that something is by the users named, empty when none is."""
    if not frame.users:
        return []
    value: Value = frame.users[0] if len(frame.users) == 1 else list(frame.users)
    return [{"field": "author", "op": "is", "value": value}]


def each_place(frame: Frame) -> list[Place | None]:
    return list(frame.places) or [None]


def branches(
    recipe: Recipe, frame: Frame, draw: Callable[[Place | None], NodeHandle]
) -> list[NodeHandle]:
    """Draws one branch for each place; branches are independent."""
    drawn = []
    for place in each_place(frame):
        drawn.append(draw(place))
        recipe.draft.branch += 1
    return drawn
