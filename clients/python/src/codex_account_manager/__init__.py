"""Several OpenAI accounts as if they were one: starts a sidecar and speaks with it.

    async with AccountManager() as accounts:
        client = AsyncOpenAI(**accounts.openai)
"""

from .binary import find_binary
from .client import AccountManager, MessageLevel, OpenAIArguments
from .errors import (
    AccountManagerError,
    BinaryNotFoundError,
    ClosedError,
    LoginError,
    RpcError,
    SidecarExitedError,
)
from .login import Login
from .subscriptions import Notification, NotificationStream

__all__ = [
    "AccountManager",
    "AccountManagerError",
    "BinaryNotFoundError",
    "ClosedError",
    "Login",
    "LoginError",
    "MessageLevel",
    "Notification",
    "NotificationStream",
    "OpenAIArguments",
    "RpcError",
    "SidecarExitedError",
    "find_binary",
]
