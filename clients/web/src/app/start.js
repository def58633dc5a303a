// The application in a page: the inbox and a chat, for one user.
import { createClient } from "../../../javascript/src/index.js";
import { indexedDBStorage } from "../../../javascript/src/indexeddb.js";
import { createChatView, showNoChat } from "../chat/view.js";
import { button, h, nothing, put, watch } from "../dom.js";
import { createInbox } from "../inbox/inbox.js";
import { openNewChat } from "../inbox/new-chat.js";
import { createRouter } from "../router.js";
import { createBanner } from "./banner.js";
import { createContext } from "./context.js";
import { followMessages } from "./notifications.js";
import { createSettings } from "./settings.js";
import { followTitle } from "./title.js";
import { followViewport } from "./viewport.js";

/**
 * Shows the application in an element, until the function that is returned is called.
 * @param {HTMLElement} root
 * @param {{ httpUrl: string, webSocketUrl: string, token: any, user?: string, suggestions?: string[], signIn?(): void, signOut?(): void }} options
 *   `user`: the id of the user. Without it, drafts last as long as the page; `suggestions`: the ids of people to begin a chat with
 */
export function startApp(root, { httpUrl, webSocketUrl, token, user, suggestions, signIn, signOut }) {
  const controller = new AbortController();
  const { signal } = controller;
  const client = createClient({ httpUrl, webSocketUrl, token, userId: user, storage: indexedDBStorage() });
  const stop = client.start();
  const settings = createSettings(document.documentElement, signal);
  const app = h("div", { class: "app" });
  const router = createRouter((route) => {
    // A dialog is about what was shown before.
    for (const dialog of app.querySelectorAll("dialog")) dialog.close();
    show(route);
  }, signal);
  root.append(app);
  const ctx = createContext({
    client,
    root: app,
    scope: user && `${user}@${webSocketUrl}`,
    settings,
    router,
    suggestions,
    signIn: signIn ?? (() => location.reload()),
    signOut,
  });
  const inbox = createInbox(ctx, signal);
  const place = h("main", { class: "chat-place" });
  app.prepend(inbox.node, place, createBanner(ctx, signal), ctx.live.node);
  /** @type {any} */
  let view;
  /** @type {string | undefined} */
  let shown;

  /** @param {import("../router.js").Route} route */
  function show({ view: name, chatId }) {
    app.dataset.view = name;
    if (name === "chat" && shown === chatId) return;
    const hadFocus = !!shown;
    view?.destroy();
    view = undefined;
    shown = chatId;
    if (chatId) {
      view = createChatView(ctx, chatId);
      put(place, view.node);
      checkChat();
      // On a touch screen, the focus would open the keyboard.
      if (matchMedia("(pointer: fine)").matches) view?.composer.focus();
    } else {
      put(
        place,
        nothing(
          "Choose a chat",
          "Or begin one with somebody new.",
          button("New chat", () => openNewChat(ctx)),
        ),
      );
      if (hadFocus) inbox.focus();
    }
    inbox.render();
  }

  /** A chat that this user is not in (any more) is told to be away. */
  function checkChat() {
    if (!shown || !client.link.get().isCaughtUp || client.chat(shown).summary.get()) return;
    showNoChat(ctx, place, view, h("a", { class: "button", href: "#/" }, "Back to chats"));
    view = undefined;
  }
  watch(client.link, checkChat, signal);
  client.on("chat.left", checkChat, { signal });
  client.on(
    "chat.created",
    ({ chatId }) => {
      if (chatId !== shown || view) return;
      shown = undefined;
      show(router.route);
    },
    { signal },
  );

  followTitle(ctx, signal);
  followMessages(ctx, signal);
  followViewport(app, signal);
  router.start();
  return () => {
    view?.destroy();
    controller.abort();
    stop();
    app.remove();
  };
}
