// Every way a login ends, by the TypeScript client: prints one JSON object per step. The program is the one of
// CAM_BINARY; whoever started this plays the person, and the page of a browser login is followed here.

const source = new URL("../../clients/typescript/dist/index.js", import.meta.url).href;
const { CodexAccountManager } = await import(source);

const say = (step, value) => console.log(JSON.stringify({ step, value }));

async function failure(login, options) {
  return login.finished(options).then(
    ({ label }) => label,
    (error) => [error.name, error.message.split("\n")[0]],
  );
}

const manager = await CodexAccountManager.start();

let login = await manager.login({ method: "device" });
say("device shows", [login.url, login.userCode !== undefined]);
say("device", (await login.finished()).label);

login = await manager.login({ method: "browser", label: "by browser" });
say("browser shows", login.userCode ?? null);
await (await fetch(login.url)).text();
say("browser", (await login.finished({ signal: AbortSignal.timeout(60_000) })).label);

login = await manager.login({ method: "device" });
say("to deny", login.userCode);
say("denied", await failure(login));

login = await manager.login({ method: "browser" });
say("second", await manager.login({ method: "browser" }).catch(({ kind }) => kind));
await login.cancel();
say("cancelled", await failure(login));
await login.cancel();

login = await manager.login({ method: "browser" });
say("timed out", await failure(login, { signal: AbortSignal.timeout(50) }));
await failure(login);

const leave = new AbortController();
const begun = manager.login({ method: "browser" }, { signal: leave.signal });
// A moment for the request itself to be asked: the login begins, and nobody hears its name.
const ended = new Promise((resolve) => manager.onNotification("accounts/didLogin", resolve));
setImmediate(() => leave.abort());
const left = await begun.then(() => "begun", ({ name }) => name);
say("left", [left, ["LoginError", (await ended).error]]);

login = await manager.login({ method: "device" });
process.kill(manager.session.session.pid, "SIGKILL");
say("killed", await failure(login));
say("before", (await manager.request("accounts/list")).accounts.length);

login = await manager.login({ method: "device", fresh: true });
say("to approve", login.userCode);
say("fresh", (await login.finished()).label);
say("after", (await manager.request("accounts/list")).accounts.length);

login = await manager.login({ method: "device" });
await manager.stop();
say("closed", (await failure(login))[0]);
