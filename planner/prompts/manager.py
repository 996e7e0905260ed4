"""Renders prompt files.

A file has three parts: a head with its version, the system text, and the user text.

    {# version: 1 #}
    …system…
    ====
    …user…

`{{ constraint }}` is filled from the file of the method. Every variable must be given. A prompt's
version names both files (`plan@1+p3o@1`) and goes into the event log with the plan it led to.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from core.errors import ConfigurationError
from planner.prompts.fences import fence, one_line

if TYPE_CHECKING:
    import jinja2

__all__ = ["METHODS", "NAMES", "Prompt", "PromptManager"]

NAMES = ("plan", "replan", "repair", "act", "act_repair")
METHODS = ("p3o", "ppo_lagrangian", "macpo")
"""Methods with a constraint text of their own; an empty method has none."""
_HEAD = re.compile(r"\A\{#-?\s*version:\s*(\d+)\s*-?#\}\s*")
_BORDER = re.compile(r"^====\s*$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """A rendered prompt."""

    system: str
    text: str
    """What the user's turn says."""
    version: str
    """Files and versions it was made of, as `plan@1+p3o@1`."""


class _PromptFile(NamedTuple):
    """A file, compiled."""

    system: jinja2.Template
    user: jinja2.Template
    version: int


class PromptManager:
    """Finds, checks and renders prompt files; safe to share between threads.

    Example:
        >>> PromptManager().version("plan", "p3o")
        'plan@1+p3o@1'
    """

    def __init__(self, folder: Path | None = None) -> None:
        """Reads files when they are first asked for.

        Args:
            folder: Where the files are; `None`: those of this package.
        """
        self._folder = folder or Path(__file__).parent
        self._files: dict[str, _PromptFile] = {}

    def render(self, name: str, method: str = "", **values: object) -> Prompt:
        """Returns a prompt with its values filled in.

        Args:
            name: `plan`, `replan`, `repair` or `act`.
            method: How the policies are trained; empty: no word about it.
            **values: The file's variables. Texts from pages go through the filter `fence`.

        Raises:
            ConfigurationError: There is no such file, a value is missing, or a file is malformed.
        """
        import jinja2  # only who renders pays for it

        constraint, method_version = self._constraint(method)
        try:
            file = self._file(name)
            given = {"constraint": constraint, **values}
            return Prompt(
                system=file.system.render(given).strip(),
                text=file.user.render(given).strip(),
                version=f"{name}@{file.version}{method_version}",
            )
        except jinja2.TemplateError as error:
            raise ConfigurationError(f"prompt {name!r}: {error}") from error

    def version(self, name: str, method: str = "") -> str:
        """Returns which version a prompt has, without rendering it.

        Raises:
            ConfigurationError: There is no such file, or it is malformed.
        """
        return f"{name}@{self._parts(name)[2]}{self._constraint(method)[1]}"

    @cached_property
    def _environment(self) -> jinja2.Environment:
        import jinja2

        environment = jinja2.Environment(
            undefined=jinja2.StrictUndefined,
            autoescape=False,  # a prompt is no HTML; pages are fenced
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.filters["fence"] = fence
        environment.filters["one_line"] = one_line
        return environment

    def _file(self, name: str) -> _PromptFile:
        """Returns a compiled file; two threads may compile the same one, which is harmless."""
        known = self._files.get(name)
        if known is None:
            system, user, version = self._parts(name)
            known = _PromptFile(
                self._environment.from_string(system), self._environment.from_string(user), version
            )
            self._files[name] = known
        return known

    def _parts(self, name: str) -> tuple[str, str, int]:
        if name not in NAMES:
            raise ConfigurationError(f"no prompt is called {name!r}; there are {list(NAMES)}")
        text, version = self._read(name)
        parts = _BORDER.split(text)
        if len(parts) != 2:
            raise ConfigurationError(f"prompt {name!r} has {len(parts)} parts, not 2")
        return parts[0], parts[1], version

    def _constraint(self, method: str) -> tuple[str, str]:
        if not method:
            return "", ""
        if method not in METHODS:
            raise ConfigurationError(f"no method is called {method!r}; there are {list(METHODS)}")
        text, version = self._read(f"method_{method}")
        return text.strip(), f"+{method}@{version}"

    def _read(self, stem: str) -> tuple[str, int]:
        path = self._folder / f"{stem}.txt"
        try:
            text = path.read_text(encoding="utf-8")
        except OSError as error:
            raise ConfigurationError(f"cannot read the prompt file {path.name}: {error}") from error
        head = _HEAD.match(text)
        if head is None:
            raise ConfigurationError(f"{path.name} does not begin with its version")
        return text[head.end() :], int(head[1])
