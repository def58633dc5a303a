// Writes src/api.d.ts: the types of documents, requests, answers, events, actions and problems, made from
// docs/openapi.yaml and docs/asyncapi.yaml. With --check it only compares, and fails if the file is out of date.
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { compile } from "json-schema-to-typescript";
import { parse } from "yaml";

const root = new URL("../../../", import.meta.url);
const output = new URL("../src/api.d.ts", import.meta.url);

const banner = `// Made by \`npm run generate\` from docs/openapi.yaml and docs/asyncapi.yaml. Change those.
// The documents, requests, answers, events, actions and problems of lambda-chat. A version of the server that is newer
// than this file can add fields: API.md, "What may be added".
`;

/** Schemas of asyncapi.yaml whose name means something else in openapi.yaml. */
const RENAMED = { NewNickname: "NicknameChange" };

/** Words of JSON Schema that say more than a type can, or that the compiler would turn into something unwieldy. */
const WITHOUT_TYPE = new Set([
  "if", "then", "else", "pattern", "minLength", "maxLength", "minimum", "maximum", "minItems", "maxItems",
  "minProperties", "uniqueItems", "format", "default", "examples",
]);

/** A description in lines that are short enough for a comment. @param {string} text */
const wrap = (text) => text.trim().replace(/(?=\S)(.{1,108})(?:\s+|$)/g, "$1\n").trim();

/** Alternatives that only say which fields come together. @param {any} value */
const isOnlyRequired = (value) => Array.isArray(value) && value.length > 0 && value.every((branch) => Object.keys(branch ?? {}).join() === "required");

/**
 * A schema as the compiler takes it: references name definitions, and only what makes a type is left.
 * @param {any} schema
 * @param {boolean} fromSocket whether it stands in asyncapi.yaml
 * @returns {any}
 */
function simplify(schema, fromSocket) {
  if (Array.isArray(schema)) return schema.map((item) => simplify(item, fromSocket));
  if (schema === null || typeof schema !== "object") return schema;
  if (schema.$ref) return resolve(schema.$ref, fromSocket);
  const made = {};
  for (const [key, value] of Object.entries(schema)) {
    if (key === "properties") {
      // A field that is never there has the schema `false`.
      const fields = Object.entries(value).filter(([, field]) => field !== false);
      made.properties = Object.fromEntries(fields.map(([name, field]) => [name, simplify(field, fromSocket)]));
    } else if (key === "description" && typeof value === "string") {
      made.description = wrap(value);
    } else if (!WITHOUT_TYPE.has(key) && !isOnlyRequired(value)) {
      made[key] = simplify(value, fromSocket);
    }
  }
  if (made.properties) made.additionalProperties ??= false;
  return made;
}

const openapi = parse(await readFile(new URL("docs/openapi.yaml", root), "utf8"));
const asyncapi = parse(await readFile(new URL("docs/asyncapi.yaml", root), "utf8"));
const http = openapi.components.schemas;
const socket = asyncapi.components.schemas;

/** What a reference means: the documents of both files, by where the reference stands. @param {string} ref @param {boolean} fromSocket */
function resolve(ref, fromSocket) {
  const isSocket = fromSocket && !ref.startsWith("./openapi.yaml#");
  const [name, ...below] = ref.slice(ref.indexOf("#/") + 2).split("/").slice(2);
  if (below.length === 0) return { $ref: `#/definitions/${(isSocket && RENAMED[name]) || name}` };
  // Part of a schema has no name of its own, so it is copied.
  const part = below.reduce((schema, key) => schema[key], (isSocket ? socket : http)[name]);
  return simplify(part, isSocket);
}

/** The union of these schemas, or the one. @param {any[]} schemas */
const union = (schemas) => (schemas.length === 1 ? schemas[0] : { oneOf: schemas });

const definitions = {};
for (const [name, schema] of Object.entries(http)) definitions[name] = simplify(schema, false);
for (const [name, schema] of Object.entries(socket)) {
  const own = RENAMED[name] ?? name;
  if (definitions[own]) throw new Error(`${name} of asyncapi.yaml is also in openapi.yaml: add it to RENAMED`);
  definitions[own] = simplify(schema, true);
}

// The kinds of a problem differ in which fields they have. Callers decide by the code.
const problem = definitions.Problem;
delete problem.oneOf;
definitions.ProblemCode = { description: "Why a request was refused. Decide by it.", ...problem.properties.code };
problem.properties.code = { $ref: "#/definitions/ProblemCode" };

// The answers of the HTTP routes, by operationId.
const answers = {};
for (const path of Object.values(openapi.paths)) {
  for (const operation of Object.values(path)) {
    const good = Object.entries(operation.responses ?? {}).filter(([status]) => status.startsWith("2"));
    const bodies = good.map(([, response]) => response.content?.["application/json"]?.schema).filter(Boolean);
    const different = [...new Map(bodies.map((schema) => [JSON.stringify(schema), simplify(schema, false)])).values()];
    if (different.length > 0) answers[operation.operationId] = union(different);
  }
}
definitions.Answers = { ...closed(answers), description: "The answer of each route of the HTTP API, by its operationId." };

// The frames and events of the WebSocket API. An operation names the channel's messages, which have the schemas.
const message = ({ $ref }) => asyncapi.components.messages[$ref.split("/").at(-1)].payload;
const [requests, actionAnswers, events] = [{}, {}, []];
for (const operation of Object.values(asyncapi.operations)) {
  const action = operation["x-action"];
  if (operation.action === "send" && action && !action.startsWith("$")) {
    requests[action] = simplify(message(operation.messages[0]), true);
    const reply = message(operation.reply.messages[0]);
    actionAnswers[action] = simplify(socket[reply.$ref.split("/").at(-1)].properties.data, true);
  }
  for (const event of operation.action === "receive" ? operation.messages : []) {
    const payload = message(event);
    if (payload.$ref?.endsWith("Event")) events.push(simplify(payload, true));
  }
}
definitions.ActionFrames = { ...closed(requests), description: "The frame of each action of the WebSocket API." };
definitions.ActionAnswers = { ...closed(actionAnswers), description: "The answer of each action of the WebSocket API." };
const isClosing = ({ $ref }) => $ref.endsWith("/ConnectionClosingEvent");
definitions.ChatEvent = {
  description: "An event that the server pushes about chats and users. `event` tells the kinds apart.",
  oneOf: events.filter((event) => !isClosing(event)),
};

/** An object with these fields, all of them required. @param {Record<string, any>} properties */
function closed(properties) {
  return { type: "object", additionalProperties: false, required: Object.keys(properties), properties };
}

const everything = closed(Object.fromEntries(Object.keys(definitions).map((name) => [name, { $ref: `#/definitions/${name}` }])));
const compiled = await compile({ ...everything, title: "Everything", definitions }, "Everything", {
  bannerComment: banner,
  printWidth: 120,
  format: true,
});

// The root is only there so that all definitions are reached.
const types = `${compiled.replace(/export interface Everything \{[^}]*\}\n/, "")}
/** What \`event\` of a {@link ChatEvent} can be. */
export type EventName = ChatEvent["event"];
/** The event with this name. */
export type EventOf<Name extends EventName> = Extract<ChatEvent, { event: Name }>;
/** Every event of the WebSocket, also the one that the connection ends with. */
export type ServerEvent = ChatEvent | ConnectionClosingEvent;
/** What \`action\` of a frame can be. */
export type Action = keyof ActionFrames;
/** The operationIds of the HTTP routes that answer with a document. */
export type Operation = keyof Answers;
`;

if (process.argv.includes("--check")) {
  const present = await readFile(output, "utf8").catch(() => "");
  if (present !== types) {
    console.error(`${fileURLToPath(output)} is out of date: run \`npm run generate\` in clients/javascript.`);
    process.exit(1);
  }
} else {
  await writeFile(output, types);
}
