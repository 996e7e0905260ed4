"""One tab: how our scripts get into its documents, where it is going and what it lets in."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from functools import cache
from pathlib import Path

from environment.browsers.chromium.driver import Fields, Wire
from environment.browsers.chromium.failures import (
    CommandRefusedError,
    DocumentLostError,
    TabLostError,
)
from environment.browsers.chromium.gate import DocumentRequest, Gate
from environment.browsers.chromium.navigation import Navigation

__all__ = ["Tab"]

_WORLD = "page"
_BLANK = "about:blank"
_EMPTYING_S = 5.0
_LOST = "lost"


class Tab:
    """A page and what we keep about it; made by `attach`."""

    def __init__(self, wire: Wire, frame_id: str) -> None:
        self._wire = wire
        self._frame_id = frame_id
        self._world: int | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._shown = _BLANK
        self.navigation = Navigation(frame_id)
        self.gate = Gate(frame_id)
        self.click = wire.click
        self.press = wire.press
        self.screenshot = wire.screenshot
        self.close = wire.close

    @classmethod
    async def attach(cls, wire: Wire, *, is_gated: bool) -> Tab:
        """Listens to a fresh page and installs what its documents need.

        Args:
            wire: The page.
            is_gated: Whether each document is to pass the tab's gate, which costs a round trip.

        Raises:
            TabLostError: The browser is gone.
        """
        tree = await wire.send("Page.getFrameTree")
        tab = cls(wire, tree["frameTree"]["frame"]["id"])
        tab._listen()
        hooks = {"source": _source("hooks.js")}
        await wire.send("Page.enable")
        await wire.send("Page.addScriptToEvaluateOnNewDocument", hooks)
        if is_gated:
            wire.on("Fetch.requestPaused", tab._judge)
            await wire.send("Fetch.enable", {"patterns": [{"resourceType": "Document"}]})
        return tab

    @property
    def is_lost(self) -> bool:
        """Whether the page has crashed or is closed."""
        return self._wire.is_lost

    async def command(self, method: str, params: Fields | None = None) -> Fields:
        """Sends one DevTools command.

        Raises:
            TabLostError: The tab is gone.
            DocumentLostError: The command was about a document that is gone.
            CommandRefusedError: Chromium refuses the command.
        """
        try:
            return await self._wire.send(method, params)
        except DocumentLostError:
            self._world = None
            raise

    async def evaluate(self, call: str) -> str:
        """Awaits one call of `extract.js` or `agent.js` and returns the string that it gives.

        Args:
            call: An expression; `page` in it is the scripts' own object.

        Raises:
            TabLostError: The tab is gone.
            DocumentLostError: Another document came meanwhile.
        """
        prelude = ""
        if self._world is None:
            world = await self.command(
                "Page.createIsolatedWorld", {"frameId": self._frame_id, "worldName": _WORLD}
            )
            self._world = world["executionContextId"]
            prelude = f"globalThis.__page?.act || ({_scripts()});"
        reply = await self.command(
            "Runtime.evaluate",
            {
                "expression": f"{prelude}(page => page?.act ? {call} : '{_LOST}')"
                "(globalThis.__page)",
                "contextId": self._world,
                "awaitPromise": True,
                "returnByValue": True,
            },
        )
        value = reply["result"].get("value")
        if not isinstance(value, str) or value == _LOST:
            self._world = None
            raise DocumentLostError(str(reply.get("exceptionDetails", value)))
        return value

    async def empty(self) -> bool:
        """Leaves the page for an empty one; nothing of the page runs after that.

        Returns:
            Whether the tab can be used again.
        """
        if self.is_lost:
            return False
        try:
            async with asyncio.timeout(_EMPTYING_S):
                self.navigation.start(_BLANK)
                await self.command("Page.navigate", {"url": _BLANK})
                await self.navigation.end()
        except (TimeoutError, TabLostError, DocumentLostError, CommandRefusedError):
            return False
        self.navigation.begin()
        self.gate.refusal = ""
        return self._shown == _BLANK  # the page may have been on its way elsewhere

    def _listen(self) -> None:
        on, watch = self._wire.on, self.navigation
        on("Page.frameRequestedNavigation", lambda e: watch.requested(e["frameId"], e["url"]))
        on(
            "Page.frameScheduledNavigation",
            lambda e: watch.scheduled(e["frameId"], e["reason"], e["delay"], e["url"]),
        )
        on("Page.frameNavigated", self._arrived)
        on("Page.navigatedWithinDocument", lambda e: watch.moved(e["frameId"]))
        on("Page.frameStoppedLoading", lambda e: watch.stopped(e["frameId"]))
        self._wire.on_loss(watch.lost)

    def _arrived(self, event: Fields) -> None:
        frame = event["frame"]
        if frame["id"] == self._frame_id:
            self._world = None
            self._shown = frame["url"]
        self.navigation.arrived(frame["id"], frame.get("unreachableUrl", ""))

    def _judge(self, event: Fields) -> None:
        request = DocumentRequest(
            event["requestId"],
            event["request"]["url"],
            event["frameId"],
            event.get("redirectedRequestId", ""),
        )
        self._spawn(self._answer(request.id, is_refused=not self.gate.lets_in(request)))

    async def _answer(self, request_id: str, *, is_refused: bool) -> None:
        request = {"requestId": request_id}
        try:
            if is_refused:
                await self._wire.send("Fetch.failRequest", {**request, "errorReason": "Aborted"})
            else:
                await self._wire.send("Fetch.continueRequest", request)
        except (TabLostError, DocumentLostError, CommandRefusedError):
            return  # the request or the tab is gone

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


@cache
def _source(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


@cache
def _scripts() -> str:
    return (
        _source("extract.js").strip().rstrip(";") + ",\n" + _source("agent.js").strip().rstrip(";")
    )
