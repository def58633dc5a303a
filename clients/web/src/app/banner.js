// Says when there is no connection. It lies above the page and moves nothing.
import { button, h, put } from "../dom.js";

/** A loss that is shorter is not worth a word. */
const BANNER_AFTER_MS = 2000;

/** @param {any} ctx @param {AbortSignal} signal */
export function createBanner({ client, signIn }, signal) {
  const node = h("div", { class: "banner", role: "status" });
  /** @type {any} */
  let timer;
  const show = () => {
    const { status, code, isTokenError, retryAt } = client.link.get();
    if (status === "online") return put(node);
    const tryNow = button("Try now", () => client.start()(), "text-button");
    // The client asks for a token again and again, but nobody is signed in.
    if (code === "unauthenticated" || (isTokenError && !retryAt))
      put(
        node,
        h("span", { dir: "auto" }, "You are not signed in any more."),
        button("Sign in", signIn, "text-button"),
      );
    else if (!node.firstChild || !node.textContent?.startsWith("No connection"))
      put(node, h("span", { dir: "auto" }, "No connection. What you send waits, and goes when it is back."), tryNow);
  };
  const update = () => {
    const { status } = client.link.get();
    if (status === "online") {
      clearTimeout(timer);
      timer = undefined;
      put(node);
    } else if (node.firstChild) show();
    else timer ??= setTimeout(show, BANNER_AFTER_MS);
  };
  update();
  const off = client.link.subscribe(update);
  signal.addEventListener("abort", () => {
    off();
    clearTimeout(timer);
  });
  return node;
}
