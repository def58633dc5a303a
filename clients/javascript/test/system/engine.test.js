// Two engines talk through the real system.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { after, before, describe, test } from "node:test";
import { WebSocket } from "ws";
import { createChat, deleteMessage, editMessage, getMe, markSeen, reactToMessage } from "../../src/calls.js";
import { createEngine } from "../../src/engine/index.js";
import { getToken, newUser, startSystem, stopAll } from "../browser/harness.js";
import { recorder } from "../engine/helpers.js";

describe("two engines against the real system", () => {
  /** @type {Awaited<ReturnType<typeof startSystem>>} */
  let system;
  /** @type {ReturnType<typeof createEngine>[]} */
  const engines = [];

  before(async () => {
    system = await startSystem();
  });
  after(async () => {
    for (const engine of engines) engine.stop();
    await stopAll();
  });

  function start(userId, options = {}) {
    const { httpUrl, webSocketUrl } = system;
    const token = () => getToken(system, userId);
    const engine = createEngine({ httpUrl, webSocketUrl, token, WebSocket, ...options });
    engines.push(engine);
    engine.start();
    return { engine, updates: recorder(engine) };
  }

  const pair = async (options) => {
    const names = [newUser("ann"), newUser("ben")];
    const [ann, ben] = names.map((name) => start(name, options));
    await Promise.all([ann, ben].map(({ updates }) => updates.until((update) => update.type === "caughtUp")));
    const { chat } = await ann.engine.request(createChat({ isGroup: false, participants: [names[1]] }));
    await ben.updates.until(({ event }) => event?.event === "chat.created");
    return { ann, ben, names, id: chat.chatId };
  };
  const texts = (engine, id) => engine.state.chat(id).messages.map(({ content }) => content);
  const isMessage = (content) => (update) =>
    update.event?.event === "message.created" && update.event.data.content === content;

  test("messages, changes, reactions and read positions reach the other one in order", async () => {
    const { ann, ben, id } = await pair();
    const sent = Array.from({ length: 5 }, (_, index) => `message ${index}`);
    for (const content of sent) ann.engine.send(id, { content });
    await ben.updates.until(isMessage("message 4"));
    assert.deepEqual(texts(ben.engine, id), sent);
    await ann.updates.until(({ type }) => type === "sent", 5);
    assert.deepEqual(texts(ann.engine, id), sent);
    assert.deepEqual(ann.engine.outbox, []);
    await ann.engine.request(editMessage(id, 1, { content: "edited" }));
    await ben.engine.request(reactToMessage(id, 2, ["👍"]));
    await ann.engine.request(deleteMessage(id, 3, "everyone"));
    await ben.engine.request(markSeen(id, 5));
    await ann.updates.until(({ event }) => event?.event === "receipt.updated");
    await ben.updates.until(({ event }) => event?.data?.deletedAt);
    for (const { engine } of [ann, ben]) {
      assert.deepEqual(texts(engine, id), ["edited", "message 1", "", "message 3", "message 4"]);
      assert.equal(engine.state.chat(id).message(2).reactions[0].emoji, "👍");
    }
    assert.equal(ben.engine.state.chat(id).unread(ben.engine.me), 0);
  });

  test("a file goes with its message, and its bytes come back", async () => {
    const { ann, ben, id } = await pair();
    const file = new Blob(["The minutes of the meeting."], { type: "text/plain" });
    const attachment = { type: "file", fileName: "minutes.txt", contentType: "text/plain" };
    ann.engine.send(id, { type: "file", content: "Minutes" }, { file, attachment });
    await ben.updates.until(isMessage("Minutes"));
    const download = await ben.engine.download(id, 1);
    assert.equal(await download.blob.text(), "The minutes of the meeting.");
    assert.equal(download.attachment.fileName, "minutes.txt");
  });

  test("a token that expires in the conversation is renewed before its end, and nothing is lost", async () => {
    const reasons = [];
    const tokenOf = (name) => (reason) => (reasons.push(reason), getToken(system, name, 3));
    const names = [newUser("ann"), newUser("ben")];
    const [ann, ben] = names.map((name) => start(name, { token: tokenOf(name) }));
    await Promise.all([ann, ben].map(({ updates }) => updates.until((update) => update.type === "caughtUp")));
    const { chat } = await ann.engine.request(createChat({ isGroup: false, participants: [names[1]] }));
    await ben.updates.until(({ event }) => event?.event === "chat.created");
    const sent = [];
    const end = Date.now() + 8000;
    while (Date.now() < end) {
      sent.push(`${sent.length}`);
      ann.engine.send(chat.chatId, { content: `${sent.length - 1}` });
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
    await ben.updates.until(isMessage(sent.at(-1)));
    assert.deepEqual(texts(ben.engine, chat.chatId), sent);
    assert.ok(reasons.filter((reason) => reason === "expiring").length >= 4, reasons.join());
    assert.ok(!ben.updates.all.some(({ link }) => link?.status === "offline"));
  });

  // Without the time-out it would pass when the process ends by the timer of the next ping, after 4 min.
  test("a program that stops its engine ends by itself", { timeout: 60_000 }, async () => {
    const script = `
      import { createEngine } from ${JSON.stringify(new URL("../../src/engine/index.js", import.meta.url).href)};
      import { WebSocket } from "ws";
      const [httpUrl, webSocketUrl, token] = process.argv.slice(1);
      const engine = createEngine({ httpUrl, webSocketUrl, token: async () => token, WebSocket });
      engine.subscribe(({ type }) => {
        if (type !== "caughtUp") return;
        engine.stop();
        console.log("stopped");
      });
      engine.start();`;
    const name = newUser("ann");
    const args = [system.httpUrl, system.webSocketUrl, await getToken(system, name)];
    const cwd = fileURLToPath(new URL(".", import.meta.url));
    const child = spawn(process.execPath, ["--input-type=module", "-e", script, ...args], {
      cwd,
      stdio: ["ignore", "pipe", "inherit"],
    });
    let output = "";
    child.stdout.on("data", (chunk) => (output += chunk));
    const code = await new Promise((resolve) => child.on("exit", resolve));
    assert.deepEqual([output.trim(), code], ["stopped", 0]);
  });

  test("a token that is refused leads to a new one, over HTTP and over the socket", async () => {
    const name = newUser("ann");
    const tokens = [await getToken(system, name, 1), await getToken(system, name)];
    const good = tokens[1];
    await new Promise((resolve) => setTimeout(resolve, 1500));
    const { engine, updates } = start(name, { tabs: false, token: async () => tokens.shift() ?? good });
    await updates.until((update) => update.type === "caughtUp");
    assert.equal((await engine.request(getMe())).user.userId, name);
    assert.ok(updates.all.some(({ link }) => link?.isTokenError));
  });
});
