"""The story that every client plays, with the Python client: what is asked, and what has to come of it.

Takes the program from CAM_BINARY; prints `story: done` and exits 0 when every step went as it has to.
"""

import asyncio
import json
import urllib.request

from codex_account_manager import AccountManager


def post_response(proxy):
    request = urllib.request.Request(
        proxy["baseUrl"] + "/responses",
        json.dumps({"model": "gpt-5.2", "input": "say hi"}).encode(),
        {"Authorization": f"Bearer {proxy['apiKey']}", "Content-Type": "application/json"},
    )
    # Whatever HTTP_PROXY says, this goes to the loopback address.
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(request, timeout=30) as answer:
        # To its end: a client that leaves before it is told as 499.
        answer.read()
        return answer.status


async def story():
    accounts = AccountManager()
    told = accounts.notifications("proxy/ready", "routing/didFinish")
    async with accounts:
        ready = await anext(told)
        assert ready.method == "proxy/ready", ready
        listed = await accounts.request("accounts/list", {})
        assert len(listed["accounts"]) == 3, listed
        table = await accounts.request("workspace/executeCommand", {"command": "openai-accounts"})
        assert table.startswith("OpenAI Accounts (3):"), table
        switched = await accounts.request("accounts/switch", {"account": 2})
        assert switched["account"]["index"] == 2, switched
        status = await asyncio.to_thread(post_response, accounts.session["proxy"])
        assert status == 200, status
        finished = await anext(told)
        assert (finished.method, finished.params["status"]) == ("routing/didFinish", 200), finished
        login = await accounts.login("device")
        assert login.user_code, login.url
        account = await login.finished()
        assert (account["index"], account["label"]) == (4, "person@example.com"), account
        read = await accounts.request("status/read", {})
        assert read["accounts"]["total"] == 4, read
        command = {"command": "openai-accounts-switch", "arguments": ["9"]}
        refused = await accounts.request("workspace/executeCommand", command)
        assert refused == "Invalid account number: 9\nValid range: 1-4", refused
    print("story: done")


asyncio.run(asyncio.wait_for(story(), 60))
