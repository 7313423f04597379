"""The wheels: the Python client with the program among its scripts, one for each platform, and the source distribution, which
is the client alone."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from .files import copy_notices, copy_program, copy_readme, run, time_of_release
from .programs import Program
from .project import NAME, ROOT


def build(program: Program | None, work: Path, out: Path) -> Path:
    """Packs the client with the program, or as source when there is none."""
    project = work / f"python-{program.target.triple if program else 'source'}"
    shutil.copytree(
        ROOT / "clients/python", project, ignore=shutil.ignore_patterns("__pycache__", "dist", ".venv", "build")
    )
    copy_notices(project)
    copy_readme(ROOT / "clients/python/README.md", project / "README.md")
    environment = {**os.environ, "SOURCE_DATE_EPOCH": str(time_of_release()), "PYTHONDONTWRITEBYTECODE": "1"}
    kind = "sdist"
    if program is None:
        # There is no crate in it.
        (project / "THIRD-PARTY.txt").unlink()
    else:
        kind = "wheel"
        copy_program(program.path, project / program.target.program)
        platform = program.target.wheel.format(glibc="{}_{}".format(*program.glibc()))
        environment |= {"CAM_WHEEL_PROGRAM": str(project / program.target.program), "CAM_WHEEL_PLATFORM": platform}
    made = work / f"{project.name}-{kind}"
    run([sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", made], cwd=project, environment=environment)
    [package] = made.iterdir()
    shutil.move(package, out / package.name)
    return out / package.name


def is_possible() -> bool:
    """Whether this Python has what builds a wheel."""
    from importlib.util import find_spec

    return find_spec("hatchling") is not None


WANTS = f"hatchling: run it with a Python that has `tests/tools/requirements.txt`, to pack {NAME} for Python"
