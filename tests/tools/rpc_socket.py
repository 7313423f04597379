"""Passes lines between the standard streams and a WebSocket: URL, then headers as NAME=VALUE. First it says `open`, or
`refused` with the status; last `closed` with the code."""

import asyncio
import os
import sys

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus


def say(line: str) -> None:
    print(line, flush=True)


async def send_lines(socket) -> None:
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        await socket.send(line.rstrip("\n"))
    await socket.close()


async def main(url: str, *headers: str) -> None:
    named = dict(header.split("=", 1) for header in headers)
    try:
        socket = await connect(url, additional_headers=named, proxy=None, max_size=None)
    except InvalidStatus as refused:
        say(f"refused {refused.response.status_code}")
        return
    say("open")
    sending = asyncio.ensure_future(send_lines(socket))
    try:
        async for message in socket:
            say(message)
    except ConnectionClosed:
        pass
    say(f"closed {socket.close_code}")
    sending.cancel()


asyncio.new_event_loop().run_until_complete(main(*sys.argv[1:]))
# The thread that waits for a line of stdin would keep a clean end back.
os._exit(0)
