"""Puts the program into the wheel, when its path and the platform's tag are given.

`packaging/build` gives them. Without them the wheel is the client alone, for every platform, as `pip install` makes it from the
source distribution or from a clone.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ProgramHook(BuildHookInterface):  # type: ignore[type-arg]
    """Reads `CAM_WHEEL_PROGRAM` and `CAM_WHEEL_PLATFORM`."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Adds the program to the scripts, which an installer puts where programs are and marks as such."""
        program = os.environ.get("CAM_WHEEL_PROGRAM")
        if not program or version == "editable":
            return
        # Any Python 3 can start it.
        build_data["tag"] = f"py3-none-{os.environ['CAM_WHEEL_PLATFORM']}"
        build_data["pure_python"] = False
        build_data["shared_scripts"] = {program: Path(program).name}
