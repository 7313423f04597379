"""A login that is under way: what the person has to see, and how it ends."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import Any

from .connection import Connection
from .errors import LoginError, RpcError, SidecarExitedError
from .protocol import Account, AccountsLoginParams, AccountsLoginResult
from .subscriptions import NotificationStream

#: Past its own end a login may still exchange its code: after this nothing comes any more.
OVERDUE_SECONDS = 60.0

#: How long a task that is cancelled stays to give its login up.
LAST_WORD_SECONDS = 1.0


class Login:
    """A login that waits for its person. It belongs to the sidecar that runs now: another one knows nothing of it."""

    def __init__(self, connection: Connection, notifications: NotificationStream, begun: AccountsLoginResult) -> None:
        self._connection = connection
        self.id = begun["loginId"]
        #: The page to open.
        self.url = begun["url"]
        #: What to type there; only of a device login.
        self.user_code = begun.get("userCode")
        #: When it times out, in unix milliseconds.
        self.expires_at = begun["expiresAt"]
        self._end = asyncio.create_task(self._wait(notifications))
        # A caller that never asks for the result need not see a failure.
        self._end.add_done_callback(lambda end: end.cancelled() or end.exception())

    async def finished(self, timeout: float | None = None) -> Account:
        """The account, once the person has logged in.

        Raises `LoginError` when the login was denied, cancelled or came too late, also by `timeout` in seconds, and
        `SidecarExitedError` when the sidecar ended meanwhile. A task that is cancelled here gives the login up."""
        try:
            async with asyncio.timeout(timeout):
                return await asyncio.shield(self._end)
        except TimeoutError:
            await self.cancel()
            try:
                # It may have ended well this instant.
                return await asyncio.shield(self._end)
            except LoginError:
                raise LoginError(f"nobody logged in within {timeout} s") from None
        except asyncio.CancelledError:
            with contextlib.suppress(RpcError, SidecarExitedError, TimeoutError):
                async with asyncio.timeout(LAST_WORD_SECONDS):
                    await self.cancel()
            raise

    async def cancel(self) -> None:
        """Gives it up. One that has ended already stays as it ended."""
        try:
            await self._connection.request("accounts/cancelLogin", {"loginId": self.id})
        except RpcError as error:
            if error.kind != "loginFailed":
                raise

    async def _wait(self, notifications: NotificationStream) -> Account:
        listening = asyncio.create_task(self._result(notifications))
        ended = asyncio.create_task(self._connection.ended())
        left = max(0.0, self.expires_at / 1000 - time.time()) + OVERDUE_SECONDS
        try:
            done, _ = await asyncio.wait([listening, ended], timeout=left, return_when=asyncio.FIRST_COMPLETED)
        finally:
            notifications.close()
            for task in (listening, ended):
                task.cancel()
        if listening in done:
            params = listening.result()
        elif ended in done:
            raise ended.result()
        else:
            raise LoginError("the result of the login was not reported; look at the accounts")
        if "account" not in params:
            raise LoginError(str(params.get("error", "the login failed")))
        account: Account = await self._connection.request("accounts/read", {"account": params["account"]})
        return account

    async def _result(self, notifications: NotificationStream) -> dict[str, Any]:
        async for _, params in notifications:
            if isinstance(params, dict) and params.get("loginId") == self.id:
                return params
        # The client is closed, and with it the sidecar.
        raise await self._connection.ended()


#: Logins that begin although nobody waits for them any more, each with what gives it up: the loop alone would not keep it.
_leaving: set[asyncio.Task[None]] = set()


async def begin(connection: Connection, notifications: NotificationStream, params: AccountsLoginParams) -> Login:
    """Begins one; `notifications` listens from before, since it may end before the answer is read."""
    beginning = asyncio.create_task(_begun(connection, notifications, params))
    try:
        return await asyncio.shield(beginning)
    except asyncio.CancelledError:
        # It may begin all the same, and nobody would know its name.
        leaving = asyncio.create_task(_leave(beginning))
        _leaving.add(leaving)
        leaving.add_done_callback(_leaving.discard)
        await asyncio.wait([leaving], timeout=LAST_WORD_SECONDS)
        raise


async def _begun(connection: Connection, notifications: NotificationStream, params: AccountsLoginParams) -> Login:
    try:
        begun: AccountsLoginResult = await connection.request("accounts/login", params)
    except BaseException:
        notifications.close()
        raise
    return Login(connection, notifications, begun)


async def _leave(beginning: asyncio.Task[Login]) -> None:
    with contextlib.suppress(RpcError, SidecarExitedError):
        await (await beginning).cancel()
