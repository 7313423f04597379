import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { findBinary, type Finding, type Surroundings } from "../src/binary.ts";

function find(surroundings: Partial<Surroundings>, there: string[]): Finding {
  return findBinary({
    setting: "",
    environment: {},
    platform: "linux",
    home: undefined,
    packaged: undefined,
    isProgram: (path) => there.includes(path),
    ...surroundings,
  });
}

interface Case {
  name: string;
  platform: NodeJS.Platform;
  option: string | null;
  environment: Record<string, string>;
  packaged?: string;
  there: string[];
  found?: string;
  looked?: string[];
  but?: string[];
}

// The same list as for the other clients. The tests run in the folder of the package.
const list: { cases: Case[] } = JSON.parse(readFileSync("../../tests/tools/find_binary.json", "utf8"));

for (const { name, platform, option, environment, packaged, there, found, looked, but } of list.cases) {
  test(name, { skip: but?.includes("vscode") ?? false }, () => {
    const finding = find({ setting: option ?? "", platform, environment, packaged }, there);
    if (found !== undefined) {
      assert.deepEqual(finding, { path: found });
      return;
    }
    assert.ok("missing" in finding, JSON.stringify(finding));
    for (const place of looked ?? []) assert.ok(finding.missing.includes(place), `${place} in ${finding.missing}`);
  });
}

test("the setting without what stands around it", () => {
  assert.deepEqual(find({ setting: " ~/cam ", home: "/home/me" }, ["/home/me/cam"]), { path: "/home/me/cam" });
});

test("a relative path is refused", () => {
  assert.deepEqual(find({ setting: "./cam" }, ["./cam"]), {
    missing: "The setting `codexAccountManager.binary` is `./cam`, which is not an absolute path",
  });
});
