// The package as npm would publish it: what is in it, what publint and attw say, and whether its types hold for a
// consumer who compiles against nothing but the tarball.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { publint } from "publint";
import { formatMessage } from "publint/utils";

const home = fileURLToPath(new URL("../../", import.meta.url));
const modules = join(home, "node_modules");
const manifest = JSON.parse(readFileSync(join(home, "package.json"), "utf8"));

/** A directory of this run, with the tarball. */
let directory = "";
let tarball = "";

/** Runs a program of Node.js and returns what it printed; if it fails, that is the error. */
function run(/** @type {string[]} */ [...command], cwd = home) {
  try {
    return execFileSync(process.execPath, command, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  } catch (error) {
    throw new Error(`${error.stdout}\n${error.stderr}`);
  }
}

before(() => {
  directory = mkdtempSync(join(tmpdir(), "lambda-chat-package-"));
  // Under `npm run`, the same npm.
  const npm = process.env.npm_execpath ? [process.execPath, process.env.npm_execpath] : ["npm"];
  const [program, ...parameters] = [...npm, "pack", "--json", "--silent", "--pack-destination", directory];
  const output = execFileSync(/** @type {string} */ (program), parameters, { cwd: home, encoding: "utf8" });
  const packed = JSON.parse(output.slice(output.search(/[[{]\n/)));
  tarball = join(directory, (packed[0] ?? packed[manifest.name] ?? packed).filename);
  execFileSync("tar", ["-xzf", tarball, "-C", directory]);
});
after(() => rmSync(directory, { recursive: true, force: true }));

test("every source has its declaration in the package, the generated types too", () => {
  const listed = execFileSync("tar", ["-tzf", tarball], { encoding: "utf8" }).trim().split("\n");
  const names = listed.map((name) => name.replace(/^package\//, ""));
  for (const name of names.filter((name) => /^src\/.*\.js$/.test(name))) {
    const declaration = name.replace(/^src\//, "types/").replace(/\.js$/, ".d.ts");
    assert.ok(names.includes(declaration), declaration);
    assert.ok(names.includes(`${declaration}.map`), `${declaration}.map`);
  }
  assert.ok(names.includes("types/api.d.ts"));
  const unexpected = names.filter((name) => !/^(src|types|docs)\/|^(package\.json|README\.md|LICENSE.*)$/.test(name));
  assert.deepEqual(unexpected, []);
});

test("publint has nothing to say", async () => {
  const { messages, pkg } = await publint({ pkgDir: join(directory, "package"), strict: true, pack: false });
  assert.deepEqual(messages.map((message) => formatMessage(message, pkg, { color: false })), []);
});

test("attw resolves the types of every export", () => {
  run([join(modules, "@arethetypeswrong/cli/dist/index.js"), tarball, "--profile", "esm-only"]);
});

test("the package needs nothing at run time and supports what it promises", () => {
  assert.deepEqual(manifest.dependencies ?? {}, {});
  assert.equal(manifest.engines.node, ">=20");
  for (const [name, target] of Object.entries(manifest.exports)) {
    if (name !== "./package.json") assert.deepEqual(Object.keys(target), ["types", "default"], name);
  }
});

test("the version is that of the workspace", () => {
  const workspace = readFileSync(join(home, "../../Cargo.toml"), "utf8");
  assert.equal(manifest.version, /\[workspace\.package\]\s+version = "([^"]+)"/.exec(workspace)?.[1]);
});

test("nothing that an app holds has type parameters to pass", () => {
  for (const module of ["client", "chat", "timeline", "sending", "views"]) {
    const declarations = readFileSync(join(directory, `package/types/${module}.d.ts`), "utf8");
    assert.doesNotMatch(declarations, /(?:class|interface|type) (?:Client|Chat|Timeline|Sending|ChatSummary)</, module);
  }
  const react = readFileSync(join(directory, "package/types/react.d.ts"), "utf8");
  const generic = [...react.matchAll(/(?:function|const) (use\w+)(?:: )?<\w/g)].map(([, name]) => name);
  assert.deepEqual(generic.filter((name) => name !== "useReadable"), []);
});

/** A project that has the package as npm installs it. @param {string} name */
function project(name) {
  const made = join(directory, name);
  mkdirSync(join(made, "node_modules/@types"), { recursive: true });
  cpSync(join(directory, "package"), join(made, "node_modules/lambda-chat"), { recursive: true });
  for (const types of ["react", "node"]) {
    symlinkSync(join(modules, "@types", types), join(made, "node_modules/@types", types));
  }
  symlinkSync(join(modules, "react"), join(made, "node_modules/react"));
  symlinkSync(join(modules, "csstype"), join(made, "node_modules/csstype"));
  symlinkSync(join(modules, "undici-types"), join(made, "node_modules/undici-types"));
  cpSync(fileURLToPath(new URL("consumer", import.meta.url)), made, { recursive: true });
  writeFileSync(join(made, "package.json"), `{"private": true, "type": "module"}`);
  return made;
}

/** What the compiler says about a consumer. */
function compile(/** @type {string} */ made, /** @type {Record<string, unknown>} */ options) {
  const compilerOptions = {
    strict: true, noEmit: true, target: "es2022", lib: ["es2022", "dom", "dom.iterable"], types: [], ...options,
  };
  writeFileSync(join(made, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["consumer.ts"] }));
  return run([join(modules, "typescript/bin/tsc"), "--project", made], made);
}

for (const module of ["nodenext", "esnext"]) {
  const moduleResolution = module === "esnext" ? "bundler" : "nodenext";
  test(`a consumer compiles, and its mistakes do not (${moduleResolution})`, () => {
    const made = project(moduleResolution);
    // With the declarations of the package checked, and as most consumers have it: then what cannot be resolved in
    // them is silently \`any\`, which the lines with @ts-expect-error notice.
    for (const skipLibCheck of [false, true]) compile(made, { module, moduleResolution, skipLibCheck });
  });
}

test("the consumer imports each type that the package exports by its name", () => {
  const index = readFileSync(join(home, "src/index.js"), "utf8");
  const exported = [...index.matchAll(/@typedef \{[^}]*\} (\w+)/g)].map(([, name]) => name);
  const consumer = readFileSync(new URL("consumer/consumer.ts", import.meta.url), "utf8");
  const imported = /import type \{([^}]*)\}/.exec(consumer)?.[1]?.match(/\w+/g);
  assert.deepEqual(imported, exported.sort());
});

test("a consumer notices when a declaration is missing", () => {
  const made = project("broken");
  rmSync(join(made, "node_modules/lambda-chat/types/api.d.ts"));
  const options = { module: "nodenext", moduleResolution: "nodenext", skipLibCheck: true };
  assert.throws(() => compile(made, options), /Unused '@ts-expect-error' directive/);
});
