"""Archives that are the same whenever they are made: one order, one time, nobody's name."""

from __future__ import annotations

import gzip
import os
import posixpath
import re
import shutil
import subprocess
import sys
import tarfile
import time
import zipfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from .project import ROOT, project

best = True
"""Whether archives are made as small as they can be, which takes many times longer."""

NOTICES = ("LICENSE", "THIRD-PARTY.txt")
"""What goes with every copy of the program: its licence, and those of the crates in it."""


@cache
def time_of_release() -> int:
    """Seconds since 1970 of the commit, or what `SOURCE_DATE_EPOCH` says."""
    given = os.environ.get("SOURCE_DATE_EPOCH")
    if given:
        return int(given)
    asked = subprocess.run(["git", "log", "-1", "--format=%ct"], cwd=ROOT, capture_output=True, text=True, check=False)
    return int(asked.stdout) if asked.returncode == 0 else 315532800


def run(words: Sequence[str | Path], *, cwd: Path = ROOT, environment: dict[str, str] | None = None) -> str:
    """What a command prints; ends the program with all that it said when it fails."""
    found = shutil.which(str(words[0])) or str(words[0])
    done = subprocess.run(
        [found, *map(str, words[1:])],
        cwd=cwd,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode != 0:
        sys.exit(f"`{' '.join(map(str, words))}` failed with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def copy_notices(folder: Path) -> None:
    """Puts the licences into a package."""
    for name in NOTICES:
        shutil.copyfile(ROOT / name, folder / name)


def copy_readme(source: Path, to: Path) -> None:
    """Copies a page. Its relative links lead to the repository: beside the copy there is nothing."""
    base = source.parent.relative_to(ROOT)

    def absolute(found: re.Match[str]) -> str:
        path = posixpath.normpath((base / found[1]).as_posix())
        return f"]({project().repository}/blob/{project().tag}/{path}{found[2] or ''})"

    text = re.sub(r"\]\((?![a-z]+:|#)([^)#\s]+)(#[^)\s]*)?\)", absolute, source.read_text(encoding="utf-8"))
    to.write_text(text, encoding="utf-8", newline="\n")


def copy_program(source: Path, to: Path) -> None:
    """Copies a program, without what a file system forgot of its mode."""
    to.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, to)
    to.chmod(0o755)


def members(folder: Path) -> list[Path]:
    """Everything below, folders before what is in them."""
    return sorted(folder.rglob("*"))


def tar(folder: Path, to: Path) -> None:
    """A `.tar.gz` of `folder`, which is its only entry at the top."""

    def plain(entry: tarfile.TarInfo) -> tarfile.TarInfo:
        entry.uid = entry.gid = 0
        entry.uname = entry.gname = ""
        entry.mtime = time_of_release()
        entry.mode = 0o755 if entry.isdir() or entry.mode & 0o100 else 0o644
        return entry

    with (
        to.open("wb") as file,
        gzip.GzipFile(
            filename="", mode="wb", compresslevel=9 if best else 1, fileobj=file, mtime=time_of_release()
        ) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.GNU_FORMAT) as archive,
    ):
        for path in [folder, *members(folder)]:
            archive.add(path, path.relative_to(folder.parent).as_posix(), recursive=False, filter=plain)


def zip_(folder: Path, to: Path) -> None:
    """The same as a `.zip`."""
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED, compresslevel=9 if best else 1) as archive:
        for path in members(folder):
            if path.is_dir():
                continue
            entry = zipfile.ZipInfo(path.relative_to(folder.parent).as_posix(), time.gmtime(time_of_release())[:6])
            entry.external_attr = (0o100755 if os.access(path, os.X_OK) else 0o100644) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, path.read_bytes())
