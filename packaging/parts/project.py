"""What the project says of itself, once: `[workspace.package]` and `[package]` of Cargo.toml, and the changelog."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

NAME = "codex-account-manager"
SHORT = "cam"


@dataclass(frozen=True)
class Project:
    """The facts that every package repeats."""

    version: str
    description: str
    licence: str
    authors: str
    repository: str
    homepage: str

    @property
    def tag(self) -> str:
        """The tag of this release."""
        return f"v{self.version}"

    @property
    def downloads(self) -> str:
        """Where the files of this release will be."""
        return f"{self.repository}/releases/download/{self.tag}"


@cache
def project() -> Project:
    """The facts of this checkout."""
    manifest = tomllib.loads((ROOT / "Cargo.toml").read_text(encoding="utf-8"))
    shared = manifest["workspace"]["package"]
    return Project(
        version=shared["version"],
        description=manifest["package"]["description"],
        licence=shared["license"],
        authors=", ".join(shared["authors"]),
        repository=shared["repository"],
        homepage=shared["homepage"],
    )


def changelog(version: str) -> str:
    """The changelog's section of this version, without its heading.

    Raises `LookupError` when there is none, or nothing in it.
    """
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    found = re.search(rf"^## \[{re.escape(version)}\][^\n]*\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    section = found.group(1).strip() if found else ""
    if not section:
        hint = "rename `## [Unreleased]`, and begin a new one above it"
        raise LookupError(f"CHANGELOG.md has no section `## [{version}]`: {hint}")
    return section
