"""The npm packages: one with the program for each platform, the TypeScript client with its launcher, and the OpenCode
plugin."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from .files import copy_notices, copy_program, copy_readme, run
from .programs import Program
from .project import NAME, ROOT, project
from .targets import TARGETS

CLIENTS = ROOT / "clients"


def platform_package(program: Program, work: Path, out: Path) -> Path:
    """The package that npm installs on the platform of this program, and on no other."""
    target, facts = program.target, project()
    folder = work / target.npm
    copy_program(program.path, folder / "bin" / target.program)
    copy_notices(folder)
    (folder / "README.md").write_text(
        f"The program of [{NAME}]({facts.homepage}) for {target.triple}. Install `{NAME}`, which depends on it.\n",
        encoding="utf-8",
    )
    manifest: dict[str, Any] = {
        "name": target.npm,
        "version": facts.version,
        "description": f"{NAME} for {target.triple}",
        "license": facts.licence,
        "repository": {"type": "git", "url": f"git+{facts.repository}.git"},
        "homepage": f"{facts.homepage}#readme",
        "bugs": f"{facts.repository}/issues",
        "os": [target.system],
        "cpu": [target.cpu],
        # Yarn keeps packages in archives, where no program can be started.
        "preferUnplugged": True,
        "files": ["bin", "LICENSE", "THIRD-PARTY.txt"],
    }
    if target.libc:
        manifest["libc"] = [target.libc]
    return packed(folder, manifest, out)


def libraries(work: Path, out: Path) -> list[Path]:
    """The client and the plugin, each with the program of every platform as an optional dependency."""
    run(["npm", "--prefix", CLIENTS, "run", "build", "-w", NAME, "-w", f"opencode-{NAME}"])
    return [library(CLIENTS / name, work, out) for name in ("typescript", "opencode")]


def library(source: Path, work: Path, out: Path) -> Path:
    """Packs what is built in `source`."""
    manifest = json.loads((source / "package.json").read_text(encoding="utf-8"))
    # Of no use to who installs it.
    for key in ("scripts", "devDependencies"):
        manifest.pop(key)
    # They are in no registry before the release, where the lock file of the workspace could name them.
    manifest["optionalDependencies"] = {target.npm: manifest["version"] for target in TARGETS}
    manifest["files"].append("LICENSE")
    folder = work / manifest["name"]
    shutil.copytree(source / "dist", folder / "dist")
    copy_readme(source / "README.md", folder / "README.md")
    shutil.copyfile(ROOT / "LICENSE", folder / "LICENSE")
    return packed(folder, manifest, out)


def packed(folder: Path, manifest: dict[str, Any], out: Path) -> Path:
    """The archive that npm makes of this folder."""
    (folder / "package.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    packed = json.loads(run(["npm", "pack", "--json", "--ignore-scripts", "--pack-destination", out], cwd=folder))
    # A list until npm 10, and an object by name since.
    [package] = packed if isinstance(packed, list) else packed.values()
    return out / str(package["filename"])
