// Chooses people: those who are known by name, and anybody by their id.
import { h, iconButton, put } from "../dom.js";
import { personAvatar } from "../avatar.js";

const MAX_SUGGESTIONS = 6;

/** The people whom this user shares chats with. @param {any} ctx */
function knownPeople({ client, suggestions, me }) {
  /** @type {Map<string, any>} */
  const people = new Map();
  for (const summary of [...client.chats.get(), ...client.archived.get()]) {
    if (summary.otherUserId) people.set(summary.otherUserId, client.person(summary.otherUserId).get());
    for (const { id, person } of client.chat(summary.id).members.get()) people.set(id, person);
  }
  for (const id of suggestions ?? []) if (!people.has(id)) people.set(id, client.person(id).get());
  people.delete(me());
  return [...people.values()].sort((a, b) => a.name.localeCompare(b.name));
}

/**
 * @param {any} ctx
 * @param {{ label: string, exclude?(): string[], onchange?(): void, isFirst?: boolean }} options `isFirst`: it gets the focus
 */
export function createPeoplePicker(ctx, { label, exclude = () => [], onchange, isFirst }) {
  /** @type {string[]} */
  let chosen = [];
  const chips = h("div", { class: "chips" });
  const input = h("input", {
    class: "input",
    type: "text",
    autocomplete: "off",
    placeholder: "Name or id",
    dir: "auto",
    autofocus: isFirst,
  });
  const list = h("ul", { class: "people", "aria-label": "Suggestions" });
  const node = h(
    "div",
    { class: "people-picker" },
    h("label", { class: "field" }, h("span", null, label), input),
    chips,
    list,
  );

  function render() {
    put(
      chips,
      chosen.map((id) => {
        const { name } = ctx.client.person(id).get();
        return h(
          "span",
          { class: "chip" },
          h("span", { dir: "auto" }, name),
          iconButton("close", `Remove ${name}`, () => remove(id), { class: "small" }),
        );
      }),
    );
    const query = input.value.trim();
    const lower = query.toLocaleLowerCase();
    const taken = new Set([...chosen, ...exclude()]);
    const found = knownPeople(ctx)
      .filter(
        ({ id, name }) =>
          !taken.has(id) && (name.toLocaleLowerCase().includes(lower) || id.toLocaleLowerCase().includes(lower)),
      )
      .slice(0, MAX_SUGGESTIONS);
    const isKnown = !query || taken.has(query) || found.some(({ id }) => id === query);
    put(
      list,
      found.map((person) =>
        h(
          "li",
          null,
          h(
            "button",
            { class: "pick", onclick: () => add(person.id) },
            personAvatar(person, "small", true),
            h("span", { class: "name", dir: "auto" }, person.name),
            person.name !== person.id && h("small", null, person.id),
          ),
        ),
      ),
      !isKnown &&
        h(
          "li",
          null,
          h(
            "button",
            { class: "pick", onclick: () => add(query) },
            personAvatar({ id: query, name: query }, "small"),
            h("span", { class: "name", dir: "auto" }, query),
            h("small", null, "by id"),
          ),
        ),
    );
  }
  /** @param {string} id */
  function add(id) {
    if (!chosen.includes(id)) chosen.push(id);
    input.value = "";
    render();
    onchange?.();
    input.focus();
  }
  /** @param {string} id */
  function remove(id) {
    chosen = chosen.filter((other) => other !== id);
    render();
    onchange?.();
    input.focus();
  }
  input.addEventListener("input", render);
  input.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    if (event.isComposing) return;
    if (event.key === "Enter" && input.value.trim()) {
      event.preventDefault();
      const first = /** @type {HTMLElement | null} */ (list.querySelector("button"));
      first?.click();
    } else if (event.key === "Backspace" && !input.value && chosen.length)
      remove(/** @type {string} */ (chosen.at(-1)));
  });
  render();
  return {
    node,
    chosen: () => chosen,
    clear() {
      chosen = [];
      render();
    },
  };
}
