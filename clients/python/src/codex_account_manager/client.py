"""The client: a sidecar that is kept alive, and its requests and notifications."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self, TypedDict, cast

from .binary import find_binary
from .connection import Connection
from .errors import AccountManagerError, ClosedError, SidecarExitedError
from .login import Login, begin
from .protocol import AccountsLoginParams, LoginMethod, Notifications, Requests, SessionInfo
from .subscriptions import NotificationStream, Subscriptions, call

MessageLevel = Literal["error", "warning", "info", "log"]

#: `MessageType` of LSP.
_LEVELS: dict[int, MessageLevel] = {1: "error", 2: "warning", 3: "info", 4: "log"}

_LOG_LEVELS: dict[MessageLevel, int] = {
    "error": logging.ERROR,
    "warning": logging.WARNING,
    "info": logging.INFO,
    "log": logging.DEBUG,
}

#: The first pause before a restart; each further one in a row is twice as long.
FIRST_PAUSE_SECONDS = 0.25
LONGEST_PAUSE_SECONDS = 8.0

#: A sidecar that lived this long was well: the next crash is counted as the first.
WELL_SECONDS = 60.0

#: A sidecar that renews a token may take somewhat more than 10 s to end.
GRACE_SECONDS = 12.0

_logger = logging.getLogger("codex_account_manager")


class OpenAIArguments(TypedDict):
    """What `OpenAI(…)` and `AsyncOpenAI(…)` of the official SDK are given."""

    base_url: str
    api_key: str


class AccountManager(Requests, Notifications):
    """Starts a sidecar, keeps it alive and speaks with it. Use it with `async with`, or `start` and `close`."""

    def __init__(
        self,
        *,
        binary: str | os.PathLike[str] | None = None,
        arguments: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        initialization_options: Mapping[str, Any] | None = None,
        folders: Sequence[str | os.PathLike[str]] = (),
        accounts: str | Sequence[str] | None = None,
        restarts: int = 5,
        on_message: Callable[[MessageLevel, str], None] | None = None,
        on_stderr: Callable[[str], None] | None = None,
    ) -> None:
        """`arguments` follow `sidecar --stdio`. `environment` replaces this process's own. `folders` is where the agent works:
        the rules of projects for them hold; without any it is the folder of this process. `accounts` names the only ones to use:
        groups, labels and ids, `!` before what is left out; it narrows what the rules leave. `restarts` is how many crashes
        in a row are tolerated. `on_message` gets what is meant for people, `on_stderr` each line of stderr; without them
        both go to the logger `codex_account_manager`."""
        self._binary = binary
        self._arguments = tuple(arguments)
        self._environment = environment
        self._initialization_options = dict(initialization_options or {})
        if accounts is not None:
            self._initialization_options["accounts"] = accounts if isinstance(accounts, str) else list(accounts)
        self._folders = [Path(folder).absolute() for folder in folders]
        self._restarts = restarts
        self._on_message = on_message or _log_message
        self._on_stderr = on_stderr or _logger.warning
        self._subscriptions = Subscriptions()
        self._session_handlers: list[Callable[[SessionInfo], None]] = []
        self._session: SessionInfo | None = None
        self._connection: asyncio.Future[Connection] | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._closing: asyncio.Task[None] | None = None

    @property
    def session(self) -> SessionInfo:
        """What the sidecar reported at its last start. A restart changes the port and the key: see `on_session`."""
        if self._session is None:
            raise ClosedError("there is no session yet; use `async with`, or await `start()`")
        return self._session

    @property
    def openai(self) -> OpenAIArguments:
        """The arguments of `OpenAI(…)` and `AsyncOpenAI(…)` of the official SDK."""
        proxy = self.session["proxy"]
        return {"base_url": proxy["baseUrl"], "api_key": proxy.get("apiKey") or ""}

    def child_environment(self, base: Mapping[str, str] | None = None) -> dict[str, str]:
        """An environment for a program whose OpenAI requests are to go through the proxy; `os.environ` and what it needs."""
        environment = dict(os.environ if base is None else base)
        options = self.openai
        environment["OPENAI_BASE_URL"], environment["OPENAI_API_KEY"] = options["base_url"], options["api_key"]
        for name in ("NO_PROXY", "no_proxy"):
            known = [environment[name]] if environment.get(name) else []
            environment[name] = ",".join([*known, "127.0.0.1", "localhost"])
        return environment

    def on_session(self, handler: Callable[[SessionInfo], None]) -> Callable[[], None]:
        """Calls `handler` at the start and after every restart; the returned function ends that."""
        self._session_handlers.append(handler)

        def unsubscribe() -> None:
            if handler in self._session_handlers:
                self._session_handlers.remove(handler)

        return unsubscribe

    def notifications(self, *methods: str) -> NotificationStream:
        """An async iterator of the notifications of these methods, of all when none is named."""
        return self._subscriptions.stream(frozenset(methods))

    async def login(self, method: LoginMethod, *, label: str | None = None, fresh: bool = False) -> Login:
        """Begins the login of a ChatGPT account. Show the person its `url`, and its `user_code` where it has one, then wait
        for `finished()`. `fresh` moves the existing accounts aside once the login is good."""
        params: AccountsLoginParams = {"method": method}
        if label is not None:
            params["label"] = label
        if fresh:
            params["fresh"] = True
        connection = await self._connected("accounts/login")
        return await begin(connection, self.notifications("accounts/didLogin"), params)

    async def start(self) -> None:
        """Starts the sidecar and shakes hands. Raises `BinaryNotFoundError`, or `SidecarExitedError` with the reason."""
        if self._closing is not None:
            raise ClosedError("the client was closed; make a new one")
        if self._connection is not None:
            await asyncio.shield(self._connection)
            return
        waiting = self._connection = asyncio.get_running_loop().create_future()
        try:
            connection = await self._open()
        except BaseException as error:
            self._connection = None
            _fail(waiting, error if isinstance(error, Exception) else ClosedError("the start was cancelled"))
            raise
        if waiting.done():  # Closed meanwhile.
            await connection.close(GRACE_SECONDS)
            raise ClosedError("the client was closed while it started")
        self._announce(connection)
        self._keeper = asyncio.create_task(self._keep(connection))

    async def close(self) -> None:
        """Ends the sidecar and waits for it. May be called at any time and more than once."""
        if self._closing is None:
            self._closing = asyncio.create_task(self._close())
        await asyncio.shield(self._closing)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _request(self, method: str, params: Any) -> Any:
        """What was asked before a crash is not asked again."""
        connection = await self._connected(method)
        return await connection.request(method, params)

    async def _connected(self, method: str) -> Connection:
        """Waits for a restart that is under way."""
        if self._closing is not None or self._connection is None:
            raise ClosedError(f"`{method}`: the client is not started, or was closed")
        return await asyncio.shield(self._connection)

    def _on(self, method: str, handler: Callable[[Any], None]) -> Callable[[], None]:
        return self._subscriptions.on(method, handler)

    async def _open(self) -> Connection:
        environment = os.environ if self._environment is None else self._environment
        command = [find_binary(self._binary, environment), "sidecar", "--stdio", *self._arguments]
        return await Connection.open(
            command,
            environment,
            self._folders,
            self._initialization_options,
            self._notified,
            self._complained,
            self._over,
        )

    def _announce(self, connection: Connection) -> None:
        self._session = cast(SessionInfo, connection.session)
        assert self._connection is not None
        self._connection.set_result(connection)
        for handler in list(self._session_handlers):
            call(handler, self._session)

    async def _keep(self, connection: Connection) -> None:
        """Starts the sidecar again whenever it ends, as long as that has a point."""
        loop = asyncio.get_running_loop()
        crashes = 0
        while True:
            began = loop.time()
            failure: AccountManagerError = await connection.ended()
            if loop.time() - began >= WELL_SECONDS:
                crashes = 0
            while True:
                crashes += 1
                if crashes > self._restarts:
                    code = failure.code if isinstance(failure, SidecarExitedError) else None
                    ended = SidecarExitedError(f"{failure}\nit is not started again after {crashes} crashes in a row", code, "")
                    _logger.error("%s", ended)
                    assert self._connection is not None
                    _fail(self._connection, ended)
                    return
                pause = min(FIRST_PAUSE_SECONDS * 2 ** (crashes - 1), LONGEST_PAUSE_SECONDS)
                _logger.warning("%s; starting it again in %s s", failure, pause)
                await asyncio.sleep(pause)
                try:
                    connection = await self._open()
                    break
                except AccountManagerError as error:
                    failure = error
            self._announce(connection)

    async def _close(self) -> None:
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait([self._keeper])
        connection = self._connection
        try:
            if connection is not None:
                _fail(connection, ClosedError("the client was closed"))
                if connection.exception() is None:
                    await connection.result().close(GRACE_SECONDS)
        finally:
            self._subscriptions.close()

    def _over(self) -> None:
        """The current process ended: a request from here on waits for the next one."""
        if self._closing is None and self._connection is not None and self._connection.done():
            self._connection = asyncio.get_running_loop().create_future()

    def _notified(self, method: str, params: Any) -> None:
        if method in ("window/showMessage", "window/logMessage") and isinstance(params, dict) and "message" in params:
            kind = params.get("type")
            call(self._on_message, _LEVELS.get(kind, "log") if isinstance(kind, int) else "log", str(params["message"]))
        self._subscriptions.deliver(method, params)

    def _complained(self, line: str) -> None:
        call(self._on_stderr, line)


def _fail(waiting: asyncio.Future[Connection], error: Exception) -> None:
    """Fails those who wait, unless they have a result already."""
    if not waiting.done():
        waiting.set_exception(error)
        waiting.exception()  # Maybe nobody waits, and asyncio would complain of that.


def _log_message(level: MessageLevel, text: str) -> None:
    _logger.log(_LOG_LEVELS[level], text)
