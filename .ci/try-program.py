"""Tries the program as a person and as a client, in a home of its own: `try-program.py COMMAND…`.

COMMAND is the program, with whatever it takes to run it here before it. The upstream is a small server on this machine.
"""

import asyncio
import http.server
import json
import os
import shlex
import subprocess
import sys
import tempfile
import threading
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "clients/python/src"))

from codex_account_manager import AccountManager

KEY = "sk-of-nobody"
MODEL = "gpt-of-nobody"
RESPONSE = {
    "id": "resp_1",
    "object": "response",
    "status": "completed",
    "model": MODEL,
    "output": [],
    "usage": {"input_tokens": 3, "output_tokens": 2, "total_tokens": 5},
}

# It is never the same day in both.
ZONES = ("Pacific/Kiritimati", "Etc/GMT+12")


class Upstream(http.server.BaseHTTPRequestHandler):
    """One model, for whoever has the key."""

    def do_GET(self) -> None:
        self.answer({"object": "list", "data": [{"id": MODEL, "object": "model", "created": 0, "owned_by": "nobody"}]})

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(RESPONSE)

    def answer(self, answer: object) -> None:
        is_known = self.headers.get("Authorization") == f"Bearer {KEY}"
        body = json.dumps(answer if is_known else {"error": {"message": "another key"}}).encode()
        self.send_response(200 if is_known else 401)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def run(program: str, environment: dict[str, str], *arguments: str, stdin: str = "") -> str:
    command = [program, *arguments]
    done = subprocess.run(command, env=environment, input=stdin, capture_output=True, text=True, timeout=120)
    if done.returncode != 0:
        sys.exit(f"`{' '.join(arguments)}` ended with {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


async def session(program: str, environment: dict[str, str]) -> None:
    """A request goes through the proxy of a session, with the account that was added."""
    async with AccountManager(binary=program, environment=environment) as accounts:
        listed = await accounts.request("accounts/list")
        assert [account["label"] for account in listed["accounts"]] == ["one"], listed
        proxy = accounts.openai
        request = urllib.request.Request(
            f"{proxy['base_url']}/responses",
            data=json.dumps({"model": MODEL, "input": "say hi"}).encode(),
            headers={"Authorization": f"Bearer {proxy['api_key']}", "Content-Type": "application/json"},
        )
        answer = await asyncio.to_thread(lambda: json.load(urllib.request.urlopen(request, timeout=60)))
        assert answer["id"] == RESPONSE["id"], answer


def main(command: list[str]) -> None:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Upstream)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as home:
        environment = {
            "HOME": home,
            "PATH": os.environ["PATH"],
            "CAM_OPENAI_BASE_URL": f"http://127.0.0.1:{server.server_port}/v1",
        }
        # The client starts one file.
        wrapper = Path(home, "program")
        wrapper.write_text(f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n')
        wrapper.chmod(0o700)
        program = str(wrapper)
        print(run(program, environment, "version"), end="")
        run(program, environment, "add", "one", "--key-stdin", stdin=f"{KEY}\n")
        listed = run(program, environment, "list", "--json")
        assert json.loads(listed) and KEY not in listed, listed
        print(run(program, environment, "doctor"), end="")
        for zone in ZONES:
            asyncio.run(session(program, {**environment, "TZ": zone}))
        rows = json.loads(run(program, environment, "usage", "--by", "day", "--json"))["rows"]
        assert [row["requests"] for row in rows] == [1, 1], f"each zone has a day of its own: {rows}"
    print("two sessions answered, each in its own time zone")


if __name__ == "__main__":
    main(sys.argv[1:])
