// The focus stays with the reader when something goes away or changes.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  apiOf,
  assertClean,
  browser,
  choose,
  groupChat,
  nameOf,
  newContext,
  newUser,
  open,
  privateChat,
  sendTexts,
  system,
  type,
  until,
  useSystem,
} from "./harness.js";
import { png } from "./png.js";

useSystem();

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
