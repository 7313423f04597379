"""Who wants to hear of which notification."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Callable
from typing import Any, NamedTuple

Handler = Callable[[Any], None]
Unsubscribe = Callable[[], None]


class Notification(NamedTuple):
    """One message that the sidecar sent unasked."""

    method: str
    params: Any


class NotificationStream:
    """Notifications from the moment this was made, for `async for`; it ends when the client is closed."""

    def __init__(self, methods: frozenset[str]) -> None:
        self._methods = methods
        self._queue: asyncio.Queue[Notification | None] = asyncio.Queue()
        self._ended = False

    def __aiter__(self) -> NotificationStream:
        return self

    async def __anext__(self) -> Notification:
        notification = await self._queue.get()
        if notification is None:
            # For another iterator, or one that asks again.
            self._queue.put_nowait(None)
            raise StopAsyncIteration
        return notification

    def put(self, notification: Notification) -> None:
        """Takes it when it is one of those that were asked for; none asked for means all."""
        if not self._ended and (not self._methods or notification.method in self._methods):
            self._queue.put_nowait(notification)

    def close(self) -> None:
        """Ends the iteration after what has come so far."""
        if not self._ended:
            self._ended = True
            self._queue.put_nowait(None)


class Subscriptions:
    """Handlers and streams. They outlive a restart of the sidecar."""

    def __init__(self) -> None:
        self._handlers: dict[str, list[Handler]] = {}
        # A stream that nobody holds any more must not collect for ever.
        self._streams: weakref.WeakSet[NotificationStream] = weakref.WeakSet()
        self._closed = False

    def on(self, method: str, handler: Handler) -> Unsubscribe:
        """Calls `handler` with the params of each; the returned function ends that."""
        handlers = self._handlers.setdefault(method, [])
        handlers.append(handler)

        def unsubscribe() -> None:
            if handler in handlers:
                handlers.remove(handler)

        return unsubscribe

    def stream(self, methods: frozenset[str]) -> NotificationStream:
        """An iterator of those methods, of all when there are none."""
        stream = NotificationStream(methods)
        self._streams.add(stream)
        if self._closed:
            stream.close()
        return stream

    def deliver(self, method: str, params: Any) -> None:
        """Hands a notification to everyone who asked for it."""
        for handler in list(self._handlers.get(method, ())):
            call(handler, params)
        for stream in list(self._streams):
            stream.put(Notification(method, params))

    def close(self) -> None:
        """Ends every iteration, also those that begin later."""
        self._closed = True
        for stream in list(self._streams):
            stream.close()


def call(handler: Callable[..., None], *arguments: Any) -> None:
    """Calls a function of the user: one that raises is reported to the event loop and must not end the connection."""
    try:
        handler(*arguments)
    except (Exception, asyncio.CancelledError) as error:
        # The latter is what the result of a future that was cancelled raises; nobody cancels this task from in here.
        report = {"message": f"a handler of codex-account-manager failed: {handler!r}", "exception": error}
        asyncio.get_running_loop().call_exception_handler(report)
