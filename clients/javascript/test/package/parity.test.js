// Both client libraries have a call for everything that users can ask the system for.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { callsOfJavaScript, callsOfRust, compare, lacking, present } from "../../scripts/parity.mjs";
import * as javascript from "../../src/calls.js";

test("both libraries have a call for each function", async () => {
  const rows = await present();
  assert.ok(rows.length > 35);
  assert.deepEqual(lacking(rows), []);
});

test("a function without a call is noticed, in each library", () => {
  const functions = {
    "pin-message": { routes: { PinMessage: "PUT /chats/{chatId}/messages/{seq}/pin" }, actions: ["pinMessage"] },
    "health": { routes: { Health: "GET /health" }, public: true },
    "connect": { actions: ["$connect"] },
  };
  const rust = callsOfRust(`pub fn pin(chat: &str, seq: Seq) -> Call<Pong> {
    of_message(Method::PUT, chat, seq, &["pin"], "pinMessage")
}
`);
  const js = callsOfJavaScript({ pin: (chat, seq) => ({ method: "PUT", path: `/chats/${chat}/messages/${seq}/pin` }) });
  assert.deepEqual(lacking(compare(functions, rust, js)), [
    "pin-message: clients/javascript/src/calls.js has no call for action pinMessage",
  ]);
  assert.deepEqual(lacking(compare(functions, new Map(), js)), [
    "pin-message: clients/rust/src/call.rs has no call for PUT /chats/{chatId}/messages/{seq}/pin",
    "pin-message: clients/rust/src/call.rs has no call for action pinMessage",
    "pin-message: clients/javascript/src/calls.js has no call for action pinMessage",
  ]);
});

test("each call of calls.js is used by the library", () => {
  const source = fileURLToPath(new URL("../../src/", import.meta.url));
  const others = readdirSync(source, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".js") && name !== "calls.js")
    .map((name) => readFileSync(source + name, "utf8"))
    .join("\n");
  const unused = Object.keys(javascript).filter((name) => !new RegExp(`\\b(calls\\.)?${name}\\(`).test(others));
  // `health` is for those who operate the system. `chat.setTyping` sends its frame without waiting for the reply, and
  // `chat.mute` is a change of the caller's view like the others.
  assert.deepEqual(unused.sort(), ["health", "muteChat", "typing", "unmuteChat"]);
});
