// Begins a chat with one person, or a group with several.
import { h, put } from "../dom.js";
import { explain } from "../text/errors.js";
import { createPeoplePicker } from "./people-picker.js";

const MAX_NAME_CHARS = 100;

/** @param {any} ctx */
export function openNewChat(ctx) {
  const { layers, client, router } = ctx;
  layers.dialog("New chat", (/** @type {() => void} */ close) => {
    const error = h("p", { class: "error", role: "alert" });
    const name = h("input", { class: "input", type: "text", maxlength: MAX_NAME_CHARS, dir: "auto" });
    const hint = h("p", { class: "hint" }, "Choose two people or more for a group.");
    const nameField = h("label", { class: "field" }, h("span", null, "Name of the group"), name);
    const button = h("button", { type: "submit", class: "button primary" }, "Start chat");
    const people = createPeoplePicker(ctx, { label: "With", isFirst: true, onchange: () => show() });
    /** The system makes a group of three people or more. */
    const makesGroup = () => people.chosen().length > 1;
    function show() {
      nameField.hidden = !makesGroup();
      hint.hidden = makesGroup();
      button.textContent = makesGroup() ? "Create group" : "Start chat";
      put(error);
    }
    show();
    return h(
      "form",
      {
        onsubmit: async (/** @type {Event} */ event) => {
          event.preventDefault();
          const chosen = people.chosen();
          if (!chosen.length) return put(error, "Choose somebody first.");
          if (makesGroup() && !name.value.trim()) {
            put(error, "Give the group a name.");
            return name.focus();
          }
          button.disabled = true;
          try {
            const chat = await client.createChat(
              makesGroup() ? { name: name.value.trim(), participants: chosen } : { with: chosen[0] },
            );
            close();
            router.openChat(chat.id);
          } catch (thrown) {
            const { code } = /** @type {any} */ (thrown);
            put(
              error,
              code === "cannot_be_added" || code === "invalid_request"
                ? "One of these people does not exist, or cannot be added. Check the spelling."
                : explain(thrown),
            );
            button.disabled = false;
          }
        },
      },
      people.node,
      hint,
      nameField,
      error,
      h("div", { class: "buttons" }, button),
    );
  });
}
