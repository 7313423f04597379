"""The description of a release, `release.json`: each archive with its platform, size and SHA-256. What installs the
archives is written from it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from .project import NAME, project
from .targets import Target, target


@dataclass(frozen=True)
class Archive:
    """One archive of the release."""

    triple: str
    file: str
    sha256: str
    size: int

    @property
    def target(self) -> Target:
        """Its platform."""
        return target(self.triple)

    @property
    def url(self) -> str:
        """Where it will be."""
        return f"{project().downloads}/{self.file}"


def sha256(path: Path) -> str:
    """The digest of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def describe(archives: Iterable[tuple[Target, Path]]) -> list[Archive]:
    """What is known of these files."""
    return [Archive(each.triple, path.name, sha256(path), path.stat().st_size) for each, path in archives]


def write(archives: list[Archive], folder: Path) -> Path:
    """Writes `release.json` into `folder`."""
    facts = project()
    document = {
        "name": NAME,
        "version": facts.version,
        "repository": facts.repository,
        "archives": [{**asdict(each), "url": each.url} for each in archives],
    }
    path = folder / "release.json"
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    return path


def write_sums(folder: Path) -> Path:
    """Writes `SHA256SUMS` of all that is in `folder`, as `sha256sum --check` reads it."""
    path = folder / "SHA256SUMS"
    files = [each for each in sorted(folder.iterdir()) if each.is_file() and each != path]
    path.write_text("".join(f"{sha256(each)}  {each.name}\n" for each in files), encoding="utf-8", newline="\n")
    return path
