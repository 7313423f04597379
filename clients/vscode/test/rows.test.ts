import assert from "node:assert/strict";
import { test } from "node:test";
import { picks } from "../src/picks.ts";
import { rows, type Row } from "../src/rows.ts";
import { MINUTE, NOON, account, running, session, totals } from "./support.ts";

function text(rows: Row[], indent = ""): string[] {
  return rows.flatMap((row) => [`${indent}${row.label}: ${row.description ?? ""}`, ...text(row.children, `${indent}  `)]);
}

const FULL = account(2, {
  state: "rateLimited",
  reason: "limited for gpt-5.2",
  availableAt: NOON + MINUTE,
  kind: "chatgpt",
  enabled: false,
  models: ["gpt-*"],
  rateLimits: [
    { family: "gpt-5.2", resetAt: NOON + MINUTE },
    { family: "gpt-5.2", model: "gpt-5.2-mini", resetAt: NOON + MINUTE },
    { family: "codex", model: "codex-mini", resetAt: NOON + 24 * 60 * MINUTE },
  ],
  quota: [{ name: "week", usedPercent: 40, windowSeconds: 604_800, resetAt: NOON + MINUTE }],
  meters: [{ name: "codex_bengalfox", model: "gpt-5.3-codex-spark", usedPercent: 99.5, windowSeconds: 18_000, resetAt: NOON + MINUTE }],
  credits: { hasCredits: true, unlimited: false, balance: "940.5" },
  usage: { today: totals(1, 1_234, 0.004), month: totals(2_500, 7_654_321, 12.3) },
  limits: { monthlyUsd: 20 },
  sessions: [
    { id: "own", pid: 7 },
    { id: "other", pid: 8 },
  ],
});

test("a tree of accounts", () => {
  assert.deepEqual(text(rows(running(account(1), FULL), NOON)), [
    "account-1: in use · ready",
    "  Today: nothing yet",
    "  This month: 12 requests · 36k tokens · $0.13",
    "account-2: rate-limited until 12:01",
    "  limited for gpt-5.2: ",
    "  Today: 1 request · 1.2k tokens · <$0.01",
    "  This month: 2.5k requests · 7.6M tokens · $12.30 of $20.00",
    "  gpt-5.2: limited until 12:01",
    "  codex-mini: limited until Sun 12:00",
    "  Quota of week: 40 % used, resets 12:01",
    "  Quota of gpt-5.3-codex-spark 5h: 99 % used, resets 12:01",
    "  Credits: 940.5",
    "  Kept for: gpt-*",
    "  This window: process 7",
    "  Another session: process 8",
  ]);
});

test("what was switched by hand is seen, and who uses an account", () => {
  const view = {
    ...running(account(1, { sessions: [{ id: "own", pid: 7 }, { id: "other", pid: 8 }, { id: "gone", pid: 9 }] }), account(2)),
    pins: [
      { account: "id-1", scope: "everywhere" as const },
      { account: "id-2", family: "gpt-5.2", scope: "session" as const },
    ],
    sessions: [session("own", 7, { program: "Visual Studio Code 1.99", folder: "/src/app" }), session("other", 8, { program: "opencode" })],
  };
  assert.deepEqual(text(rows(view, NOON)), [
    "account-1: in use · pinned everywhere · ready",
    "  Today: nothing yet",
    "  This month: 12 requests · 36k tokens · $0.13",
    "  This window: Visual Studio Code 1.99 · /src/app · process 7",
    "  Another session: opencode · process 8",
    "  Another session: process 9",
    "account-2: pinned for gpt-5.2 · ready",
    "  Today: nothing yet",
    "  This month: 12 requests · 36k tokens · $0.13",
  ]);
  assert.deepEqual(picks(view, NOON).slice(0, 2).map(({ description }) => description), [
    "1 · in use · pinned everywhere · ready",
    "2 · pinned for gpt-5.2 · ready",
  ]);
});

test("rows have ids of their own, and say to the menus what they are", () => {
  const [first, second] = rows(running(account(1), FULL), NOON);
  assert.deepEqual([first?.context, second?.context], ["account enabled apiKey", "account disabled chatgpt"]);
  const ids = [first, second].flatMap((row) => [row?.id, ...(row?.children.map(({ id }) => id) ?? [])]);
  assert.equal(new Set(ids).size, ids.length);
});

test("who has to log in again is offered that, and a key that is refused is not", () => {
  const over = { state: "needsLogin", reason: "its login ended" } as const;
  const view = running(account(1, { ...over, kind: "chatgpt" }), account(2, over));
  assert.deepEqual(rows(view, NOON).map(({ context }) => context), ["account enabled chatgpt logInAgain", "account enabled apiKey"]);
  const [first, second] = picks(view, NOON);
  assert.deepEqual([first?.choice, second?.choice], [{ logInAgain: "id-1" }, { switchTo: "id-2" }]);
  assert.match(first?.detail ?? "", /^Choose it to log in again\. Today: /);
  assert.match(second?.detail ?? "", /^Today: /);
});

test("nothing to show is no row", () => {
  assert.deepEqual(rows({ phase: "starting" }, NOON), []);
});

test("the quick pick offers every account, letting it choose, and more accounts", () => {
  const offered = picks(running(account(1), FULL), NOON);
  assert.deepEqual(
    offered.map(({ label, description }) => [label, description].filter(Boolean).join(" | ")),
    [
      "$(check) account-1 | 1 · in use · ready",
      "$(circle-slash) account-2 | 2 · rate-limited until 12:01",
      "",
      "$(sparkle) Let it choose | remove the pin that a switch made",
      "",
      "$(add) Add an API key…",
      "$(sign-in) Log in with ChatGPT…",
    ],
  );
  assert.match(offered[1]?.detail ?? "", /^week: 40 % used, resets 12:01\. gpt-5\.3-codex-spark 5h: 99 % used, resets 12:01\. credits: 940\.5\. Today: 1 request/);
  assert.deepEqual(offered[1]?.choice, { switchTo: "id-2" });
  assert.deepEqual(offered[3]?.choice, { switchTo: null });
});

test("with no account it offers to add one", () => {
  assert.deepEqual(picks(running(), NOON).map(({ choice }) => choice), [{ run: "addKey" }, { run: "login" }]);
});

test("accounts that are not allowed here come last, with what keeps them out", () => {
  const reason = "rule 2 (`~/work/**`, c.toml:4) does not allow it here";
  const view = running(account(1, { state: "notAllowed", reason, groups: ["private"] }), account(2));
  const offered = picks(view, NOON);
  assert.deepEqual(
    offered.slice(0, 3).map(({ label }) => label),
    ["$(account) account-2", "not allowed here", "$(check) account-1"],
  );
  assert.ok(offered[2]?.detail?.startsWith(reason));
  const [first] = rows(view, NOON);
  assert.equal(first?.icon, "circle-slash");
  assert.ok(text(first?.children ?? []).includes("Groups: private"));
});
