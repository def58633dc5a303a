// Chats are begun, found and changed; people are blocked; profile and settings.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  apiOf,
  assertClean,
  browser,
  choose,
  getToken,
  groupChat,
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
