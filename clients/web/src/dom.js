// The page is made by these functions. They set text, properties and attributes, and never parse HTML.

const SVG = "http://www.w3.org/2000/svg";
/** What is set as a property, as an attribute has another meaning or none. */
const PROPERTIES = new Set(["value", "checked", "disabled", "hidden", "open", "indeterminate"]);

/**
 * Makes an element. A prop that begins with `on` is a listener; `null`, `undefined` and `false` are left out. A button
 * submits nothing, unless its type says so.
 * @param {string} tag
 * @param {Record<string, any> | null} [props]
 * @param {...any} children nodes and texts, also in lists
 * @returns {any}
 */
export function h(tag, props, ...children) {
  const element = /** @type {any} */ (document.createElement(tag));
  if (tag === "button") element.type = "button";
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "class") element.className = value;
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (PROPERTIES.has(name)) element[name] = value;
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  put(element, ...children);
  return element;
}

/**
 * Replaces the children of an element.
 * @template {Element | ShadowRoot} T
 * @param {T} element
 * @param {...any} children
 */
export function put(element, ...children) {
  element.replaceChildren(
    ...children
      .flat(Infinity)
      .filter((child) => child !== undefined && child !== null && child !== false && child !== ""),
  );
  return element;
}

/**
 * Sets the text if it is another one.
 * @param {Node} node
 * @param {string} text
 */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** The drawings of the icons, in a square of 24. */
const ICONS = {
  plus: "M12 5v14M5 12h14",
  more: "M5.5 12h.01M12 12h.01M18.5 12h.01",
  back: "M14.5 5l-7 7 7 7",
  next: "M9.5 5l7 7-7 7",
  close: "M6 6l12 12M18 6L6 18",
  smile: "M8.5 10h.01M15.5 10h.01M8.5 14.5a4.5 4.5 0 0 0 7 0M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18z",
  send: "M12 19V5M6 11l6-6 6 6",
  mic: "M12 15a3.5 3.5 0 0 0 3.5-3.5v-5a3.5 3.5 0 0 0-7 0v5A3.5 3.5 0 0 0 12 15zM5.5 11.5a6.5 6.5 0 0 0 13 0M12 18v3",
  down: "M12 5v14M6 13l6 6 6-6",
  reply: "M10 6L4 12l6 6M4 12h10a6 6 0 0 1 6 6v1",
  edit: "M4 20l1-4L16.5 4.5a2.1 2.1 0 0 1 3 3L8 19l-4 1z",
  trash: "M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  pin: "M9 4h6l-1 6 3 4H7l3-4-1-6zM12 14v6",
  mute: "M6 10a6 6 0 0 1 9.5-4.9M18 10c0 6 2 7 2 7H8M6 10c0 6-2 7-2 7M10.5 20.5h3M4 4l16 16",
  bell: "M6 10a6 6 0 0 1 12 0c0 6 2 7 2 7H4s2-1 2-7zM10.5 20.5h3",
  archive: "M4 5h16v4H4zM5.5 9v10h13V9M10 13h4",
  unread: "M4 6h16v12H4zM4 7l8 6 8-6",
  eye: "M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12zM12 14.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5z",
  block: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM5.7 5.7l12.6 12.6",
  leave: "M10 5H5v14h5M15 8l4 4-4 4M19 12H9",
  people:
    "M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM3 20c0-3.5 2.7-6 6-6s6 2.5 6 6M16 4.5a3.5 3.5 0 0 1 0 6.5M18 14.500c2 .8 3 2.800 3 5.500",
  info: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 11v5M12 8h.01",
  broom: "M4 20h16M7 20l1-6h8l1 6M10 14V4h4v10",
  file: "M7 3h7l4 4v14H7zM14 3v4h4",
  image: "M4 5h16v14H4zM4 16l5-5 4 4 2-2 5 5M15.5 9.500h.01",
  play: "M8 5l11 7-11 7z",
  pause: "M9 5v14M15 5v14",
  stop: "M7 7h10v10H7z",
  download: "M12 4v11M7 11l5 5 5-5M5 20h14",
};

/** What points somewhere is mirrored from right to left. @type {Set<string>} */
const FLIPPED = new Set(["back", "next", "reply", "leave"]);

/**
 * An icon. It is decoration: the button around it has the name.
 * @param {keyof typeof ICONS} name
 * @param {string} [more] more classes
 */
export const icon = (name, more = "") =>
  drawing(
    "0 0 24 24",
    `icon ${more} ${FLIPPED.has(name) ? "flips" : ""} ${name === "more" ? "dots" : ""}`,
    ICONS[name],
  );

/**
 * A drawing with another box than that of the icons.
 * @param {string} viewBox
 * @param {string} className
 * @param {string} d
 */
export function drawing(viewBox, className, d) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", className.trim());
  svg.setAttribute("viewBox", viewBox);
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", d);
  svg.append(path);
  return svg;
}

/**
 * A button that shows an icon alone.
 * @param {keyof typeof ICONS} name
 * @param {string} label what it does
 * @param {(event: any) => void} onclick
 * @param {Record<string, any>} [props]
 */
export const iconButton = (name, label, onclick, { class: more = "", ...props } = {}) =>
  h(
    "button",
    { class: `icon-button ${more}`.trim(), "aria-label": label, title: label, onclick, ...props },
    icon(name, more.includes("small") ? "small" : ""),
  );

/**
 * A button that shows a text alone.
 * @param {string} label
 * @param {(event: any) => unknown} onclick
 * @param {string} [look] its class
 */
export const button = (label, onclick, look = "button") => h("button", { class: look, onclick }, label);

/**
 * What stands where there is nothing to show.
 * @param {string} title
 * @param {string} text
 * @param {Element | false} [action] what the reader can do
 */
export const nothing = (title, text, action) =>
  h("div", { class: "nothing" }, h("h2", null, title), h("p", null, text), action);

/**
 * Children that keep their nodes: what has the same key keeps its node, also when it moves.
 * @template {{ key: string }} T
 * @param {Element} parent
 * @param {(item: T) => { node: HTMLElement, update(item: T): void, remove?(): void }} create
 */
export function keyed(parent, create) {
  /** @type {Map<string, ReturnType<typeof create>>} */
  const parts = new Map();
  return {
    parts,
    /** @param {readonly T[]} items */
    render(items) {
      const root = /** @type {Document} */ (parent.getRootNode());
      const focused = root.activeElement;
      const keys = new Set(items.map((item) => item.key));
      for (const [key, part] of parts) {
        if (keys.has(key)) continue;
        parts.delete(key);
        part.remove?.();
        part.node.remove();
      }
      let next = parent.firstElementChild;
      for (const item of items) {
        let part = parts.get(item.key);
        if (!part) parts.set(item.key, (part = create(item)));
        part.update(item);
        if (part.node === next) next = next.nextElementSibling;
        else parent.insertBefore(part.node, next);
      }
      // A node that is moved loses the focus.
      if (focused && focused !== root.activeElement && parent.contains(focused))
        /** @type {HTMLElement} */ (focused).focus({ preventScroll: true });
    },
    clear() {
      for (const part of parts.values()) part.remove?.();
      parts.clear();
      parent.replaceChildren();
    },
  };
}

/**
 * Calls `render` now and after each change, until the signal is aborted.
 * @template T
 * @param {{ get(): T, subscribe(listener: (value: T) => void): () => void }} readable
 * @param {(value: T) => void} render
 * @param {AbortSignal} signal
 */
export function watch(readable, render, signal) {
  if (signal.aborted) return;
  const off = readable.subscribe(render);
  signal.addEventListener("abort", off, { once: true });
  render(readable.get());
}
