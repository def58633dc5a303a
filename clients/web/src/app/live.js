// Says what arrives in the open chat to those who do not see it. History is never said.
import { h } from "../dom.js";

/** How many lines stay. */
const MAX_LINES = 20;

export function createLive() {
  const node = h("div", { class: "visually-hidden", role: "log", "aria-label": "New messages", "aria-live": "polite" });
  return {
    node,
    /** @param {string} text */
    say(text) {
      node.append(h("p", { dir: "auto" }, text));
      while (node.children.length > MAX_LINES) node.firstChild.remove();
    },
  };
}
