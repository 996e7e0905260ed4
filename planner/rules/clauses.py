"""Cuts an intent into requests: what is to be done, and the words that belong to it.

    text -> fragments at punctuation and `and` -> predicate of each -> groups

A fragment without a predicate belongs to the request before it; words before the first request,
and sentences that only set the scene, to the one after. Looking somewhere first (`find`) belongs
to what is then done there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from planner.rules.masking import Masked
from planner.rules.rephrasing import rephrased

__all__ = ["Clause", "is_change", "split_clauses"]

_MUTATING = frozenset(
    [
        "upvote",
        "downvote",
        "unvote",
        "subscribe",
        "unsubscribe",
        "block",
        "unblock",
        "message",
        "comment",
        "delete",
        "edit",
        "edit_biography",
        "create_forum",
        "post",
        "clear",
    ]
)
"""Predicates that change the site, beside those that begin with `other:`."""

_CUT = re.compile(r"(?<=[.;?!:,])\s+|\s+(?=(?:and|then|but)\s)")
_LEAD = re.compile(
    r"^(?:(?:and|then|but|also|please|besides|moreover|now|next|finally|afterwards|after that|first"
    r"|two things|to|could you|can you|i want you to|i want to|i would like to|i need to"
    r"|i'd like to|i'd like you to|i would like you to|i ask you to|would you|will you|kindly"
    r"|let us|let me|simply|just|there),?:?\s+)*",
    re.IGNORECASE,
)
_TELL_ME = re.compile(
    r"(?:give|tell|get|read|name) (?:me|us) (?!to\b|an? (?:up|down)vote)"
    r"|(?:give|return|list|report|read out) (?:the |their |its |all )?(?:full )?"
    r"(?:names?|titles?|usernames?|numbers?|urls?|texts?|scores?|dates?)\b"
    r"|add (?:up|together)\b"
)
"""Openings that ask for an answer, whatever acts the rest speaks of."""
_IMPERATIVES: tuple[tuple[str, str], ...] = (
    ("unvote", r"(?:retract|undo|withdraw|take back|remove|cancel|revoke)\b.*\b(?:up"
               r"|down)?votes?\b"),
    ("unvote", r"(?:unvote|unlike)\b"),
    ("unvote", r"(?:take|call) (?:it|that|this) back|(?:undo|retract|revoke) (?:it|that|this)\b"),
    ("unblock", r"(?:lift|end|undo|cancel) (?:the|my) block"),
    ("unsubscribe", r"(?:stop|quit) (?:following|getting|receiving|subscribing)"),
    ("subscribe", r"sign me up"),
    ("downvote", r"vote against\b"),
    ("message", r"(?:let|tell)\b.*\b(?:know|privately|private)\b.*«|contact\b.*«"),
    ("message", r"tell (?!me\b|us\b)\S+ «"),
    ("message", r"(?:give|drop) (?!me\b|us\b)\S+ (?:the|a) (?:\w+ )?message\b"),
    ("comment", r"say «|write «\d+».*\b(?:under|below|as a (?:comment|reply)|in the thread)"),
    ("unsubscribe", r"(?:unsubscribe|unfollow|quit|drop)\b"),
    ("unsubscribe", r"leave (?!.*(?:«|comment|reply|open|remark|note|message|feedback))"),
    ("unsubscribe", r"(?:remove|cancel|end|stop)\b.*\bsubscri"),
    ("subscribe", r"(?:subscribe|join|follow)\b"),
    ("subscribe", r"(?:become|make me) a (?:\w+ )?(?:subscriber|member|follower)"),
    ("subscribe", r"add\b.*\b(?:follow|subscri)"),
    ("downvote", r"(?:downvote|dislike|thumbs? down|vote down|down-vote)\b"),
    ("downvote", r"(?:give|cast|leave|put|add)\b.*\b(?:downvote|dislike|thumbs down)"),
    ("upvote", r"(?:upvote|like|thumbs? up|vote up|vote for|up-vote)\b"),
    ("upvote", r"(?:give|cast|leave|put|add)\b.*\b(?:upvote|like|thumbs up)\b"),
    ("unblock", r"(?:unblock|unmute|stop (?:block|ignor))"),
    ("unblock", r"(?:remove|take|delete|drop)\b.*\bblock ?(?:list|ed)"),
    ("block", r"(?:block|ignore|mute)\b"),
    ("block", r"(?:put|add|place)\b.*\bblock(?:ed)? (?:list|users)"),
    ("edit_biography", r"(?:change|set|update|edit|replace|make|rewrite|let|write|put|clear|add"
                       r"|append)"
     r"\b.*\b(?:bio|biography|profile (?:text|description)|about me|my (?:user )?profile)\b"
     r"(?! picture| page)"),
    ("edit", r"(?:add|append|put)\b.*\b(?:at|to) the (?:very )?(?:end|bottom) of\b"),
    ("create_forum", r"(?:create|start|make|open (?=a|new)|found|set up|launch|add)\s*(?:me |us )?"
     r"(?:a |the |an |another )?(?:new |own )?(?:forum|community|subreddit)\b"),
    ("message", r"(?:message|pm|dm|text)\b"),
    ("message", r"(?:send|write|compose|drop)\b.*\b(?:message|dm|pm|note to)\b"),
    ("message", r"(?:send|tell|write)\b.*«\d+».*\bto (?:the )?(?:user|member|author|poster|one)\b"),
    ("message", r"write to (?!.*\bforum\b.*«)|tell (?:the )?(?:user|author|poster|member)\b.*«"),
    ("message", r"send (?!.*\bto (?:f/|the [\w-]+ forum))(?!me\b)"),
    ("message", r"(?:continue|go on with)\b.*\b(?:conversation|messages?|thread)\b"),
    ("message", r"write «\d+»(?!.*(?:f/|forum|post|comment|bio|submission|thread|under))"),
    ("delete", r"(?:delete|remove|take down|erase|get rid of|withdraw)\b"),
    ("clear", r"(?:mark|clear|dismiss|empty)\b.*\b(?:notification|inbox|alert|read)"),
    ("edit", r"(?:edit|append|modify|correct|extend|rename|retitle)\b"),
    ("edit", r"add\b.*\bline\b"),
    ("edit", r"(?:replace|change|update|rewrite|set|put)\b.*\b(?:body|text|title|wrote|said"
             r"|commented|replied|posted|comment|post"
     r"|description|sidebar|submission|reply)\b"),
    ("message", r"(?:reply|respond|answer)\b.*\b(?:message|conversation)\b"),
    ("comment", r"(?:comment|reply|respond|answer)\b(?! (?:counts?|with the (?:name|user|title"
                r"|number)"
     r"|scores?|authors?|texts?|bod|that|by|is|has)\b)"),
    ("comment", r"(?:leave|add|write|post|make|give|put)\b[^.]*\b(?:a|the|my|this|that|another"
                r"|same|new)"
     r"(?: \w+)? (?:comment|reply|remark|response)s?\b(?! (?:counts?|with the most))"),
    ("comment", r"leave\b.*«\d+»"),
    ("post", r"(?:re-?post|cross-?post|post|submit|share|publish)\b"
     r"(?! (?:titles?|authors?|urls?|counts?|bod(?:y|ies)|that|is|has|with the (?:most|highest"
     r"|lowest)"
     r"|page|dates?|scores?|names?|links?|texts?)\b)"),
    ("post", r"(?:create|make|write|start|open an?|open (?:\w+ )?new|add|put up)\b[^.]*"
     r"\b(?:post|submission|thread|discussion|topic|entry|question|notice|link)\b"),
    ("post", r"ask (?:for|in|the|my|a|on|«)"),
    ("search", r"(?:search|use the search|run a search|do a search|look)\b.*\bfor\b"),
    ("search", r"search\b"),
    ("navigate", r"(?:open|go|navigate|show me the page|take me|bring me|visit|head|get me to"
                 r"|switch)\b"),
    ("navigate", r"(?:show|display|pull up|sort)\b"),
    ("find", r"(?:find|locate|look (?:at|up|in|for)|check|consider|compare|among|see)\b"),
    ("retrieve", r"(?:return|get|give|tell|list|count|name|report|collect|determine|compute|provide"
     r"|what|which|who|whose|how|when|where|is|are|does|do|did|has|have|i need|i want to know"
     r"|in which"
     r"|answer with|write down|fetch|gather|extract|identify|state|sum|calculate|on which"
     r"|by whom)\b"),
)  # fmt: skip
_COMMANDS = tuple((name, re.compile(pattern)) for name, pattern in _IMPERATIVES)
_OTHERS = re.compile(
    r"(?:(?:change|set|update|reset|switch) (?:my |the |\S+'s )?(?:password|e-?mail|user ?name"
    r"|avatar|profile picture"
    r"|language|theme|country|time ?zone)|report|flag|pin|sticky|award|gild|bookmark|save"
    r"|favou?rite|hide|lock|ban|kick|mute|upload|attach|archive"
    r"|translate|print|download|schedule|invite|promote|transfer|rename my|star|give gold"
    r"|give an award|tip|donate"
    r"|make (?:me|\S+) an? (?:moderator|admin)|verify|merge|feature|nominate|poll|start a poll"
    r"|create a poll"
    r"|tag|label|export|enable|disable|turn on|turn off|switch on|switch off|deactivate|close my"
    r"|sticky)\b"
)
"""Acts that some sites offer; whether this one does, its page says."""
_NOMINALS: tuple[tuple[str, str], ...] = (
    ("upvote", r"\b(?:an?|the) (?:upvote|like|thumbs up)\b"),
    ("upvote", r"\b(?:deserves?|gets?|receives?) (?:an?|my) (?:upvote|like)\b"),
    ("downvote", r"\b(?:an?|the) (?:downvote|dislike|thumbs down)\b"),
    ("comment", r"\b(?:gets?|receives?|deserves?|needs?)\b.*\b(?:comment|reply|remark)\b"),
    ("comment", r"\bmy (?:comment|reply|answer) (?:is|should be|reads)\b"),
    ("message", r"\b(?:gets?|receives?)\b.*\bmessage\b"),
    (
        "edit_biography",
        r"\b(?:my|the|its) (?:bio|biography|profile)\b.*\b(?:becomes?|should|says?|reads?)\b.*«",
    ),
    ("edit", r"\b(?:description|sidebar|title|body|text) of\b.*\bshould (?:be|say|read)\b"),
    ("edit", r"\bneeds?\b.*\b(?:line|paragraph)\b"),
    ("edit", r"\bmy (?:post|submission|comment)\b.*\bshould (?:say|read|end|be)\b"),
)
_DETAILS = re.compile(
    r"^(?:set|make|use|write|put|add|title|name|call|give it|in|for|with|ask|fill|enter|let)\b.*"
    r"\b(?:details|title|titled|body|text|sidebar|description|it|content|prompt|opinions?)\b",
    re.IGNORECASE,
)
_ARTICLE = re.compile(r"(?:vote so|do so|do it|do that)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Clause:
    """One request."""

    predicate: str
    masked: Masked
    """The words that belong to it."""


@dataclass(slots=True)
class _Group:
    predicate: str
    fragments: list[str]


def is_change(predicate: str) -> bool:
    """Returns whether a predicate changes the site."""
    return predicate in _MUTATING or predicate.startswith("other:")


def split_clauses(masked: Masked) -> list[Clause]:
    """Returns the requests of an intent, in order; at least one."""
    groups = _grouped(_CUT.split(rephrased(masked.text)))
    merged = _merged(groups)
    return [Clause(one.predicate, masked.part(" ".join(one.fragments))) for one in merged]


def _grouped(fragments: list[str]) -> list[_Group]:
    groups: list[_Group] = []
    pending: list[str] = []
    starts_sentence = True
    about_subscriptions = any("subscription" in fragment for fragment in fragments)
    for fragment in fragments:
        predicate = _predicate(fragment, groups[-1].predicate if groups else "")
        if not predicate and about_subscriptions and re.match(r"(?:and )?add\b", fragment, re.I):
            predicate = "subscribe"
        predicate = _by_scene(predicate, [*pending, fragment])
        if predicate and groups and _goes_on(groups[-1], predicate, fragment):
            groups[-1].fragments += [*pending, fragment]
            pending = []
        elif predicate:
            groups.append(_Group(predicate, [*pending, fragment]))
            pending = []
        elif (
            groups
            and (not starts_sentence or pending == [])
            and not (starts_sentence and _sets_scene(fragment))
        ):
            groups[-1].fragments.append(fragment)
        else:
            pending.append(fragment)
        starts_sentence = fragment.rstrip().endswith((".", "?", "!", ";"))
    if pending and groups:
        groups[-1].fragments += pending
    return groups or [_Group("retrieve", fragments)]


def _by_scene(predicate: str, fragments: list[str]) -> str:
    """Returns what an answer is given to: in a conversation it is a message, else a comment."""
    if predicate != "comment":
        return predicate
    text = " ".join(fragments).casefold()
    talks = re.search(
        r"\b(?:conversation|chat|message(?: thread)?|private) (?:with|from|by)\b", text
    )
    return "message" if talks else predicate


def _sets_scene(fragment: str) -> bool:
    return bool(re.match(r"(?:there is|i (?:have|wrote|commented|posted)|in )", fragment, re.I))


def _predicate(fragment: str, before: str) -> str:
    text = _LEAD.sub("", fragment)
    if _ARTICLE.match(text) or (
        before in ("post", "create_forum", "comment", "message") and _DETAILS.match(text)
    ):
        return ""
    low = text.casefold()
    if _TELL_ME.match(low):
        return "retrieve"
    other = _OTHERS.match(low)
    if other:
        return f"other:{other[0].split()[0]}"
    imperative = next((name for name, act in _COMMANDS if act.match(low)), "")
    if imperative not in ("", "find", "retrieve", "navigate"):
        return imperative
    return next((name for name, p in _NOMINALS if re.search(p, low)), imperative)


def _goes_on(group: _Group, predicate: str, fragment: str) -> bool:
    """Returns whether a request says more about the one before instead of being another."""
    if predicate != group.predicate or predicate not in _ONCE:
        return False
    quotes = [part for part in group.fragments if "«" in part]
    return not quotes or "«" not in fragment or group.fragments[-1].rstrip().endswith(":")


_ONCE = frozenset({"edit", "edit_biography", "post", "create_forum", "message", "block", "delete"})


def _merged(groups: list[_Group]) -> list[_Group]:
    """Joins scene-setting requests with what they prepare, and all questions into one."""
    strong = [one for one in groups if is_change(one.predicate)]
    if not strong:
        questions = [one for one in groups if one.predicate == "retrieve"]
        chosen = questions or [one for one in groups if one.predicate != "find"] or groups
        predicate = chosen[-1].predicate if not questions else "retrieve"
        predicate = "retrieve" if predicate == "find" else predicate
        if not questions and any(one.predicate == "search" for one in groups):
            predicate = "search"
        if any(one.predicate == "navigate" for one in groups) and _ends_open(groups):
            predicate = "navigate"
        return [_Group(predicate, [part for one in groups for part in one.fragments])]
    merged: list[_Group] = []
    waiting: list[str] = []
    for group in groups:
        if is_change(group.predicate):
            merged.append(_Group(group.predicate, [*waiting, *group.fragments]))
            waiting = []
        else:
            waiting += group.fragments
    merged[-1].fragments += waiting
    return merged


def _ends_open(groups: list[_Group]) -> bool:
    """Returns whether the last thing asked for is a page, as in `Which one? Open its page`."""
    return groups[-1].predicate == "navigate"
