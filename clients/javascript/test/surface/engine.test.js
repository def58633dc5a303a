// Clients with the real engine, against a server in memory that loses what it can.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createClient } from "../../src/index.js";
import { FakeServer, SILENCE } from "../engine/fake-server.js";

test("a start right after a stop keeps the connection, and the last stop ends it", async () => {
  const server = new FakeServer();
  const client = createClient(server.options("ann"));
  await server.clock.advance(60_000);
  assert.equal(server.handshakes.length, 0, "nothing before the start");
  const stop = client.start();
  await server.clock.until(() => client.link.get().isCaughtUp);
  stop();
  const again = client.start();
  await server.clock.advance(60_000);
  assert.deepEqual([server.handshakes.length, server.open.length], [1, 1]);
  again();
  await server.clock.advance(1000);
  assert.deepEqual([client.link.get().status, server.open.length], ["stopped", 0]);
});

test("a row never doubles and never vanishes on its way, whatever the network does", async () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant("send") }),
    fc.record({ kind: fc.constant("hear"), isLost: fc.boolean() }),
    fc.record({ kind: fc.constant("cut") }),
    fc.record({ kind: fc.constant("silence") }),
    fc.record({ kind: fc.constant("wait"), ms: fc.nat(2000) }),
  );
  const property = fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
    const server = new FakeServer();
    server.chat("c", "ann", "bob");
    const client = createClient(server.options("ann"));
    const stop = client.start();
    await server.clock.until(() => client.link.get().isCaughtUp);
    const chat = client.chat("c");
    const { items } = chat.timeline();
    const keys = () => items.get().map(({ key }) => key);
    const sent = [];
    const look = () => {
      const shown = keys();
      assert.equal(new Set(shown).size, shown.length, `twice: ${shown}`);
      for (const { name } of sent) assert.ok(shown.includes(name), `${name} is not there: ${shown}`);
    };
    items.subscribe(look);
    for (const { kind, isLost, ms } of steps) {
      if (kind === "send") sent.push(chat.send(`text ${sent.length}`));
      if (kind === "hear") server.say("c", "bob", "hi", { isLost });
      if (kind === "cut") server.cut();
      // The next reply to a send is lost: the message is stored all the same.
      if (kind === "silence")
        server.script = (request) => {
          if (request.name !== "sendMessage") return;
          server.script = () => undefined;
          const { chatId, content, clientMessageId } = request.fields;
          server.say(chatId, "ann", content, { clientMessageId, except: request.socket });
          return SILENCE;
        };
      if (kind === "wait") await server.clock.advance(ms);
      look();
    }
    server.script = () => undefined;
    // The last event may be lost: the next connection finds out.
    server.cut();
    await server.clock.until(() => sent.every(({ state }) => state === "stored") && client.link.get().isCaughtUp);
    await server.clock.advance(120_000);
    look();
    const { messages } = server.chats.get("c");
    assert.deepEqual(
      items.get().map(({ message }) => message.seq),
      messages.map(({ seq }) => seq),
    );
    assert.deepEqual(
      sent.map(({ name }) => name),
      messages.filter(({ senderId }) => senderId === "ann").map(({ clientMessageId }) => clientMessageId),
      "in the order in which they were written, once",
    );
    assert.ok((await Promise.all(sent.map(({ stored }) => stored))).every(({ seq }) => seq > 0));
    stop();
  });
  await fc.assert(property, { numRuns: 150 });
});
