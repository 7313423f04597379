"""Does an installed program work? Its version, `doctor` and the whole `demo`, in a home of its own without a network."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from .project import project

Words = Sequence[str | Path]

SECONDS = 120
"""How long a command may take; `demo` takes three seconds."""

DEAD_PROXY = "http://127.0.0.1:9"
"""Nobody listens there: what does not go to loopback ends here."""

KEPT = (
    "SYSTEMROOT",
    "WINDIR",
    "COMSPEC",
    "PATHEXT",
    "TEMP",
    "TMP",
    "WINEPREFIX",
    "WINEDEBUG",
    "WINEDLLOVERRIDES",
    "LD_LIBRARY_PATH",
)
"""What Windows, or Wine, wants in the environment."""


class Broken(Exception):
    """A package that does not do what it is for."""


@dataclass(frozen=True)
class Home:
    """An empty home, and programs started in it."""

    folder: Path

    def environment(self, path: Sequence[str | Path] = (), **more: str) -> dict[str, str]:
        """An environment with nothing of the person's but `PATH`, behind these folders."""
        kept = {name: value for name, value in os.environ.items() if name.upper() in KEPT}
        home = str(self.folder)
        local = (
            {"APPDATA": f"{home}/AppData/Roaming", "LOCALAPPDATA": f"{home}/AppData/Local"} if os.name == "nt" else {}
        )
        return {
            **kept,
            **local,
            "HOME": home,
            "USERPROFILE": home,
            "PATH": os.pathsep.join([*map(str, path), os.environ["PATH"]]),
            "HTTPS_PROXY": DEAD_PROXY,
            "NO_PROXY": "127.0.0.1,localhost",
            "npm_config_cache": f"{home}/.npm",
            "npm_config_update_notifier": "false",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            **more,
        }

    def run(
        self,
        words: Words,
        *,
        fails: bool = False,
        path: Sequence[str | Path] = (),
        cwd: Path | None = None,
        **more: str,
    ) -> str:
        """What a command says; on stderr too when it is to fail.

        Raises `Broken` when it ends otherwise than it should.
        """
        environment = self.environment(path, **more)
        first = shutil.which(str(words[0]), path=environment["PATH"]) or str(words[0])
        command = [first, *map(str, words[1:])]
        asked = f"`{' '.join(map(str, words))}`"
        # Into files: what a program leaves running, such as Wine's services, would keep a pipe open.
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            try:
                done = subprocess.run(
                    command,
                    cwd=cwd or self.folder,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=err,
                    timeout=SECONDS,
                    check=False,
                )
            except subprocess.TimeoutExpired as late:
                raise Broken(f"{asked} did not end within {SECONDS} s") from late
            said, noted = text_of(out), text_of(err)
        if (done.returncode != 0) != fails:
            raise Broken(f"{asked} ended with {done.returncode}:\n{said}{noted}")
        return said + (noted if fails else "")


def text_of(stream: IO[bytes]) -> str:
    """What was written into a file, with Python's line ends."""
    stream.seek(0)
    return stream.read().decode(errors="replace").replace("\r\n", "\n")


def check(home: Home, program: Words, *, whole: bool = True) -> None:
    """Raises `Broken` when the program that these words start does not work. `whole` plays the demo too."""
    said = home.run([*program, "--version"]).strip()
    # The name is the one that it was called by.
    if said.split()[-1] != project().version:
        raise Broken(f"`--version` says `{said}`, and not {project().version}")
    said = doctor(home, [*program, "doctor", "--json"])
    problems = [
        each for each in json.loads(said)["findings"] if each["verdict"] == "problem" and each["check"] != "upstream"
    ]
    if problems:
        raise Broken(f"`doctor` finds problems in an empty home: {json.dumps(problems, indent=2)}")
    if whole and "Every step happened" not in home.run([*program, "demo"]):
        raise Broken("`demo` did not come to its end")


def doctor(home: Home, words: Words) -> str:
    """What `doctor` prints. Here no provider can be reached, which it calls a problem and ends with 1."""
    said = home.run(words, fails=True)
    return said[: said.rindex("}") + 1]


def same(installed: Path, built: Path) -> None:
    """Raises `Broken` when an installed program is not the one that was built, or cannot be run."""
    if installed.read_bytes() != built.read_bytes():
        raise Broken(f"{installed} is not {built}")
    # On Windows the name makes a program.
    if os.name == "posix" and installed.suffix != ".exe" and not os.access(installed, os.X_OK):
        raise Broken(f"{installed} is no program: its mode is {installed.stat().st_mode:o}")


def expect(holds: bool, what: str) -> None:
    """Raises `Broken` when it does not hold."""
    if not holds:
        raise Broken(what)
