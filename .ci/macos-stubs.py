"""Writes what a linker wants to know of macOS's frameworks: `macos-stubs.py FOLDER < METADATA`.

Apple's own SDK is for Macs alone. A program is linked with the names in it, so that the names which the crates declare are
enough to see that the program links. METADATA is what `cargo metadata` says of the crates.
"""

import json
import re
import sys
from pathlib import Path

FRAMEWORK = re.compile(r'link\(\s*name\s*=\s*"(\w+)",\s*kind\s*=\s*"framework"')
DECLARED = re.compile(r"^\s*pub (?:unsafe )?(?:fn|static(?: mut)?) (\w+)", re.MULTILINE)

STUB = """--- !tapi-tbd
tbd-version: 4
targets: [ x86_64-macos, arm64-macos ]
install-name: '/System/Library/Frameworks/{name}.framework/Versions/A/{name}'
exports:
  - targets: [ x86_64-macos, arm64-macos ]
    symbols: [ {symbols} ]
...
"""


def main(folder: Path) -> None:
    frameworks: dict[str, set[str]] = {}
    for package in json.load(sys.stdin)["packages"]:
        sources = Path(package["manifest_path"]).parent.glob("src/**/*.rs")
        text = "\n".join(source.read_text() for source in sources)
        for name in FRAMEWORK.findall(text):
            frameworks.setdefault(name, set()).update(DECLARED.findall(text))
    if not frameworks:
        sys.exit("no crate links a framework of macOS any more: what is this for?")
    for name, declared in frameworks.items():
        place = folder / f"{name}.framework" / f"{name}.tbd"
        place.parent.mkdir(parents=True, exist_ok=True)
        symbols = ", ".join(f"_{symbol}" for symbol in sorted(declared))
        place.write_text(STUB.format(name=name, symbols=symbols))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
