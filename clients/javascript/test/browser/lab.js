// The page of the tests: one client, with what happened to it.
import { createClient } from "../../src/index.js";
import { indexedDBStorage } from "../../src/indexeddb.js";

/**
 * @typedef {object} LabOptions
 * @property {string} user
 * @property {string} httpUrl
 * @property {string} webSocketUrl
 * @property {string} authUrl
 * @property {boolean} [stores] whether the outbox is in IndexedDB
 * @property {boolean} [tabs]
 * @property {number} [seconds] how long a token is valid
 * @property {object} [timing]
 */

/** What the tests read. */
const lab = {
  /** @type {import("../../src/client.js").Client | undefined} */
  client: undefined,
  /** The events, in order: `[chatId, event, seq, content]`. @type {any[][]} */
  events: [],
  /** The links, in order. @type {any[]} */
  links: [],
  /** The reasons for which tokens were asked for. @type {string[]} */
  tokens: [],
  /** The sockets of this page that were opened, and those that are open. */
  sockets: { opened: 0, open: 0 },
  /** What failed in the background. @type {any[]} */
  failures: [],
  /** @type {(() => void) | undefined} */
  stop: undefined,

  /** @param {LabOptions} options */
  start({ user, httpUrl, webSocketUrl, authUrl, stores = false, seconds = 3600, ...rest }) {
    class CountedSocket extends WebSocket {
      /** @param {string} url @param {string[]} protocols */
      constructor(url, protocols) {
        super(url, protocols);
        lab.sockets.opened++;
        this.addEventListener("open", () => {
          lab.sockets.open++;
          this.addEventListener("close", () => lab.sockets.open--);
        });
      }
    }
    const storage = indexedDBStorage();
    const put = storage.put;
    storage.put = async (store, scope, id, value) => {
      await put(store, scope, id, value);
      if (store === "outbox") lab.saved.add(id);
    };
    const client = createClient({
      httpUrl,
      webSocketUrl,
      WebSocket: CountedSocket,
      storage: stores ? storage : undefined,
      token: async (/** @type {string} */ reason, /** @type {{signal: AbortSignal}} */ { signal }) => {
        lab.tokens.push(reason);
        const body = JSON.stringify({ userId: user, expiresInSeconds: seconds });
        return (await (await fetch(`${authUrl}/token`, { method: "POST", body, signal })).json()).token;
      },
      ...rest,
    });
    lab.client = client;
    client.on("link", (link) => lab.links.push(link));
    client.on("failed", ({ task, error }) => lab.failures.push([task, error.code, error.message]));
    client.on("message.created", ({ chatId, seq, data }) => lab.events.push([chatId, "created", seq, data.content]));
    client.on("message.updated", ({ chatId, seq, data }) => lab.events.push([chatId, "updated", seq, data.content]));
    lab.stop = client.start();
  },

  /** The texts that the chat shows, oldest first, with the state of each. @param {string} chatId */
  shown(chatId) {
    return lab.timeline(chatId).items.get().map(({ state, message }) => [state, message.seq, message.content]);
  },

  /** @type {Map<string, any>} */
  timelines: new Map(),
  /** @param {string} chatId */
  timeline(chatId) {
    let timeline = lab.timelines.get(chatId);
    if (!timeline) lab.timelines.set(chatId, (timeline = lab.client?.chat(chatId).timeline()));
    return timeline;
  },

  /** The unsent messages that IndexedDB has. @type {Set<string>} */
  saved: new Set(),

  /** Whether a reload would bring back all unsent messages of the chat. @param {string} chatId */
  isSaved(chatId) {
    const items = lab.timeline(chatId).items.get();
    return items.every(({ state, key }) => state === "stored" || lab.saved.has(key));
  },

  /** What a test that waited in vain wants to know. @param {string} chatId */
  report: (chatId) => ({
    link: lab.client?.link.get(),
    shown: lab.shown(chatId),
    status: lab.timeline(chatId).status.get(),
    links: lab.links.slice(-10),
    failures: lab.failures.slice(-10),
    sockets: lab.sockets,
    tokens: lab.tokens,
  }),

  /** Loads all of a chat. @param {string} chatId */
  async loadAll(chatId) {
    while (await lab.timeline(chatId).older(100));
  },
};

Object.assign(globalThis, { lab });
