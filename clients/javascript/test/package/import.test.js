// Importing a module touches no global: React Native lacks IndexedDB, Web Locks and crypto.subtle, Node.js 20 lacks
// WebSocket, and a page over plain HTTP lacks crypto.subtle.
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import vm from "node:vm";
import { build } from "esbuild";

const source = fileURLToPath(new URL("../../src/", import.meta.url));
const modules = readdirSync(source, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".js"));

/** What the language itself has. Everything else belongs to a platform. */
const LANGUAGE = new Set(Object.getOwnPropertyNames(vm.runInNewContext("globalThis")));
LANGUAGE.delete("console");

/**
 * Runs a script where each global of a browser, of Node.js and of React Native throws when it is read.
 * @param {string} script
 * @returns {string[]} the globals that it read
 */
function run(script) {
  const read = /** @type {string[]} */ ([]);
  const platform = new Set([
    ...Object.getOwnPropertyNames(globalThis), "window", "document", "self", "navigator", "location", "indexedDB",
    "localStorage", "sessionStorage", "WebSocket", "BroadcastChannel", "Blob", "File", "XMLHttpRequest", "fetch",
    "crypto", "setTimeout", "performance", "addEventListener", "process", "console",
  ]);
  const context = vm.createContext(Object.create(null));
  for (const name of platform) {
    if (LANGUAGE.has(name)) continue;
    Object.defineProperty(context, name, {
      get() {
        read.push(name);
        throw new ReferenceError(`${name} is read while the module is imported`);
      },
    });
  }
  try {
    vm.runInContext(script, context);
  } catch (error) {
    if (read.length === 0) throw error;
  }
  return read;
}

/** The module with all that it imports, as a script. React is an empty object. @param {string} module */
async function bundle(module) {
  const { outputFiles } = await build({
    entryPoints: [`${source}/${module}`],
    bundle: true,
    format: "iife",
    globalName: "made",
    treeShaking: false,
    target: "es2022",
    write: false,
    plugins: [
      {
        name: "react",
        setup(made) {
          made.onResolve({ filter: /^react$/ }, () => ({ path: "react", namespace: "react" }));
          made.onLoad({ filter: /.*/, namespace: "react" }, () => ({
            contents: `module.exports = { createContext: () => ({}), version: "19.0.0" }`,
          }));
        },
      },
    ],
  });
  return outputFiles[0].text;
}

for (const module of modules) {
  test(`no global is touched when ${module} is imported`, async () => {
    assert.deepEqual(run(await bundle(module)), []);
  });
}

test("a global that is touched is noticed", () => {
  assert.deepEqual(run("const has = typeof WebSocket"), ["WebSocket"]);
  assert.deepEqual(run("const now = () => fetch"), []);
});

test("no module imports from outside of the package, but React", async () => {
  for (const module of modules) {
    const { metafile } = await build({
      entryPoints: [`${source}/${module}`], bundle: true, format: "esm", packages: "external", write: false, metafile: true,
    });
    const outside = Object.values(metafile.inputs).flatMap(({ imports }) => imports.filter(({ external }) => external));
    const allowed = module === "react.js" ? ["react"] : [];
    assert.deepEqual([...new Set(outside.map(({ path }) => path))], allowed, module);
  }
});
