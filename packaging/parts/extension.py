"""The VS Code extension, once for each platform with the program inside."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from .files import run
from .npm import CLIENTS
from .programs import Program
from .project import NAME, project


@cache
def build_bundle() -> None:
    """What is the same on all platforms."""
    run(["npm", "--prefix", CLIENTS / "vscode", "run", "build"])


def build(program: Program, out: Path) -> Path:
    """Packs the extension for the platform of this program."""
    build_bundle()
    target = program.target.vscode
    package = out / f"{NAME}-vscode-{project().version}-{target}.vsix"
    run(
        [
            "node",
            CLIENTS / "vscode/package.mjs",
            "--target",
            target,
            "--program",
            program.path.resolve(),
            "--out",
            package.resolve(),
        ]
    )
    return package
