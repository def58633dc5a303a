// Chooses an emoji: a search field and a grid, both by the keyboard.
import { h, put } from "../dom.js";
import { QUICK, findEmojis } from "../text/emoji.js";

const COLUMNS = 8;

/**
 * @param {any} ctx
 * @param {HTMLElement} at
 * @param {(emoji: string) => void} choose
 * @param {{ withQuick?: boolean, onclose?(): void }} [options] `withQuick`: offers the usual reactions first
 */
export function pickEmoji({ layers }, at, choose, { withQuick, onclose } = {}) {
  const list = h("div", { role: "listbox", id: "emoji-list", "aria-label": "Emojis", tabindex: -1 });
  const named = h("p", { class: "named" });
  const search = h("input", {
    class: "input",
    type: "text",
    placeholder: "Search emojis",
    "aria-label": "Search emojis",
    role: "combobox",
    "aria-expanded": "true",
    "aria-controls": "emoji-list",
    "aria-autocomplete": "list",
    autocomplete: "off",
  });
  /** @type {HTMLElement[]} */
  let options = [];
  let active = 0;
  const take = (/** @type {string} */ emoji) => {
    close();
    choose(emoji);
  };
  const activate = (/** @type {number} */ index) => {
    options[active]?.setAttribute("aria-selected", "false");
    active = Math.max(0, Math.min(index, options.length - 1));
    const option = options[active];
    option?.setAttribute("aria-selected", "true");
    option?.scrollIntoView({ block: "nearest" });
    if (option) search.setAttribute("aria-activedescendant", option.id);
    else search.removeAttribute("aria-activedescendant");
    named.textContent = option?.getAttribute("aria-label") ?? "Nothing found. Try another word.";
  };
  const render = () => {
    options = findEmojis(search.value).map(([emoji, words], index) =>
      h(
        "span",
        {
          role: "option",
          id: `emoji-${index}`,
          "aria-label": words.split(",")[0],
          "aria-selected": "false",
          onclick: () => take(emoji),
        },
        emoji,
      ),
    );
    put(list, options);
    activate(0);
  };
  search.addEventListener("input", render);
  search.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    const rtl = getComputedStyle(list).direction === "rtl" ? -1 : 1;
    const steps = { ArrowRight: rtl, ArrowLeft: -rtl, ArrowDown: COLUMNS, ArrowUp: -COLUMNS };
    const step = steps[/** @type {keyof typeof steps} */ (event.key)];
    if (step) activate(active + step);
    else if (event.key === "Enter" && options[active]) take(options[active].textContent ?? "");
    else return;
    event.preventDefault();
  });
  const quick =
    withQuick &&
    h(
      "div",
      { class: "quick" },
      QUICK.map((emoji) => h("button", { "aria-label": `React with ${emoji}`, onclick: () => take(emoji) }, emoji)),
    );
  const node = h(
    "div",
    { class: "emoji", role: "dialog", "aria-label": "Choose an emoji" },
    quick,
    h("div", { class: "search-line" }, search),
    list,
    named,
  );
  render();
  const close = layers.popover(node, at, { onclose });
  search.focus();
}
