import assert from "node:assert/strict";
import { test } from "node:test";
import { status } from "../src/status.ts";
import type { View } from "../src/view.ts";
import { MINUTE, NOON, account, running } from "./support.ts";

const LATER = NOON + 125 * MINUTE;

function check(name: string, view: View, text: string, severity: "none" | "warning" | "error"): void {
  test(name, () => {
    const shown = status(view, NOON);
    assert.deepEqual([shown.text, shown.severity], [text, severity]);
  });
}

check("the account in use", running(account(1), account(2)), "$(account) account-1", "none");
check("nothing known yet", { phase: "running" }, "$(loading~spin) Codex", "none");
check("starting", { phase: "starting" }, "$(loading~spin) Codex", "none");
check("no program", { phase: "missing" }, "$(warning) Codex: not installed", "warning");
check("crashed for good", { phase: "stopped" }, "$(error) Codex: stopped", "error");
check("no account", running(), "$(account) No account", "warning");
check(
  "a limit of the account in use",
  running(account(1, { state: "rateLimited", availableAt: LATER }), account(2)),
  "$(watch) account-1: rate-limited until 14:05",
  "warning",
);
check(
  "a limit of the account in use, for which another stands in",
  {
    ...running(account(1, { state: "rateLimited", availableAt: LATER }), account(2)),
    latest: { requestId: "r", account: "id-2", family: "gpt-5.2", attempt: 2, why: "failover" },
  },
  "$(account) account-2 (account-1: rate-limited until 14:05)",
  "none",
);
check(
  "all limited, until the first is free",
  running(
    account(1, { state: "rateLimited", availableAt: LATER + MINUTE }),
    account(2, { state: "overLimit", availableAt: LATER }),
    account(3, { state: "disabled" }),
  ),
  "$(error) All accounts limited until 14:05",
  "error",
);
check(
  "none that could ever serve",
  running(account(1, { state: "needsLogin" }), account(2, { state: "disabled" })),
  "$(error) No account can serve",
  "error",
);
check("all locked", running(account(1, { state: "locked" })), "$(lock) Accounts locked", "error");
const RULE = { name: "rule 2 (`~/work/**`, c.toml:4)", accounts: "acme" };
const ACME = { name: "acme", accounts: ["id-1"], narrowedBy: [RULE], warnings: [] };
check("a window that is narrowed", { ...running(account(1), account(2, { state: "notAllowed" })), accountSet: ACME }, "$(account) account-1 · acme", "none");
check(
  "a window that may use none",
  { ...running(account(1, { state: "notAllowed" })), accountSet: { ...ACME, name: "none", accounts: [] } },
  "$(circle-slash) No account is allowed here · none",
  "error",
);
check(
  "all locked that it may use",
  { ...running(account(1, { state: "locked" }), account(2, { state: "notAllowed" })), accountSet: ACME },
  "$(lock) Accounts locked · acme",
  "error",
);
test("the tooltip of a narrowed window names the rule and what to mend", () => {
  const fault = { name: "rule 3", fault: "no account is called `x`" };
  const { tooltip } = status({ ...running(account(1)), accountSet: { ...ACME, narrowedBy: [RULE, fault] } }, NOON);
  const [first] = tooltip.split("\n\n---");
  assert.equal(
    first,
    "This window may use **acme** by rule 2 \\(\\`\\~/work/\\*\\*\\`, c\\.toml:4\\) and rule 3  \n" +
      "rule 3: no account is called \\`x\\`",
  );
});
check("a label that looks like an icon", running(account(1, { label: "$(sync)" })), "$(account) \\$(sync)", "none");

test("a click on the missing program looks again, else it switches", () => {
  assert.equal(status({ phase: "missing", problem: "why" }, NOON).command, "codexAccountManager.restart");
  assert.equal(status(running(account(1)), NOON).command, "codexAccountManager.switchAccount");
});

test("the tooltip shows usage, the others and the latest choice", () => {
  const view = running(
    account(1, {
      limits: { dailyUsd: 5 },
      quota: [{ name: "5h", usedPercent: 61.6, windowSeconds: 18_000, resetAt: LATER }],
      meters: [{ name: "codex_other", usedPercent: 3, windowSeconds: 604_800, resetAt: LATER }],
      credits: { hasCredits: false, unlimited: true },
    }),
    account(2, { label: "a*b", state: "rateLimited", availableAt: LATER }),
  );
  const latest = { requestId: "r", account: "id-2", model: "gpt-5.2", family: "gpt-5.2", attempt: 2, why: "round_robin" };
  const { tooltip } = status({ ...view, latest }, NOON);
  assert.equal(
    tooltip,
    [
      "**account\\-1**, ready  \nToday: nothing yet of \\$5\\.00  \nThis month: 12 requests · 36k tokens · \\$0\\.13" +
        "  \nQuota of 5h: 61 % used, resets 14:05  \nQuota of codex\\_other week: 3 % used, resets 14:05  \nCredits: unlimited",
      "- a\\*b: rate\\-limited until 14:05",
      "Latest: gpt\\-5\\.2 → a\\*b (round robin)",
      "`http://127.0.0.1:41234/v1`",
    ].join("\n\n---\n\n"),
  );
});
