// <lambda-chat-window>, the chat window for other pages.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  assertClean,
  browser,
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

test("<lambda-chat-window> shows a chat in another page, in that page's colours", async (t) => {
  const [alice, bob] = [newUser("alice"), newUser("bob")];
  const chat = await privateChat(system, alice, bob);
  await sendTexts(system, bob, chat, ["welcome to the shop"]);
  const context = await newContext(browser);
  const page = await context.newPage();
  await page.goto(`${system.origin}/web/examples/window.html?as=${alice}&with=${bob}`);
  await rowOf(page, "welcome to the shop").waitFor();
  await type(page, "thank you");
  await until(
    page,
    () =>
      [
        .../** @type {any} */ (document.querySelector("lambda-chat-window")).shadowRoot.querySelectorAll(
          '.message[data-state="stored"]',
        ),
      ].length === 2,
  );
  const color = await page
    .locator(".send")
    .evaluate((/** @type {Element} */ node) => getComputedStyle(node).backgroundColor);
  await page.getByRole("button", { name: "More", exact: true }).click();
  await page.getByRole("menuitem", { name: "Details" }).click();
  await page.getByRole("dialog").waitFor();
  await page.keyboard.press("Escape");
  await page.evaluate(() => document.querySelector("lambda-chat-window")?.remove());
  measured(t, `the button is ${color}, as the page says`);
  assert.equal(color, "rgb(18, 99, 90)");
  assertClean(context);
});

test("a window that is removed while a dialog is open leaves nothing at a shared client", async () => {
  const [alice, bob] = [newUser("alice"), newUser("bob")];
  const chat = await privateChat(system, alice, bob);
  const context = await newContext(browser);
  const page = await context.newPage();
  await page.goto(`${system.origin}/web/examples/window.html?as=${alice}&with=${bob}`);
  const start = page.getByText("This is the beginning of your chat.");
  await start.waitFor();
  await page.evaluate(
    async (/** @type {any} */ { httpUrl, webSocketUrl, chat }) => {
      const before = /** @type {any} */ (document.querySelector("lambda-chat-window"));
      const { createClient } = await import("/javascript/src/index.js");
      const client = createClient({ httpUrl, webSocketUrl, token: before.token });
      client.start();
      const { summary } = client.chat(chat);
      const subscribe = summary.subscribe.bind(summary);
      globalThis.followers = 0;
      summary.subscribe = (/** @type {any} */ listener) => {
        const off = subscribe(listener);
        globalThis.followers++;
        return () => (globalThis.followers--, off());
      };
      const next = /** @type {any} */ (document.createElement("lambda-chat-window"));
      next.client = client;
      next.setAttribute("chat", chat);
      before.replaceWith(next);
    },
    { ...system, chat },
  );
  await start.waitFor();
  await page.getByRole("button", { name: /^Details of/ }).click();
  await page.getByRole("dialog").waitFor();
  assert.ok((await page.evaluate(() => globalThis.followers)) > 0);
  await page.evaluate(() => document.querySelector("lambda-chat-window")?.remove());
  await until(page, () => globalThis.followers === 0);
  assertClean(context);
});
