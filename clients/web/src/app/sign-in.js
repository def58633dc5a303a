// Says who is here: a development user by `?as=`, one that is chosen, or a token that is pasted.
import { h } from "../dom.js";
import { avatar } from "../avatar.js";

/** The users that a new local system has. */
export const DEVELOPMENT_USERS = ["alice", "bob", "carol"];

/**
 * The tokens of a development user, from the stand-in Auth Service.
 * @param {string} url
 * @param {string} userId
 */
export const developmentToken =
  (url, userId) =>
  async (/** @type {string} */ _reason, /** @type {{ signal: AbortSignal }} */ { signal }) => {
    const answer = await fetch(url, { method: "POST", body: JSON.stringify({ userId }), signal });
    if (!answer.ok) throw new Error(`the Auth Service answered ${answer.status}`);
    return (await answer.json()).token;
  };

/** @param {string} name */
const hrefOf = (name) => `?as=${encodeURIComponent(name)}`;

/**
 * Asks who is here.
 * @param {HTMLElement} root
 * @param {any} config
 * @returns {Promise<(reason: string, options: any) => Promise<string>>} never, if a development user is chosen: the page is loaded again
 */
export const signIn = (root, config) =>
  new Promise((resolve) => {
    const isDevelopment = !!config.devTokenUrl;
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
