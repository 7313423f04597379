"""One sidecar process: its handshake, what is asked of it, and its end."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from . import frames
from .errors import AccountManagerError, RpcError, SidecarExitedError
from .protocol import PROTOCOL_VERSION

#: Until `initialize` has to be answered. It takes milliseconds; only a machine that hangs comes here.
HANDSHAKE_SECONDS = 30

#: How many of its last lines on stderr are kept to explain its end.
KEPT_LINES = 20

#: A line on stderr that is longer comes in pieces.
LONGEST_LINE = 65536

#: How long its last words on stderr are waited for once it has ended.
LAST_WORDS_SECONDS = 1

METHOD_NOT_FOUND = -32601


class Connection:
    """A process and the messages to and from it. It is not used again once the process has ended."""

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        notified: Callable[[str, Any], None],
        complained: Callable[[str], None],
        over: Callable[[], None],
    ) -> None:
        assert process.stdin is not None and process.stdout is not None and process.stderr is not None
        self._process = process
        self._stdin = process.stdin
        self._notified = notified
        self._complained = complained
        self._over = over
        self._pending: dict[int, tuple[str, asyncio.Future[Any]]] = {}
        self._next_id = 1
        self._last_lines: deque[str] = deque(maxlen=KEPT_LINES)
        self._broken = ""
        self._end: SidecarExitedError | None = None
        self._stderr = asyncio.create_task(self._read_stderr(process.stderr))
        self._reading = asyncio.create_task(self._read(process.stdout))
        self.session: Any = None

    @classmethod
    async def open(
        cls,
        command: Sequence[str],
        environment: Mapping[str, str],
        initialization_options: Mapping[str, Any],
        notified: Callable[[str, Any], None],
        complained: Callable[[str], None],
        over: Callable[[], None],
    ) -> Connection:
        """Starts the process and shakes hands. `over` is called at its end, before anybody else hears of that."""
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                env=dict(environment),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                **_apart(),
            )
        except OSError as error:
            raise SidecarExitedError(f"`{command[0]}` cannot be started: {error}", None, "") from error
        connection = cls(process, notified, complained, over)
        try:
            async with asyncio.timeout(HANDSHAKE_SECONDS):
                await connection._shake_hands(initialization_options)
        except TimeoutError as error:
            raise SidecarExitedError("the sidecar did not answer `initialize`", None, connection._stderr_text()) from error
        finally:
            if connection.session is None:
                connection._kill()
        return connection

    async def _shake_hands(self, initialization_options: Mapping[str, Any]) -> None:
        result = await self.request(
            "initialize",
            {
                "processId": os.getpid(),
                "clientInfo": {"name": "codex-account-manager for Python"},
                "capabilities": {},
                "initializationOptions": dict(initialization_options),
            },
        )
        session = _session_of(result)
        if session.get("protocolVersion") != PROTOCOL_VERSION:
            raise AccountManagerError(
                f"the program speaks version {session.get('protocolVersion')} of the protocol and this package "
                f"{PROTOCOL_VERSION}\nhint: install both from the same release"
            )
        self.session = session
        self.notify("initialized", {})

    async def request(self, method: str, params: Any) -> Any:
        """The result. A task that is cancelled here takes its request back from the sidecar as well."""
        if self._end is not None:
            raise self._end
        number = self._next_id
        self._next_id += 1
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._pending[number] = (method, answer)
        try:
            self._send({"id": number, "method": method, "params": {} if params is None else params})
            return await answer
        except asyncio.CancelledError:
            if number in self._pending:
                self.notify("$/cancelRequest", {"id": number})
            raise
        finally:
            self._pending.pop(number, None)

    def notify(self, method: str, params: Any) -> None:
        """Sends it, if there is still somebody to send it to."""
        self._send({"method": method, "params": params})

    async def ended(self) -> SidecarExitedError:
        """Waits for the end and tells of it."""
        await asyncio.shield(self._reading)
        assert self._end is not None
        return self._end

    async def close(self, grace: float) -> None:
        """Asks the process to end and waits for it; past `grace` seconds it is killed."""
        try:
            async with asyncio.timeout(grace):
                try:
                    await self.request("shutdown", None)
                except (SidecarExitedError, RpcError):
                    pass  # It is gone already, or ends all the same.
                self.notify("exit", None)
                self._stdin.close()
                await self.ended()
        except TimeoutError:
            pass
        finally:
            self._kill()
        await self.ended()

    def _kill(self) -> None:
        if self._process.returncode is None:
            try:
                self._process.kill()
            except ProcessLookupError:
                pass

    def _send(self, message: dict[str, Any]) -> None:
        # Not drained: requests are small, and a process that does not read is found out by its silence. Written to
        # one that is gone, it is dropped, and the reader has its end to tell.
        if not self._stdin.is_closing():
            self._stdin.write(frames.encode({"jsonrpc": "2.0", **message}))

    async def _read(self, stdout: asyncio.StreamReader) -> None:
        try:
            while (message := await frames.read(stdout)) is not None:
                self._take(message)
        except frames.FrameError as error:
            self._broken = str(error)
            self._kill()
            # asyncio does not take a process for ended whose output is not read to its end.
            while await stdout.read(65536):
                pass
        self._stdin.close()
        code = await self._process.wait()
        # The end of stderr would wait for whoever else holds it.
        await asyncio.wait([self._stderr], timeout=LAST_WORDS_SECONDS)
        self._end = SidecarExitedError(self._reason(code), code, self._stderr_text())
        self._over()
        for _, answer in self._pending.values():
            if not answer.done():
                answer.set_exception(self._end)

    def _take(self, message: dict[str, Any]) -> None:
        method, number = message.get("method"), message.get("id")
        if method is not None and not isinstance(method, str):
            return
        if method is not None and number is not None:
            error = {"code": METHOD_NOT_FOUND, "message": f"this client has no method `{method}`"}
            self._send({"id": number, "error": error})
        elif method is not None:
            self._notified(method, message.get("params"))
        elif isinstance(number, int) and number in self._pending:
            asked, answer = self._pending.pop(number)
            if answer.done():
                return
            if "error" in message:
                answer.set_exception(RpcError(asked, message["error"]))
            else:
                answer.set_result(message.get("result"))

    async def _read_stderr(self, stderr: asyncio.StreamReader) -> None:
        rest = b""
        # By pieces, since a line may be longer than what `readline` bears.
        while piece := await stderr.read(65536):
            *lines, rest = (rest + piece).split(b"\n")
            if len(rest) > LONGEST_LINE:
                lines, rest = [*lines, rest], b""
            for line in lines:
                self._complain(line)
        if rest:
            self._complain(rest)

    def _complain(self, line: bytes) -> None:
        text = line.decode(errors="replace").rstrip()
        self._last_lines.append(text)
        self._complained(text)

    def _stderr_text(self) -> str:
        return "\n".join(self._last_lines)

    def _reason(self, code: int) -> str:
        if self._broken:
            return f"the sidecar sent {self._broken}"
        return f"the sidecar was ended by signal {-code}" if code < 0 else f"the sidecar ended with code {code}"


def _session_of(result: Any) -> dict[str, Any]:
    try:
        session = result["capabilities"]["experimental"]["codexAccountManager"]
    except (KeyError, TypeError):
        session = None
    if not isinstance(session, dict):
        raise AccountManagerError("the program that was started is not `codex-account-manager`")
    return session


def _apart() -> dict[str, Any]:
    """Ctrl-C in a terminal goes to every process of the group. Whether it ends this program is the program's choice,
    and the sidecar follows it."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW}
    return {"start_new_session": True}
