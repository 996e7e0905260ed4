"""Tasks in WebArena-Verified's schema, and the part of a task that agents may see."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, JsonValue

__all__ = [
    "OPEN_SITE",
    "AgentResponse",
    "PublicTask",
    "ResponseStatus",
    "Split",
    "Task",
    "TaskType",
    "WorldSpec",
    "placeholder",
]

OPEN_SITE = "web"
"""Name of the one site of a task that is not about a site of ours: any site on the web."""


class TaskType(StrEnum):
    """What a task asks for, in WebArena-Verified's words."""

    RETRIEVE = "RETRIEVE"
    MUTATE = "MUTATE"
    NAVIGATE = "NAVIGATE"


class ResponseStatus(StrEnum):
    """How an agent says a task ended, in WebArena-Verified's words."""

    SUCCESS = "SUCCESS"
    NOT_FOUND_ERROR = "NOT_FOUND_ERROR"
    ACTION_NOT_ALLOWED_ERROR = "ACTION_NOT_ALLOWED_ERROR"
    PERMISSION_DENIED_ERROR = "PERMISSION_DENIED_ERROR"
    DATA_VALIDATION_ERROR = "DATA_VALIDATION_ERROR"
    UNKNOWN_ERROR = "UNKNOWN_ERROR"


class Split(StrEnum):
    """Which part of the evaluation a task belongs to."""

    OFFICIAL = "official"
    TRAIN = "train"
    NEW_INSTANCES = "new_instances"
    SEALED = "sealed"
    NEW_SKIN = "new_skin"
    ATTACKS = "attacks"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldSpec:
    """Which world of a site to build: the same spec always gives the same bytes."""

    seed: int = 0
    profile: str = "generated"
    """`official` holds what official tasks name; `generated` is drawn from the seed."""
    attacks: bool = False
    """Whether user content carries attacks (injected instructions, look-alike links, traps)."""


class AgentResponse(BaseModel):
    """The one answer that the benchmark wants at the end of an episode."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    task_type: TaskType
    status: ResponseStatus
    retrieved_data: list[JsonValue] | None = None
    error_details: str | None = None


class PublicTask(BaseModel):
    """What planner and agents receive: no answer, no oracle, no evaluator, no template."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    """Opaque; carries no information about the answer."""
    intent: str
    sites: tuple[str, ...]
    start_urls: tuple[str, ...]
    """Absolute, as reachable in this episode."""
    base_urls: dict[str, str]
    """Site name to scheme and host in this episode, no trailing slash."""


class Task(BaseModel):
    """A task with everything that judges it.

    Example:
        >>> Task(key="404", template="22", split=Split.OFFICIAL, sites=("reddit",),
        ...      start_urls=("__REDDIT__",), intent="Upvote the newest post in books forum",
        ...      worlds={"reddit": WorldSpec(profile="official")}, verified={"task_id": 404}
        ...      ).public({"reddit": "http://reddit.localhost"}).start_urls
        ('http://reddit.localhost',)
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    """Official: the benchmark's task id. Generated: `site.template:seed@split`."""
    template: str
    """Official: the intent template's id. Generated: the template's name."""
    split: Split
    sites: tuple[str, ...]
    start_urls: tuple[str, ...]
    """With the benchmark's placeholders (`__REDDIT__`) for sites."""
    intent: str
    worlds: dict[str, WorldSpec]
    """Site name to the world that the episode starts from."""
    skin: str = "plain"
    user: str | None = None
    """Who is signed in; `None` means each site's default user."""
    verified: dict[str, JsonValue]
    """The record in WebArena-Verified's schema, evaluators included; only the judge reads it."""

    def public(self, base_urls: Mapping[str, str]) -> PublicTask:
        """Returns what planner and agents may see.

        Args:
            base_urls: Site name to scheme and host in this episode.

        Raises:
            KeyError: A site of the task has no base URL.
        """
        urls = []
        for url in self.start_urls:
            for site in self.sites:
                url = url.replace(placeholder(site), base_urls[site])
            urls.append(url)
        return PublicTask(
            key=self.key if self.split is Split.OFFICIAL else _opaque(self.key),
            intent=self.intent,
            sites=self.sites,
            start_urls=tuple(urls),
            base_urls={site: base_urls[site] for site in self.sites},
        )


def placeholder(site: str) -> str:
    """Returns WebArena-Verified's placeholder of a site, for instance `__SHOPPING_ADMIN__`."""
    return f"__{site.upper()}__"


def _opaque(key: str) -> str:
    """Hides a generated task's template name, which says what is asked."""
    return "g" + hashlib.blake2b(key.encode(), digest_size=8).hexdigest()
