"""Completions and manual pages, which the program itself writes: any that runs here does for all platforms."""

from __future__ import annotations

import subprocess
from pathlib import Path

from .programs import Program
from .project import NAME, SHORT

SHELLS = {"bash": "{}", "zsh": "_{}", "fish": "{}.fish", "powershell": "{}.ps1"}
"""The file in which each shell looks for the completions of a program."""


def write(program: Program, folder: Path) -> None:
    """Writes `completions/SHELL/…` for both names and `man/*.1` into `folder`."""
    for name in (NAME, SHORT):
        for shell, file in SHELLS.items():
            path = folder / "completions" / shell / file.format(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(said(program, [name, "completions", shell]), encoding="utf-8", newline="\n")
    said(program, [NAME, "completions", "--man", str(folder / "man")])


def said(program: Program, words: list[str]) -> str:
    """What the program prints. It is called by its name alone, and so writes no path of this machine."""
    done = subprocess.run(words, executable=program.path, capture_output=True, encoding="utf-8", check=True)
    return done.stdout
