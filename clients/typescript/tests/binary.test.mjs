// The program is found where every client finds it: the same list as for Python, Neovim and VS Code.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { search } from "../dist/binary.js";
import { BinaryNotFoundError } from "../dist/errors.js";

const list = JSON.parse(readFileSync(new URL("../../../tests/tools/find_binary.json", import.meta.url), "utf8"));

for (const { name, platform, option, environment, packaged, there, found, looked, but } of list.cases) {
  test(name, { skip: but?.includes("typescript") }, () => {
    const surroundings = { environment, platform, packaged, home: undefined, isProgram: (path) => there.includes(path) };
    if (found !== undefined) {
      assert.equal(search(option ?? undefined, surroundings), found);
      return;
    }
    assert.throws(
      () => search(option ?? undefined, surroundings),
      (error) => {
        assert.ok(error instanceof BinaryNotFoundError);
        for (const place of looked) assert.ok(error.message.includes(place), `${place} in ${error.message}`);
        return true;
      },
    );
  });
}
