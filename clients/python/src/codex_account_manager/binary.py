"""Where the program is."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping

from .errors import BinaryNotFoundError

NAME = "codex-account-manager"


def find_binary(option: str | os.PathLike[str] | None, environment: Mapping[str, str]) -> str:
    """The path of the program: the option, else `CAM_BINARY`, else the first one on `PATH`.

    A place that is named and has no program is an error. Another copy that happens to be on `PATH` is not taken for it.
    """
    named = os.fspath(option) if option is not None else environment.get("CAM_BINARY", "")
    path = environment.get("PATH", os.defpath)
    found = shutil.which(named or NAME, path=path)
    if found is not None:
        return found
    if option is not None:
        said = f"the `binary` option says `{named}`, and there is no program"
    elif named:
        said = f"`CAM_BINARY` says `{named}`, and there is no program"
    else:
        said = f"`{NAME}` is not on `PATH`"
    raise BinaryNotFoundError(
        f"{said}\nhint: install it with `cargo install --path .` in its repository so that it is on `PATH`, "
        "or name it with the `binary` option or `CAM_BINARY`"
    )
