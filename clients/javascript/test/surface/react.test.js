import assert from "node:assert/strict";
import { after, test } from "node:test";
import { Window } from "happy-dom";
import { Client } from "../../src/client.js";
import {
  ChatProvider,
  useChat,
  useChats,
  useClient,
  useLink,
  usePerson,
  useReadable,
  useSend,
  useTimeline,
  useTyping,
  useUnreadTotal,
} from "../../src/react.js";
import { created, createFakeEngine, entry, group, message, pair, serve, settle, user } from "./fake-engine.js";

const window = new Window({ url: "http://localhost/" });
Object.assign(globalThis, { window, document: window.document, IS_REACT_ACT_ENVIRONMENT: true });
Object.defineProperty(globalThis, "navigator", { value: window.navigator, configurable: true });
const { StrictMode, act, createElement: h } = await import("react");
const { createRoot, hydrateRoot } = await import("react-dom/client");
const { renderToString } = await import("react-dom/server");
after(() => window.happyDOM.close());

function setUp() {
  const engine = createFakeEngine();
  const warnings = [];
  const client = new Client(engine, { logger: { warn: (...args) => warnings.push(args) } });
  const logIn = (chats = [entry(group("g")), entry(pair("p", "ben"), { user: user("ben") })]) => {
    serve(engine, group("g"), []);
    engine.logIn();
    engine.catchUp(chats);
  };
  return { engine, client, logIn };
}

/** Renders into a page. */
async function render(element) {
  const container = document.body.appendChild(document.createElement("div"));
  const root = createRoot(container);
  await act(async () => root.render(element));
  return { container, root, unmount: () => act(async () => root.unmount()) };
}
const wait = (ms) => act(() => new Promise((resolve) => setTimeout(resolve, ms)));

test("in StrictMode, where everything mounts twice, there is one connection, which ends with the last mount", async () => {
  const { engine, client } = setUp();
  const Status = () => useLink().status;
  const { container, unmount } = await render(h(StrictMode, null, h(ChatProvider, { client }, h(Status))));
  await wait(5);
  assert.ok(engine.starts >= 2, "React mounted twice");
  assert.deepEqual([engine.sockets, engine.stops], [1, 0]);
  assert.equal(container.textContent, "connecting");
  await unmount();
  await wait(5);
  assert.equal(engine.stops, 1);
});

test("a component renders again only when what it reads has changed", async () => {
  const { engine, client, logIn } = setUp();
  const renders = {};
  const counted = (name, use) => h(() => (use(), (renders[name] = (renders[name] ?? 0) + 1), null), { key: name });
  const parts = {
    chats: () => useChats(),
    chat: () => useChat("g"),
    other: () => useChat("p"),
    items: () => useTimeline("g"),
    typing: () => useTyping("g"),
    person: () => usePerson("ben"),
    total: () => useUnreadTotal(),
    link: () => useLink(),
    send: () => useSend("g"),
    members: () => useReadable(useClient().chat("g").members),
  };
  const elements = Object.entries(parts).map(([name, use]) => counted(name, use));
  await render(h(ChatProvider, { client }, ...elements));
  await act(async () => (logIn(), settle()));
  const changed = async (change) => {
    const before = { ...renders };
    await act(async () => (change(), settle()));
    return Object.keys(parts).filter((name) => renders[name] !== before[name]);
  };
  assert.deepEqual(await changed(() => engine.push(created(message("g", 1)))), [
    "chats",
    "chat",
    "items",
    "total",
    "members",
  ]);
  const receipt = { event: "receipt.updated", chatId: "g", data: { userId: "cleo", readSeq: 1 } };
  assert.deepEqual(await changed(() => engine.push(receipt)), ["items", "members"]);
  assert.deepEqual(await changed(() => engine.push(created(message("p", 1)))), ["chats", "other", "total"]);
  assert.deepEqual(
    await changed(() => engine.push({ event: "typing", chatId: "g", data: { userId: "cleo", state: "start" } })),
    ["typing"],
  );
  assert.deepEqual(await changed(() => engine.setLink({ status: "offline", isCaughtUp: false })), ["link"]);
  const presence = { userId: "zoe", status: "online", at: "2026-11-26T12:00:00.000Z" };
  assert.deepEqual(await changed(() => engine.push({ event: "presence.updated", data: presence })), []);
  assert.deepEqual(
    await changed(() => engine.push({ event: "presence.updated", data: { ...presence, userId: "ben" } })),
    ["person", "members"],
  );
  assert.deepEqual(await changed(() => client.chat("p").send("x")), []);
  assert.deepEqual(await changed(() => client.chat("g").send("x")), ["items"]);
  const before = renders.items;
  await act(async () => {
    for (let seq = 2; seq < 100; seq++) engine.push(created(message("g", seq)));
    await settle();
  });
  assert.equal(renders.items, before + 1, "one render for all events of a task");
});

test("a server renders the empty values, and neither connects nor asks", async () => {
  const { engine, client } = setUp();
  const Page = () => {
    const { items, hasOlder, isLoading } = useTimeline("g", { around: 7 });
    const { summary } = useChat("g");
    return JSON.stringify([useChats(), useLink().status, items, hasOlder, isLoading, !summary, usePerson("ben").name]);
  };
  const html = renderToString(h(ChatProvider, { client }, h(Page)));
  assert.equal(html.replaceAll("&quot;", '"'), '[[],"stopped",[],false,false,true,"ben"]');
  await settle();
  assert.deepEqual([engine.starts, engine.sockets, engine.requests.length], [0, 0, 0]);
});

test("a page takes over what a server rendered, also when the client knows more", async () => {
  const { client, logIn } = setUp();
  const List = () =>
    h(
      "p",
      null,
      useChats()
        .map(({ title }) => title)
        .join() || "none",
    );
  const page = h(ChatProvider, { client }, h(List));
  const container = document.body.appendChild(document.createElement("div"));
  container.innerHTML = renderToString(page);
  assert.equal(container.textContent, "none");
  logIn();
  const errors = [];
  await act(async () => void hydrateRoot(container, page, { onRecoverableError: (error) => errors.push(error) }));
  assert.deepEqual(errors, []);
  assert.equal(container.textContent, "Group g,ben");
});

test("a timeline opens its chat while it is mounted, sends, and jumps", async () => {
  const { engine, client } = setUp();
  const messages = Array.from({ length: 200 }, (_, index) => message("g", index + 1));
  const document = group("g", { seq: 200 });
  serve(engine, document, messages);
  engine.logIn();
  engine.catchUp([entry(document)]);
  client.start();
  const seen = {};
  const View = ({ around }) => {
    Object.assign(seen, useTimeline("g", { around }), { send: useSend("g") });
    return seen.items.map(({ key }) => key).join();
  };
  const view = (around) => h(StrictMode, null, h(ChatProvider, { client }, h(View, { around })));
  const { container, root, unmount } = await render(view());
  await act(settle);
  assert.deepEqual(engine.state.visible, ["g"]);
  assert.equal(seen.items.length, 50);
  assert.equal(engine.requests.filter(({ action }) => action === "listMessages").length, 1);
  const { send } = seen;
  await act(async () => void seen.send({ text: "hi", clientMessageId: "mine" }));
  assert.ok(container.textContent.endsWith(",mine"));
  await act(async () => (root.render(view(100)), settle()));
  assert.equal(seen.send, send);
  assert.equal(seen.hasNewer, true);
  assert.ok(container.textContent.includes("g:100"));
  assert.equal(engine.requests.filter(({ query }) => query?.around).length, 1);
  await unmount();
  assert.deepEqual(engine.state.visible, []);
});

test("the readers of a message are rendered when somebody reads it", async () => {
  const { engine, client, logIn } = setUp();
  const View = () => useTimeline("g").items.map(({ key, seenBy }) => `${key} ${seenBy.join("+")}`).join();
  const { container, unmount } = await render(h(ChatProvider, { client }, h(View)));
  await act(async () => (logIn(), settle()));
  await act(async () => (engine.push(created(message("g", 1))), settle()));
  assert.equal(container.textContent, "g:1 ben");
  const receipt = { event: "receipt.updated", chatId: "g", data: { userId: "cleo", readSeq: 1 } };
  await act(async () => (engine.push(receipt), settle()));
  assert.equal(container.textContent, "g:1 ben+cleo");
  await unmount();
});

test("a hook without a provider says what is missing", () => {
  assert.throws(() => renderToString(h(() => useLink().status)), /<ChatProvider>/);
});
