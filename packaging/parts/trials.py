"""Each kind of package, installed into an empty place as a person installs it, and tried there."""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import sys
import tarfile
import venv
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from . import loopback
from .description import sha256
from .files import run
from .npm import CLIENTS
from .programs import Program
from .project import NAME, ROOT, SHORT, project
from .smoke import Home, check, expect, same


@dataclass(frozen=True)
class Trial:
    """What a trial has at hand."""

    program: Program
    """The program that was packed."""
    packages: Path
    """What `packaging/build` made."""
    work: Path
    """An empty folder."""
    starter: tuple[str, ...]
    """What starts the program, when it is for another system; such as `wine64`."""
    whole: bool
    """Whether the demo is played for every package."""

    def home(self, name: str = "home") -> Home:
        """An empty home."""
        folder = self.work / name
        folder.mkdir(parents=True)
        return Home(folder)

    @property
    def is_for_another_libc(self) -> bool:
        """Whether installers take the program only when that is asked for: it runs here but is not for this machine."""
        return self.program.target.libc == "musl" and platform.libc_ver()[0] == "glibc"

    @property
    def release(self) -> Path:
        """The files of the GitHub release."""
        return self.packages / "release"


def archive(trial: Trial) -> None:
    """The `.tar.gz` or `.zip`: both names, licences, completions and manual."""
    target, home = trial.program.target, trial.home()
    packed = trial.release / target.archive
    if target.system == "win32":
        with zipfile.ZipFile(packed) as opened:
            opened.extractall(trial.work)
    else:
        run(["tar", "-xzf", packed, "-C", trial.work])
    folder = trial.work / target.stem
    same(folder / target.program, trial.program.path)
    for name in (
        "LICENSE",
        "THIRD-PARTY.txt",
        f"man/{NAME}.1",
        f"completions/bash/{NAME}",
        f"completions/zsh/_{SHORT}",
    ):
        expect((folder / name).is_file(), f"{packed.name} has no {name}")
    check(home, [*trial.starter, folder / target.program], whole=True)
    check(home, [*trial.starter, folder / (SHORT + trial.program.path.suffix)], whole=False)


def debian(trial: Trial) -> None:
    """The `.deb`, installed into an empty root and removed again."""
    home, root = trial.home(), trial.work / "root"
    admin = root / "var/lib/dpkg"
    for name in ("info", "updates"):
        (admin / name).mkdir(parents=True)
    for name in ("status", "available"):
        (admin / name).touch()
    [package] = trial.release.glob(f"{NAME}_*_{trial.program.target.deb}.deb")
    # What it depends on is outside this root.
    dpkg = [
        "dpkg",
        f"--root={root}",
        "--force-not-root",
        "--force-depends",
        "--force-bad-path",
        f"--log={trial.work}/log",
    ]
    home.run([*dpkg, "--install", package], path=["/usr/sbin", "/sbin"])
    program = root / "usr/bin" / NAME
    same(program, trial.program.path)
    expect(not (root / "usr/bin" / SHORT).exists(), "`cam` is libcamera-tools'")
    for name in (
        f"doc/{NAME}/copyright",
        f"doc/{NAME}/THIRD-PARTY.txt",
        f"man/man1/{NAME}.1.gz",
        f"bash-completion/completions/{NAME}",
    ):
        expect((root / "usr/share" / name).is_file(), f"{package.name} has no {name}")
    check(home, [program], whole=trial.whole)
    home.run([*dpkg, "--purge", NAME], path=["/usr/sbin", "/sbin"])
    left = [path for path in (root / "usr").rglob("*") if path.is_file()] if (root / "usr").exists() else []
    expect(not left, f"it leaves {left} behind")


def npm(trial: Trial) -> None:
    """The npm packages, from a registry on loopback: `npx`, the client and the OpenCode plugin each find the program."""
    home, folder = trial.home(), trial.work / "registry"
    shutil.copytree(trial.packages / "npm", folder)
    # What the client depends on. Its own scripts are those of its repository.
    run(["npm", "pack", "--ignore-scripts", "--pack-destination", folder, CLIENTS / "node_modules/vscode-jsonrpc"])
    with loopback.serving(loopback.registry(folder)) as address:
        install = ["npm", "install", "--no-audit", "--no-fund", f"--registry={address}"]
        if trial.is_for_another_libc:
            install.append("--libc=musl")

        def project_with(*words: str) -> Path:
            made = trial.work / f"project-{len(list(trial.work.iterdir()))}"
            made.mkdir()
            (made / "package.json").write_text('{ "private": true }', encoding="utf-8")
            home.run([*install, *words], cwd=made)
            return made

        place = project_with(NAME)
        package = place / "node_modules" / trial.program.target.npm
        installed = package / "bin" / trial.program.target.program
        same(installed, trial.program.path)
        expect((package / "THIRD-PARTY.txt").is_file(), f"{package.name} has no THIRD-PARTY.txt")
        others = [each.name for each in (place / "node_modules").glob(f"{NAME}-*") if each != package]
        expect(not others, f"npm installed programs of other platforms: {others}")
        # As `npx` finds it: by the name that npm linked.
        check(home, ["npx", "--prefix", place, "--no-install", NAME], whole=True)
        expect(
            home.run(["npx", "--prefix", place, "--no-install", SHORT, "--version"]).split()[0] == SHORT,
            "`cam` is not its name",
        )
        node(home, place, FIND.format(module=NAME, path=json.dumps(str(installed))))
        plugin = project_with(f"opencode-{NAME}")
        same(
            plugin / "node_modules" / trial.program.target.npm / "bin" / trial.program.target.program,
            trial.program.path,
        )
        node(home, plugin, PLUGIN.format(module=f"opencode-{NAME}"))
        bare = project_with(NAME, "--omit=optional")
        said = home.run(["npx", "--prefix", bare, "--no-install", NAME, "--version"], fails=True)
        expect("--omit=optional" in said, f"without the program it does not say why:\n{said}")


def node(home: Home, place: Path, script: str) -> None:
    """Runs a script beside what is installed, without a program on PATH."""
    file = place / "script.mjs"
    file.write_text(script, encoding="utf-8")
    home.run(["node", file], cwd=place)


FIND = """
import assert from "node:assert/strict";
import {{ realpathSync }} from "node:fs";
import {{ CodexAccountManager, findBinary }} from "{module}";
assert.equal(realpathSync(findBinary(undefined, {{}})), realpathSync({path}));
const manager = await CodexAccountManager.start();
assert.deepEqual((await manager.request("accounts/list")).accounts, []);
await manager.stop();
"""

PLUGIN = """
import assert from "node:assert/strict";
const {{ default: plugin }} = await import("{module}");
const logged = [];
const client = {{ tui: {{ showToast: async () => {{}} }}, app: {{ log: async ({{ body }}) => void logged.push(body) }} }};
process.env.PATH = "";
const hooks = await plugin.server({{ client, directory: process.cwd() }}, {{}});
assert.ok(hooks.tool, `it does not start: ${{JSON.stringify(logged)}}`);
await hooks.dispose();
"""


def wheel(trial: Trial) -> None:
    """The wheel, installed by pip into an environment of its own and aside; the source distribution is the client alone."""
    target, home = trial.program.target, trial.home()
    wheels = trial.packages / "wheels"
    environment, aside = trial.work / "environment", trial.work / "aside"
    venv.create(environment, symlinks=os.name == "posix")
    scripts = environment / ("Scripts" if os.name == "nt" else "bin")
    interpreter = scripts / f"python{trial.program.path.suffix}"
    # The pip of this Python, which need not be installed a second time.
    pip: list[str | Path] = [sys.executable, "-m", "pip", "--quiet", "--python", interpreter, "install", "--no-index"]
    pip += ["--find-links", wheels, "--only-binary", ":all:"]
    if not trial.is_for_another_libc:
        home.run([*pip, NAME])
        installed = scripts / target.program
        same(installed, trial.program.path)
        check(home, [installed], whole=trial.whole)
        home.run([interpreter, "-c", PYTHON.format(path=str(installed))])
        notices = list(environment.rglob("*.dist-info/licenses/THIRD-PARTY.txt"))
        expect(len(notices) == 1, "the wheel has no THIRD-PARTY.txt")
    if os.name == "posix":
        other = ["--platform", target.wheel] if trial.is_for_another_libc else []
        home.run([*pip, *other, "--target", aside, NAME])
        same(aside / "bin" / target.program, trial.program.path)
        found = PYTHON.format(path=str(aside / "bin" / target.program))
        home.run([interpreter, "-c", found], PYTHONPATH=str(aside))
    [source] = wheels.glob("*.tar.gz")
    with tarfile.open(source) as opened:
        programs = [name for name in opened.getnames() if name.endswith(target.program)]
    expect(not programs, f"{source.name} has a program in it")


PYTHON = """
import asyncio
from os.path import samefile

from codex_account_manager import AccountManager
from codex_account_manager.binary import find_binary

assert samefile(find_binary(None, {{}}), {path!r}), find_binary(None, {{}})

async def main():
    async with AccountManager() as accounts:
        assert (await accounts.request("accounts/list"))["accounts"] == []

asyncio.run(main())
"""


def script(trial: Trial) -> None:
    """`install.sh` from a server on loopback: installs, updates, leaves another `cam` alone, and refuses what was changed."""
    served = trial.work / "served"
    served.mkdir()
    shutil.copyfile(trial.release / trial.program.target.archive, served / trial.program.target.archive)
    installer = trial.release / "install.sh"
    if shutil.which("shellcheck"):
        run(["shellcheck", installer])
    before: list[Path] = []
    if trial.is_for_another_libc:
        # It asks for the version of glibc.
        before.append(program_in(trial.work / "without-glibc", "getconf", "exit 1"))
    there = shutil.which(SHORT)
    with loopback.serving(loopback.files(served)) as address:
        for shell in filter(shutil.which, ("dash", "bash", "busybox")):
            words: list[str | Path] = [shell, *(["sh"] if shell == "busybox" else []), installer]
            home = trial.home(f"home-{shell}")
            folder = home.folder / ".local/bin"
            said = home.run(words, path=before, CAM_INSTALL_URL=address)
            expect("is not in PATH" in said, f"it does not say that the folder is not in PATH:\n{said}")
            same(folder / NAME, trial.program.path)
            expect((folder / SHORT).is_symlink() != bool(there), f"`cam` is wrong, beside {there}:\n{said}")
            expect((home.folder / f".local/share/man/man1/{NAME}.1").is_file(), "the manual is not installed")
            said = home.run(words, path=[*before, folder], CAM_INSTALL_URL=address)
            expect("Try it" in said, f"an update fails:\n{said}")
            expect({each.name for each in folder.iterdir()} <= {NAME, SHORT}, "it leaves files behind")
        check(home, [folder / NAME], whole=trial.whole)
        other = program_in(trial.work / "other", SHORT, "")
        home = trial.home("home-other")
        said = home.run(["sh", installer], path=[*before, other], CAM_INSTALL_URL=address)
        expect(f"left to {other / SHORT}" in said and not (home.folder / ".local/bin" / SHORT).exists(), said)
        changed = served / trial.program.target.archive
        changed.write_bytes(changed.read_bytes() + b"\0")
        home = trial.home("home-changed")
        said = home.run(["sh", installer], fails=True, path=before, CAM_INSTALL_URL=address)
        expect("is not what was released" in said, f"it takes an archive that was changed:\n{said}")
        expect(not (home.folder / ".local").exists(), "it installs an archive that was changed")


def program_in(folder: Path, name: str, script: str) -> Path:
    """A folder for `PATH` with a program of this name; the folder is the result."""
    folder.mkdir()
    (folder / name).write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    (folder / name).chmod(0o755)
    return folder


def manifests(trial: Trial) -> None:
    """What other package managers read: each address is a file of the release, with its digest."""
    release = trial.release
    lines = (release / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    sums = {name: digest for digest, name in (line.split("  ") for line in lines)}
    for name, digest in sums.items():
        expect(sha256(release / name) == digest, f"SHA256SUMS is wrong about {name}")
    formula = release / f"{NAME}.rb"
    if shutil.which("ruby"):
        run(["ruby", "-c", formula])
    scoop = release / f"scoop-{NAME}.json"
    if scoop.exists():
        json.loads(scoop.read_text(encoding="utf-8"))
    texts = [path for path in release.iterdir() if path == formula or path == scoop or path.suffix == ".yaml"]
    found = 0
    for path in texts:
        text = path.read_text(encoding="utf-8")
        expect("@" not in re.sub(r"[\w.]+@", "", text), f"{path.name} has a word that was not filled in")
        for address in re.findall(rf"{re.escape(project().downloads)}/([\w.-]+\.(?:tar\.gz|zip))", text):
            found += 1
            expect(address in sums, f"{path.name} names {address}, which is not in the release")
            expect(sums[address] in text.lower(), f"{path.name} has another digest of {address}")
    expect(found > 0 or trial.program.target.libc == "glibc", "no manifest names an archive")


def vscode(trial: Trial) -> None:
    """The extension for this platform: its program is inside, and a program."""
    target = trial.program.target.vscode
    [package] = trial.release.glob(f"*-vscode-*-{target}.vsix")
    home = trial.home()
    with zipfile.ZipFile(package) as opened:
        opened.extractall(trial.work)
        manifest = opened.read("extension.vsixmanifest").decode()
        # As VS Code takes modes from the archive.
        modes = {each.filename: each.external_attr >> 16 for each in opened.infolist()}
    expect(f'TargetPlatform="{target}"' in manifest, f"{package.name} is not for {target}")
    inside = f"extension/bin/{trial.program.target.program}"
    expect(modes[inside] & 0o111 == 0o111, f"{inside} has the mode {modes[inside]:o}")
    (trial.work / inside).chmod(modes[inside] & 0o777)
    same(trial.work / inside, trial.program.path)
    expect("extension/bin/THIRD-PARTY.txt" in modes, f"{package.name} has no THIRD-PARTY.txt")
    check(home, [trial.work / inside], whole=trial.whole)


def crates(trial: Trial) -> None:
    """The crates, built from the archives that crates.io would get."""
    del trial
    run(["cargo", "package", "--workspace", "--locked", "--allow-dirty"], cwd=ROOT)


TRIALS: dict[str, Callable[[Trial], None]] = {
    "archive": archive,
    "npm": npm,
    "wheel": wheel,
    "debian": debian,
    "script": script,
    "manifests": manifests,
    "vscode": vscode,
    "crates": crates,
}
