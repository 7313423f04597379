// What the tool for listing adds below the table.

import assert from "node:assert/strict";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";

import { build } from "esbuild";

const outfile = join(mkdtempSync(join(tmpdir(), "cam-")), "tools.mjs");
const source = fileURLToPath(new URL("../src/tools.ts", import.meta.url));
const banner = { js: 'import { createRequire } from "node:module";\nconst require = createRequire(import.meta.url);' };
await build({ entryPoints: [source], outfile, bundle: true, platform: "node", format: "esm", banner });
const { narrowed, pinned, tools } = await import(pathToFileURL(outfile).href);

const ACCOUNTS = [
  { id: "a", index: 1, label: "work" },
  { id: "b", index: 2, label: "personal" },
];
const PINS = [
  { account: "b", scope: "everywhere" },
  { account: "a", family: "gpt-5.2", scope: "session" },
];
const LINES = [
  "Pinned: account 2 (personal), in every session",
  "Pinned for gpt-5.2: account 1 (work), in this session",
];

test("each switch by hand is a line", () => {
  assert.deepEqual(pinned(ACCOUNTS, PINS), LINES);
  assert.deepEqual(pinned(ACCOUNTS, []), []);
});

test("a project says what it may use and why", () => {
  const rule = { name: "rule 2 (`~/work/**`, config.toml:4)", accounts: "work" };
  const fault = { name: "rule 3", accounts: "wrok", fault: "no account is called `wrok`" };
  const set = { name: "work", accounts: ["a"], narrowedBy: [rule], warnings: [] };
  const line = "This project may use work, by rule 2 (`~/work/**`, config.toml:4)";
  for (const [given, lines] of [
    [undefined, []],
    [set, [line]],
    [{ ...set, warnings: ["two folders differ"] }, [line, "Warning: two folders differ"]],
    [
      { ...set, name: "none", accounts: [], narrowedBy: [fault] },
      ["This project may use no account, by rule 3", "To mend: rule 3: no account is called `wrok`"],
    ],
  ]) {
    assert.deepEqual(narrowed(given), lines);
  }
});

test("they stand below the table, which does without them", async () => {
  const table = "OpenAI Accounts (2):";
  const manager = (list) => ({
    request: async (method) => (method === "accounts/list" ? list() : table),
  });
  const said = (list) => tools(manager(list))["openai-accounts"].execute({}, {});
  assert.equal(await said(() => ({ accounts: ACCOUNTS, pins: PINS })), [table, ...LINES].join("\n"));
  assert.equal(await said(() => ({ accounts: ACCOUNTS, pins: [] })), table);
  assert.equal(await said(() => Promise.reject(new Error("no"))), table);
});
