// Bundles the plugin into one file, so that OpenCode can load it with nothing installed beside it.

import { build } from "esbuild";

await build({
  entryPoints: ["src/index.ts"],
  outfile: "dist/index.js",
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node20",
  legalComments: "eof",
  logLevel: "warning",
  // The JSON-RPC library asks for Node's own modules with `require`, which an ES module does not have.
  banner: { js: 'import { createRequire } from "node:module";\nconst require = createRequire(import.meta.url);' },
});
