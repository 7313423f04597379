"""One sidecar process: its handshake, what is asked of it, and its end."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from . import frames
from .errors import AccountManagerError, RpcError, SidecarExitedError
from .protocol import PROTOCOL_VERSION

#: Until `initialize` has to be answered. It takes milliseconds; only a machine that hangs comes here.
HANDSHAKE_SECONDS = 30

#: How many of its last lines on stderr are kept to explain its end.
KEPT_LINES = 20

#: How long its last words are waited for once it has ended: somebody else may hold its pipes.
LAST_WORDS_SECONDS = 1

#: A line on stderr that is longer comes in pieces.
LONGEST_LINE = 65536

#: How much of a line of a header is read before it counts as none.
HEADER_BYTES = 65536

METHOD_NOT_FOUND = -32601


class _Pipes(asyncio.subprocess.SubprocessStreamProtocol):
    """The pipes of a process, and its exit, which `asyncio.subprocess.Process.wait` reports only when nobody else holds
    them, up to Python 3.12."""

    def __init__(self) -> None:
        super().__init__(limit=HEADER_BYTES, loop=asyncio.get_running_loop())
        self.exited = asyncio.Event()

    def process_exited(self) -> None:
        self.exited.set()
        super().process_exited()


class Connection:
    """A process and the messages to and from it. It is not used again once the process has ended."""

    def __init__(
        self,
        transport: asyncio.SubprocessTransport,
        pipes: _Pipes,
        notified: Callable[[str, Any], None],
        complained: Callable[[str], None],
        over: Callable[[], None],
    ) -> None:
        assert pipes.stdin is not None and pipes.stdout is not None and pipes.stderr is not None
        self._transport = transport
        self._pipes = pipes
        self._stdin = pipes.stdin
        self._notified = notified
        self._complained = complained
        self._over = over
        self._pending: dict[int, tuple[str, asyncio.Future[Any]]] = {}
        self._next_id = 1
        self._last_lines: deque[str] = deque(maxlen=KEPT_LINES)
        self._broken = ""
        self._end: SidecarExitedError | None = None
        self._stderr = asyncio.create_task(self._read_stderr(pipes.stderr))
        self._reading = asyncio.create_task(self._read(pipes.stdout))
        self.session: Any = None

    @classmethod
    async def open(
        cls,
        command: Sequence[str],
        environment: Mapping[str, str],
        folders: Sequence[Path],
        initialization_options: Mapping[str, Any],
        notified: Callable[[str, Any], None],
        complained: Callable[[str], None],
        over: Callable[[], None],
    ) -> Connection:
        """Starts the process and shakes hands. `over` is called at its end, before anybody else hears of that."""
        try:
            transport, pipes = await asyncio.get_running_loop().subprocess_exec(
                _Pipes,
                *command,
                env=dict(environment),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                **_apart(),
            )
        except OSError as error:
            raise SidecarExitedError(f"`{command[0]}` cannot be started: {error}", None, "") from error
        connection = cls(transport, pipes, notified, complained, over)
        try:
            async with asyncio.timeout(HANDSHAKE_SECONDS):
                await connection._shake_hands(folders, initialization_options)
        except TimeoutError as error:
            raise SidecarExitedError("the sidecar did not answer `initialize`", None, connection._stderr_text()) from error
        finally:
            if connection.session is None:
                await connection._destroy()
        return connection

    async def _shake_hands(self, folders: Sequence[Path], initialization_options: Mapping[str, Any]) -> None:
        params = {
            "processId": os.getpid(),
            "clientInfo": {"name": "codex-account-manager for Python"},
            "capabilities": {},
            "initializationOptions": dict(initialization_options),
        }
        if folders:
            params["workspaceFolders"] = [{"uri": folder.as_uri(), "name": folder.name} for folder in folders]
        result = await self.request("initialize", params)
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
        """Waits for the end and reports it."""
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
            await self._destroy()

    def _kill(self) -> None:
        if self._transport.get_returncode() is None:
            try:
                self._transport.kill()
            except ProcessLookupError:
                pass

    async def _destroy(self) -> None:
        """Kills the process and waits for the end, but not for another process that holds its pipes."""
        self._kill()
        await asyncio.wait([self._reading], timeout=2 * LAST_WORDS_SECONDS)
        self._transport.close()
        await self.ended()

    def _send(self, message: dict[str, Any]) -> None:
        # Not drained: requests are small, and a process that does not read is found out by its silence. Written to
        # one that is gone, it is dropped, and the reader reports its end.
        if not self._stdin.is_closing():
            self._stdin.write(frames.encode({"jsonrpc": "2.0", **message}))

    async def _read(self, stdout: asyncio.StreamReader) -> None:
        code = None
        try:
            await self._take_all(stdout)
            self._stdin.close()
            await self._pipes.exited.wait()
            code = self._transport.get_returncode()
            await asyncio.wait([self._stderr], timeout=LAST_WORDS_SECONDS)
            self._stderr.cancel()
            self._transport.close()
        finally:
            self._end = SidecarExitedError(self._reason(code), code, self._stderr_text())
            self._over()
            for _, answer in self._pending.values():
                if not answer.done():
                    answer.set_exception(self._end)

    async def _take_all(self, stdout: asyncio.StreamReader) -> None:
        try:
            while (message := await frames.read(stdout)) is not None:
                self._take(message)
        except frames.FrameError as error:
            self._broken = str(error)
        except Exception as error:
            # If it were tolerated, the caller would wait for its answer for ever.
            self._broken = f"what cannot be taken: {error!r}"
        if self._broken:
            self._kill()

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
            if message.get("error") is not None:
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

    def _reason(self, code: int | None) -> str:
        if self._broken:
            return f"the sidecar sent {self._broken}"
        if code is None:
            return "the sidecar is not listened to any more"
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
