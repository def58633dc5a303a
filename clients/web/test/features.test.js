// What the criteria do not name: chats, groups, settings, a long history, two windows, the custom element.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";
import {
  apiOf,
  assertClean,
  browser,
  choose,
  createNetwork,
  frames,
  getToken,
  groupChat,
  logState,
  measured,
  nameOf,
  newContext,
  newUser,
  open,
  privateChat,
  rowOf,
  sendTexts,
  showInbox,
  system,
  type,
  until,
  useSystem,
  variant,
} from "./harness.js";
import { png } from "./png.js";

useSystem();

const menuOf = async (/** @type {any} */ page, /** @type {string} */ chat, /** @type {string} */ item) => {
  await showInbox(page);
  await page.locator(`[data-chat="${chat}"]`).hover();
  await page.locator(`[data-chat="${chat}"] .more`).click();
  await page.getByRole("menuitem", { name: item, exact: true }).click();
};

test("a private chat and a group are begun, and the group is changed", async () => {
  const [alice, bob, carol, dave] = [newUser("alice"), newUser("bob"), newUser("carol"), newUser("dave")];
  for (const user of [bob, carol, dave]) await getToken(system, user);
  const context = await newContext(browser);
  const page = await open(context, system, alice);
  await page.getByText("No chats yet.").waitFor();
  const begin = async (/** @type {string[]} */ users) => {
    await showInbox(page);
    await page.getByRole("button", { name: "New chat" }).first().click();
    for (const user of users) {
      await page.getByLabel("With").fill(user);
      await page.keyboard.press("Enter");
    }
  };
  await begin([bob]);
  await page.getByRole("button", { name: "Start chat" }).click();
  await page.locator(".chat h2", { hasText: nameOf(bob) }).waitFor();
  await type(page, "hello bob");
  await begin([bob, carol]);
  await page.getByRole("button", { name: "Create group" }).click();
  await page.getByText("Give the group a name.").waitFor();
  await page.getByLabel("Name of the group").fill("Our group");
  await page.keyboard.press("Enter");
  await page.locator(".chat h2", { hasText: "Our group" }).waitFor();
  await begin(["nobody at all"]);
  await page.getByRole("button", { name: "Start chat" }).click();
  await page.getByText("One of these people does not exist").waitFor();
  await page.keyboard.press("Escape");

  if (variant.isNarrow) await page.locator(".chat-row", { hasText: "Our group" }).locator("a").click();
  await page.getByRole("button", { name: /^Details of Our group/ }).click();
  const dialog = page.getByRole("dialog", { name: "Group details" });
  await dialog.getByLabel("Name").fill("A better name");
  await dialog.getByLabel("Name").press("Enter");
  await dialog.locator(".head b", { hasText: "A better name" }).waitFor();
  await dialog.getByLabel("Topic").fill("Plans");
  await dialog.getByLabel("Topic").press("Enter");
  await dialog.locator(".head .hint", { hasText: "Plans" }).waitFor();
  await dialog.locator('input[type="file"]').setInputFiles({
    name: "a.png",
    mimeType: "image/png",
    buffer: Buffer.from(
      "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
      "base64",
    ),
  });
  await dialog.locator(".head .avatar img").waitFor();
  await dialog.getByLabel("Add people").fill(dave);
  await page.keyboard.press("Enter");
  await dialog.getByRole("button", { name: "Add", exact: true }).click();
  await dialog.getByText("4 members").waitFor();
  await dialog.getByRole("button", { name: `Actions for ${nameOf(carol)}` }).click();
  await page.getByRole("menuitem", { name: "Make admin" }).click();
  await until(
    page,
    () => [...document.querySelectorAll("dialog small")].filter((node) => node.textContent === "admin").length === 2,
  );
  await dialog.getByRole("button", { name: `Actions for ${nameOf(bob)}` }).click();
  await page.getByRole("menuitem", { name: "Remove from group" }).click();
  await dialog.getByText("3 members").waitFor();
  await dialog.getByLabel("Only messages that mention me").check();
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "More", exact: true }).click();
  await page.getByRole("menuitem", { name: "Leave group" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Leave" }).click();
  await page.locator(".chat").waitFor({ state: "detached" });
  assert.equal(await page.locator(".chat-row").count(), 1);
  assertClean(context);
});

test("chats are searched, pinned, muted, marked, archived, cleared; people are blocked", async () => {
  const [alice, bob, carol] = [newUser("alice"), newUser("bob"), newUser("carol")];
  const older = await privateChat(system, alice, bob);
  const newer = await privateChat(system, alice, carol);
  await sendTexts(system, bob, older, ["from bob"]);
  await sendTexts(system, carol, newer, ["from carol"]);
  const context = await newContext(browser);
  const page = await open(context, system, alice);
  const order = () =>
    page
      .locator(".chat-row")
      .evaluateAll((/** @type {HTMLElement[]} */ nodes) => nodes.map((node) => node.dataset.chat));
  await page.locator(".chat-row").nth(1).waitFor();
  assert.deepEqual(await order(), [newer, older]);
  await page.getByRole("searchbox").fill("bo");
  assert.deepEqual(await order(), [older]);
  await page.getByRole("searchbox").fill("");
  await menuOf(page, older, "Pin");
  await until(page, (id) => /** @type {any} */ (document.querySelector(".chat-row"))?.dataset.chat === id, older);
  await menuOf(page, newer, "Mute");
  await page.getByRole("menuitem", { name: "For 1 hour" }).click();
  await page.locator(`[data-chat="${newer}"].muted`).waitFor();
  await menuOf(page, newer, "Mark as read");
  await until(page, (id) => !document.querySelector(`[data-chat="${id}"]`)?.classList.contains("unread"), newer);
  await menuOf(page, newer, "Mark as unread");
  await until(page, (id) => document.querySelector(`[data-chat="${id}"]`)?.classList.contains("unread"), newer);
  await menuOf(page, newer, "Archive");
  await page.getByRole("button", { name: "Archived 1" }).click();
  await menuOf(page, newer, "Move to chats");
  await page.getByText("Nothing is archived.").waitFor();
  await page.getByRole("button", { name: "Back to chats" }).click();
  await choose(page, older);
  await rowOf(page, "from bob").waitFor();
  await page.getByRole("button", { name: "More", exact: true }).click();
  await page.getByRole("menuitem", { name: "Clear history" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Clear history" }).click();
  await rowOf(page, "from bob").waitFor({ state: "detached" });
  await page.getByRole("button", { name: "More", exact: true }).click();
  await page.getByRole("menuitem", { name: /^Block/ }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Block" }).click();
  await page.getByText("You block this person.").waitFor();
  await showInbox(page);
  await page.getByRole("button", { name: "Menu" }).click();
  await page.getByRole("menuitem", { name: "Settings" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Unblock" }).click();
  await page.keyboard.press("Escape");
  if (variant.isNarrow) await choose(page, older);
  await page.getByRole("textbox", { name: "Message" }).waitFor();
  assertClean(context);
});

test("the profile and the theme are changed, and other windows follow", async () => {
  const [alice, bob] = [newUser("alice"), newUser("bob")];
  const chat = await privateChat(system, alice, bob);
  await sendTexts(system, alice, chat, ["hello"]);
  const context = await newContext(browser);
  const page = await open(context, system, alice, chat);
  const other = await newContext(browser);
  const second = await open(other, system, bob, chat);
  await page.locator(".state", { hasText: "online" }).waitFor();
  await showInbox(page);
  await page.getByRole("button", { name: "Menu" }).click();
  await page.getByRole("menuitem", { name: "Profile" }).click();
  await page.getByLabel("Name that others see").fill("Alice the Great");
  await page.keyboard.press("Enter");
  await second.locator(".chat h2", { hasText: "Alice the Great" }).waitFor();
  await page.getByRole("button", { name: "Menu" }).click();
  await page.getByRole("menuitem", { name: "Settings" }).click();
  await page.getByLabel("Dark").check();
  assert.equal(await page.evaluate(() => getComputedStyle(document.body).backgroundColor), "rgb(22, 21, 20)");
  await page.getByLabel("Mentions notify in muted chats").check();
  await page.reload();
  await page.locator(".chat-row").waitFor();
  assert.equal(await page.evaluate(() => getComputedStyle(document.body).backgroundColor), "rgb(22, 21, 20)");
  assertClean(context);
  assertClean(other);
});

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

test("who is removed from the shown chat keeps the focus, a draft, and a way back", async () => {
  const [alice, bob, carol] = [newUser("alice"), newUser("bob"), newUser("carol")];
  const group = await groupChat(system, bob, [alice, carol], "The group");
  const api = apiOf(system, bob);
  const remove = () => api("DELETE", `/chats/${group}/participants/${alice}`);
  const add = () => api("POST", `/chats/${group}/participants`, { participants: [alice] });
  const context = await newContext(browser);
  const page = await open(context, system, alice, group);
  const area = page.getByRole("textbox", { name: "Message" });
  const gone = page.getByText("This chat is not there");
  const shown = page.locator(".chat h2", { hasText: "The group" });
  const isInMain = () => document.activeElement?.localName === "main";
  await area.fill("a draft");
  await remove();
  await gone.waitFor();
  await until(page, isInMain);
  await add();
  await until(page, () => /** @type {any} */ (document.querySelector(".composer textarea"))?.value === "a draft");
  // A dialog above the chat had the focus.
  await page.getByRole("button", { name: /^Details of/ }).click();
  await page.getByRole("dialog").waitFor();
  await remove();
  await gone.waitFor();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await until(page, isInMain);
  await page.goto("about:blank");
  await add();
  await page.goto(`${system.origin}/web/examples/window.html?as=${alice}&with=${bob}`);
  // In a window of another page, which has the focus elsewhere.
  const setChat = (/** @type {string} */ id) =>
    page.evaluate((/** @type {string} */ id) => {
      const element = /** @type {Element} */ (document.querySelector("lambda-chat-window"));
      element.removeAttribute("with");
      element.setAttribute("chat", id);
    }, id);
  await page.getByText("This is the beginning of your chat.").waitFor();
  await setChat(group);
  await shown.waitFor();
  await remove();
  await gone.waitFor();
  assert.equal(await page.evaluate(() => document.activeElement?.localName), "body");
  await add();
  await shown.waitFor();
  await setChat("nonsense");
  await gone.waitFor();
  assertClean(context);
});

test("a member or a photo that goes away takes no focus along", async () => {
  const [alice, bob, carol, dave] = ["alice", "bob", "carol", "dave"].map(newUser);
  const group = await groupChat(system, alice, [bob, carol, dave], "The group");
  const context = await newContext(browser);
  const page = await open(context, system, alice, group);
  const isOn = (/** @type {string} */ name) => document.activeElement?.matches(name);
  await page.getByRole("button", { name: /^Details of/ }).click();
  const dialog = page.getByRole("dialog", { name: "Group details" });
  await dialog.getByRole("button", { name: `Actions for ${nameOf(carol)}` }).click();
  await page.getByRole("menuitem", { name: "Remove from group" }).click();
  await dialog.locator("h3", { hasText: "3 members" }).waitFor();
  await until(page, isOn, "dialog");
  await dialog.getByRole("button", { name: `Actions for ${nameOf(bob)}` }).click();
  await page.getByRole("menu").waitFor();
  await apiOf(system, alice)("DELETE", `/chats/${group}/participants/${bob}`);
  await dialog.locator("h3", { hasText: "2 members" }).waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("menu").waitFor({ state: "detached" });
  await until(page, isOn, "dialog");
  await page.keyboard.press("Escape");
  await until(page, isOn, ".who");
  const image = { name: "a.png", mimeType: "image/png", buffer: png(8, 8, () => [200, 90, 40]) };
  await page.locator('.composer input[type="file"]').setInputFiles(image);
  await page.locator(".tray li").waitFor();
  await page.keyboard.press("Enter");
  const row = page.locator('.message.with-picture[data-state="stored"]');
  await row.locator(".picture").click();
  await page.locator("dialog.lightbox").waitFor();
  const seq = await row.getAttribute("data-seq");
  await apiOf(system, alice)("DELETE", `/chats/${group}/messages/${seq}?for=everyone`);
  await page.locator(".message.deleted").waitFor({ state: "attached" });
  await page.keyboard.press("Escape");
  await until(page, isOn, "main");
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

test("a message that is sent again or discarded leaves the focus in the log", async () => {
  const [alice, bob] = [newUser("alice"), newUser("bob")];
  const chat = await privateChat(system, alice, bob);
  await sendTexts(system, bob, chat, ["hello"]);
  await apiOf(system, bob)("PUT", `/users/${alice}/block`);
  const context = await newContext(browser);
  const page = await open(context, system, alice, chat);
  await type(page, "not wanted");
  const failed = page.locator(".message.failed", { hasText: "not wanted" });
  await failed.getByRole("button", { name: "Retry" }).press("Enter");
  await until(page, () => document.activeElement?.matches(".message.failed") && document.activeElement.textContent?.includes("not wanted"));
  await failed.getByRole("button", { name: "Discard" }).press("Enter");
  await failed.waitFor({ state: "detached" });
  await until(page, () => document.activeElement?.matches(".message") && document.activeElement.textContent?.includes("hello"));
  assertClean(context);
});

test("a group shows its topic, its picture and its data, a message and a person theirs", async () => {
  const [alice, bob, carol] = [newUser("alice"), newUser("bob"), newUser("carol")];
  await apiOf(system, bob)("PATCH", "/me", { custom: { team: "blue" } });
  const group = await groupChat(system, bob, [alice, carol], "With data", {
    topic: "The topic",
    custom: { ticket: "T-1" },
  });
  await sendTexts(system, bob, group, ["look at the data"], { custom: { order: 42 } });
  const context = await newContext(browser);
  const page = await open(context, system, alice, group);
  await rowOf(page, "look at the data").locator("summary").click();
  await page.getByText("42", { exact: true }).waitFor();
  await page.locator(".state", { hasText: "The topic" }).waitFor();
  await page.getByRole("button", { name: /^Details of/ }).click();
  await page.getByRole("dialog").locator("summary").first().click();
  await page.getByText("T-1").waitFor();
  await page.getByRole("button", { name: `Actions for ${nameOf(bob)}` }).click();
  await page.getByRole("menuitem", { name: "Write a message" }).click();
  await page.locator(".chat h2", { hasText: nameOf(bob) }).waitFor();
  await page.getByRole("button", { name: /^Details of/ }).click();
  await page.getByRole("dialog").locator("summary").first().click();
  await page.getByText("blue").waitFor();
  assertClean(context);
});

test("the details keep the focus when somebody comes online, and do not stay above another page", async () => {
  const [alice, bob] = [newUser("alice"), newUser("bob")];
  const chat = await privateChat(system, alice, bob);
  const context = await newContext(browser);
  const page = await open(context, system, alice);
  await choose(page, chat);
  await page.getByRole("button", { name: /^Details of/ }).click();
  const dialog = page.getByRole("dialog", { name: "Details" });
  const block = dialog.getByRole("button", { name: `Block ${nameOf(bob)}` });
  await block.focus();
  const bobs = await newContext(browser);
  await open(bobs, system, bob);
  await dialog.getByText("online", { exact: true }).waitFor();
  assert.ok(await block.evaluate((/** @type {Element} */ node) => node === document.activeElement));
  await page.goBack();
  await dialog.waitFor({ state: "detached" });
  assertClean(context);
});

test("who comes back to the window finds a divider before what arrived meanwhile", async (t) => {
  const [alice, bob] = [newUser("alice"), newUser("bob")];
  const chat = await privateChat(system, alice, bob);
  await sendTexts(system, bob, chat, ["read at once"]);
  const context = await newContext(browser);
  const page = await open(context, system, alice, chat);
  await until(page, () => document.title === "Chats" && document.querySelector(".message"));
  const found = [];
  for (const round of [1, 2]) {
    await page.evaluate(() => {
      document.hasFocus = () => false;
    });
    await sendTexts(system, bob, chat, [`away ${round} a`, `away ${round} b`]);
    await rowOf(page, `away ${round} b`).waitFor();
    found.push(
      await page
        .locator(".divider")
        .evaluate((/** @type {Element} */ node) => node.nextElementSibling?.querySelector(".text")?.textContent),
    );
    await until(page, () => document.title === "(2) Chats");
    await page.evaluate(() => {
      document.hasFocus = () => true;
      dispatchEvent(new Event("focus"));
    });
    await until(page, () => document.title === "Chats");
  }
  measured(t, `the divider was before ${found.map((text) => `"${text}"`).join(", then before ")}`);
  assert.deepEqual(found, ["away 1 a", "away 2 a"]);
  assertClean(context);
});

test("the page asks who is here, and takes a token where there are no development users", async () => {
  const alice = newUser("alice");
  const context = await newContext(browser);
  const page = await context.newPage();
  await page.goto(system.origin);
  await page.locator(".people-choice a").first().waitFor();
  assert.deepEqual(
    await page
      .locator(".people-choice a")
      .evaluateAll((/** @type {any[]} */ links) => links.map((link) => link.getAttribute("href"))),
    ["?as=alice", "?as=bob", "?as=carol"],
  );
  await page.getByLabel("Another name").fill(alice);
  await page.keyboard.press("Enter");
  await page.getByText("No chats yet.").waitFor();
  const { httpUrl, webSocketUrl } = system;
  await page.route("**/config.json", (/** @type {any} */ route) => route.fulfill({ json: { httpUrl, webSocketUrl } }));
  await page.goto(`${system.origin}/?`);
  await page.getByLabel("Access token of your Auth Service").fill("no token");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByText("This token cannot be used").waitFor();
  await page.getByRole("button", { name: "Try again" }).click();
  await page.getByLabel("Access token of your Auth Service").fill(await getToken(system, alice));
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByText("No chats yet.").waitFor();
  await page.route("**/config.json", (/** @type {any} */ route) => route.abort());
  await page.goto(`${system.origin}/?as=${alice}`);
  await page.getByText("The server does not answer").waitFor();
  assertClean(context);
});

test("a page without storage works, and notifies", async () => {
  const [alice, bob] = [newUser("alice"), newUser("bob")];
  const chat = await privateChat(system, alice, bob);
  await sendTexts(system, bob, chat, ["hello"]);
  const context = await newContext(browser);
  await context.addInitScript(() => {
    const refuse = () => {
      throw new DOMException("The storage is refused.", "SecurityError");
    };
    for (const name of ["localStorage", "indexedDB"]) Object.defineProperty(globalThis, name, { get: refuse });
    /** @type {any} */ (globalThis).shown = [];
    class Fake extends EventTarget {
      static permission = "granted";
      static requestPermission = async () => "granted";
      constructor(/** @type {string} */ _title, /** @type {any} */ { body }) {
        super();
        /** @type {any} */ (globalThis).shown.push(body);
      }
    }
    Object.defineProperty(globalThis, "Notification", { value: Fake });
  });
  const page = await open(context, system, alice, chat);
  await type(page, "without storage");
  await page.locator('.message.own[data-state="stored"]', { hasText: "without storage" }).waitFor();
  await sendTexts(system, bob, chat, ["seen here"]);
  await rowOf(page, "seen here").waitFor();
  await showInbox(page);
  await page.getByRole("button", { name: "Menu" }).click();
  await page.getByRole("menuitem", { name: "Settings" }).click();
  await page.getByLabel("Notify me of new messages").check();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await page.evaluate(() => (location.hash = "#/"));
  await sendTexts(system, bob, chat, ["notified"]);
  await until(page, () => globalThis.shown.includes("notified"));
  assertClean(context);
});

test("a hosted page gets its token from the team's own back end, and links to its sign-in", async (t) => {
  const [alice, bob] = [newUser("alice"), newUser("bob")];
  const chat = await privateChat(system, alice, bob);
  /** @type {string[]} */
  const asked = [];
  let isDown = false;
  // The back end of a team, on another origin of the same site. It knows its users by a cookie.
  const backEnd = createServer(async ({ method, headers: { cookie = "", origin } }, response) => {
    asked.push(`${method} ${cookie} ${origin === system.origin}`);
    response.setHeader("access-control-allow-origin", system.origin);
    response.setHeader("access-control-allow-credentials", "true");
    if (!cookie.includes("site=")) return response.writeHead(isDown ? 500 : 401).end("{}");
    const body = JSON.stringify({ userId: cookie.includes("site=2") ? bob : alice, expiresInSeconds: 50 });
    const answer = await fetch(`${system.authUrl}/token`, { method: "POST", body });
    response.end(await answer.text());
  });
  await new Promise((resolve) => backEnd.listen(0, "127.0.0.1", () => resolve(undefined)));
  t.after(() => backEnd.close());
  const home = `http://127.0.0.1:${/** @type {any} */ (backEnd.address()).port}`;
  const [tokenUrl, signInUrl] = [`${home}/chat-token`, `${home}/sign-in?next=chat`];
  // For Chromium, a page whose headers are changed here is not local, and would ask its user about local addresses.
  const context = await newContext(browser, { permissions: ["local-network-access"] });
  const network = await createNetwork(context, system);
  const page = await context.newPage();
  // As the stack does: both addresses in the configuration, the first one in the policy.
  const { httpUrl, webSocketUrl } = system;
  await page.route("**/config.json", (/** @type {any} */ route) =>
    route.fulfill({ json: { httpUrl, webSocketUrl, tokenUrl, signInUrl } }),
  );
  await page.route(`${system.origin}/`, async (/** @type {any} */ route) => {
    const response = await route.fetch();
    const headers = response.headers();
    headers["content-security-policy"] = headers["content-security-policy"].replace("connect-src", `$& ${tokenUrl}`);
    await route.fulfill({ response, headers });
  });
  await page.goto(`${system.origin}/`);
  await page.getByText("You are not signed in").waitFor();
  assert.equal(await page.getByRole("link", { name: "Sign in" }).getAttribute("href"), signInUrl);
  await context.addCookies([{ name: "site", value: "1", url: home }]);
  await page.reload();
  await page.locator(`[data-chat="${chat}"]`).waitFor();
  await page.getByRole("button", { name: "Menu" }).click();
  // Users sign out where they signed in.
  await page.getByRole("menuitem", { name: "Settings" }).waitFor();
  assert.equal(await page.getByRole("menuitem", { name: "Sign out" }).count(), 0);
  await page.keyboard.press("Escape");
  // Signed out on the site: the next connection needs a token, and the page says that there is none.
  await context.clearCookies();
  await network.cut();
  await page.locator(".banner", { hasText: "You are not signed in any more." }).waitFor();
  // Who signs in as somebody else gets their own page.
  await context.addCookies([{ name: "site", value: "2", url: home }]);
  await page.locator(`[data-chat="${chat}"]`, { hasText: nameOf(alice) }).waitFor();
  // A back end that fails is no sign-out.
  await context.clearCookies();
  isDown = true;
  await page.reload();
  await page.getByText("The server does not answer").waitFor();
  measured(t, `the back end was asked ${asked.length} times, first ${asked[0]}, then ${asked[1]}`);
  assert.equal(asked[0], "POST  true");
  assert.equal(asked[1], "POST site=1 true");
  assertClean(context);
});
