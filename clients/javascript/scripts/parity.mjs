// Writes the table of docs/CLIENTS.md: which call of each client library reaches a route or an action of the system. The
// functions come from infra/stack/functions.yaml, the calls from clients/rust/src/call.rs and src/calls.js. It fails if
// a library lacks a call. With --check it only compares, and fails if the table is out of date.
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import * as javascript from "../src/calls.js";

const root = new URL("../../../", import.meta.url);
const page = new URL("docs/CLIENTS.md", root);

/**
 * What a call asks for: `PUT /chats/{chatId}/seen`, or `action markSeen`.
 * @typedef {Map<string, Set<string>>} Calls by what they ask for, the names of the functions
 */

/** @param {Calls} calls @param {string} target @param {string} name */
const add = (calls, target, name) => calls.set(target, (calls.get(target) ?? new Set()).add(name));

/**
 * The calls of the JavaScript library: each function is called, with the names of the parameters in place of values.
 * @param {Record<string, (...args: any[]) => any>} functions
 * @returns {Calls}
 */
export function callsOfJavaScript(functions) {
  const calls = new Map();
  for (const [name, call] of Object.entries(functions)) {
    const parameters = /^\(?([^)=]*)\)?\s*=>/.exec(call.toString())?.[1].split(",").map((text) => text.trim()) ?? [];
    for (const flag of [true, false]) {
      const values = { chat: "{chatId}", user: "{userId}", seq: "{seq}", isAdmin: flag, users: [], participants: [] };
      const made = call(...parameters.map((parameter) => values[parameter] ?? {}));
      if (made.path) add(calls, `${made.method} ${decodeURIComponent(made.path)}`, name);
      if (made.action) add(calls, `action ${made.action}`, name);
    }
  }
  return calls;
}

/**
 * The calls of the Rust library, read from its source: each is a function that names its method, its path and its action.
 * @param {string} source
 * @returns {Calls}
 */
export function callsOfRust(source) {
  const calls = new Map();
  const parameter = { chat: "{chatId}", user: "{userId}", "&seq.to_string()": "{seq}" };
  for (const [text, name] of source.matchAll(/^pub fn (\w+)\([^]*?^}/gm)) {
    const methods = [...text.matchAll(/Method::(\w+)/g)].map(([, method]) => method);
    const ofMessage = /of_message\(Method::\w+, chat, seq, &\[([^\]]*)\], "(\w+)"\)/.exec(text);
    const parts = (list) => list.split(",").map((part) => part.trim()).filter(Boolean);
    const path = ofMessage
      ? ["chats", "{chatId}", "messages", "{seq}", ...parts(ofMessage[1]).map((part) => part.replaceAll('"', ""))]
      : parts(/Call::new\(\s*\w+(?:::\w+)?,\s*&\[([^\]]*)\]/.exec(text)?.[1] ?? "").map((part) => {
          if (part.startsWith('"')) return part.replaceAll('"', "");
          if (!parameter[part]) throw new Error(`call.rs, ${name}: ${part} is not known in a path`);
          return parameter[part];
        });
    for (const method of path.length > 0 ? methods : []) add(calls, `${method} /${path.join("/")}`, name);
    const action = ofMessage?.[2] ?? /(?:with_action|Call::action)\(\s*"(\w+)"/.exec(text)?.[1];
    if (action) add(calls, `action ${action}`, name);
  }
  return calls;
}

/**
 * What users can ask for, and which calls do. A function whose routes are public is for those who operate the system.
 * @param {Record<string, {routes?: Record<string, string>, actions?: string[], public?: boolean}>} functions
 * @param {Calls} rust
 * @param {Calls} js
 */
export function compare(functions, rust, js) {
  const rows = [];
  for (const [name, { routes = {}, actions = [], public: isPublic }] of Object.entries(functions)) {
    const targets = [...Object.values(routes), ...actions.filter((action) => !action.startsWith("$")).map((action) => `action ${action}`)];
    for (const target of isPublic ? [] : targets) {
      const of = (/** @type {Calls} */ calls) => [...(calls.get(target) ?? [])];
      rows.push({ name, target, rust: of(rust), javascript: of(js) });
    }
  }
  return rows;
}

/** What a library lacks, one line each. @param {ReturnType<typeof compare>} rows */
export const lacking = (rows) =>
  rows.flatMap(({ name, target, rust, javascript }) => [
    ...(rust.length === 0 ? [`${name}: clients/rust/src/call.rs has no call for ${target}`] : []),
    ...(javascript.length === 0 ? [`${name}: clients/javascript/src/calls.js has no call for ${target}`] : []),
  ]);

/** The rows of this repository. */
export async function present() {
  const functions = parse(await readFile(new URL("infra/stack/functions.yaml", root), "utf8"));
  const source = await readFile(new URL("clients/rust/src/call.rs", root), "utf8");
  return compare(functions, callsOfRust(source), callsOfJavaScript(javascript));
}

const START = "<!-- calls: made by `npm run generate` in clients/javascript -->\n";
const END = "<!-- end of calls -->\n";

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const rows = await present();
  const missing = lacking(rows);
  if (missing.length > 0) {
    console.error(missing.join("\n"));
    process.exit(1);
  }
  const names = (/** @type {string[]} */ list) => list.map((name) => `\`${name}\``).join(", ");
  const table = [
    "| function | route or action | Rust | JavaScript |",
    "| --- | --- | --- | --- |",
    ...rows.map(({ name, target, rust, javascript }) => `| ${name} | ${target} | ${names(rust)} | ${names(javascript)} |`),
    "",
  ].join("\n");
  const before = await readFile(page, "utf8");
  const [head, , tail] = before.split(new RegExp(`(?<=${START})([^]*)(?=${END})`));
  const after = `${head}\n${table}\n${tail}`;
  if (process.argv.includes("--check")) {
    if (before !== after) {
      console.error(`${fileURLToPath(page)} is out of date: run \`npm run generate\` in clients/javascript.`);
      process.exit(1);
    }
  } else {
    await writeFile(page, after);
  }
}
