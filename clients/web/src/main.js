// The page: reads where the system is, asks who is here, and begins.
import { h, put } from "./dom.js";
import { createSettings } from "./app/settings.js";
import { DEVELOPMENT_USERS, developmentToken, signIn } from "./app/sign-in.js";
import { startApp } from "./app/start.js";

/** Whose a token is; empty if it is none. @param {any} token */
async function subjectOf(token) {
  try {
    const [, payload] = (await token("start", { signal: AbortSignal.timeout(10_000) })).split(".");
    return JSON.parse(atob(payload.replaceAll("-", "+").replaceAll("_", "/"))).sub;
  } catch {
    return "";
  }
}

async function boot() {
  const root = document.body;
  createSettings(document.documentElement);
  let config;
  try {
    const answer = await fetch("./config.json");
    if (!answer.ok) throw new Error(String(answer.status));
    config = await answer.json();
  } catch {
    const retry = h("button", { type: "button", class: "button", onclick: () => location.reload() }, "Try again");
    put(
      root,
      h(
        "main",
        { class: "nothing" },
        h("h2", null, "The server does not answer"),
        h("p", null, "Check that it runs and that you are online."),
        retry,
      ),
    );
    return;
  }
  const as = new URLSearchParams(location.search).get("as");
  const isDevelopment = !!config.devTokenUrl;
  const isNamed = isDevelopment && as;
  const token = isNamed ? developmentToken(config.devTokenUrl, as) : await signIn(root, config);
  startApp(root, {
    httpUrl: config.httpUrl,
    webSocketUrl: config.webSocketUrl,
    token,
    user: as ?? (await subjectOf(token)),
    suggestions: isDevelopment ? DEVELOPMENT_USERS : [],
    signIn: () => location.assign(location.pathname),
    signOut: () => location.assign(location.pathname),
  });
}

boot();
