// Which view is shown: `#/` the inbox, `#/chat/<id>` a chat. Back and Forward of the browser work.

/** @typedef {{ view: "inbox" | "chat", chatId?: string }} Route */

/** @returns {Route} */
function read() {
  const [, id] = /^#\/chat\/(.+)$/.exec(location.hash) ?? [];
  try {
    return id ? { view: "chat", chatId: decodeURIComponent(id) } : { view: "inbox" };
  } catch {
    return { view: "inbox" };
  }
}

/** @param {string} id */
export const chatHref = (id) => "#/chat/" + encodeURIComponent(id);

/**
 * @param {(route: Route) => void} show
 * @param {AbortSignal} signal
 */
export function createRouter(show, signal) {
  addEventListener("hashchange", () => show(read()), { signal });
  return {
    get route() {
      return read();
    },
    /** @param {string} id */
    openChat(id) {
      location.hash = chatHref(id);
    },
    /** Leaves the chat. */
    home() {
      location.hash = "#/";
    },
    start: () => show(read()),
  };
}
