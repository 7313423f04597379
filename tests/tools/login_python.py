"""Every way a login ends, by the installed Python client: prints one JSON object per step. The program is the one of
CAM_BINARY; whoever started this plays the person, and the page of a browser login is followed here."""

import asyncio
import json
import os
import signal
import urllib.request

from codex_account_manager import AccountManager, LoginError, RpcError, SidecarExitedError


def say(step, value):
    print(json.dumps({"step": step, "value": value}), flush=True)


def browse(url):
    # Whatever HTTP_PROXY says, this goes to the loopback address.
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=30) as page:
        page.read()


async def failure(login, *arguments):
    try:
        account = await login.finished(*arguments)
    except (LoginError, SidecarExitedError) as error:
        return [type(error).__name__, str(error)]
    return account["label"]


async def main():
    async with AccountManager() as accounts:
        login = await accounts.login("device")
        say("device shows", [login.url, login.user_code is not None])
        say("device", (await login.finished())["label"])

        login = await accounts.login("browser", label="by browser")
        say("browser shows", login.user_code)
        await asyncio.to_thread(browse, login.url)
        say("browser", (await login.finished(timeout=60))["label"])

        login = await accounts.login("device")
        say("to deny", login.user_code)
        say("denied", await failure(login))

        login = await accounts.login("browser")
        try:
            await accounts.login("browser")
        except RpcError as error:
            say("second", error.kind)
        await login.cancel()
        say("cancelled", await failure(login))
        await login.cancel()

        login = await accounts.login("browser")
        say("timed out", await failure(login, 0.05))

        login = await accounts.login("browser")
        waiting = asyncio.create_task(login.finished())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting])
        say("left", [waiting.cancelled(), await failure(login)])

        told = accounts.notifications("accounts/didLogin")
        beginning = asyncio.create_task(accounts.login("browser"))
        # A turn for the task and one for its request: the login begins, and nobody hears its name.
        for _ in range(2):
            await asyncio.sleep(0)
        beginning.cancel()
        await asyncio.wait([beginning])
        say("left early", [beginning.cancelled(), (await anext(told)).params["error"]])

        login = await accounts.login("device")
        os.kill(accounts.session["session"]["pid"], signal.SIGKILL)
        say("killed", await failure(login))
        say("before", len((await accounts.request("accounts/list"))["accounts"]))

        login = await accounts.login("device", fresh=True)
        say("to approve", login.user_code)
        say("fresh", (await login.finished())["label"])
        say("after", len((await accounts.request("accounts/list"))["accounts"]))

        login = await accounts.login("device")
    say("closed", (await failure(login))[0])


asyncio.run(asyncio.wait_for(main(), 90))
