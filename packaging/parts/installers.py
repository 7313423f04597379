"""What downloads an archive and installs it: the two scripts, the Homebrew formula, the Scoop and the winget manifests.
All are written from the description of the release."""

from __future__ import annotations

import json
from pathlib import Path

from .description import Archive
from .project import NAME, ROOT, SHORT, project

WINGET_ID = "CodexAccountManager.CodexAccountManager"


def write(archives: list[Archive], folder: Path) -> list[Path]:
    """Writes each of those that have an archive to install."""
    unix = [each for each in archives if each.target.system != "win32"]
    windows = [each for each in archives if each.target.system == "win32"]
    texts: dict[str, str] = {}
    if unix:
        texts["install.sh"] = script("install.sh", "\n".join(f"{each.triple} {each.sha256}" for each in unix))
        texts[f"{NAME}.rb"] = formula(unix)
    if windows:
        texts["install.ps1"] = script(
            "install.ps1", "\n".join(f"        '{each.triple}' = '{each.sha256}'" for each in windows)
        )
        texts[f"scoop-{NAME}.json"] = scoop(windows)
        texts |= winget(windows)
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    return [folder / name for name in texts]


def script(name: str, sums: str) -> str:
    """A script of this folder with the release's version, places and sums."""
    facts = project()
    text = (ROOT / "packaging" / name).read_text(encoding="utf-8")
    for word, value in {
        "@VERSION@": facts.version,
        "@DOWNLOADS@": facts.downloads,
        "@LATEST@": f"{facts.repository}/releases/latest/download",
        "@SUMS@": sums,
    }.items():
        text = text.replace(word, value)
    return text


def formula(archives: list[Archive]) -> str:
    """The Homebrew formula. Linux takes the program for musl, which needs nothing of Homebrew's own glibc."""
    facts = project()
    licences = ", ".join(f'"{each}"' for each in facts.licence.split(" OR "))
    systems = []
    for system, word in {"darwin": "macos", "linux": "linux"}.items():
        chosen = [each for each in archives if each.target.system == system and each.target.libc != "glibc"]
        blocks = [
            f"    on_{'intel' if each.target.cpu == 'x64' else 'arm'} do\n"
            f'      url "{each.url}"\n'
            f'      sha256 "{each.sha256}"\n'
            "    end\n"
            for each in chosen
        ]
        if blocks:
            systems.append(f"  on_{word} do\n{''.join(blocks)}  end\n\n")
    return (
        "class CodexAccountManager < Formula\n"
        f'  desc "{facts.description}"\n'
        f'  homepage "{facts.homepage}"\n'
        f'  version "{facts.version}"\n'
        f"  license any_of: [{licences}]\n\n"
        f"{''.join(systems)}"
        "  def install\n"
        f'    bin.install "{NAME}"\n'
        f'    bin.install_symlink "{NAME}" => "{SHORT}"\n'
        '    man1.install Dir["man/*.1"]\n'
        '    bash_completion.install Dir["completions/bash/*"]\n'
        '    zsh_completion.install Dir["completions/zsh/*"]\n'
        '    fish_completion.install Dir["completions/fish/*"]\n'
        '    doc.install "README.md", "THIRD-PARTY.txt"\n'
        "  end\n\n"
        "  test do\n"
        f'    assert_equal "{NAME} #{{version}}", shell_output("#{{bin}}/{NAME} --version").strip\n'
        f'    system bin/"{NAME}", "demo"\n'
        "  end\n"
        "end\n"
    )


def scoop(archives: list[Archive]) -> str:
    """The Scoop manifest."""
    facts = project()
    word = {"x64": "64bit", "arm64": "arm64"}

    def entry(url: str, **more: str) -> dict[str, str]:
        return {"url": url, **more}

    def any_version(text: str) -> str:
        return text.replace(facts.version, "$version")

    manifest = {
        "version": facts.version,
        "description": facts.description,
        "homepage": facts.homepage,
        "license": facts.licence.replace(" OR ", "|"),
        "architecture": {
            word[each.target.cpu]: entry(each.url, hash=each.sha256, extract_dir=each.target.stem) for each in archives
        },
        "bin": [f"{NAME}.exe", f"{SHORT}.exe"],
        "checkver": {"github": facts.repository},
        "autoupdate": {
            "architecture": {
                word[each.target.cpu]: entry(any_version(each.url), extract_dir=any_version(each.target.stem))
                for each in archives
            },
            "hash": {"url": f"{any_version(facts.downloads)}/SHA256SUMS"},
        },
    }
    return json.dumps(manifest, indent=4) + "\n"


def winget(archives: list[Archive]) -> dict[str, str]:
    """The three manifests that winget wants of a version."""
    facts = project()
    schema = "1.9.0"

    def manifest(kind: str, lines: list[str]) -> str:
        head = [
            f"# yaml-language-server: $schema=https://aka.ms/winget-manifest.{kind}.{schema}.schema.json",
            f"PackageIdentifier: {WINGET_ID}",
            f"PackageVersion: {facts.version}",
        ]
        return "\n".join([*head, *lines, f"ManifestType: {kind}", f"ManifestVersion: {schema}", ""])

    installers = []
    for each in archives:
        installers += [
            f"- Architecture: {each.target.cpu}",
            f"  InstallerUrl: {each.url}",
            f"  InstallerSha256: {each.sha256.upper()}",
        ]
        installers += ["  NestedInstallerFiles:"]
        for name in (NAME, SHORT):
            installers += [f"  - RelativeFilePath: {each.target.stem}\\{name}.exe", f"    PortableCommandAlias: {name}"]
    return {
        f"{WINGET_ID}.yaml": manifest("version", ["DefaultLocale: en-US"]),
        f"{WINGET_ID}.installer.yaml": manifest(
            "installer", ["InstallerType: zip", "NestedInstallerType: portable", "Installers:", *installers]
        ),
        f"{WINGET_ID}.locale.en-US.yaml": manifest(
            "defaultLocale",
            [
                "PackageLocale: en-US",
                f"Publisher: {facts.authors}",
                f"PublisherUrl: {facts.homepage}",
                f"PackageName: {NAME}",
                f"PackageUrl: {facts.homepage}",
                f"License: {facts.licence}",
                f"LicenseUrl: {facts.repository}/blob/{facts.tag}/LICENSE",
                f"ShortDescription: {facts.description}",
                f"Moniker: {NAME}",
                f"ReleaseNotesUrl: {facts.repository}/releases/tag/{facts.tag}",
            ],
        ),
    }
