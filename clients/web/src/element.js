// `<lambda-chat-window>`: one chat in a page of another application.
//
//   <script type="module" src=".../web/src/element.js"></script>
//   <lambda-chat-window http-url="https://..." web-socket-url="wss://..." with="bob"></lambda-chat-window>
//
// The page hands over the tokens: `element.token = async (reason, { signal }) => "..."`. Several windows share a
// connection if they get the same client: `element.client = createClient(...)`, which the page has started.

import { createClient } from "../../javascript/src/index.js";
import { indexedDBStorage } from "../../javascript/src/indexeddb.js";
import { createBanner } from "./app/banner.js";
import { createContext } from "./app/context.js";
import { createSettings } from "./app/settings.js";
import { createChatView, showNoChat } from "./chat/view.js";
import { button, h, put, watch } from "./dom.js";
import { explain } from "./text/errors.js";

const STYLES = ["tokens", "base", "app", "chat", "composer", "media", "layers", "element"];

/**
 * The window of one chat.
 *
 * - `chat`: the id of a chat; or `with`: the id of a user, for the private chat with them.
 * - `http-url`, `web-socket-url`: the addresses of the system, unless `client` is set.
 * - `user-id`: the id of the user who is signed in. With it, what is typed survives a reload.
 * - `theme`: `light` or `dark`; that of the reader's system if it is left out.
 *
 * Events: `chatchange` when another chat is shown, for example the private chat with a member; its `detail` has the
 * `chatId`.
 */
export class LambdaChatWindow extends HTMLElement {
  static observedAttributes = ["chat", "with", "http-url", "web-socket-url", "user-id", "theme"];

  /** @type {any} */
  #token;
  /** @type {any} */
  #client;
  /** @type {AbortController | undefined} */
  #life;
  #isScheduled = false;
  #isUpgraded = false;

  /** Gives a token of the user, as in `createClient`. */
  get token() {
    return this.#token;
  }
  set token(token) {
    this.#token = token;
    this.#restart();
  }

  /** A client that the page has made and started. */
  get client() {
    return this.#client;
  }
  set client(client) {
    this.#client = client;
    this.#restart();
  }

  connectedCallback() {
    // What the page set before this module was loaded.
    if (!this.#isUpgraded) {
      this.#isUpgraded = true;
      for (const name of /** @type {const} */ (["token", "client"]))
        if (Object.hasOwn(this, name)) {
          const value = this[name];
          delete (/** @type {any} */ (this)[name]);
          this[name] = value;
        }
    }
    this.#restart();
  }

  disconnectedCallback() {
    this.#life?.abort();
    this.#life = undefined;
  }

  /** @param {string} name @param {string | null} before @param {string | null} now */
  attributeChangedCallback(name, before, now) {
    if (before === now) return;
    if (name === "theme") {
      if (now) this.dataset.theme = now;
      else delete this.dataset.theme;
    } else this.#restart();
  }

  /** Begins again, once for all changes of one task. */
  #restart() {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    queueMicrotask(() => {
      this.#isScheduled = false;
      this.#life?.abort();
      this.#life = undefined;
      if (this.isConnected) this.#start();
    });
  }

  async #start() {
    const httpUrl = this.getAttribute("http-url");
    const webSocketUrl = this.getAttribute("web-socket-url");
    const chatId = this.getAttribute("chat");
    const other = this.getAttribute("with");
    const userId = this.getAttribute("user-id") ?? undefined;
    if ((!chatId && !other) || (!this.#client && !(this.#token && httpUrl && webSocketUrl))) return;
    const controller = (this.#life = new AbortController());
    const { signal } = controller;
    const shadow = this.shadowRoot ?? this.attachShadow({ mode: "open", delegatesFocus: true });
    const root = h("div", { class: "embedded" });
    const links = STYLES.map((name) =>
      h("link", { rel: "stylesheet", href: new URL(`../css/${name}.css`, import.meta.url).href }),
    );
    const styled = Promise.all(
      links.map(
        (link) => new Promise((resolve) => ["load", "error"].forEach((name) => link.addEventListener(name, resolve))),
      ),
    );
    put(shadow, links, root);
    signal.addEventListener("abort", () => {
      // An open dialog follows the client.
      for (const dialog of root.querySelectorAll("dialog")) dialog.close();
      root.remove();
    });
    styled.then(() => root.classList.add("ready"));

    let client = this.#client;
    if (!client) {
      client = createClient({
        httpUrl: httpUrl ?? "",
        webSocketUrl: webSocketUrl ?? "",
        token: this.#token,
        userId,
        storage: indexedDBStorage(),
      });
      const stop = client.start();
      signal.addEventListener("abort", stop);
    }
    let shown = chatId ?? "";
    const router = {
      get route() {
        return { view: "chat", chatId: shown };
      },
      openChat: (/** @type {string} */ id) => {
        this.dispatchEvent(new CustomEvent("chatchange", { detail: { chatId: id }, bubbles: true }));
        this.removeAttribute("with");
        this.setAttribute("chat", id);
      },
      home() {},
    };
    const ctx = createContext({
      client,
      root,
      // The drafts of one user are not for another one at the same browser.
      scope: userId && `${userId}@${webSocketUrl ?? ""}`,
      settings: createSettings(h("div"), signal),
      router,
      signIn: () => this.#restart(),
    });
    const main = h("main");
    root.prepend(main, createBanner(ctx, signal), ctx.live.node);
    try {
      if (!chatId && other) shown = (await client.createChat({ with: other }, { signal })).id;
    } catch (error) {
      if (!signal.aborted)
        put(
          main,
          h(
            "div",
            { class: "nothing" },
            h("p", null, explain(error)),
            button("Try again", () => this.#restart()),
          ),
        );
      return;
    }
    if (signal.aborted) return;
    /** @type {any} */
    let view;
    const show = () => {
      view = createChatView(ctx, shown, { hasInbox: false });
      put(main, view.node);
    };
    /** The user may leave the chat, or be removed from it, and be added again. */
    const checkChat = () => {
      const isThere = !client.link.get().isCaughtUp || client.chat(shown).summary.get();
      if (isThere && !view) show();
      if (isThere || !view) return;
      showNoChat(ctx, main, view);
      view = undefined;
    };
    signal.addEventListener("abort", () => view?.destroy());
    show();
    watch(client.link, checkChat, signal);
    for (const name of ["chat.left", "chat.created"]) client.on(name, checkChat, { signal });
  }
}

if (!customElements.get("lambda-chat-window")) customElements.define("lambda-chat-window", LambdaChatWindow);
