"""The parts of `packaging/` that decide something, without a program to pack: run by `tests/it/releases.rs`."""

import json
import os
import re
import sys
import tempfile
import unittest
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / "packaging"))
os.environ["SOURCE_DATE_EPOCH"] = "1700000000"

from parts import description, files, installers, programs  # noqa: E402
from parts.project import project  # noqa: E402
from parts.targets import TARGETS  # noqa: E402


class Parts(unittest.TestCase):
    def setUp(self) -> None:
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)

    def write_programs(self, **contents: bytes) -> list[programs.Program]:
        """A program for every platform; `contents` by the C library."""
        for target in TARGETS:
            path = self.folder / target.triple / target.program
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(contents.get(target.libc or "", b""))
        return programs.programs(self.folder)

    def test_only_programs_for_old_systems_are_released(self) -> None:
        programs.check(self.write_programs(glibc=b"GLIBC_2.2.5 GLIBC_2.17"))
        for contents, said in (
            ({"glibc": b"GLIBC_2.9 GLIBC_2.34"}, "needs glibc 2.34, and 2.17 is the most"),
            ({"musl": b"/lib/ld-musl-x86_64.so.1"}, "not linked statically"),
        ):
            with self.assertRaisesRegex(programs.Unfit, said):
                programs.check(self.write_programs(**contents))

    def test_a_release_has_every_platform(self) -> None:
        found = self.write_programs()
        with self.assertRaisesRegex(programs.Unfit, f"no program for {found[3].target.triple};"):
            programs.check([*found[:3], *found[4:]])
        with self.assertRaisesRegex(programs.Unfit, "has no program"):
            programs.programs(self.folder / "nowhere")

    def test_a_wheel_says_which_glibc_its_program_needs(self) -> None:
        program = self.write_programs(glibc=b"GLIBC_2.9\0GLIBC_2.28\0GLIBC_2.3.4")[0]
        self.assertEqual(program.glibc(), (2, 28))

    def test_every_archive_is_installed_by_something_with_its_digest(self) -> None:
        archives = []
        for target in TARGETS:
            path = self.folder / target.archive
            path.write_text(target.triple)
            archives.append((target, path))
        described = description.describe(archives)
        texts = {path.name: path.read_text() for path in installers.write(described, self.folder)}
        self.assertEqual(len(texts), 7, list(texts))
        for name, text in texts.items():
            self.assertIsNone(re.search("@[A-Z]+@", text), f"{name} has a word that was not filled in")
        for each in described:
            read = [name for name, text in texts.items() if each.sha256 in text.lower()]
            expected = 3 if each.target.system == "win32" else 1 if each.target.libc == "glibc" else 2
            self.assertEqual(len(read), expected, f"{each.file}: {read}")
        written = json.loads(description.write(described, self.folder).read_text())
        self.assertEqual([each["url"] for each in written["archives"]], [each.url for each in described])

    def test_a_link_of_a_packed_page_leads_to_the_repository(self) -> None:
        files.copy_readme(SOURCE / "clients/python/README.md", self.folder / "README.md")
        text = (self.folder / "README.md").read_text()
        self.assertIn(f"]({project().repository}/blob/{project().tag}/docs/clients.md#where-the-program-is-searched)", text)
        self.assertNotRegex(text, r"\]\(\.")

    def test_an_archive_is_the_same_whenever_it_is_made(self) -> None:
        place = self.folder / "place"
        place.mkdir()
        (place / "program").write_text("text")
        (place / "program").chmod(0o700)
        made = []
        for time in (0, 1_800_000_000):
            os.utime(place / "program", (time, time))
            for name, pack in (("a.tar.gz", files.tar), ("a.zip", files.zip_)):
                pack(place, self.folder / name)
                made.append((self.folder / name).read_bytes())
        self.assertEqual(made[:2], made[2:])


if __name__ == "__main__":
    unittest.main()
