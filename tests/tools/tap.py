"""Stands between a client and the sidecar: starts the program of TAP_PROGRAM with the same arguments, passes both streams
on as they come, and adds each message to the file of TAP_LOG as a line of JSON that says whose it is."""

import json
import os
import subprocess
import sys
import threading

program = subprocess.Popen([os.environ["TAP_PROGRAM"], *sys.argv[1:]], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
log = os.open(os.environ["TAP_LOG"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)


def write(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


def messages(seen: bytearray):
    """Takes every whole frame out of what was seen."""
    while (end := seen.find(b"\r\n\r\n")) >= 0:
        fields = [line.split(b":", 1) for line in bytes(seen[:end]).split(b"\r\n")]
        length = next(int(value) for name, value in fields if name.lower() == b"content-length")
        body = seen[end + 4 : end + 4 + length]
        if len(body) < length:
            return
        del seen[: end + 4 + length]
        yield json.loads(body)


def relay(whose: str, source: int, target: int) -> None:
    seen = bytearray()
    while data := os.read(source, 1 << 16):
        seen += data
        # Known before it is passed on: whoever reads the log has it in the order of events.
        for message in messages(seen):
            os.write(log, json.dumps({"from": whose, "message": message}).encode() + b"\n")
        try:
            write(target, data)
        except BrokenPipeError:
            break
    os.close(target)


stdin, stdout = program.stdin.fileno(), program.stdout.fileno()
threading.Thread(target=relay, args=("client", 0, stdin), daemon=True).start()
relay("server", stdout, 1)
# The other thread may wait for its client for ever.
os._exit(program.wait())
