"""Between ASGI messages and the requests and responses of `core.http`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from core.http import Headers, HttpRequest, HttpResponse, header

__all__ = ["Message", "Receive", "Send", "read_body", "read_request", "write_response"]

Message = MutableMapping[str, Any]  # ASGI messages are open dicts
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


async def read_body(receive: Receive, limit: int) -> bytes | None:
    """Reads a body; `None` when it is longer than the limit."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return b"".join(parts)
        part: bytes = message.get("body", b"")
        size += len(part)
        if size > limit:
            return None
        parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts)


def read_request(scope: Message, body: bytes) -> HttpRequest:
    """Returns the request of a scope, with the address that its `Host` header names."""
    headers: Headers = tuple(
        (name.decode("latin-1").lower(), value.decode("latin-1"))
        for name, value in scope["headers"]
    )
    query = scope["query_string"]
    target = scope["raw_path"].decode("latin-1") + ("?" + query.decode("latin-1") if query else "")
    host = header(headers, "host").lower()
    url = f"http://{host}{target}"
    return HttpRequest(method=scope["method"], url=url, headers=headers, body=body)


async def write_response(response: HttpResponse, method: str, send: Send) -> None:
    """Sends a response; one to HEAD goes without its body."""
    fields = [field for field in response.headers if field[0] != "content-length"]
    if method == "GET" and _is_page(response):
        # Going back asks the world again, but never sends a form twice, as the in-process browser.
        fields.append(("cache-control", "no-store"))
    if response.status not in (204, 304):
        fields.append(("content-length", str(len(response.body))))
    encoded = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in fields]
    body = b"" if method == "HEAD" else response.body
    start = {"type": "http.response.start", "status": response.status, "headers": encoded}
    await send(start)
    await send({"type": "http.response.body", "body": body})


def _is_page(response: HttpResponse) -> bool:
    if header(response.headers, "cache-control"):
        return False
    return header(response.headers, "content-type").startswith("text/html")
