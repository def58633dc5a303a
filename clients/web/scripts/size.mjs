// Measures what a page of the web client loads, as it would be if it were bundled and minified by esbuild and compressed
// by gzip: scripts, styles, the page itself and its icon. It fails above the limit. `--files` prints each module.
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

/** In KiB, of all parts. */
const LIMIT_KIB = 60;

const home = new URL("../", import.meta.url);
const html = await readFile(new URL("index.html", home), "utf8");
/** The files that the page names. @param {RegExp} attribute */
const named = (attribute) => [...html.matchAll(attribute)].map(([, path]) => path.replace("./web/", "./"));
const scripts = named(/<script [^>]*src="([^"]+)"/g);
const styles = named(/<link rel="stylesheet" href="([^"]+)"/g);
const icons = named(/<link rel="icon" href="([^"]+)"/g);
if (!scripts.length || !styles.length) throw new Error("index.html names no script or no style");

/**
 * The bundle of these files.
 * @param {string[]} paths
 * @param {"js" | "css"} loader
 */
async function bundle(paths, loader) {
  const contents = paths.map((path) => `${loader === "js" ? "import" : "@import"} ${JSON.stringify(path)};`).join("\n");
  const { outputFiles, metafile } = await build({
    stdin: { contents, loader, resolveDir: fileURLToPath(home) },
    bundle: true,
    minify: true,
    charset: "utf8",
    logLevel: "error",
    format: "esm",
    target: "esnext",
    write: false,
    metafile: true,
    outfile: `bundle.${loader}`,
  });
  const { inputs } = Object.values(metafile.outputs)[0];
  const files = Object.entries(inputs).map(([name, { bytesInOutput }]) => /** @type {const} */ ([name, bytesInOutput]));
  return { contents: Buffer.from(outputFiles[0].contents), files };
}

const parts = {
  scripts: await bundle(scripts, "js"),
  styles: await bundle(styles, "css"),
  page: { contents: Buffer.from(html), files: [] },
  icon: { contents: await readFile(new URL(icons[0], home)), files: [] },
};
const kib = (/** @type {number} */ bytes) => (bytes / 1024).toFixed(2);
let total = 0;
for (const [name, { contents, files }] of Object.entries(parts)) {
  const { length } = gzipSync(contents, { level: 9 });
  total += length;
  console.log(`${name}: ${kib(length)} KiB (minified ${kib(contents.length)})`);
  if (process.argv.includes("--files"))
    for (const [file, bytes] of [...files].sort(([, a], [, b]) => b - a)) console.log(`  ${kib(bytes)} KiB: ${file}`);
}
const isTooLarge = total > LIMIT_KIB * 1024;
if (isTooLarge) process.exitCode = 1;
console.log(`all: ${kib(total)} KiB, limit ${LIMIT_KIB} KiB${isTooLarge ? " TOO LARGE" : ""}`);
