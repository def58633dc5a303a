// Runs infra/dev/src/reference/http.js, the script of /docs, on stand-ins for the browser and for Swagger UI.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { runInNewContext } from "node:vm";

const source = readFileSync(new URL("../../infra/dev/src/reference/http.js", import.meta.url), "utf8");
const user = { value: "bob", addEventListener: (event, listener) => (user[event] = listener) };
const state = {};
const authorized = [];
const asked = [];
let config;
runInNewContext(source, {
  document: {
    currentScript: { dataset: { description: "/docs/openapi.yaml", tokens: "/docs/token" } },
    documentElement: { classList: { toggle() {} } },
    getElementById: (id) => ({ user, "token-state": state })[id],
  },
  matchMedia: () => ({ matches: false, addEventListener() {} }),
  location: { origin: "http://localhost:4000" },
  structuredClone,
  async fetch(url) {
    asked.push(url);
    return { ok: true, json: async () => ({ token: `token of ${url}` }) };
  },
  SwaggerUIBundle(given) {
    config = given;
    return {
      authActions: { logout: (names) => authorized.push(["logout", ...names]) },
      preauthorizeApiKey: (name, token) => authorized.push([name, token]),
    };
  },
});

// Nothing is asked of another host.
assert.equal(config.validatorUrl, null);
assert.equal(config.url, "/docs/openapi.yaml");

// "Execute" goes to the system that serves the page, and sends no optional parameter by itself.
const plugin = config.plugins[0]();
let shown;
const given = {
  jsonSchemaDialect: "https://json-schema.org/draft/2020-12/schema",
  servers: [{ url: "https://{api}.execute-api.{region}.amazonaws.com" }],
  paths: {
    "/chats/{chatId}": {
      parameters: [{ name: "chatId", required: true, example: "c" }],
      get: { parameters: [{ name: "cursor", examples: { second: { value: "x" } } }, { $ref: "#/components/parameters/Limit" }] },
    },
  },
  components: { parameters: { Limit: { name: "limit", example: 20 } } },
};
plugin.statePlugins.spec.wrapActions.updateJsonSpec((spec) => (shown = spec))(given);
assert.deepEqual(JSON.parse(JSON.stringify(shown)), {
  servers: [{ url: "http://localhost:4000", description: "The system that serves this page" }],
  paths: {
    "/chats/{chatId}": {
      parameters: [{ name: "chatId", required: true, example: "c" }],
      get: { parameters: [{ name: "cursor" }, { $ref: "#/components/parameters/Limit" }] },
    },
  },
  components: { parameters: { Limit: { name: "limit" } } },
});
assert.equal(given.servers.length, 1);

// The snippets are those of the tabs, and the one for fetch is JavaScript that sends the same request.
assert.deepEqual([...config.requestSnippets.languages], ["curl_bash", "fetch"]);
assert.deepEqual(Object.keys(config.requestSnippets.generators), ["curl_bash", "fetch"]);
async function sentBySnippet(request) {
  const snippet = plugin.fn.requestSnippetGenerator_fetch(new Map(Object.entries(request)));
  const AsyncFunction = (async () => {}).constructor;
  let sent;
  const answer = { status: 200, text: async () => "" };
  const run = new AsyncFunction("fetch", "console", snippet);
  await run(async (url, options) => ((sent = { url, ...options }), answer), { log() {} });
  return sent;
}
const headers = { toJS: () => ({ Authorization: "Bearer t" }) };
const url = "http://localhost:4000/chats?a=\"'";
for (const [body, expected] of [
  ['{\n  "name": "It\'s `a` \\"b\\"\\nc"\n}', '{"name":"It\'s `a` \\"b\\"\\nc"}'],
  ["not JSON", "not JSON"],
]) {
  const sent = await sentBySnippet({ url, method: "POST", headers, body });
  assert.deepEqual(sent, { url, method: "POST", headers: { Authorization: "Bearer t" }, body: expected });
}
assert.deepEqual(await sentBySnippet({ url, method: "GET" }), { url, method: "GET", headers: {} });

// The chosen user's token is used, and "nobody" has none.
await config.onComplete();
user.value = "";
await user.change();
assert.deepEqual(asked, ["/docs/token/bob"]);
assert.deepEqual(authorized, [["jwt", "token of /docs/token/bob"], ["logout", "jwt"]]);
console.log("the script of /docs: validatorUrl, servers, parameters, snippets and tokens are right");
