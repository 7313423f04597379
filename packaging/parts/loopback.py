"""Servers on loopback for trying packages: an npm registry of the archives in a folder, and the files of a release."""

from __future__ import annotations

import base64
import hashlib
import http.server
import json
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any


@contextmanager
def serving(handler: Any) -> Iterator[str]:
    """Serves until the block ends; the address is given."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


class Quiet(http.server.SimpleHTTPRequestHandler):
    """The files of a folder, with nothing on stderr."""

    def log_message(self, format: str, *arguments: object) -> None:
        """Says nothing."""


def files(folder: Path) -> Any:
    """A handler for the files of this folder."""
    return partial(Quiet, directory=str(folder))


def registry(folder: Path) -> Any:
    """A handler that is an npm registry of the `.tgz` in this folder: the last one of a name, and 404 for every other name."""
    packages = {}
    for archive in sorted(folder.glob("*.tgz")):
        with tarfile.open(archive) as opened:
            member = opened.extractfile("package/package.json")
            assert member is not None
            manifest = json.load(member)
        packages[manifest["name"]] = (manifest, archive)

    class Registry(Quiet):
        def do_GET(self) -> None:
            """Answers with a package's versions, or with an archive."""
            name = self.path.lstrip("/").replace("%2f", "/")
            if not name.endswith(".tgz"):
                self.answer(packages.get(name))
            else:
                super().do_GET()

        def answer(self, package: tuple[dict[str, Any], Path] | None) -> None:
            """Writes what a registry knows of a package."""
            if package is None:
                self.send_error(404)
                return
            manifest, archive = package
            digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
            address = f"http://{self.headers['Host']}/{archive.name}"
            version = {**manifest, "dist": {"tarball": address, "integrity": f"sha512-{digest}"}}
            body = json.dumps(
                {
                    "name": manifest["name"],
                    "dist-tags": {"latest": manifest["version"]},
                    "versions": {manifest["version"]: version},
                }
            ).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return partial(Registry, directory=str(folder))
