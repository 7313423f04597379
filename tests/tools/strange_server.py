"""A language server that does what the sidecar does not.

    python strange_server.py asks|babbles|exchanges|refuses

One that asks shakes hands, asks for something that no client knows, sends the code of the answer as a message for people,
and does not end when it is told to. One that babbles sends messages and answers of forms that nobody expects.
One that exchanges knows logins, whose cancel comes too late, since their code is being exchanged: the first is told of
after the refusal, the second before it, and at the cancel of the third it ends. One that refuses answers every request
with an error.
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


def exchanges():
    shake_hands()
    logins = 0
    while message := read():
        method, asked, params = message["method"], message.get("id"), message.get("params")
        if method == "accounts/list":
            send(id=asked, result={"revision": 1, "activeIndex": 0, "activeIndexByFamily": {}, "accounts": []})
        elif method == "accounts/read":
            send(id=asked, result={"id": params["account"], "index": 1, "label": "work"})
        elif method == "accounts/login":
            logins += 1
            begun = {"loginId": str(logins), "url": "https://example.com", "expiresAt": 4102444800000}
            send(id=asked, result=begun)
        elif method == "accounts/cancelLogin":
            if params["loginId"] == "3":
                return
            error = {"code": -32015, "message": "no login of that id is under way", "data": {"kind": "loginFailed"}}
            refusal = {"id": asked, "error": error}
            told = {"method": "accounts/didLogin", "params": {"loginId": params["loginId"], "account": "a"}}
            for each in (refusal, told) if params["loginId"] == "1" else (told, refusal):
                send(**each)
        elif method == "logins":
            send(id=asked, result=logins)
        elif method == "shutdown":
            send(id=asked, result=None)
        elif method == "exit":
            return


def refuses():
    while message := read():
        if "id" in message:
            send(id=message["id"], error={"code": -32603, "message": "not today", "data": {"hint": "come back"}})
    while True:
        signal.pause()


globals()[sys.argv[1]]()
