"""The built programs: a folder with `TRIPLE/codex-account-manager`, and what each needs of the machine that it runs on."""

from __future__ import annotations

import platform
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .targets import TARGETS, Target

OLDEST_GLIBC = (2, 17)
"""What a released program may need: RHEL 7, and all that is newer."""


class Unfit(Exception):
    """A program that may not be released, and why."""


@dataclass(frozen=True)
class Program:
    """The program for one platform."""

    target: Target
    path: Path

    def glibc(self) -> tuple[int, int]:
        """The oldest glibc that has every symbol which the program was linked to."""
        versions = re.findall(rb"GLIBC_(\d+)\.(\d+)", self.path.read_bytes())
        return max(((int(major), int(minor)) for major, minor in versions), default=OLDEST_GLIBC)

    def libraries(self) -> list[str]:
        """The shared libraries beside glibc's that the program is loaded with."""
        return ["libgcc_s.so.1"] if b"libgcc_s.so.1" in self.path.read_bytes() else []

    def runs_here(self) -> bool:
        """Whether this machine can start it."""
        systems = {"linux": "Linux", "darwin": "Darwin", "win32": "Windows"}
        cpus = {"x64": ("x86_64", "AMD64"), "arm64": ("aarch64", "arm64", "ARM64")}
        fits = platform.system() == systems[self.target.system] and platform.machine() in cpus[self.target.cpu]
        return fits and (self.target.libc != "glibc" or platform.libc_ver()[0] == "glibc")


def programs(folder: Path) -> list[Program]:
    """What is there, in the order of the table."""
    found = [Program(each, folder / each.triple / each.program) for each in TARGETS]
    found = [each for each in found if each.path.is_file()]
    if not found:
        example = f"{TARGETS[0].triple}/{TARGETS[0].program}"
        raise Unfit(f"{folder} has no program: it wants `TRIPLE/codex-account-manager`, such as {example}")
    return found


def check(found: list[Program]) -> None:
    """Refuses what only the machine that built it can run.

    Raises `Unfit`.
    """
    missing = [each.triple for each in TARGETS if each not in [program.target for program in found]]
    if missing:
        raise Unfit(f"there is no program for {', '.join(missing)}; `--local` packs what is there")
    for program in found:
        if program.target.libc == "glibc" and program.glibc() > OLDEST_GLIBC:
            needed, most = (".".join(map(str, version)) for version in (program.glibc(), OLDEST_GLIBC))
            raise Unfit(f"{program.path} needs glibc {needed}, and {most} is the most; build it with `cargo-zigbuild`")
        if program.target.libc == "musl" and b"ld-musl-" in program.path.read_bytes():
            raise Unfit(f"{program.path} is not linked statically")


def that_run_here(found: list[Program]) -> Iterator[Program]:
    """The programs that this machine can start."""
    return (each for each in found if each.runs_here())
