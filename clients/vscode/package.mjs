// Packs the extension: what is shipped is put together in a folder of its own, so that nothing else gets in.
// `dist/codex-account-manager-vscode.vsix` is the result.

import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createVSIX } from "@vscode/vsce";

const folder = import.meta.dirname;
const staging = `${folder}/dist/package`;

rmSync(staging, { recursive: true, force: true });
mkdirSync(`${staging}/dist`, { recursive: true });
cpSync(`${folder}/dist/extension.cjs`, `${staging}/dist/extension.cjs`);
cpSync(`${folder}/media`, `${staging}/media`, { recursive: true });
writeFileSync(`${staging}/dist/THIRD_PARTY.txt`, notices());
cpSync(`${folder}/README.md`, `${staging}/README.md`);
cpSync(`${folder}/../../LICENSE`, `${staging}/LICENSE`);
const { scripts, devDependencies, private: isPrivate, ...manifest } = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));
writeFileSync(`${staging}/package.json`, JSON.stringify({ ...manifest, files: ["dist", "media", "README.md", "LICENSE"] }, null, 2));
await createVSIX({
  cwd: staging,
  packagePath: `${folder}/dist/${manifest.name}.vsix`,
  dependencies: false,
  // There is no public repository yet that a relative link could be made absolute with.
  allowMissingRepository: true,
  rewriteRelativeLinks: false,
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
