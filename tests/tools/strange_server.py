"""A language server that does what the sidecar does not.

    python strange_server.py asks|babbles|refuses

One that asks shakes hands, asks for something that no client knows, sends the code of the answer as a message for people,
and does not end when it is told to. One that babbles sends messages and answers of forms that nobody expects.
One that refuses answers every request with an error.
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


def shake_hands():
    session = {"protocolVersion": 1, "proxy": {}, "session": {}}
    send(id=read()["id"], result={"capabilities": {"experimental": {"codexAccountManager": session}}})


def asks():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    shake_hands()
    send(id="of the server", method="no/such", params={})
    while message := read():
        if message.get("id") == "of the server":
            send(method="window/showMessage", params={"type": 2, "message": str(message["error"]["code"])})
    while True:
        signal.pause()


def babbles():
    shake_hands()
    send(method="window/showMessage")
    send(method="window/showMessage", params=["a", "list"])
    send(method="window/showMessage", params={"type": [], "message": "of no type"})
    send(method="strange/notification", params={})
    while message := read():
        method, asked = message["method"], message.get("id")
        if method == "text":
            send(id=asked, error="a text")
        elif method == "code":
            send(id=asked, error={"code": "a word", "message": "a code that is no number"})
        elif method == "nested":
            body = b'{"jsonrpc":"2.0","id":%d,"result":%b%b}' % (asked, b"[" * 100000, b"]" * 100000)
            sys.stdout.buffer.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
            sys.stdout.buffer.flush()
        elif method == "exit":
            return
        elif asked is not None:
            send(id=asked, error=None, result=method)


def refuses():
    while message := read():
        if "id" in message:
            send(id=message["id"], error={"code": -32603, "message": "not today", "data": {"hint": "come back"}})
    while True:
        signal.pause()


globals()[sys.argv[1]]()
