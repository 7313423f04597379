"""Where the program is searched: `PATH`, then where people install programs.

A program that a desktop started often has a `PATH` without these. The file system is an argument.
"""

from __future__ import annotations

import ntpath
import posixpath
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import ModuleType

PROGRAM = "codex-account-manager"

# Folders after those of `PATH`; `~` is the home.
UNIX = (
    "~/.cargo/bin",
    "~/.local/bin",
    "~/.npm-global/bin",
    "~/.nix-profile/bin",
    "~/.local/state/nix/profile/bin",
    "/nix/var/nix/profiles/default/bin",
    "/opt/homebrew/bin",
    "/usr/local/bin",
    "/home/linuxbrew/.linuxbrew/bin",
    "/snap/bin",
)
WINDOWS = ("~\\.cargo\\bin", "~\\.local\\bin")


@dataclass(frozen=True)
class Surroundings:
    """What the search depends on."""

    environment: Mapping[str, str]
    is_windows: bool
    home: str | None
    """The home where the environment names none."""
    is_program: Callable[[str], bool]
    packaged: str | None = None
    """The program that was installed with this package."""

    @property
    def _path(self) -> ModuleType:
        return ntpath if self.is_windows else posixpath

    def expanded(self, path: str) -> str:
        """A path that a person wrote, with `~` as the home. The home of another person is not looked up."""
        if path != "~" and not path.startswith(("~/", "~\\") if self.is_windows else "~/"):
            return path
        home = self.environment.get("USERPROFILE" if self.is_windows else "HOME") or self.home
        if not home:
            return path
        rest = path[2:]
        return str(self._path.normpath(self._path.join(home, rest))) if rest else home

    def program_at(self, path: str) -> str | None:
        """The program at this path. On Windows only an `.exe` can be started without a shell."""
        if self.is_windows and not path.lower().endswith(".exe"):
            path += ".exe"
        return path if self.is_program(path) else None

    def program_in(self, folders: Iterable[str], name: str) -> str | None:
        """The first program of that name in these folders."""
        found = (self.program_at(str(self._path.join(folder, name))) for folder in folders)
        return next((path for path in found if path is not None), None)

    def path_folders(self) -> list[str]:
        """The folders of `PATH`.

        Empty and relative ones are the current folder, and so what somebody else may have put there.
        """
        names = (name for name in self.environment if (name.upper() if self.is_windows else name) == "PATH")
        folders = self.environment.get(next(names, "PATH"), "").split(";" if self.is_windows else ":")
        return [folder for folder in folders if self._is_absolute(folder)]

    def usual_folders(self) -> list[str]:
        """The folders after those of `PATH`."""
        folders = (self.expanded(folder) for folder in (WINDOWS if self.is_windows else UNIX))
        return [folder for folder in folders if not folder.startswith("~")]

    def is_path(self, named: str) -> bool:
        """Whether this is a path and no name to look for on `PATH`."""
        return named == "~" or "/" in named or (self.is_windows and "\\" in named)

    def _is_absolute(self, folder: str) -> bool:
        if not self.is_windows:
            return folder.startswith("/")
        # `\` is a folder of the current drive.
        drive, rest = ntpath.splitdrive(folder)
        return bool(drive) and rest.startswith(("\\", "/"))
