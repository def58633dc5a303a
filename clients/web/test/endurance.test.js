// Connections that are killed, a history of 5,000 messages, answers that do not come.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  apiOf,
  assertClean,
  browser,
  createNetwork,
  frames,
  logState,
  measured,
  newContext,
  newUser,
  open,
  privateChat,
  rowOf,
  sendTexts,
  system,
  type,
  until,
  useSystem,
} from "./harness.js";

useSystem();

test("two windows talk through a killed socket, and nothing is missed or doubled", async (t) => {
  const [alice, bob] = [newUser("alice"), newUser("bob")];
  const chat = await privateChat(system, alice, bob);
  const [one, two] = [await newContext(browser), await newContext(browser)];
  const network = await createNetwork(one, system);
  const first = await open(one, system, alice, chat);
  const second = await open(two, system, bob, chat);
  const expected = [];
  for (let round = 0; round < 6; round++) {
    await type(first, `alice ${round}`);
    if (round % 2) await network.cut();
    await type(second, `bob ${round}`);
    expected.push(`alice ${round}`, `bob ${round}`);
  }
  for (const page of [first, second])
    await until(
      page,
      (count) => document.querySelectorAll('.message[data-state="stored"]').length === count,
      expected.length,
    );
  const [a, b] = await Promise.all([first, second].map((page) => page.locator(".message .text").allTextContents()));
  assert.deepEqual(a, b);
  assert.deepEqual([...a].sort(), expected.sort());
  await until(first, () => document.querySelectorAll(".ticks.seen").length === 6);
  measured(t, `${a.length} messages in the same order in both windows, 3 sockets killed; all were seen`);
  assertClean(one);
  assertClean(two);
});

test("5,000 messages are scrolled with at most 300 rows, and without a layout per row", async (t) => {
  const [alice, bob] = [newUser("alice"), newUser("bob")];
  const chat = await privateChat(system, alice, bob);
  const [api, other] = [apiOf(system, alice), apiOf(system, bob)];
  const count = 5000;
  const sendAll = async (/** @type {any} */ send, /** @type {string} */ name) => {
    for (let at = 0; at < count / 2; at += 20)
      await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          send("POST", `/chats/${chat}/messages`, {
            type: "text",
            content: `${name} ${at + index} ${"word ".repeat((at + index) % 9)}`,
          }),
        ),
      );
  };
  await Promise.all([sendAll(api, "alice"), sendAll(other, "bob")]);
  await api("PUT", `/chats/${chat}/seen`, { seq: count });
  const context = await newContext(browser);
  const page = await open(context, system, alice, chat);
  await until(page, () => document.querySelectorAll(".message").length >= 50);
  const session = await context.newCDPSession(page);
  await session.send("Performance.enable");
  const metrics = async () =>
    Object.fromEntries(
      (await session.send("Performance.getMetrics")).metrics.map((/** @type {any} */ { name, value }) => [name, value]),
    );
  const before = await metrics();
  const { most, rounds, ms } = await page.evaluate(async () => {
    const log = /** @type {HTMLElement} */ (document.querySelector(".log"));
    const next = () => new Promise(requestAnimationFrame);
    const startedAt = performance.now();
    let most = 0;
    let rounds = 0;
    for (; !document.querySelector(".start") && rounds < 20_000; rounds++) {
      log.scrollTop -= 900;
      await next();
      most = Math.max(most, document.querySelectorAll(".message").length);
    }
    return { most, rounds, ms: performance.now() - startedAt };
  });
  const after = await metrics();
  const layouts = after.LayoutCount - before.LayoutCount;
  await page.getByRole("button", { name: "Jump to latest" }).click();
  await frames(page, 3);
  const { distance, rows } = await logState(page);
  measured(
    t,
    `${count} messages to the beginning in ${rounds} steps and ${Math.round(ms)} ms: at most ${most} rows, ${layouts} layouts (${(layouts / count).toFixed(2)} per message), ${Math.round((after.ScriptDuration - before.ScriptDuration) * 1000)} ms of script; back at the end with ${rows} rows`,
  );
  assert.ok(most <= 300, String(most));
  assert.ok(layouts < count, "a layout per row");
  assert.ok(distance <= 1);
  assertClean(context);
});

test("an own row is painted before any answer, within two animation frames", async (t) => {
  const [alice, bob] = [newUser("alice"), newUser("bob")];
  const chat = await privateChat(system, alice, bob);
  await sendTexts(system, bob, chat, ["hello"]);
  const context = await newContext(browser);
  const network = await createNetwork(context, system);
  const page = await open(context, system, alice, chat);
  await rowOf(page, "hello").waitFor();
  network.hold();
  const counts = [];
  for (let index = 0; index < 10; index++) {
    await page.getByRole("textbox", { name: "Message" }).fill(`own ${index}`);
    counts.push(
      await page.evaluate(async (index) => {
        document
          .querySelector("textarea")
          ?.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true }));
        for (let count = 1; ; count++) {
          await new Promise(requestAnimationFrame);
          if ([...document.querySelectorAll(".message .text")].at(-1)?.textContent === `own ${index}`) return count;
        }
      }, index),
    );
  }
  assert.equal(await page.locator('.message.own[data-state="stored"]').count(), 0);
  network.release();
  await until(page, () => document.querySelectorAll('.message.own[data-state="stored"]').length === 10);
  measured(t, `in the page after ${Math.max(...counts)} frames at most, with no answer at all`);
  assert.ok(Math.max(...counts) <= 2);
  assertClean(context);
});
