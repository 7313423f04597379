import assert from "node:assert/strict";
import { test } from "node:test";
import { Debounced, type Timers } from "../src/debounce.ts";
import { terminalEnvironment } from "../src/environment.ts";
import { errorText } from "../src/errors.ts";
import { labelProblem } from "../src/labels.ts";
import { Logins } from "../src/logins.ts";
import { masked } from "../src/mask.ts";
import { nextChange } from "../src/view.ts";
import { clock, count, credits, quota, switchedBut } from "../src/words.ts";
import { NOON, SESSION, account, running } from "./support.ts";

test("a terminal's environment", () => {
  assert.deepEqual(Object.fromEntries(terminalEnvironment(SESSION.proxy, {})), {
    OPENAI_BASE_URL: "http://127.0.0.1:41234/v1",
    OPENAI_API_KEY: "proxy-key",
    NO_PROXY: "127.0.0.1,localhost,::1",
    no_proxy: "127.0.0.1,localhost,::1",
  });
});

test("what is in NO_PROXY stays, and nothing is there twice", () => {
  const variables = terminalEnvironment(SESSION.proxy, { NO_PROXY: "example.com, localhost" });
  assert.equal(variables.get("NO_PROXY"), "example.com,localhost,127.0.0.1,::1");
  assert.equal(variables.get("no_proxy"), "example.com,localhost,127.0.0.1,::1");
});

test("times read shorter the nearer they are", () => {
  const day = 24 * 60 * 60_000;
  const times = [NOON + 5 * 60_000, NOON + day, NOON + 30 * day].map((at) => clock(at, NOON));
  assert.deepEqual(times, ["12:05", "Sun 12:00", "21 Dec, 12:00"]);
});

test("counts", () => {
  assert.deepEqual([0, 999, 1_000, 9_999, 12_345, 5_600_000].map(count), ["0", "999", "1k", "9.9k", "12k", "5.6M"]);
});

test("a quota is used up when all of it is", () => {
  const window = { name: "week", windowSeconds: 604_800, resetAt: NOON };
  const used = [0.9, 42, 99.6, 100].map((usedPercent) => quota({ ...window, usedPercent }, NOON));
  assert.deepEqual(used, [0, 42, 99, 100].map((percent) => `${percent} % used, resets 12:00`));
});

test("credits are named where there are any", () => {
  for (const [left, words] of [
    [{ hasCredits: true, unlimited: false, balance: "9.5" }, "9.5"],
    [{ hasCredits: true, unlimited: false }, "left"],
    [{ hasCredits: true, unlimited: true, balance: "0" }, "unlimited"],
    [{ hasCredits: false, unlimited: false, balance: "0" }, undefined],
  ] as const) {
    assert.equal(credits(left), words);
  }
});

test("a switch names the sessions that it does not reach", () => {
  const one = { id: "s-1", pid: 1, program: "sh", folder: "/home/me/company", rule: "rule 1" };
  const two = { id: "s-2", pid: 2, folder: "/home/mean", rule: "" };
  const told = "Switched to account 2 (account-2). ";
  for (const [over, stays] of [
    [[one], "One session may not use it and stays: sh in ~/company, by rule 1"],
    [[one, two], "2 sessions may not use it and stay: sh in ~/company, by rule 1; process 2 in /home/mean"],
  ] as const) {
    assert.equal(switchedBut(account(2), over, "/home/me/"), told + stays);
  }
});

test("an error says its hint", () => {
  const data = { kind: "loginFailed", retryable: true, hint: "add a key instead" };
  assert.equal(errorText(Object.assign(new Error("It cannot"), { data })), "It cannot. Hint: add a key instead");
  assert.equal(errorText(new Error("It cannot")), "It cannot");
  assert.equal(errorText("It cannot"), "It cannot");
});

test("a trace has no key and no token", () => {
  const message = JSON.stringify({ label: "work", apiKey: 'a"b\\', rpc: { token: "t" } }, null, 2);
  assert.equal(masked(message), JSON.stringify({ label: "work", apiKey: "****", rpc: { token: "****" } }, null, 2));
});

test("labels", () => {
  assert.equal(labelProblem("work", ["home"]), undefined);
  for (const wrong of ["", " ", "12", "a\nb", "x".repeat(65), "HOME"]) {
    assert.notEqual(labelProblem(wrong, ["home"]), undefined, wrong);
  }
});

test("a login that ended before anybody waited", async () => {
  const logins = new Logins();
  logins.end({ loginId: "a", error: "denied" });
  assert.deepEqual(await logins.wait("a", Date.now()), { loginId: "a", error: "denied" });
});

test("logins end with the process that would have reported it", async () => {
  const logins = new Logins();
  const waiting = logins.wait("a", Date.now());
  logins.endAll("it ended");
  assert.deepEqual(await waiting, { loginId: "a", error: "it ended" });
});

test("a login that nobody reports is waited for until it is long over", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const waiting = new Logins().wait("a", Date.now() + 1_000);
  t.mock.timers.tick(60_999);
  const pending = Symbol("pending");
  assert.equal(await Promise.race([waiting, Promise.resolve(pending)]), pending);
  t.mock.timers.tick(1);
  assert.match((await waiting).error ?? "", /^The result of the login was not reported/);
});

test("the next change is the soonest limit that is still to end", () => {
  const limited = account(1, {
    availableAt: NOON + 9,
    rateLimits: [
      { family: "a", resetAt: NOON - 1 },
      { family: "b", resetAt: NOON + 5 },
    ],
  });
  assert.equal(nextChange(running(limited, account(2)), NOON), NOON + 5);
  assert.equal(nextChange(running(account(2)), NOON), undefined);
});

test("many askings are one look, and one while it looks is another", async () => {
  let due: (() => void) | undefined;
  const timers: Timers = { set: (action) => (due = action), clear: () => (due = undefined) };
  const done: (() => void)[] = [];
  const debounced = new Debounced(() => new Promise((resolve) => done.push(resolve)), 1, timers);
  const pass = (): void => {
    const action = due;
    due = undefined;
    action?.();
  };
  debounced.ask();
  debounced.ask();
  pass();
  assert.equal(done.length, 1);
  debounced.ask();
  assert.equal(due, undefined, "never two at once");
  done[0]?.();
  await new Promise(setImmediate);
  pass();
  assert.equal(done.length, 2);
  debounced.dispose();
});
