"""Read by mypy, never run. A wrong line has to be one: `--strict` complains of an ignore that is not needed."""

from codex_account_manager import AccountManager, protocol


async def right(accounts: AccountManager) -> str:
    listed = await accounts.request("accounts/list")
    account: protocol.Account = await accounts.request("accounts/read", {"account": "work"})
    switched = await accounts.request("accounts/switch", {"account": None, "scope": "everywhere"})
    table: str | None = await accounts.request("workspace/executeCommand", {"command": "openai-accounts"})
    port: int = accounts.session["proxy"]["port"]
    login = await accounts.login("device", label="work")
    person: protocol.Account = await login.finished(timeout=60)
    changes: list[int] = []
    accounts.on("accounts/didChange", lambda change: changes.append(change["revision"]))
    label = switched["account"]["label"] if switched["account"] else "none"
    return f"{listed['accounts'][0]['label']} {account['state']} {label} {table} {port} {changes} {person['index']}"


async def wrong(accounts: AccountManager) -> None:
    await accounts.request("accounts/lisst")  # type: ignore[call-overload]
    await accounts.request("accounts/read")  # type: ignore[call-overload]
    await accounts.request("accounts/read", {"acount": 1})  # type: ignore[call-overload]
    await accounts.request("accounts/switch", {"account": 1, "scope": "galaxy"})  # type: ignore[call-overload]
    (await accounts.request("accounts/list"))["acounts"]  # type: ignore[typeddict-item]
    await accounts.login("paper")  # type: ignore[arg-type]
    text: str = accounts.session["proxy"]["port"]  # type: ignore[assignment]
    accounts.on("accounts/didChangge", print)  # type: ignore[call-overload]
    accounts.on("routing/didFinish", takes_text)  # type: ignore[call-overload]
    print(text)


def takes_text(text: str) -> None:
    print(text)
