import assert from "node:assert/strict";
import { test } from "node:test";
import { findBinary, type Finding, type Surroundings } from "../src/binary.ts";

function check(name: string, surroundings: Partial<Surroundings>, there: string[], expected: Finding): void {
  test(name, () => {
    const found = findBinary({
      setting: "",
      environment: {},
      platform: "linux",
      home: "/home/me",
      isProgram: (path) => there.includes(path),
      ...surroundings,
    });
    assert.deepEqual(found, expected);
  });
}

const PROGRAM = "codex-account-manager";

check("in PATH", { environment: { PATH: `/a:/b` } }, [`/b/${PROGRAM}`], { path: `/b/${PROGRAM}` });
check("the variable comes before PATH", { environment: { CAM_BINARY: "/x", PATH: "/a" } }, ["/x", `/a/${PROGRAM}`], {
  path: "/x",
});
check("the setting comes first", { setting: " ~/cam ", environment: { CAM_BINARY: "/x" } }, ["/home/me/cam", "/x"], {
  path: "/home/me/cam",
});
check("a setting that leads nowhere is not passed over", { setting: "/y", environment: { PATH: "/a" } }, [`/a/${PROGRAM}`], {
  missing: "The setting `codexAccountManager.binary` is `/y`, where there is no program",
});
check("a relative path is refused", { setting: "./cam" }, ["./cam"], {
  missing: "The setting `codexAccountManager.binary` is `./cam`, which is not an absolute path",
});
check("an empty or relative folder of PATH is passed over", { environment: { PATH: ":.:bin" } }, [PROGRAM, `bin/${PROGRAM}`], {
  missing: "The program `codex-account-manager` is not in PATH",
});
check(
  "on Windows",
  { platform: "win32", environment: { Path: "C:\\a;C:\\b" } },
  [`C:\\b\\${PROGRAM}.exe`],
  { path: `C:\\b\\${PROGRAM}.exe` },
);
