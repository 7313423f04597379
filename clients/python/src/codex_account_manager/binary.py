"""Where the program is."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, distribution

from .errors import BinaryNotFoundError
from .places import PROGRAM, Surroundings

HINT = "hint: install codex-account-manager, or name its program with the `binary` option or `CAM_BINARY`"


def find_binary(option: str | os.PathLike[str] | None, environment: Mapping[str, str]) -> str:
    """The path of the program.

    The option, else `CAM_BINARY`, else the one that was installed with this package, else the first one on `PATH` or in a
    place where people install programs. A place that is named and has no program is an error: another copy is not taken
    for it.
    """
    home = os.path.expanduser("~")
    is_windows, known_home = sys.platform == "win32", home if home != "~" else None
    surroundings = Surroundings(environment, is_windows, known_home, _is_program, packaged_program())
    return os.path.abspath(search(os.fspath(option) if option is not None else None, surroundings))


def packaged_program() -> str | None:
    """The program of the wheel that this package came in.

    The wheel for this platform has it among its scripts, and the installer wrote down where it put them.
    """
    file = f"{PROGRAM}.exe" if sys.platform == "win32" else PROGRAM
    try:
        installed = distribution(PROGRAM).files or []
    except PackageNotFoundError:
        return None
    paths = [str(each.locate()) for each in installed if each.name == file]
    # `pip install --target` moves the scripts afterwards: into `bin` beside the package.
    paths.append(os.path.join(os.path.dirname(os.path.dirname(__file__)), "bin", file))
    return next((os.path.abspath(path) for path in paths if _is_program(path)), None)


def search(option: str | None, surroundings: Surroundings) -> str:
    """The same in other surroundings."""
    looked: list[str] = []
    for source, named in (
        ("the option `binary`", option),
        ("CAM_BINARY", surroundings.environment.get("CAM_BINARY")),
    ):
        if not named:
            looked.append(f"{source}: not set")
            continue
        path = surroundings.expanded(named)
        if surroundings.is_path(named):
            found = surroundings.program_at(path)
        else:
            found = surroundings.program_in(surroundings.path_folders(), named)
        if found is not None:
            return found
        meant = "" if path == named else f", which is `{path}`,"
        looked += [f"{source}: `{named}`{meant} is no program that can be run", "PATH and other places: not searched"]
        raise BinaryNotFoundError(_message(looked))
    if surroundings.packaged is not None:
        return surroundings.packaged
    looked.append("this package: it came without the program")
    for source, folders in (("PATH", surroundings.path_folders()), ("usual places", surroundings.usual_folders())):
        found = surroundings.program_in(folders, PROGRAM)
        if found is not None:
            return found
        looked.append(f"{source}: no `{PROGRAM}` in {', '.join(folders) or 'any folder'}")
    raise BinaryNotFoundError(_message(looked))


def _message(looked: list[str]) -> str:
    return "\n".join([f"{PROGRAM} was not found:", *(f"  {line}" for line in looked), HINT])


def _is_program(path: str) -> bool:
    return os.path.isfile(path) and os.access(path, os.X_OK)
