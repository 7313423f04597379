"""The archives of a release: the program under both names, its licences, completions and manual, in one folder."""

from __future__ import annotations

import shutil
from pathlib import Path

from .files import copy_notices, copy_program, copy_readme, tar, zip_
from .programs import Program
from .project import ROOT, SHORT


def build(program: Program, pages: Path, work: Path, out: Path) -> Path:
    """Packs the program; the archive is the result."""
    target = program.target
    folder = work / target.stem
    folder.mkdir(parents=True)
    copy_program(program.path, folder / target.program)
    short = folder / (SHORT + program.path.suffix)
    if target.system == "win32":
        # Links want a right there that most people have not.
        copy_program(program.path, short)
    else:
        short.symlink_to(target.program)
    copy_notices(folder)
    for name in ("README.md", "CHANGELOG.md"):
        copy_readme(ROOT / name, folder / name)
    for name in ("completions", "man"):
        shutil.copytree(pages / name, folder / name)
    archive = out / target.archive
    (zip_ if target.system == "win32" else tar)(folder, archive)
    return archive
