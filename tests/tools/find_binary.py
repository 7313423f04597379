"""The Python client finds the program where every client finds it."""

import json
import pathlib

from codex_account_manager import BinaryNotFoundError
from codex_account_manager.binary import search
from codex_account_manager.places import Surroundings

cases = json.loads(pathlib.Path(__file__).with_name("find_binary.json").read_text(encoding="utf-8"))["cases"]
wrong = []
tried = 0
for case in cases:
    if "python" in case.get("but", []):
        continue
    tried += 1
    there = case["there"]
    surroundings = Surroundings(case["environment"], case["platform"] == "win32", None, there.__contains__, case.get("packaged"))
    try:
        found, missing = search(case["option"], surroundings), ""
    except BinaryNotFoundError as error:
        found, missing = None, str(error)
    if found != case.get("found"):
        wrong.append(f"{case['name']}: {found or missing}")
    wrong += [f"{case['name']}: {place} is not in {missing}" for place in case.get("looked", []) if place not in missing]
print(json.dumps({"step": "wrong", "value": wrong}))
print(json.dumps({"step": "tried", "value": tried}))
