// What is typed and not sent yet, without a browser.
import assert from "node:assert/strict";
import { test } from "node:test";
import { MAX_UNFINISHED, createDrafts } from "../src/app/drafts.js";

/** A storage of texts, as browsers have it: its keys are its properties. */
class FakeStorage {
  /** @param {string} key */
  getItem(key) {
    return /** @type {any} */ (this)[key] ?? null;
  }
  /** @param {string} key @param {string} text */
  setItem(key, text) {
    /** @type {any} */ (this)[key] = text;
  }
  /** @param {string} key */
  removeItem(key) {
    delete (/** @type {any} */ (this)[key]);
  }
}

/** @param {import("node:test").TestContext} t */
function useStorage(t) {
  const storage = new FakeStorage();
  const before = Object.getOwnPropertyDescriptor(globalThis, "localStorage");
  Object.defineProperty(globalThis, "localStorage", { value: storage, configurable: true });
  t.after(() => {
    if (before) Object.defineProperty(globalThis, "localStorage", before);
    else delete (/** @type {any} */ (globalThis).localStorage);
  });
  return storage;
}

test("a draft is kept per user and chat, and one that cannot be read hides no other", (t) => {
  const storage = useStorage(t);
  createDrafts("alice@wss://chat").set("one", { text: "hello" });
  storage.setItem("lambda-chat/draft/alice@wss://chat/broken", "{");
  createDrafts("alice@wss://chat").set("two", { text: "and you" });
  const drafts = createDrafts("alice@wss://chat");
  assert.deepEqual([drafts.get("one")?.text, drafts.get("two")?.text, drafts.get("broken")], ["hello", "and you", undefined]);
  assert.equal(createDrafts("bob@wss://chat").get("one"), undefined);
  drafts.set("one", { text: "  " });
  assert.equal(createDrafts("alice@wss://chat").get("one"), undefined);
});

test("nothing is stored where the user is not known", (t) => {
  const storage = useStorage(t);
  const drafts = createDrafts();
  drafts.set("one", { text: "for my eyes" });
  assert.equal(drafts.get("one")?.text, "for my eyes");
  assert.deepEqual(Object.keys(storage), []);
});

test("edits and files wait in a bounded number of chats, and previews of those that are dropped are let go of", (t) => {
  const forgotten = t.mock.method(URL, "revokeObjectURL", () => {}).mock;
  const drafts = createDrafts();
  const files = (/** @type {string} */ url) => [{ prepared: /** @type {any} */ ({}), url }];
  for (let n = 0; n <= MAX_UNFINISHED; n++) drafts.keep(`chat ${n}`, { text: "", files: files(`blob:${n}`) });
  assert.equal(drafts.kept("chat 0"), undefined);
  assert.deepEqual(forgotten.calls.map(({ arguments: [url] }) => url), ["blob:0"]);
  assert.ok(drafts.kept("chat 1") && drafts.kept(`chat ${MAX_UNFINISHED}`));
  // A chat in which nothing waits any more takes no place.
  drafts.keep("chat 1", { text: "typed", files: [] });
  assert.equal(drafts.kept("chat 1"), undefined);
  drafts.keep("chat new", { text: "", files: files("blob:new") });
  assert.ok(drafts.kept("chat 2"));
});
