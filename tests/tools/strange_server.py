"""A language server that does what the sidecar does not: it asks its client, and it does not end when it is told to.

It shakes hands, asks for something that no client knows, sends the code of the answer as a message for people, and waits.
"""

import json
import signal
import sys


def read():
    length = 0
    while (line := sys.stdin.buffer.readline().strip()):
        name, _, value = line.partition(b":")
        length = int(value) if name.lower() == b"content-length" else length
    return json.loads(sys.stdin.buffer.read(length)) if length else None


def send(**message):
    body = json.dumps({"jsonrpc": "2.0", **message}).encode()
    sys.stdout.buffer.write(b"Content-Length: %d\r\nContent-Type: application/vscode-jsonrpc\r\n\r\n%b" % (len(body), body))
    sys.stdout.buffer.flush()


signal.signal(signal.SIGTERM, signal.SIG_IGN)
session = {"protocolVersion": 1, "proxy": {}, "session": {}}
send(id=read()["id"], result={"capabilities": {"experimental": {"codexAccountManager": session}}})
send(id="of the server", method="no/such", params={})
while message := read():
    if message.get("id") == "of the server":
        send(method="window/showMessage", params={"type": 2, "message": str(message["error"]["code"])})
while True:
    signal.pause()
