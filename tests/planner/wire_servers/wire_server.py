"""A loopback HTTP server that does what a test tells it, one request after the other.

A test queues answers; each request takes the next one, and stays in `received`. What an answer
looks like in a provider's wire format stands in the modules beside this one.
"""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

Ending = Literal["end", "close", "reset"]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One thing that a server can do with a request."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    wait_s: float = 0.0
    """Before anything is sent."""
    reset: bool = False
    """Nothing is sent; the connection is reset."""
    cut_at: int | None = None
    """Bytes of the body after which the connection is closed, though more was announced."""
    drip_s: float = 0.0
    """Between one byte and the next."""
    chunks: int = 0
    """Parts in which the body is streamed, its length not announced; 0: in one piece."""
    ends_with: Ending = "end"
    """What comes after the last chunk: its end, nothing but a closed connection, or a reset."""


@dataclass(frozen=True, kw_only=True)
class Received:
    """One request as it came in."""

    path: str
    headers: Mapping[str, str]
    body: Any


class WireServer:
    """Answers by the queue; an empty queue is a mistake of the test and answers 418."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.received: list[Received] = []
        self._answers: deque[Answer] = deque()
        self._lock = threading.Lock()

    def will(self, *answers: Answer) -> None:
        self._answers.extend(answers)

    def forget(self) -> None:
        self._answers.clear()
        self.received.clear()

    def take(self, received: Received) -> Answer:
        with self._lock:
            self.received.append(received)
            return self._answers.popleft() if self._answers else Answer(status=418)


def json_answer(body: object, *, status: int = 200, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(
        status=status,
        body=json.dumps(body).encode(),
        headers={"content-type": "application/json", **named},
    )


@contextmanager
def serving() -> Iterator[WireServer]:
    """Serves on a free port of 127.0.0.1 until the block ends."""
    http = _Server(("127.0.0.1", 0), _Handler)
    http.wire = WireServer(f"http://127.0.0.1:{http.server_address[1]}")
    thread = threading.Thread(target=http.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield http.wire
    finally:
        http.shutdown()
        http.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    wire: WireServer

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that hang up are part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        received = Received(path=self.path, headers=headers, body=json.loads(body or b"null"))
        answer = self.server.wire.take(received)
        time.sleep(answer.wait_s)
        if answer.reset:
            self._reset()
            return
        self.send_response_only(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.chunks:
            self.send_header("transfer-encoding", "chunked")
            self.end_headers()
            self._stream(answer)
            return
        self.send_header("content-length", str(len(answer.body)))
        self.end_headers()
        self._send(answer)

    def _stream(self, answer: Answer) -> None:
        body = answer.body[: answer.cut_at]
        size = max(1, -(-len(body) // answer.chunks))
        for at in range(0, len(body), size):
            part = body[at : at + size]
            self.wfile.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")
            self.wfile.flush()
        if answer.ends_with == "end":
            self.wfile.write(b"0\r\n\r\n")
        elif answer.ends_with == "reset":
            self._reset()
        else:
            self.close_connection = True

    def _send(self, answer: Answer) -> None:
        body = answer.body[: answer.cut_at]
        if answer.drip_s:
            for byte in body:
                self.wfile.write(bytes([byte]))
                self.wfile.flush()
                time.sleep(answer.drip_s)
        else:
            self.wfile.write(body)
        if len(body) < len(answer.body):
            self.close_connection = True

    def _reset(self) -> None:
        on_close_send_rst = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, on_close_send_rst)
        self.close_connection = True
        self.connection.close()

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""
