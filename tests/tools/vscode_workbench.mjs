// Drives the extension in a real VS Code: code-server, in Chromium. WORKBENCH is the folder both were installed to by
// `tests/tools/workbench/install`, VSIX the packed extension, CAM_BINARY the program, FOLDER an empty folder to work in.
// Account 2 of three is rate-limited upstream, and the next code of a login is entered by a person at once. With SCREENSHOTS, a folder, pictures are left there.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { promisify } from "node:util";

import { codeServer, workbench } from "./code_server.mjs";

const { CAM_BINARY, FOLDER, SCREENSHOTS, VSIX } = process.env;
const EXTENSION = "codex-account-manager.codex-account-manager-vscode";
const KEY = "sk-test-typed-into-the-workbench-0123456789";
const PATIENCE = 60_000;

const folders = { user: `${FOLDER}/user`, extensions: `${FOLDER}/extensions`, open: `${FOLDER}/open`, seen: `${FOLDER}/seen` };
mkdirSync(`${folders.user}/User`, { recursive: true });
mkdirSync(`${folders.open}/.vscode`, { recursive: true });
const settings = {
  "chat.disableAIFeatures": true,
  "remote.autoForwardPorts": false,
  "telemetry.telemetryLevel": "off",
  // A picture shows no name and no folder of the machine that it was made on.
  "terminal.integrated.defaultProfile.linux": "plain",
  "terminal.integrated.env.linux": { PS1: "$ " },
  "terminal.integrated.gpuAcceleration": "off",
  "terminal.integrated.profiles.linux": { plain: { path: "bash", args: ["--norc", "--noprofile"] } },
  "terminal.integrated.shellIntegration.enabled": false,
  "workbench.colorTheme": "Default Light Modern",
  "workbench.enableExperiments": false,
  "workbench.reduceMotion": "on",
  "workbench.secondarySideBar.defaultVisibility": "hidden",
  "workbench.startupEditor": "none",
  "workbench.tips.enabled": false,
};
writeFileSync(`${folders.user}/User/settings.json`, JSON.stringify(settings));
// A folder that somebody else may have made cannot say which program is started.
writeFileSync(`${folders.open}/.vscode/settings.json`, '{"codexAccountManager.binary":"/nowhere/else"}');

async function eventually(what, look) {
  const deadline = Date.now() + PATIENCE;
  for (;;) {
    const found = await look();
    if (found) {
      return found;
    }
    assert.ok(Date.now() < deadline, `it did not come to this: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** The sidecars that are alive. */
async function sessions() {
  const { stdout } = await promisify(execFile)(CAM_BINARY, ["status", "--json"]);
  return JSON.parse(stdout).sessions.map(({ id }) => id);
}

const [installed] = await once(codeServer(folders, "--install-extension", VSIX), "exit");
assert.equal(installed, 0);

const { address, browser, ended, page, server } = await workbench(folders, {
  viewport: { width: 1024, height: 640 },
  patience: PATIENCE,
});

const statusBar = page.locator(`[id="${EXTENSION}.codexAccountManager.status"]`);
const row = (text) => page.locator(".pane-body .monaco-list-row", { hasText: text });
const quickInput = page.locator(".quick-input-widget input");
const pick = (text) => page.locator(".quick-input-list .monaco-list-row", { hasText: text });
const says = (text) => statusBar.filter({ hasText: text }).waitFor();

async function picture(name) {
  if (SCREENSHOTS) {
    await page.screenshot({ path: `${SCREENSHOTS}/${name}.png` });
  }
}

async function command(title) {
  await page.keyboard.press("F1");
  await quickInput.fill(`>${title}`);
  await pick(title).first().click();
}

async function type(text) {
  await quickInput.fill(text);
  await page.keyboard.press("Enter");
}

try {
  // The account in use is in the status bar; a click on it switches.
  await page.goto(address);
  await says("account-1");
  const [first, ...others] = await sessions();
  assert.deepEqual(others, []);
  await statusBar.click();
  await pick("account-3").waitFor();
  await picture("quick-pick");
  await pick("account-2").click();
  await says("account-2");

  // The tree.
  await page.locator(".activitybar").getByRole("tab", { name: "Codex Accounts" }).click();
  await row("account-2").filter({ hasText: "in use" }).click();
  await row("This window").waitFor();

  // A key, typed unseen.
  await command("Codex Account Manager: Add API Key");
  await page.locator(".quick-input-widget", { hasText: "1/2" }).waitFor();
  await type("extra");
  await page.locator(".quick-input-widget", { hasText: "2/2" }).waitFor();
  assert.equal(await quickInput.getAttribute("type"), "password");
  await type(KEY);
  await row("extra").waitFor();

  // A ChatGPT login with a code, which somebody types as soon as it is there.
  await command("Codex Account Manager: Log in with ChatGPT");
  await pick("With a code").waitFor();
  await picture("login");
  await pick("With a code").click();
  await page.locator(".notifications-toasts", { hasText: /the code is [A-Z0-9]{4}-[A-Z0-9]{5}/ }).waitFor();
  await picture("login-code");
  await page.locator(".notifications-toasts", { hasText: "Logged in: account 5 (person@example.com)" }).waitFor();
  await row("person@example.com").filter({ hasText: "ready" }).waitFor();

  // A terminal has the proxy, and what goes through it is told of in the tree and the status bar.
  await command("Terminal: Create New Terminal");
  const names = ["OPENAI_BASE_URL", "OPENAI_API_KEY", "NO_PROXY"];
  await page.locator(".terminal.xterm").first().click();
  await page.keyboard.type(`printenv ${names.join(" ")} >${folders.seen}- && mv ${folders.seen}- ${folders.seen}\n`);
  await eventually("the terminal has run it", () => existsSync(folders.seen));
  const [baseUrl, apiKey, noProxy] = readFileSync(folders.seen, "utf8").split("\n");
  assert.match(baseUrl, /^http:\/\/127\.0\.0\.1:\d+\/v1$/);
  assert.match(noProxy, /127\.0\.0\.1/);
  const response = await fetch(`${baseUrl}/responses`, {
    method: "POST",
    headers: { authorization: `Bearer ${apiKey}`, "content-type": "application/json" },
    body: JSON.stringify({ model: "gpt-5.2", input: "say hi" }),
  });
  assert.equal(response.status, 200, await response.text());
  await row("account-2").filter({ hasText: "rate-limited until" }).waitFor();
  await row("gpt-5.2").filter({ hasText: "limited until" }).waitFor();
  await says("(account-2: rate-limited until");
  await picture("tree");
  if (SCREENSHOTS) {
    // Only what a person would type stays in the terminal.
    await command("Notifications: Clear All Notifications");
    await page.locator(".terminal.xterm").first().click();
    await page.keyboard.type("clear\necho $OPENAI_BASE_URL\n");
    await page.locator(".terminal.xterm .xterm-rows", { hasText: baseUrl }).waitFor();
  }
  await statusBar.hover();
  await page.locator(".workbench-hover", { hasText: "Latest: gpt-5.2" }).waitFor();
  await picture("tooltip");

  // A window that is loaded again has a sidecar of its own, and the old one is gone.
  await command("Developer: Reload Window");
  await eventually("there is one other session", async () => {
    const alive = await sessions();
    return alive.length === 1 && alive[0] !== first;
  });
  await says(/account-/);

  // With the window closed nothing is left.
  await page.close();
  server.kill("SIGTERM");
  await ended;
  await eventually("no session is left", async () => (await sessions()).length === 0);
} catch (error) {
  await picture("failure");
  throw error;
} finally {
  await browser.close();
  server.kill("SIGKILL");
}
console.log("done");
