"""The Debian package. It has the long name alone: `cam` is a program of Debian's libcamera-tools."""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path

from . import files
from .files import copy_notices, copy_program, members, run, time_of_release
from .programs import Program
from .project import NAME, ROOT, project


def build(program: Program, pages: Path, work: Path, out: Path) -> Path:
    """Packs the program for Debian, Ubuntu and what derives from them."""
    facts = project()
    root = work / f"deb-{program.target.deb}"
    copy_program(program.path, root / "usr/bin" / NAME)
    documentation = root / "usr/share/doc" / NAME
    documentation.mkdir(parents=True)
    (documentation / "copyright").write_text(copyright_of(program), encoding="utf-8")
    copy_notices(documentation)
    # The licence is in `copyright`.
    (documentation / "LICENSE").unlink()
    compressed(ROOT / "CHANGELOG.md", documentation / "changelog.gz")
    for page in sorted((pages / "man").iterdir()):
        compressed(page, root / "usr/share/man/man1" / f"{page.name}.gz")
    for shell, folder in {
        "bash": "bash-completion/completions",
        "zsh": "zsh/vendor-completions",
        "fish": "fish/vendor_completions.d",
    }.items():
        for file in (pages / "completions" / shell).glob(f"*{NAME}*"):
            to = root / "usr/share" / folder / file.name
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, to)
    for path in members(root):
        path.chmod(0o755 if path.is_dir() or path.parent.name == "bin" else 0o644)
    size = sum(path.stat().st_size for path in members(root) if path.is_file()) // 1024 + 1
    control = root / "DEBIAN/control"
    control.parent.mkdir()
    control.write_text(
        f"Package: {NAME}\n"
        # A pre-release comes before its release.
        f"Version: {facts.version.replace('-', '~')}\n"
        f"Architecture: {program.target.deb}\n"
        f"Maintainer: {facts.authors} <codex-account-manager@users.noreply.github.com>\n"
        f"Installed-Size: {size}\n"
        f"Depends: {', '.join(needs(program))}\n"
        "Recommends: ca-certificates, xdg-utils\n"
        "Section: utils\n"
        "Priority: optional\n"
        f"Homepage: {facts.homepage}\n"
        f"Description: {facts.description[0].lower()}{facts.description[1:]}\n"
        " A proxy on this machine for each agent or editor spreads requests over your\n"
        " accounts, fails over when one reaches its limit, and keeps keys sealed.\n",
        encoding="utf-8",
    )
    package = out / f"{NAME}_{facts.version}_{program.target.deb}.deb"
    environment = {"SOURCE_DATE_EPOCH": str(time_of_release()), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
    compression = ["-Zxz"] if files.best else ["-Zgzip", "-z1"]
    run(["dpkg-deb", "--root-owner-group", *compression, "--build", root, package], environment=environment)
    return package


def needs(program: Program) -> list[str]:
    """The packages that have what the program is loaded with."""
    libraries = {"libgcc_s.so.1": "libgcc-s1 | libgcc1"}
    return ["libc6 (>= {}.{})".format(*program.glibc()), *(libraries[each] for each in program.libraries())]


def copyright_of(program: Program) -> str:
    """The file that Debian wants, in its format."""
    facts = project()
    licence = (ROOT / "LICENSE").read_text(encoding="utf-8")
    indented = "\n".join(f" {line}" if line.strip() else " ." for line in licence.strip().splitlines())
    return (
        "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n"
        f"Upstream-Name: {NAME}\n"
        f"Source: {facts.repository}\n"
        "Comment: The program contains the crates that THIRD-PARTY.txt in this folder\n"
        " names, each with its licence.\n"
        "\n"
        "Files: *\n"
        f"Copyright: {facts.authors}\n"
        "License: MIT or Apache-2.0\n"
        f"{indented}\n"
    )


def compressed(source: Path, to: Path) -> None:
    """A copy as Debian's policy wants it."""
    to.parent.mkdir(parents=True, exist_ok=True)
    with to.open("wb") as file, gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) as packed:
        packed.write(source.read_bytes())
