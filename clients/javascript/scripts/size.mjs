// Measures the exports as an app would ship them: bundled and minified by esbuild, then compressed by gzip. It prints
// the table and fails if an export is over its limit.
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const source = fileURLToPath(new URL("../src/", import.meta.url));

/** The limits in KiB: `goal` is what the design promises, above `limit` the check fails. */
export const LIMITS = [
  { name: "lambda-chat", code: `export * from "./index.js"`, goal: 12, limit: 14 },
  {
    name: "lambda-chat and lambda-chat/indexeddb",
    code: `export * from "./index.js"; export * from "./indexeddb.js"`,
    goal: 16,
    limit: 16,
  },
  // What it adds to an app that has the client and React already.
  { name: "lambda-chat/react", code: `export * from "./react.js"`, goal: 1.5, limit: 1.5, only: /^react/ },
];

/**
 * The size of this code with all that it imports from src/.
 * @param {string} code
 * @param {RegExp} [only] the names of the modules that count; without it, all
 * @returns {Promise<{minified: number, gzipped: number, text: string, files: [string, number][]}>} in bytes; `files`: the
 *   minified bytes of each module
 */
export async function measure(code, only) {
  const shared = {
    name: "shared",
    setup(/** @type {import("esbuild").PluginBuild} */ bundle) {
      bundle.onResolve({ filter: /^\./ }, ({ path }) => (only?.test(basename(path)) === false ? { external: true } : null));
    },
  };
  const { outputFiles, metafile } = await build({
    stdin: { contents: code, resolveDir: source },
    bundle: true,
    minify: true,
    logLevel: "error",
    format: "esm",
    target: "es2022",
    external: ["react"],
    plugins: [shared],
    write: false,
    metafile: true,
    outfile: "bundle.js",
  });
  const { contents, text } = outputFiles[0];
  const inputs = Object.values(metafile.outputs)[0].inputs;
  const files = Object.entries(inputs).map(([name, { bytesInOutput }]) => [name, bytesInOutput]);
  return { minified: contents.length, gzipped: gzipSync(contents, { level: 9 }).length, text, files };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const kib = (/** @type {number} */ bytes) => (bytes / 1024).toFixed(2);
  for (const { name, code, goal, limit, only } of LIMITS) {
    const { minified, gzipped, files } = await measure(code, only);
    const note = gzipped > limit * 1024 ? "TOO LARGE" : gzipped > goal * 1024 ? `over the goal of ${goal}` : "";
    if (note === "TOO LARGE") process.exitCode = 1;
    console.log(`${name}: ${kib(gzipped)} KiB (minified ${kib(minified)}), limit ${limit} KiB ${note}`.trimEnd());
    if (process.argv.includes("--files")) {
      for (const [file, bytes] of files.sort(([, a], [, b]) => b - a)) console.log(`  ${kib(bytes)} KiB minified: ${file}`);
    }
  }
}
