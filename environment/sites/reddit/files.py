"""Style sheets, the script for JSON forms, and pictures."""

from __future__ import annotations

import struct
import zlib
from functools import cache, lru_cache
from pathlib import Path

from environment.sites.contract import HttpResponse
from environment.sites.reddit.visit import RefusedError, Visit

__all__ = ["favicon", "image", "static"]

_STATIC = Path(__file__).parent / "static"
_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}
_IMAGE_SIZE = 96
"""Width and height of a generated picture in pixels."""


def static(visit: Visit) -> HttpResponse:
    """Serves one file of the site's own."""
    name = visit.args["file"]
    body = _files().get(name)
    if body is None:
        raise RefusedError(404, "There is no such file.")
    kind = _TYPES[Path(name).suffix]
    headers = (("content-type", kind), ("cache-control", "max-age=3600"))
    return HttpResponse(status=200, headers=headers, body=body)


def image(visit: Visit) -> HttpResponse:
    """Draws the picture of a hash: two colours in a pattern, so that each looks different."""
    body = _png(visit.args["image"])
    headers = (("content-type", "image/png"), ("cache-control", "max-age=3600"))
    return HttpResponse(status=200, headers=headers, body=body)


def favicon(_visit: Visit) -> HttpResponse:
    """Answers browsers that ask for an icon: there is none."""
    return HttpResponse(status=204)


@cache
def _files() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in _STATIC.iterdir() if path.suffix in _TYPES}


@lru_cache(maxsize=256)
def _png(name: str) -> bytes:
    bits = zlib.crc32(name.encode()) * 0x9E3779B1
    colours = bytes((bits >> shift) & 0xFF for shift in (0, 8, 16, 24, 32, 40))
    step = _IMAGE_SIZE // 6
    rows = []
    for y in range(_IMAGE_SIZE):
        # Mirrored left to right, six cells a row, as identicons are.
        cells = [(bits >> ((y // step) * 3 + min(x, 5 - x))) & 1 for x in range(6)]
        rows.append(b"\0" + b"".join(colours[3 * c : 3 * c + 3] * step for c in cells))
    header = struct.pack(">IIBBBBB", _IMAGE_SIZE, _IMAGE_SIZE, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(b"".join(rows))), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
