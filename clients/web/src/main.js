// The page: reads where the system is, asks who is here, and begins.
import { button, h, nothing, put } from "./dom.js";
import { createSettings } from "./app/settings.js";
import { DEVELOPMENT_USERS, developmentToken, signIn, siteToken } from "./app/sign-in.js";
import { startApp } from "./app/start.js";

/** How long the page waits for the first token. */
const TOKEN_TIMEOUT_MS = 10_000;

/** Whose a token is; empty if it is none. @param {string} token */
function subjectOf(token) {
  try {
    return JSON.parse(atob(token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/"))).sub;
  } catch {
    return "";
  }
}

/** Shows a page that says what is wrong. @param {string} title @param {string} text @param {Element} [action] */
const stop = (title, text, action = button("Try again", () => location.reload())) =>
  put(document.body, h("main", { class: "stopped" }, nothing(title, text, action)));

const noAnswer = () => stop("The server does not answer", "Check that it runs and that you are online.");

async function boot() {
  createSettings(document.documentElement);
  let config;
  try {
    const answer = await fetch("./config.json");
    if (!answer.ok) throw new Error(String(answer.status));
    config = await answer.json();
  } catch {
    return noAnswer();
  }
  const { httpUrl, webSocketUrl, devTokenUrl, tokenUrl, signInUrl } = config;
  const as = devTokenUrl && new URLSearchParams(location.search).get("as");
  const token = as
    ? developmentToken(devTokenUrl, as)
    : tokenUrl
      ? siteToken(tokenUrl)
      : await signIn(document.body, !!devTokenUrl);
  let user = as;
  if (!user)
    try {
      user = subjectOf(await token("start", { signal: AbortSignal.timeout(TOKEN_TIMEOUT_MS) }));
    } catch (error) {
      if (/** @type {any} */ (error).code !== "unauthenticated") return noAnswer();
      const link = signInUrl && h("a", { class: "button primary", href: signInUrl }, "Sign in");
      return stop("You are not signed in", "Sign in, then come back to your chats.", link || undefined);
    }
  if (!user) return stop("This token cannot be used", "It is no JWT that names a user. Get another one.");
  /** Whoever signs in as somebody else meanwhile gets their own page. @param {string} reason @param {any} options */
  const ownToken = async (reason, options) => {
    const next = await token(reason, options);
    // What is no token is an error, which the client tells.
    if ((subjectOf(next) || user) !== user) location.reload();
    return next;
  };
  const signOut = () => location.assign(location.pathname);
  startApp(document.body, {
    httpUrl,
    webSocketUrl,
    token: ownToken,
    user,
    suggestions: devTokenUrl ? DEVELOPMENT_USERS : [],
    signIn: () => location.assign(signInUrl || location.pathname),
    // On the team's own site, users sign out there.
    signOut: tokenUrl ? undefined : signOut,
  });
}

boot();
