// The profile of this user, and the settings of this browser.
import { button, h, put, watch } from "../dom.js";
import { personAvatar } from "../avatar.js";
import { customData } from "../chat/row.js";
import { explain } from "../text/errors.js";
import { askForNotifications } from "./notifications.js";

const MAX_NICKNAME_CHARS = 64;

/** @param {any} ctx */
export function openProfile(ctx) {
  const { client, layers } = ctx;
  layers.dialog("Profile", (/** @type {() => void} */ close, /** @type {AbortSignal} */ signal) => {
    const head = h("div", { class: "head" });
    const name = h("input", {
      class: "input",
      type: "text",
      maxlength: MAX_NICKNAME_CHARS,
      dir: "auto",
      autofocus: true,
      value: client.me.get()?.name ?? "",
    });
    const error = h("p", { class: "error", role: "alert" });
    const button = h("button", { type: "submit", class: "button primary" }, "Save");
    watch(
      client.me,
      (/** @type {any} */ me) =>
        me &&
        put(
          head,
          personAvatar(me, "large"),
          h("div", null, h("b", { dir: "auto" }, me.name), h("p", { class: "hint" }, me.id), customData(me.custom)),
        ),
      signal,
    );
    return [
      head,
      h(
        "form",
        {
          onsubmit: async (/** @type {Event} */ event) => {
            event.preventDefault();
            button.disabled = true;
            try {
              await client.setNickname(name.value.trim() || null);
              close();
            } catch (thrown) {
              put(error, explain(thrown));
            }
            button.disabled = false;
          },
        },
        h("label", { class: "field" }, h("span", null, "Name that others see"), name),
        error,
        h("div", { class: "buttons" }, button),
      ),
    ];
  });
}

/** @param {any} ctx */
export function openSettings(ctx) {
  const { client, layers, settings } = ctx;
  layers.dialog("Settings", (/** @type {() => void} */ _close, /** @type {AbortSignal} */ signal) => {
    const themes = [
      ["system", "As the system"],
      ["light", "Light"],
      ["dark", "Dark"],
    ].map(([value, label]) =>
      h(
        "label",
        { class: "choice" },
        h("input", {
          type: "radio",
          name: "theme",
          checked: settings.get().theme === value,
          onchange: () => settings.set({ theme: value }),
        }),
        label,
      ),
    );
    const hint = h("p", { class: "hint" });
    const notifications = h("input", {
      type: "checkbox",
      checked: settings.get().notifications && globalThis.Notification?.permission === "granted",
    });
    notifications.addEventListener("change", async () => {
      const isWanted = notifications.checked;
      const isOn = isWanted && (await askForNotifications());
      notifications.checked = isOn;
      settings.set({ notifications: isOn });
      put(
        hint,
        isWanted &&
          !isOn &&
          "The browser does not allow notifications of this page. Allow them in the browser's settings, then try again.",
      );
    });
    const onMention = h("input", { type: "checkbox" });
    onMention.addEventListener("change", () =>
      client.setNotifyOnMention(onMention.checked).catch((/** @type {any} */ error) => {
        layers.fail(error);
        onMention.checked = !onMention.checked;
      }),
    );
    watch(client.me, (/** @type {any} */ me) => (onMention.checked = !!me?.notifyOnMention), signal);
    const blocks = h("section", { hidden: true });
    const showBlocks = async () => {
      const list = await client.blocks({ signal }).catch(() => []);
      blocks.hidden = !list.length;
      put(
        blocks,
        h("h3", null, "Blocked people"),
        h(
          "ul",
          { class: "people" },
          list.map((/** @type {any} */ { userId }) => {
            const person = client.person(userId).get();
            const end = () => client.unblock(userId).then(showBlocks, layers.fail);
            return h(
              "li",
              null,
              personAvatar(person, "small"),
              h("span", { class: "name", dir: "auto" }, person.name),
              button("Unblock", end, "text-button"),
            );
          }),
        ),
      );
    };
    showBlocks();
    return [
      h("section", null, h("fieldset", null, h("legend", null, "Theme"), themes)),
      h(
        "section",
        null,
        h("h3", null, "Notifications"),
        h(
          "label",
          { class: "choice" },
          notifications,
          h("span", null, "Notify me of new messages", h("small", null, "While this page is open in a tab")),
        ),
        hint,
        h(
          "label",
          { class: "choice" },
          onMention,
          h("span", null, "Mentions notify in muted chats", h("small", null, "On all of your devices")),
        ),
      ),
      blocks,
    ];
  });
}
