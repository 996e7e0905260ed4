"""Rules for what users may send, and the messages when they do not hold."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

__all__ = ["WEB_ADDRESS", "WORD", "Rule", "problems"]

WORD = re.compile(r"\w+", re.ASCII)
"""Names of users and forums."""

WEB_ADDRESS = re.compile(r"https?://[^\s/?#@\\<>\"]+(?:[/?#][^\s<>\"]*)?", re.IGNORECASE)
"""An absolute http or https address with a host and without a user name."""


class Rule(NamedTuple):
    """What one field must look like."""

    field: str
    """Name of the form field."""
    label: str
    """What the message calls it."""
    longest: int
    """In characters."""
    shortest: int = 0
    """In characters without surrounding blanks; 0 makes the field optional."""
    pattern: re.Pattern[str] | None = None
    """What the whole value must match, unless it is empty."""


def problems(form: Mapping[str, str], rules: Sequence[Rule]) -> dict[str, str]:
    """Checks a form; returns field name to message, empty when all rules hold."""
    found = {rule.field: _problem(form.get(rule.field, ""), rule) for rule in rules}
    return {field: message for field, message in found.items() if message}


def _problem(value: str, rule: Rule) -> str:
    length = len(value.strip())
    if length == 0 and rule.shortest > 0:
        return f"{rule.label} must not be blank."
    if length < rule.shortest:
        return f"{rule.label} must have at least {rule.shortest} characters."
    if len(value) > rule.longest:
        return f"{rule.label} is too long: {len(value):,} of {rule.longest:,} characters."
    if value and rule.pattern is not None and rule.pattern.fullmatch(value) is None:
        return f"{rule.label} is not valid."
    return ""
