"""Drives the installed Python client through one scenario and prints one JSON object per step.

    python python_client.py SCENARIO

The program is the one of CAM_BINARY.
"""

import asyncio
import contextlib
import json
import os
import signal
import sys
import time

import codex_account_manager
from codex_account_manager import (
    AccountManager,
    AccountManagerError,
    BinaryNotFoundError,
    ClosedError,
    RpcError,
    SidecarExitedError,
    protocol,
)


def say(step, value):
    print(json.dumps({"step": step, "value": value}), flush=True)


def sidecar_pid(accounts):
    return accounts.session["session"]["pid"]


async def requests():
    messages, ready = [], asyncio.get_running_loop().create_future()
    accounts = AccountManager(on_message=lambda level, text: messages.append([level, text]))
    accounts.on("proxy/ready", ready.set_result)
    changes = accounts.notifications("accounts/didChange")
    async with accounts:
        say("package", codex_account_manager.__file__)
        say("session", accounts.session)
        say("proxy/ready", await ready)
        listed = await accounts.request("accounts/list")
        say("labels", [account["label"] for account in listed["accounts"]])
        say("switch", (await accounts.request("accounts/switch", {"account": 2}))["account"]["label"])
        say("status", (await accounts.request("status/read"))["session"]["id"] == accounts.session["session"]["id"])
        command = {"command": "openai-accounts-switch", "arguments": ["1"]}
        say("command", await accounts.request("workspace/executeCommand", command))
        try:
            await accounts.request("accounts/read", {"account": "nobody"})
        except RpcError as error:
            say("error", [error.code, error.kind, error.retryable, error.hint, str(error)])
            assert protocol.ERROR_CODES[error.kind] == error.code
        try:
            await accounts.request("no/such")
        except RpcError as error:
            say("unknown method", [error.code, error.kind, error.hint])
        many = await asyncio.gather(*(accounts.request("accounts/read", {"account": 1 + n % 2}) for n in range(40)))
        say("many", [account["index"] for account in many] == [1, 2] * 20)
        await accounts.request("accounts/update", {"account": 1, "priority": 7})
        say("change", (await anext(changes)).params["cause"])
        environment = accounts.child_environment({"NO_PROXY": "example.com"})
        say("environment", environment["OPENAI_BASE_URL"] == accounts.session["proxy"]["baseUrl"])
        say("no proxy", environment["NO_PROXY"])
        say("messages", messages)
    await accounts.close()
    say("left in the stream", [notification.method async for notification in changes])
    try:
        await accounts.request("accounts/list")
    except ClosedError as error:
        say("closed", str(error))


async def crash():
    sessions = []
    accounts = AccountManager()
    accounts.on_session(sessions.append)
    async with accounts:
        pid = sidecar_pid(accounts)
        # One that is stopped does not answer before it is killed.
        os.kill(pid, signal.SIGSTOP)
        asked = asyncio.create_task(accounts.request("accounts/list"))
        await asyncio.sleep(0)
        os.kill(pid, signal.SIGKILL)
        try:
            await asked
        except SidecarExitedError as error:
            say("pending", [str(error), error.code])
        say("again", len((await accounts.request("accounts/list"))["accounts"]))
        say("sessions", [[session["session"]["pid"], session["proxy"]["apiKey"]] for session in sessions])
        say("current", accounts.session["session"]["pid"] == sessions[-1]["session"]["pid"])


async def give_up():
    accounts = AccountManager(restarts=1)
    async with accounts:
        for _ in range(2):
            os.kill(sidecar_pid(accounts), signal.SIGKILL)
            try:
                # Until the client has seen it, a request may still go out and be rejected.
                while True:
                    await accounts.request("status/read")
            except SidecarExitedError:
                pass
            with contextlib.suppress(SidecarExitedError):
                await accounts.request("status/read")
        try:
            await accounts.request("status/read")
        except SidecarExitedError as error:
            say("given up", str(error))


async def cancel():
    async with AccountManager() as accounts:
        pid = sidecar_pid(accounts)
        os.kill(pid, signal.SIGSTOP)
        asked = asyncio.create_task(accounts.request("accounts/list"))
        await asyncio.sleep(0)
        asked.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asked
        say("cancelled", asked.cancelled())
        os.kill(pid, signal.SIGCONT)
        say("afterwards", len((await accounts.request("accounts/list"))["accounts"]))


async def missing():
    for name, options in {"option": {"binary": "/nowhere/cam"}, "variable and PATH": {}}.items():
        try:
            await AccountManager(**options).start()
        except BinaryNotFoundError as error:
            say(name, str(error))


async def wrong_program():
    try:
        await AccountManager(binary=sys.executable, on_stderr=lambda line: None).start()
    except AccountManagerError as error:
        say("problem", str(error))


def program(name, lines):
    """A program of that name beside the accounts file's home, which answers `initialize` and goes on with `lines`."""
    path = os.path.join(os.environ["HOME"], name)
    session = {"protocolVersion": 1, "proxy": {"baseUrl": "http://127.0.0.1:1/v1"}, "session": {"startAccount": None}}
    answer = {"capabilities": {"experimental": {"codexAccountManager": session}}}
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"""#!{sys.executable}
import json, sys, time
def read():
    length = 0
    while (line := sys.stdin.buffer.readline()).strip():
        length = int(line.split(b":")[1])
    return json.loads(sys.stdin.buffer.read(length)) if length else sys.exit()
def write(message):
    body = message if isinstance(message, bytes) else json.dumps(message).encode()
    sys.stdout.buffer.write(b"Content-Length: %d\\r\\n\\r\\n%b" % (len(body), body))
    sys.stdout.buffer.flush()
def answer(result):
    write({{"jsonrpc": "2.0", "id": read()["id"], "result": result}})
answer({answer!r})
read()
{lines}
""")
    os.chmod(path, 0o755)
    return path


async def nonsense():
    bears = """
write({"method": "window/showMessage", "params": None})
write({"method": "window/showMessage", "params": {"type": [1]}})
write({"method": ["x"], "params": 1})
write({"id": read()["id"], "error": "no object"})
answer("well")
"""
    async with AccountManager(binary=program("bears", bears)) as accounts:
        try:
            await accounts.request("status/read")
        except RpcError as error:
            say("error", [error.code, str(error)])
        say("afterwards", await accounts.request("accounts/list"))
    for name, lines in [
        ("deep", "write(b'[' * 200_000)"),
        ("noise", "sys.stdout.write('x' * 5_000_000); sys.stdout.flush()"),
    ]:
        path = program(name, f"read()\n{lines}\ntime.sleep(60)")
        async with AccountManager(binary=path, restarts=0) as accounts, asyncio.timeout(10):
            try:
                await accounts.request("accounts/list")
            except SidecarExitedError as error:
                say(name, str(error))
    lines = "sys.stderr.write('x' * 5_000_000); sys.stderr.flush(); answer('well')"
    lengths = []
    async with AccountManager(binary=program("long", lines), on_stderr=lambda line: lengths.append(len(line))) as accounts:
        await accounts.request("accounts/list")
    say("long", max(lengths) <= 2 * 65536)


async def strange_server():
    codex_account_manager.client.GRACE_SECONDS = 0.2
    said = asyncio.get_running_loop().create_future()
    accounts = AccountManager(on_message=lambda level, text: said.set_result([level, text]))
    async with accounts:
        say("message", await said)
        raised = asyncio.create_task(accounts.request("accounts/list"))
        await asyncio.sleep(0)
    try:
        await raised
    except SidecarExitedError as error:
        say("killed", error.code)


async def babbling_server():
    told, messages = [], []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(repr(context["exception"])))

    def cancelled(_):
        raise asyncio.CancelledError("of a handler")

    def failed(_):
        raise ValueError("of a handler")

    accounts = AccountManager(on_message=lambda level, text: messages.append([level, text]))
    accounts.on("strange/notification", cancelled)
    accounts.on("strange/notification", failed)
    async with accounts, asyncio.timeout(20):
        say("answer", await accounts.request("any"))
        say("messages", messages)
        say("handlers", told)
        for method in ["text", "code"]:
            try:
                await accounts.request(method)
            except RpcError as error:
                say(method, [error.code, str(error)])
        asked = [asyncio.create_task(accounts.request(method)) for method in ["nested", "any"]]
        answers = await asyncio.gather(*asked, return_exceptions=True)
        say("broken", [[type(answer).__name__, str(answer)] for answer in answers])
        say("again", await accounts.request("any"))


async def refused_start():
    began = time.monotonic()
    try:
        await AccountManager().start()
    except RpcError as error:
        say("refused", str(error))
    say("at once", time.monotonic() - began < 4)


async def crash_of_a_parent():
    async with AccountManager(restarts=0) as accounts, asyncio.timeout(10):
        try:
            await accounts.request("exit")
        except SidecarExitedError as error:
            say("ended", str(error))


async def any_order():
    accounts = AccountManager()
    say("before the start", await refusal(accounts.request("accounts/list")))
    starting = asyncio.create_task(accounts.start())
    await asyncio.sleep(0)
    await asyncio.gather(accounts.close(), accounts.close())
    say("closed while it starts", await refusal(starting))
    say("after the end", await refusal(accounts.start()))
    accounts = AccountManager()
    await asyncio.gather(accounts.start(), accounts.start())
    pid = sidecar_pid(accounts)
    say("two starts", len((await accounts.request("status/read"))["sessions"]))
    os.kill(pid, signal.SIGKILL)
    await accounts.close()
    say("closed after a crash", True)


async def streams():
    accounts = AccountManager()
    async with accounts:
        stream = accounts.notifications("no/such")
        consumers = [asyncio.create_task(collect(stream)) for _ in range(2)]
        await asyncio.sleep(0)
    ends = [*consumers, asyncio.create_task(collect(stream)), asyncio.create_task(collect(accounts.notifications()))]
    ended, hanging = await asyncio.wait(ends, timeout=5)
    for consumer in hanging:
        consumer.cancel()
    say("ended", len(ended))


async def collect(stream):
    return [notification async for notification in stream]


async def refusal(asked):
    try:
        await asked
    except ClosedError as error:
        return str(error)


async def wait_to_be_killed():
    async with AccountManager() as accounts:
        say("sidecar", sidecar_pid(accounts))
        await asyncio.Event().wait()


async def openai_sdk():
    from openai import AsyncOpenAI

    async with AccountManager() as accounts:
        client = AsyncOpenAI(**accounts.openai)
        answer = await client.responses.create(model="gpt-5.2", input="say hi")
        say("answer", answer.output_text)


asyncio.run(globals()[sys.argv[1]]())
