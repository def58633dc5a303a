// Mentions of people in what is written: who is offered while a name is typed, and who is mentioned.
import { h, put } from "../dom.js";
import { personAvatar } from "../avatar.js";

/** The limit of the system: docs/API.md. */
const MAX_MENTIONS = 20;
/** How many people are offered. */
const MAX_OFFERED = 6;
const MENTION = /(?:^|[\s(])@([\p{L}\p{N}_.-]{0,30})$/u;

/**
 * @param {any} ctx
 * @param {any} chat
 * @param {any} area the field that the text is written in
 * @param {() => void} onMention the text has a mention more
 */
export function createMentions(ctx, chat, area, onMention) {
  const node = h("ul", { class: "completion", role: "listbox", id: "completion", "aria-label": "People", hidden: true });
  /** The people whom the text may mention. @type {{ id: string, name: string }[]} */
  let people = [];
  /** @type {any[]} */
  let offered = [];
  let chosen = 0;

  /** @param {any[]} list */
  function offer(list) {
    offered = list;
    chosen = 0;
    show();
  }
  function show() {
    node.hidden = !offered.length;
    put(
      node,
      offered.map((person, index) =>
        h(
          "li",
          {
            role: "option",
            id: `completion-${index}`,
            "aria-selected": String(index === chosen),
            onmousedown: (/** @type {Event} */ event) => (event.preventDefault(), mention(person)),
          },
          personAvatar(person, "small"),
          h("span", { dir: "auto" }, person.name),
        ),
      ),
    );
    if (offered.length) {
      area.setAttribute("aria-controls", "completion");
      area.setAttribute("aria-activedescendant", `completion-${chosen}`);
    } else {
      area.removeAttribute("aria-controls");
      area.removeAttribute("aria-activedescendant");
    }
  }
  /** @param {any} person */
  function mention({ id, name }) {
    const end = area.selectionStart;
    area.setRangeText(`@${name} `, area.value.lastIndexOf("@", end - 1), end, "end");
    if (!people.some((known) => known.id === id)) people.push({ id, name });
    offered = [];
    onMention();
  }
  /** Those whose names the text has. */
  const used = () => people.filter(({ name }) => area.value.includes("@" + name));

  return {
    node,
    used,
    /** The ids of those who are mentioned, as many as a message can have. */
    ids: () =>
      used()
        .slice(0, MAX_MENTIONS)
        .map(({ id }) => id),
    /** @param {readonly { id: string, name: string }[]} list */
    set(list) {
      people = [...list];
    },
    /** Offers the people whose name is being typed. */
    complete() {
      const [, asked] = MENTION.exec(area.value.slice(0, area.selectionStart)) ?? [];
      if (asked === undefined || !chat.summary.get()?.isGroup) return offer([]);
      const query = asked.toLocaleLowerCase();
      const isMeant = (/** @type {any} */ { id, name }) =>
        id !== ctx.me() &&
        [id, ...name.toLocaleLowerCase().split(/\s+/)].some((/** @type {string} */ word) => word.startsWith(query));
      const members = chat.members.get().map((/** @type {any} */ { person }) => person);
      offer(members.filter(isMeant).slice(0, MAX_OFFERED));
    },
    close: () => offer([]),
    /** A key is pressed in the field. True if it was meant for this list. @param {KeyboardEvent} event */
    onKey({ key }) {
      if (!offered.length) return false;
      const step = { ArrowDown: 1, ArrowUp: -1 }[key];
      if (step) {
        chosen = (chosen + step + offered.length) % offered.length;
        show();
      } else if (key === "Enter" || key === "Tab") mention(offered[chosen]);
      else if (key === "Escape") offer([]);
      else return false;
      return true;
    },
  };
}
