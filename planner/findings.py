"""What can be wrong with a plan, as values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Finding", "Flaw"]


class Flaw(StrEnum):
    """Kinds of findings, one for each rule of a plan."""

    UNREADABLE = "unreadable"
    """The JSON is not a plan: a field is missing, unknown or of the wrong type."""
    EMPTY = "empty"
    TOO_MANY_NODES = "too_many_nodes"
    DUPLICATE_NODE = "duplicate_node"
    UNKNOWN_DEPENDENCY = "unknown_dependency"
    """An edge names a node that the plan does not have."""
    CYCLE = "cycle"
    UNKNOWN_AGENT = "unknown_agent"
    UNFIT_AGENT = "unfit_agent"
    """The agent lacks the skill, the site or the tier."""
    FOREIGN_SITE = "foreign_site"
    """A node works on a site outside of the task."""
    MISSING_PRODUCER = "missing_producer"
    """An input's source is not an output of any node."""
    MISSING_EDGE = "missing_edge"
    """A value is to flow between two nodes that no data edge joins."""
    MISSING_VALUE = "missing_value"
    """An input has neither a constant nor a source."""
    WRONG_TYPE = "wrong_type"
    DUPLICATE_NAME = "duplicate_name"
    """Two inputs or two outputs of one node share a name."""
    NO_RESPONSE = "no_response"
    """There is not exactly one `respond` node at the end."""
    DANGLING_NODE = "dangling_node"
    """The response does not wait for this node, so its work could be cut off."""
    OVER_BUDGET = "over_budget"
    """One node may cost more than is left."""
    OVER_TOTAL = "over_total"
    """The bounds of all nodes together are more than they may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One rule that a plan breaks."""

    flaw: Flaw
    message: str
    """For people and for a model that repairs: the value seen and the values allowed."""
    node: int | None = None
    other: int | None = None
    """The second node, where the flaw is about an edge or a flow."""
    name: str = ""
    """The input or output it is about."""
