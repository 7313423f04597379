"""The platforms of a release, and what each registry calls them."""

from __future__ import annotations

from dataclasses import dataclass

from .project import NAME, project


@dataclass(frozen=True)
class Target:
    """One platform."""

    triple: str
    """Rust's name."""
    system: str
    """Node.js's name of the system: `linux`, `darwin` or `win32`."""
    cpu: str
    """Node.js's name of the processor."""
    libc: str | None
    """npm's name of the C library, on Linux."""
    wheel: str
    """The platform tag of a wheel. `{glibc}` is the version that the program needs."""
    vscode: str
    """The target of VS Code."""
    deb: str | None = None
    """Debian's name of the processor; `None` where there is no Debian package."""

    @property
    def program(self) -> str:
        """The file name of the program."""
        return f"{NAME}.exe" if self.system == "win32" else NAME

    @property
    def npm(self) -> str:
        """The npm package."""
        return "-".join([NAME, self.system, self.cpu, *(["musl"] if self.libc == "musl" else [])])

    @property
    def stem(self) -> str:
        """The archive without its ending, and the folder in it."""
        return f"{NAME}-{project().version}-{self.triple}"

    @property
    def archive(self) -> str:
        """The file name of the archive."""
        return f"{self.stem}.zip" if self.system == "win32" else f"{self.stem}.tar.gz"


TARGETS = (
    Target("x86_64-unknown-linux-gnu", "linux", "x64", "glibc", "manylinux_{glibc}_x86_64", "linux-x64", "amd64"),
    Target("aarch64-unknown-linux-gnu", "linux", "arm64", "glibc", "manylinux_{glibc}_aarch64", "linux-arm64", "arm64"),
    Target("x86_64-unknown-linux-musl", "linux", "x64", "musl", "musllinux_1_2_x86_64", "alpine-x64"),
    Target("aarch64-unknown-linux-musl", "linux", "arm64", "musl", "musllinux_1_2_aarch64", "alpine-arm64"),
    Target("aarch64-apple-darwin", "darwin", "arm64", None, "macosx_11_0_arm64", "darwin-arm64"),
    Target("x86_64-apple-darwin", "darwin", "x64", None, "macosx_11_0_x86_64", "darwin-x64"),
    Target("x86_64-pc-windows-msvc", "win32", "x64", None, "win_amd64", "win32-x64"),
    Target("aarch64-pc-windows-msvc", "win32", "arm64", None, "win_arm64", "win32-arm64"),
)


def target(triple: str) -> Target:
    """The platform of this name."""
    return next(each for each in TARGETS if each.triple == triple)
