"""What can go wrong, as exceptions. Every one is an `AccountManagerError`."""

from __future__ import annotations

from typing import Any


class AccountManagerError(Exception):
    """The root of what this package raises of its own."""


class BinaryNotFoundError(AccountManagerError):
    """The program is in none of the places where it is searched."""


class ClosedError(AccountManagerError):
    """The client was closed, or never started."""


class SidecarExitedError(AccountManagerError):
    """The sidecar ended while something was asked of it, or could not be started."""

    def __init__(self, reason: str, code: int | None, stderr: str) -> None:
        """`code` is the exit code, the negative signal when one ended it; `stderr` its last lines."""
        super().__init__(f"{reason}\n{stderr}" if stderr else reason)
        self.code = code
        self.stderr = stderr


class LoginError(AccountManagerError):
    """A login ended without an account: it was denied, cancelled, or nobody came in time. Its text says what to do."""


class RpcError(AccountManagerError):
    """The sidecar answered with an error."""

    def __init__(self, method: str, error: Any) -> None:
        if not isinstance(error, dict):
            error = {"message": error}
        message = str(error.get("message", "no message"))
        code = error.get("code")
        # JSON-RPC leaves the form of `data` open, and a method that is not known comes with its name there.
        data = error.get("data")
        fields: dict[str, Any] = data if isinstance(data, dict) else {}
        self.method = method
        self.code = code if isinstance(code, int) else 0
        self.message = message
        #: The word of the table in `protocol.ERROR_CODES`; empty for an error that is not the product's.
        self.kind = str(fields.get("kind", ""))
        #: Whether the same call can work later without any action.
        self.retryable = bool(fields.get("retryable", False))
        #: What to do.
        self.hint = str(fields.get("hint", ""))
        super().__init__(f"{message}\nhint: {self.hint}" if self.hint else message)
