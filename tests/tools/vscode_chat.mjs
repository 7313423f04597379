// The chat of a real VS Code: code-server, in Chromium, with the endpoint that `connect vscode` wrote into FOLDER/User. A person
// gives it the KEY once, as VS Code asks for it, and says hi. WORKBENCH is the folder both were installed to by
// `tests/tools/workbench/install`; OPEN is an empty folder to work in. With SCREENSHOTS, a folder, a picture is left there.

import { writeFileSync } from "node:fs";

import { workbench } from "./code_server.mjs";

const { ANSWER, FOLDER, KEY, OPEN, SCREENSHOTS } = process.env;
const PATIENCE = 90_000;

const settings = {
  "telemetry.telemetryLevel": "off",
  "workbench.enableExperiments": false,
  "workbench.startupEditor": "none",
  "workbench.tips.enabled": false,
};
writeFileSync(`${FOLDER}/User/settings.json`, JSON.stringify(settings));

const folders = { user: FOLDER, extensions: `${OPEN}-extensions`, open: OPEN };
const { address, browser, ended, page, server } = await workbench(folders, {
  viewport: { width: 1400, height: 900 },
  patience: PATIENCE,
});
const quickInput = page.locator(".quick-input-widget input");

try {
  await page.goto(address);
  await page.locator(".chat-input-container").first().waitFor();
  // The command is there as soon as the extension that has the chat is.
  const manage = page.locator(".quick-input-list .monaco-list-row", { hasText: /Chat: Manage Language Models(?! Access)/ });
  for (let tries = 0; tries < 40 && (await manage.count()) === 0; tries += 1) {
    await page.keyboard.press("Escape");
    await page.keyboard.press("F1");
    await quickInput.fill(">Chat: Manage Language Models");
    await page.waitForTimeout(1500);
  }
  await manage.first().click();
  await page.locator(".monaco-list-row", { hasText: "gpt-5.4" }).first().click({ button: "right" });
  // A menu that has only just opened does not take a click: it may be the end of the one that opened it.
  const update = page.getByRole("menuitem", { name: "Update API Key" });
  await update.waitFor();
  for (let tries = 0; tries < 40 && (await update.isVisible()); tries += 1) {
    await page.waitForTimeout(500);
    await update.click({ timeout: 1000 }).catch(() => undefined);
  }
  await page.waitForFunction(() => document.activeElement?.closest(".quick-input-widget"));
  await quickInput.fill(KEY);
  await page.keyboard.press("Enter");
  await page.locator(".quick-input-widget").waitFor({ state: "hidden" });
  await page.keyboard.press("Escape");
  await page.locator(".chat-input-container", { hasText: "gpt-5.4" }).locator(".monaco-editor").first().click();
  await page.keyboard.type("say hi");
  await page.keyboard.press("Enter");
  await page.locator(".interactive-response", { hasText: ANSWER }).waitFor();
} finally {
  if (SCREENSHOTS) {
    await page.screenshot({ path: `${SCREENSHOTS}/vscode-chat.png` });
  }
  await browser.close();
  server.kill();
}
await ended;
