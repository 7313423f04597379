"""The bill of materials of a program, in CycloneDX: every crate that is linked into it, with its licence, its digest on
crates.io and what it depends on."""

from __future__ import annotations

import json
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .files import run, time_of_release
from .project import NAME, ROOT, project
from .targets import Target


def write(target: Target, folder: Path) -> Path:
    """Writes `….cdx.json` beside the archive of this platform."""
    metadata = json.loads(
        run(["cargo", "metadata", "--format-version", "1", "--locked", "--filter-platform", target.triple])
    )
    path = folder / f"{target.stem}.cdx.json"
    path.write_text(json.dumps(document(metadata, target), indent=1) + "\n", encoding="utf-8")
    return path


def document(metadata: dict[str, Any], target: Target) -> dict[str, Any]:
    """The bill, from what Cargo says of this platform."""
    packages = {package["id"]: package for package in metadata["packages"]}
    depends = linked(metadata)
    lock = tomllib.loads((ROOT / "Cargo.lock").read_text(encoding="utf-8"))["package"]
    digests = {(each["name"], each["version"]): each.get("checksum") for each in lock}
    [root] = [identity for identity, package in packages.items() if identity in depends and package["name"] == NAME]

    def component(identity: str) -> dict[str, Any]:
        package = packages[identity]
        digest = digests.get((package["name"], package["version"]))
        licence = (package["license"] or "").replace("/", " OR ")
        return {
            "type": "application" if identity == root else "library",
            "bom-ref": reference(package),
            "name": package["name"],
            "version": package["version"],
            "purl": reference(package),
            **({"licenses": [{"expression": licence}]} if licence else {}),
            **({"hashes": [{"alg": "SHA-256", "content": digest}]} if digest else {}),
        }

    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "timestamp": datetime.fromtimestamp(time_of_release(), UTC).isoformat(),
            "component": {**component(root), "version": project().version},
            "properties": [{"name": "rust:target", "value": target.triple}],
        },
        "components": [
            component(each) for each in sorted(depends, key=lambda each: reference(packages[each])) if each != root
        ],
        "dependencies": [
            {"ref": reference(packages[each]), "dependsOn": sorted(reference(packages[other]) for other in others)}
            for each, others in sorted(depends.items(), key=lambda entry: reference(packages[entry[0]]))
        ],
    }


def linked(metadata: dict[str, Any]) -> dict[str, list[str]]:
    """What is linked into the program, each with what it depends on: normal dependencies, but no macros, which run in the
    compiler, and nothing that only tests switch on in a package of ours."""
    packages = {package["id"]: package for package in metadata["packages"]}
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    root = next(identity for identity, package in packages.items() if package["name"] == NAME)

    def is_macro(identity: str) -> bool:
        return any("proc-macro" in kind for each in packages[identity]["targets"] for kind in each["kind"])

    def is_for_tests(of: str, name: str) -> bool:
        package = packages[of]
        return package["source"] is None and any(
            each["name"] == name and each["optional"] for each in package["dependencies"]
        )

    found: dict[str, list[str]] = {}
    waiting = [root]
    while waiting:
        identity = waiting.pop()
        if identity in found:
            continue
        found[identity] = [
            edge["pkg"]
            for edge in nodes[identity]["deps"]
            if any(kind["kind"] is None for kind in edge["dep_kinds"])
            and not is_macro(edge["pkg"])
            and not is_for_tests(identity, packages[edge["pkg"]]["name"])
        ]
        waiting += found[identity]
    return found


def reference(package: dict[str, Any]) -> str:
    """The package URL of a crate."""
    return f"pkg:cargo/{package['name']}@{package['version']}"
