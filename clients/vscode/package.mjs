// Packs the extension: what is shipped is put together in a folder of its own, so that nothing else gets in.
//
//     node package.mjs                                          for every platform, without a program
//     node package.mjs --target linux-x64 --program FILE        for one, with its program inside
//
// `dist/codex-account-manager-vscode.vsix` is the result, or what `--out` says.

import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { parseArgs } from "node:util";
import { createVSIX } from "@vscode/vsce";

const { values: options } = parseArgs({
  options: { target: { type: "string" }, program: { type: "string" }, out: { type: "string" } },
});
if ((options.target === undefined) !== (options.program === undefined)) {
  throw new Error("`--target` and `--program` belong together: an extension for one platform has its program inside");
}

const folder = import.meta.dirname;
const staging = `${folder}/dist/package${options.target === undefined ? "" : `-${options.target}`}`;

rmSync(staging, { recursive: true, force: true });
mkdirSync(`${staging}/dist`, { recursive: true });
cpSync(`${folder}/dist/extension.cjs`, `${staging}/dist/extension.cjs`);
cpSync(`${folder}/media`, `${staging}/media`, { recursive: true });
writeFileSync(`${staging}/dist/THIRD_PARTY.txt`, notices());
cpSync(`${folder}/README.md`, `${staging}/README.md`);
cpSync(`${folder}/../../LICENSE`, `${staging}/LICENSE`);
const files = ["dist", "media", "README.md", "LICENSE"];
if (options.program !== undefined) {
  const program = `${staging}/bin/${basename(options.program)}`;
  cpSync(options.program, program);
  chmodSync(program, 0o755);
  cpSync(`${folder}/../../THIRD-PARTY.txt`, `${staging}/bin/THIRD-PARTY.txt`);
  files.push("bin");
}
const { scripts, devDependencies, private: isPrivate, ...manifest } = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));
writeFileSync(`${staging}/package.json`, JSON.stringify({ ...manifest, files }, null, 2));
// A relative link in the README leads to the repository.
const home = `${manifest.repository.url.replace(/^git\+|\.git$/g, "")}/blob/HEAD/${manifest.repository.directory}`;
await createVSIX({
  cwd: staging,
  packagePath: options.out ?? `${folder}/dist/${manifest.name}.vsix`,
  dependencies: false,
  baseContentUrl: home,
  baseImagesUrl: home.replace("/blob/", "/raw/"),
  ...(options.target === undefined ? {} : { target: options.target }),
});

/** The licenses of what the bundle holds of others. */
function notices() {
  const { inputs } = JSON.parse(readFileSync(`${folder}/dist/bundle.json`, "utf8"));
  const packages = Object.keys(inputs).flatMap((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path) ?? []);
  const notice = (path) => {
    const license = readdirSync(`${folder}/${path}`).find((name) => /^licen[cs]e/i.test(name));
    return `${path.split("node_modules/").at(-1)}\n\n${readFileSync(`${folder}/${path}/${license}`, "utf8").trim()}\n`;
  };
  return [...new Set(packages)].sort().map(notice).join(`\n${"-".repeat(80)}\n\n`);
}
