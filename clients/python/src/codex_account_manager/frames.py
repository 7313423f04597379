"""The LSP base protocol: a header with the length, an empty line, JSON."""

from __future__ import annotations

import asyncio
import json
from typing import Any


class FrameError(Exception):
    """What came is no frame; nothing after it can be read."""


def encode(message: dict[str, Any]) -> bytes:
    """One frame."""
    body = json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


async def read(stream: asyncio.StreamReader) -> dict[str, Any] | None:
    """The next message; None at the end of the stream, where a frame that is cut off counts as the end."""
    length = None
    try:
        while (line := await stream.readuntil(b"\n")).strip():
            name, _, value = line.partition(b":")
            if name.strip().lower() == b"content-length":
                length = int(value)
        if length is None:
            raise FrameError("a frame without `Content-Length`")
        message = json.loads(await stream.readexactly(length))
    except asyncio.IncompleteReadError:
        return None
    except (ValueError, asyncio.LimitOverrunError) as error:
        raise FrameError(f"no frame: {error}") from error
    if not isinstance(message, dict):
        raise FrameError("a message that is no object")
    return message
