// Bundles the plugin into one file, so that OpenCode can load it with nothing installed beside it.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";

// Its terms ask that they go with every copy.
const library = new URL("../../License.txt", import.meta.resolve("vscode-jsonrpc"));
const license = readFileSync(fileURLToPath(new URL(library)), "utf8");

await build({
  entryPoints: ["src/index.ts"],
  outfile: "dist/index.js",
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node20",
  logLevel: "warning",
  // The JSON-RPC library asks for Node's own modules with `require`, which an ES module does not have. The
  // name is one that no module imports.
  banner: { js: 'import { createRequire as requireOfBundle } from "node:module";\nconst require = requireOfBundle(import.meta.url);' },
  footer: { js: `/* In this file is vscode-jsonrpc:\n\n${license.trim()}\n*/` },
});
