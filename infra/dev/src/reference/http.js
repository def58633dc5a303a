// Starts Swagger UI on docs/openapi.yaml, with requests to the system that serves this page.
"use strict";

const page = document.currentScript.dataset;
const dark = matchMedia("(prefers-color-scheme: dark)");
const applyScheme = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", applyScheme);
applyScheme();

/** A request as JavaScript. `request` is an immutable map, whose body is the text that is sent. */
function fetchSnippet(request) {
  const options = { method: request.get("method"), headers: request.get("headers")?.toJS() ?? {} };
  let text = JSON.stringify(options, null, 2).replace(/\n}$/, "");
  const body = request.get("body");
  if (body) text += `,\n  "body": ${bodySnippet(String(body))}`;
  return `const response = await fetch(${JSON.stringify(request.get("url"))}, ${text}\n});
console.log(response.status, await response.text());`;
}

function bodySnippet(body) {
  try {
    return `JSON.stringify(${JSON.stringify(JSON.parse(body), null, 2).replace(/\n/g, "\n  ")})`;
  } catch {
    return JSON.stringify(body); // not JSON
  }
}

/** The description as this page needs it. */
function adapt(description) {
  const spec = structuredClone(description);
  // The description names the deployed API first. "Execute" means this system, whatever its port.
  spec.servers = [{ url: location.origin, description: "The system that serves this page" }];
  // OpenAPI's own dialect, which is the default, contains the named one. Swagger UI warns of any other.
  delete spec.jsonSchemaDialect;
  // Swagger UI fills examples in, and an optional parameter would be sent.
  const parameters = Object.values(spec.paths ?? {}).flatMap((path) => [
    ...(path.parameters ?? []),
    ...Object.values(path).flatMap((operation) => operation.parameters ?? []),
  ]);
  for (const parameter of [...parameters, ...Object.values(spec.components?.parameters ?? {})]) {
    if (parameter.required) continue;
    delete parameter.example;
    delete parameter.examples;
  }
  return spec;
}

const ownSystem = () => ({
  statePlugins: { spec: { wrapActions: { updateJsonSpec: (update) => (spec) => update(adapt(spec)) } } },
  fn: { requestSnippetGenerator_fetch: fetchSnippet },
});

const user = document.getElementById("user");
const tokenState = document.getElementById("token-state");

/** Sends the next requests as the chosen user. */
async function authorize() {
  const name = user.value;
  if (name === "") {
    ui.authActions.logout(["jwt"]);
    tokenState.textContent = "";
    return;
  }
  const response = await fetch(`${page.tokens}/${name}`);
  if (!response.ok) {
    tokenState.textContent = `no token: ${await response.text()}`;
    return;
  }
  ui.preauthorizeApiKey("jwt", (await response.json()).token);
  tokenState.textContent = "";
}

const ui = SwaggerUIBundle({
  url: page.description,
  dom_id: "#swagger-ui",
  validatorUrl: null, // no request to swagger.io
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  tryItOutEnabled: true,
  displayRequestDuration: true,
  requestSnippetsEnabled: true,
  requestSnippets: {
    generators: {
      curl_bash: { title: "curl", syntax: "bash" },
      fetch: { title: "fetch", syntax: "javascript" },
    },
    defaultExpanded: true,
    languages: ["curl_bash", "fetch"],
  },
  plugins: [ownSystem],
  onComplete: authorize,
});
user.addEventListener("change", authorize);
