// The list of chats: search by name, the archive, what can be done from here.
import { button, h, icon, iconButton, keyed, put, setText, watch } from "../dom.js";
import { openProfile, openSettings } from "../app/profile.js";
import { onMidnight } from "../text/time.js";
import { openNewChat } from "./new-chat.js";
import { createChatRow } from "./row.js";

/** @param {any} ctx @param {AbortSignal} signal */
export function createInbox(ctx, signal) {
  const { client, router, layers } = ctx;
  let isArchive = false;
  const title = h("h1", null, "Chats");
  const search = h("input", {
    class: "input",
    type: "search",
    placeholder: "Search by name",
    "aria-label": "Search by name",
    dir: "auto",
  });
  const list = h("ul", { "aria-label": "Chats" });
  const none = h("p", { class: "none", hidden: true });
  const archiveCount = h("span", { class: "count" });
  const archive = h(
    "button",
    { class: "archive-link", hidden: true, onclick: () => showArchive(true) },
    icon("archive"),
    h("span", null, "Archived"),
    archiveCount,
  );
  const back = iconButton("back", "Back to chats", () => showArchive(false), { hidden: true });
  const add = iconButton("plus", "New chat", () => openNewChat(ctx));
  const more = iconButton(
    "more",
    "Menu",
    () =>
      layers.menu(
        more,
        [
          { label: "Profile", icon: "people", run: () => openProfile(ctx) },
          { label: "Settings", icon: "bell", run: () => openSettings(ctx) },
          { label: "Archived chats", icon: "archive", run: () => showArchive(true) },
          ctx.signOut && { label: "Sign out", icon: "leave", run: ctx.signOut },
        ],
        "Menu",
      ),
    { "aria-haspopup": "menu" },
  );
  const node = h(
    "nav",
    { class: "inbox", "aria-label": "Chats" },
    h("header", null, back, title, add, more),
    h("div", { class: "search" }, search),
    h("div", { class: "chats" }, list, none, archive),
  );
  const rows = keyed(list, (entry) => createChatRow(ctx, entry));

  /** The row that Tab reaches. The arrows reach the others. @type {HTMLElement | null | undefined} */
  let tabStop;
  /** @param {HTMLElement | null} link */
  function setTabStop(link) {
    if (tabStop) tabStop.tabIndex = -1;
    tabStop = link;
    if (link) link.tabIndex = 0;
  }
  list.addEventListener("focusin", (/** @type {any} */ { target }) => target.matches("a") && setTabStop(target));

  /** @param {boolean} isShown */
  function showArchive(isShown) {
    isArchive = isShown;
    back.hidden = !isShown;
    setText(title, isShown ? "Archived" : "Chats");
    render();
  }

  function render() {
    const archived = client.archived.get();
    const query = search.value.trim().toLocaleLowerCase();
    const all = isArchive ? archived : query ? [...client.chats.get(), ...archived] : client.chats.get();
    const found = all.filter(
      (/** @type {any} */ { title: name, otherUserId = "" }) =>
        name.toLocaleLowerCase().includes(query) || otherUserId.toLocaleLowerCase().includes(query),
    );
    const current = router.route.chatId;
    rows.render(
      found.map((/** @type {any} */ summary) => ({ key: summary.id, summary, isCurrent: summary.id === current })),
    );
    if (!tabStop?.isConnected) setTabStop(list.querySelector("[aria-current]") ?? list.querySelector("a"));
    const { isCaughtUp } = client.link.get();
    none.hidden = found.length > 0 || (!isCaughtUp && !query);
    put(
      none,
      query
        ? "No chat has this name. Try another one, or begin a new chat."
        : isArchive
          ? "Nothing is archived."
          : ["No chats yet. ", button("Begin one", () => openNewChat(ctx), "text-button")],
    );
    archive.hidden = isArchive || !!query || !archived.length;
    setText(archiveCount, String(archived.length));
  }
  search.addEventListener("input", render);
  search.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    if (event.key === "Enter") {
      const first = /** @type {HTMLElement | null} */ (list.querySelector("a"));
      first?.click();
    } else if (event.key === "ArrowDown") {
      /** @type {HTMLElement | null} */ (list.querySelector("a"))?.focus();
      event.preventDefault();
    } else if (event.key === "Escape" && search.value) {
      search.value = "";
      render();
    }
  });
  list.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    const links = /** @type {HTMLElement[]} */ ([...list.querySelectorAll("a")]);
    const index = links.indexOf(/** @type {any} */ (event.target));
    if (index < 0) return;
    const step = { ArrowDown: index + 1, ArrowUp: index - 1, Home: 0, End: links.length - 1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    if (step < 0) search.focus();
    else links[Math.min(step, links.length - 1)].focus();
  });
  watch(client.chats, render, signal);
  watch(client.archived, render, signal);
  watch(client.link, render, signal);
  ctx.drafts.onChange(render, signal);
  onMidnight(render, signal);
  signal.addEventListener("abort", () => rows.clear());
  return { node, render, focus: () => (list.querySelector("a") ?? add).focus({ preventScroll: true }) };
}
