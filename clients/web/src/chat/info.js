// The details of a chat: a person, or a group with its settings and members.
import { button, h, icon, iconButton, keyed, put, watch } from "../dom.js";
import { avatarKey, chatAvatar, personAvatar } from "../avatar.js";
import { createPeoplePicker } from "../inbox/people-picker.js";
import { prepareFile } from "../media/prepare.js";
import { Refusal } from "../text/errors.js";
import { fullDate, lastSeen } from "../text/time.js";
import { customData } from "./row.js";

const MAX_NAME_CHARS = 100;
const MAX_TOPIC_CHARS = 500;
const LEVELS = [
  ["all", "All messages"],
  ["mentions", "Only messages that mention me"],
  ["none", "Nothing"],
];

/** @param {any} ctx @param {any} chat */
export function openInfo(ctx, chat) {
  const summary = chat.summary.get();
  if (!summary) return;
  const { layers, client } = ctx;
  const tell = async (/** @type {Promise<any>} */ request) => {
    try {
      await request;
      return true;
    } catch (error) {
      layers.fail(error);
      return false;
    }
  };

  layers.dialog(
    summary.isGroup ? "Group details" : "Details",
    (/** @type {() => void} */ close, /** @type {AbortSignal} */ signal) => {
      return summary.isGroup ? group(close, signal) : person(signal);
    },
  );

  /** @param {AbortSignal} signal */
  function person(signal) {
    const notify = notifySection(signal);
    const head = h("section");
    const block = h("section");
    let shownBlock = "";
    const show = () => {
      const now = chat.summary.get();
      const other = client.person(summary.otherUserId).get();
      put(
        head,
        h(
          "div",
          { class: "head" },
          personAvatar(other, "large", true),
          h(
            "div",
            null,
            h("b", { dir: "auto" }, other.name),
            h("p", { class: "hint" }, other.id),
            h(
              "p",
              { class: "hint" },
              other.status === "online" ? "online" : other.lastSeen ? lastSeen(other.lastSeen) : "",
            ),
          ),
        ),
        customData(other.custom),
      );
      // A button that is made anew loses the focus.
      const key = JSON.stringify([now?.blocked, other.name]);
      if (key === shownBlock) return;
      shownBlock = key;
      put(
        block,
        now?.blocked
          ? button("Unblock", () => tell(client.unblock(other.id)))
          : button(`Block ${other.name}`, () => tell(client.block(other.id)), "button danger"),
      );
    };
    watch(client.person(summary.otherUserId), show, signal);
    watch(chat.summary, show, signal);
    return [head, notify, block];
  }

  /** Which messages notify. @param {AbortSignal} signal */
  function notifySection(signal) {
    const set = h("fieldset", null, h("legend", null, "Notifications"));
    const until = h("p", { class: "hint" });
    const inputs = LEVELS.map(([level, label]) => {
      const input = h("input", {
        type: "radio",
        name: "notify",
        value: level,
        onchange: () => tell(chat.setNotify(level)),
      });
      set.append(h("label", { class: "choice" }, input, label));
      return input;
    });
    watch(
      chat.summary,
      (/** @type {any} */ now) => {
        for (const input of inputs) input.checked = input.value === (now?.muted ? "none" : now?.notify);
        until.hidden = !now?.mutedUntil;
        if (now?.mutedUntil) put(until, `Muted until ${fullDate(now.mutedUntil)}.`);
      },
      signal,
    );
    return h("section", null, set, until);
  }

  /** @param {() => void} close @param {AbortSignal} signal */
  function group(close, signal) {
    const head = h("div", { class: "head" });
    const data = h("div");
    const name = h("input", { class: "input", type: "text", maxlength: MAX_NAME_CHARS, dir: "auto", required: true });
    const topic = h("input", {
      class: "input",
      type: "text",
      maxlength: MAX_TOPIC_CHARS,
      dir: "auto",
      placeholder: "What the group is about",
    });
    const members = h("ul", { class: "people" });
    const count = h("h3");
    const addPlace = h("div");
    const picker = h("input", {
      type: "file",
      accept: "image/png,image/jpeg,image/webp,image/gif",
      class: "visually-hidden",
      tabindex: -1,
      "aria-hidden": "true",
    });
    const noAvatar = button("Remove picture", () => tell(chat.setAvatar(null)), "text-button");
    picker.addEventListener("change", async () => {
      const [file] = picker.files;
      picker.value = "";
      if (!file) return;
      try {
        const { file: image, ...about } = await prepareFile(file);
        if (about.type !== "image")
          throw new Refusal("That is not an image that can be shown. Choose a PNG, JPEG, WebP or GIF.");
        await chat.setAvatar(image, about);
      } catch (error) {
        layers.fail(error);
      }
    });
    const field = (
      /** @type {string} */ label,
      /** @type {any} */ input,
      /** @type {(value: string) => Promise<any>} */ save,
    ) => {
      const button = h("button", { type: "submit", class: "button" }, "Save");
      return h(
        "form",
        {
          class: "pair-form",
          onsubmit: async (/** @type {Event} */ event) => {
            event.preventDefault();
            button.disabled = true;
            if (await tell(save(input.value.trim()))) layers.toast("Saved.");
            button.disabled = false;
          },
        },
        h("div", { class: "pair" }, h("label", { class: "field" }, h("span", null, label), input), button),
      );
    };
    const nameForm = field("Name", name, (value) => chat.rename(value));
    const topicForm = field("Topic", topic, (value) => chat.setTopic(value || null));
    let isFirst = true;
    let shownHead = "";
    // Rows that stay keep the focus.
    const rows = keyed(members, (/** @type {any} */ { member, amAdmin }) => ({
      node: memberRow(member, amAdmin),
      update() {},
    }));
    const show = () => {
      const now = chat.summary.get();
      // The user left, or was removed.
      if (!now) return close();
      const looks = JSON.stringify([avatarKey(ctx, now), now.topic, now.closed]);
      if (looks !== shownHead) {
        shownHead = looks;
        put(
          head,
          chatAvatar(ctx, now, "large"),
          h(
            "div",
            null,
            h("b", { dir: "auto" }, now.title),
            now.topic && h("p", { class: "hint", dir: "auto" }, now.topic),
            h("p", { class: "hint" }, `Created on ${fullDate(now.createdAt)}`),
            !now.closed &&
              h(
                "p",
                null,
                button("Change picture", () => picker.click(), "text-button"),
                now.avatar && [" · ", noAvatar],
              ),
          ),
        );
      }
      put(data, customData(now.custom));
      if (isFirst) {
        name.value = now.title;
        topic.value = now.topic ?? "";
        isFirst = false;
      }
      put(count, `${now.participantCount} members`);
      const hadFocus = members.contains(layers.focused());
      rows.render(
        chat.members.get().map((/** @type {any} */ member) => {
          const { id, isAdmin, person } = member;
          const key = JSON.stringify([id, now.isAdmin, isAdmin, person.name, person.status, person.avatarUrl]);
          return { key, member, amAdmin: now.isAdmin };
        }),
      );
      // The row that had it may be gone.
      if (hadFocus) layers.giveBack();
    };
    /** @param {any} member @param {boolean} amAdmin */
    function memberRow({ id, person, isAdmin }, amAdmin) {
      const isMe = id === ctx.me();
      const more = iconButton(
        "more",
        `Actions for ${person.name}`,
        () =>
          layers.menu(
            more,
            [
              !isMe && {
                label: "Write a message",
                icon: "edit",
                run: async () =>
                  (await tell(
                    client.createChat({ with: id }).then((/** @type {any} */ made) => ctx.router.openChat(made.id)),
                  )) && close(),
              },
              amAdmin && {
                label: isAdmin ? "Take admin rights back" : "Make admin",
                icon: "people",
                run: () => tell(chat.setAdmin(id, !isAdmin)),
              },
              amAdmin &&
                !isMe && { label: "Remove from group", icon: "trash", danger: true, run: () => tell(chat.remove(id)) },
            ],
            `Actions for ${person.name}`,
          ),
        { "aria-haspopup": "menu" },
      );
      return h(
        "li",
        null,
        personAvatar(person, "small", true),
        h("span", { class: "name", dir: "auto" }, isMe ? `${person.name} (you)` : person.name),
        isAdmin && h("small", null, "admin"),
        (!isMe || amAdmin) && more,
      );
    }
    const people = createPeoplePicker(ctx, {
      label: "Add people",
      exclude: () => chat.members.get().map((/** @type {any} */ { id }) => id),
    });
    const addButton = h(
      "button",
      {
        class: "button",
        onclick: async () => people.chosen().length && (await tell(chat.add(people.chosen()))) && people.clear(),
      },
      "Add",
    );
    put(addPlace, people.node, h("div", { class: "buttons" }, addButton));
    const leave = h(
      "button",
      {
        class: "button danger",
        onclick: () => tell(chat.leave().then(() => (close(), ctx.router.home()))),
      },
      icon("leave"),
      "Leave group",
    );
    watch(chat.members, show, signal);
    watch(chat.summary, show, signal);
    const notify = notifySection(signal);
    return [
      h("section", null, head, data, picker),
      h("section", null, nameForm, topicForm),
      notify,
      h("section", null, count, members),
      !summary.closed && h("section", null, addPlace),
      h("section", null, leave),
    ];
  }
}
