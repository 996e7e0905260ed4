"""Lets the documents of one tab in, or not; each redirect is a request of its own. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

__all__ = ["DocumentRequest", "Gate"]

_MAX_REDIRECTS = 10


class DocumentRequest(NamedTuple):
    """A document that a frame asks for."""

    id: str
    url: str
    frame_id: str
    redirected_from: str
    """The request whose answer led here, empty for a first one."""


class _Chain(NamedTuple):
    """Redirects so far."""

    first_url: str
    hops: int


class Gate:
    """Judges what the frames of one tab ask for."""

    def __init__(self, frame_id: str) -> None:
        """Lets everything in until `is_allowed` is set.

        Args:
            frame_id: The main frame; only what is refused to it is a problem of the page.
        """
        self._frame_id = frame_id
        self._chains: dict[str, _Chain] = {}
        self.is_allowed: Callable[[str], bool] = lambda _: True
        """Tells for an absolute URL whether a document may come from there."""
        self.refusal = ""
        """Why a document was not let in since this was cleared, as a problem."""

    def lets_in(self, request: DocumentRequest) -> bool:
        """Tells whether a request may go out, and keeps why not."""
        cause = self._chains.pop(request.redirected_from, None)
        chain = _Chain(cause.first_url, cause.hops + 1) if cause else _Chain(request.url, 0)
        is_main = request.frame_id == self._frame_id
        refusal = ""
        if not self.is_allowed(request.url):
            refusal = f"cannot reach {request.url}"
        elif chain.hops > _MAX_REDIRECTS:
            refusal = f"too many redirects: {chain.first_url}"
        elif is_main:
            self._chains = {request.id: chain}
        if is_main and refusal:
            self.refusal = refusal
        return not refusal
