// Says who is here: a development user by `?as=`, one that is chosen, whoever is signed in on the team's own site, or a
// token that is pasted.
import { ChatError } from "../../../javascript/src/index.js";
import { h } from "../dom.js";
import { avatar } from "../avatar.js";

/** The users that a new local system has. */
export const DEVELOPMENT_USERS = ["alice", "bob", "carol"];

/** @param {string} url @param {RequestInit} request */
const tokenFrom =
  (url, request) =>
  async (/** @type {string} */ _reason, /** @type {{ signal: AbortSignal }} */ { signal }) => {
    const answer = await fetch(url, { ...request, method: "POST", signal });
    if (answer.status === 401 || answer.status === 403) throw new ChatError("unauthenticated", "nobody is signed in");
    if (!answer.ok) throw new Error(`no token: ${url} answered ${answer.status}`);
    const { token } = await answer.json();
    if (typeof token !== "string") throw new Error("no token");
    return token;
  };

/**
 * The tokens of a development user, from the stand-in Auth Service.
 * @param {string} url
 * @param {string} userId
 */
export const developmentToken = (url, userId) => tokenFrom(url, { body: JSON.stringify({ userId }) });

/**
 * The tokens of whoever is signed in on the team's own site: its back end knows them by the site's cookie.
 * @param {string} url
 */
export const siteToken = (url) => tokenFrom(url, { credentials: "include" });

/** @param {string} name */
const hrefOf = (name) => `?as=${encodeURIComponent(name)}`;

/**
 * Asks who is here.
 * @param {HTMLElement} root
 * @param {boolean} isDevelopment whether there are development users
 * @returns {Promise<(reason: string, options: any) => Promise<string>>} never, if a development user is chosen: the page is loaded again
 */
export const signIn = (root, isDevelopment) =>
  new Promise((resolve) => {
    const input = h(isDevelopment ? "input" : "textarea", {
      class: "input",
      autocomplete: "off",
      spellcheck: "false",
      required: true,
      ...(isDevelopment ? { type: "text" } : { rows: 5 }),
    });
    const form = h(
      "form",
      {
        onsubmit: (/** @type {Event} */ event) => {
          event.preventDefault();
          const value = input.value.trim();
          if (!value) return;
          if (isDevelopment) return location.assign(hrefOf(value));
          node.remove();
          resolve(async () => value);
        },
      },
      h(
        "label",
        { class: "field" },
        h("span", null, isDevelopment ? "Another name" : "Access token of your Auth Service"),
        input,
      ),
      h("button", { type: "submit", class: "button primary" }, "Sign in"),
    );
    const node = h(
      "div",
      { class: "sign-in" },
      h(
        "main",
        null,
        h("h1", null, "Who are you?"),
        isDevelopment &&
          h("p", { class: "hint" }, "This is a development system. Choose a user, and another one in a second window."),
        isDevelopment &&
          h(
            "div",
            { class: "people-choice" },
            DEVELOPMENT_USERS.map((name) =>
              h("a", { href: hrefOf(name) }, avatar({ id: name, name }), name[0].toUpperCase() + name.slice(1)),
            ),
          ),
        form,
      ),
    );
    root.append(node);
  });
