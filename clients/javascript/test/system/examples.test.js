// What the documentation prints runs as it is printed, but on free ports: the quick start of the README, and the bot.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import * as helpers from "./helpers.js";

const home = fileURLToPath(new URL("../../", import.meta.url));

/** @type {helpers.System} */
let system;
before(async () => {
  system = await helpers.startSystem();
});
after(helpers.stopAll);

/** Starts a program of Node.js. Node.js 20 gets a WebSocket. @param {string} file @param {Record<string, string>} [env] */
function start(file, env) {
  const shim = join(home, "test/system/websocket.js");
  const child = spawn(process.execPath, ["--import", shim, file], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  return { child, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator](), ended: new Promise((resolve) => child.once("exit", resolve)) };
}

test("the quick start of README.md", async () => {
  const readme = await readFile(join(home, "README.md"), "utf8");
  const [, printed] = /## Quick start[^]*?```js\n([^]*?)```/.exec(readme) ?? [];
  assert.ok(printed, "README.md has a quick start");
  assert.ok(printed.trim().split("\n").length <= 20, `${printed.trim().split("\n").length} lines`);
  const ports = {
    "http://127.0.0.1:3000": system.httpUrl,
    "ws://127.0.0.1:3001/live": system.webSocketUrl,
    "http://127.0.0.1:3002": system.authUrl,
  };
  let script = printed;
  for (const [local, free] of Object.entries(ports)) {
    assert.ok(script.includes(local), `${local} is in the quick start`);
    script = script.replaceAll(local, free);
  }
  const directory = await mkdtemp(join(home, "test/system/quick-start-"));
  try {
    await writeFile(join(directory, "chat.mjs"), script);
    const { lines, ended } = start(join(directory, "chat.mjs"));
    const output = [];
    for await (const line of lines) output.push(line);
    assert.equal(await ended, 0, output.join("\n"));
    const [, expected] = /It prints:\n+```\n([^]*?)```/.exec(readme) ?? [];
    assert.equal(output.join("\n"), expected?.trim());
  } finally {
    await rm(directory, { recursive: true });
  }
});

test("the bot answers, also two chats at once, and ends by Ctrl-C", async (t) => {
  const [echo, alice, carol] = ["echo", "alice", "carol"].map(helpers.newUser);
  const network = await helpers.startNetwork(system.webSocketUrl);
  const { child, lines, ended } = start(join(home, "examples/node-bot/bot.js"), {
    HTTP_URL: system.httpUrl, WS_URL: network.url, AUTH_URL: system.authUrl, BOT: echo,
  });
  t.after(() => child.kill());
  const prints = async (/** @type {string} */ status) => {
    for (let line; line !== status; ) {
      const { value, done } = await lines.next();
      assert.ok(!done, `the bot ended, and did not print ${status}`);
      line = value;
    }
  };
  await prints("online");
  const client = helpers.clientOf(system, alice);
  t.after(client.start());
  const chat = await client.createChat({ with: echo });
  const close = chat.open();
  const { items } = chat.timeline();
  await chat.send("Is there an echo?").stored;
  const shown = await helpers.until(items, (all) => all.length === 2);
  assert.deepEqual(shown.map(({ message }) => message.content), ["Is there an echo?", "Is there an echo?"]);
  assert.equal(shown[1]?.message.senderId, echo);
  assert.equal(shown[1]?.message.replyTo, 1);
  await helpers.until(chat.members, (members) => members.some(({ id, readSeq }) => id === echo && readSeq >= 1));
  close();

  // The third message of each chat comes while the bot is away: both events come with one answer.
  const other = helpers.clientOf(system, carol);
  t.after(other.start());
  const second = await other.createChat({ with: echo });
  const rows = (/** @type {any} */ from, /** @type {number} */ count) =>
    helpers.until(from.timeline().items, (all) => all.length === count);
  await second.send("One").stored;
  await rows(second, 2);
  await network.down();
  await prints("offline");
  await Promise.all([chat.send("Two").stored, second.send("Two").stored]);
  await network.up();
  for (const from of [chat, second]) {
    const { message } = (await rows(from, 4))[3];
    assert.deepEqual([message.senderId, message.content, message.replyTo], [echo, "Two", 3]);
  }
  child.kill("SIGINT");
  assert.equal(await ended, 0);
});
