// Criteria 21 to 23: files, pictures, recordings.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import {
  apiOf,
  assertClean,
  browser,
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
  until,
  useSystem,
  variant,
} from "./harness.js";
import { png } from "./png.js";

useSystem();

/** A PNG with a gradient. @param {number} width @param {number} height @param {number} [blue] */
const gradient = (width, height, blue = 128) => png(width, height, (x, y) => [255 * x, 255 * y, blue]);
const picture = (/** @type {string} */ name, width = 640, height = 400, blue = 128) => ({
  name,
  mimeType: "image/png",
  buffer: gradient(width, height, blue),
});
const input = (/** @type {any} */ page) => page.locator('.composer input[type="file"]');
const pair = async () => {
  const [alice, bob] = [newUser("alice"), newUser("bob")];
  return { alice, bob, chat: await privateChat(system, alice, bob) };
};
/** Puts files where the page reads them: a paste or a drop. @param {any} page @param {"paste" | "drop"} kind @param {any[]} files */
const give = (page, kind, files) =>
  page.evaluate(
    ([kind, files]) => {
      const data = new DataTransfer();
      for (const { name, mimeType, text } of files)
        data.items.add(new File([Uint8Array.from(atob(text), (char) => char.charCodeAt(0))], name, { type: mimeType }));
      const target = /** @type {Element} */ (document.querySelector(kind === "paste" ? "textarea" : ".log"));
      if (kind === "paste")
        target.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
      else
        for (const name of ["dragenter", "dragover", "drop"])
          target.dispatchEvent(new DragEvent(name, { dataTransfer: data, bubbles: true, cancelable: true }));
    },
    [kind, files.map(({ buffer, ...rest }) => ({ ...rest, text: buffer.toString("base64") }))],
  );

test("21 files are pasted, dropped and picked, with preview, progress, cancel and the limit in the refusal", async (t) => {
  const { alice, bob, chat } = await pair();
  const context = await newContext(browser);
  const page = await open(context, system, alice, chat);
  const tray = page.locator(".tray li");
  await give(page, "paste", [picture("pasted.png")]);
  await tray.locator("img").waitFor();
  await give(page, "drop", [{ name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("notes") }]);
  await tray.nth(1).waitFor();
  await input(page).setInputFiles([picture("picked.png", 300, 500)]);
  await tray.nth(2).waitFor();
  await page.getByRole("button", { name: "Remove notes.txt" }).click();
  assert.equal(await tray.count(), 2);
  // Too large: the refusal names the limit.
  await input(page).setInputFiles([
    { name: "huge.png", mimeType: "image/png", buffer: Buffer.concat([gradient(10, 10), Buffer.alloc(10_000_000)]) },
  ]);
  const toast = page.locator(".toast");
  await toast.waitFor();
  const refusal = await toast.textContent();
  assert.match(refusal, /huge\.png has 10\.1 MB\. An image can have at most 10 MB/);
  await page.getByRole("textbox", { name: "Message" }).fill("two pictures");
  await page.keyboard.press("Enter");
  await until(page, () => document.querySelectorAll('.message[data-state="stored"] .picture').length === 2);
  // An upload that takes its time shows its progress and can be cancelled.
  let release = () => {};
  const gate = new Promise((resolve) => (release = () => resolve(undefined)));
  await page.route(`${system.bucketUrl}/**`, async (/** @type {any} */ route) => {
    if (route.request().method() === "PUT") await gate;
    await route.fallback();
  });
  await input(page).setInputFiles([
    { name: "slow.bin", mimeType: "application/x-thing", buffer: randomBytes(200_000) },
  ]);
  await tray.first().waitFor();
  await page.keyboard.press("Enter");
  const row = page.locator(".message", { hasText: "slow.bin" });
  await row.locator("progress").waitFor();
  await row.getByRole("button", { name: "Cancel upload" }).click();
  await row.waitFor({ state: "detached" });
  release();
  const { messages } = await apiOf(system, bob)("GET", `/chats/${chat}/messages`);
  measured(
    t,
    `${messages.length} pictures stored, the first with "${messages[0].content}"; refusal: "${refusal}"; a slow upload was cancelled`,
  );
  assert.deepEqual(
    messages.map((/** @type {any} */ { type, content, attachment }) => [
      type,
      content,
      attachment.fileName,
      attachment.width,
    ]),
    [
      ["image", "two pictures", "pasted.png", 640],
      ["image", "", "picked.png", 300],
    ],
  );
  for (const { attachment } of messages) assert.ok(attachment.blurHash.length >= 6);
  assertClean(context);
});

test("files on their way keep their names and places over a reload, and one that is cancelled lets the next go", async () => {
  const { alice, chat } = await pair();
  const context = await newContext(browser);
  const page = await open(context, system, alice, chat);
  // The bucket does not answer the first file.
  await page.route(`${system.bucketUrl}/**`, (/** @type {any} */ route) =>
    route.request().headers()["content-type"] === "image/png" ? route.fallback() : undefined,
  );
  const slow = { name: "slow.bin", mimeType: "application/x-thing", buffer: randomBytes(200_000) };
  await input(page).setInputFiles([slow, picture("wide.png", 600, 200)]);
  await page.locator(".tray li").nth(1).waitFor();
  await page.keyboard.press("Enter");
  await page.locator(".message").nth(1).waitFor();
  const place = () => page.locator(".picture").evaluate((/** @type {HTMLElement} */ node) => node.style.cssText);
  const before = await place();
  const stored = () =>
    page.evaluate(
      () =>
        new Promise((resolve) => {
          indexedDB.open("lambda-chat").onsuccess = ({ target }) => {
            const database = /** @type {any} */ (target).result;
            database.transaction("outbox").objectStore("outbox").count().onsuccess = (/** @type {any} */ event) => {
              database.close();
              resolve(event.target.result);
            };
          };
        }),
    );
  while ((await stored()) !== 2);
  await page.reload();
  const row = page.locator(".message", { hasText: "slow.bin" });
  await row.getByRole("button", { name: "Cancel upload" }).waitFor();
  assert.equal(await place(), before);
  await row.getByRole("button", { name: "Cancel upload" }).click();
  await row.waitFor({ state: "detached" });
  await page.locator('.message[data-state="stored"] .picture').waitFor();
  assertClean(context);
});

test("at most 30 files wait, and a notice says so once", async () => {
  const { alice, chat } = await pair();
  const context = await newContext(browser);
  const page = await open(context, system, alice, chat);
  const file = (/** @type {number} */ n) => ({ name: `${n}.txt`, mimeType: "text/plain", buffer: Buffer.from(`${n}`) });
  await input(page).setInputFiles(Array.from({ length: 33 }, (_, n) => file(n)));
  await page.locator(".toast", { hasText: "30 files can wait here." }).waitFor();
  assert.equal(await page.locator(".tray li").count(), 30);
  assert.equal(await page.locator(".toast").count(), 1);
  // Many refusals at once leave room for the page.
  const empty = (/** @type {number} */ n) => ({ ...file(n), buffer: Buffer.alloc(0) });
  await page.getByRole("button", { name: "Remove 0.txt" }).click();
  await input(page).setInputFiles(Array.from({ length: 10 }, (_, n) => empty(n)));
  await page.locator(".toast", { hasText: "9.txt is empty." }).waitFor();
  assert.equal(await page.locator(".toast").count(), 4);
  assertClean(context);
});

test("22 pictures reserve their place, and show their blurHash first", async (t) => {
  const { alice, bob, chat } = await pair();
  const sender = await newContext(browser);
  const from = await open(sender, system, bob, chat);
  await input(from).setInputFiles([
    picture("one.png", 800, 600),
    picture("two.png", 300, 600),
    picture("three.png", 20, 20),
  ]);
  await from.locator(".tray li").nth(2).waitFor();
  await from.getByRole("button", { name: "Send", exact: true }).click();
  await until(from, () => document.querySelectorAll('.message[data-state="stored"] .picture').length === 3);
  // The same node and the same image, before and after it is stored: nothing flickers.
  await sendTexts(system, bob, chat, ["after the pictures"]);
  const context = await newContext(browser);
  await context.addInitScript(() => {
    globalThis.shifts = 0;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) globalThis.shifts += /** @type {any} */ (entry).value;
    }).observe({ type: "layout-shift", buffered: true });
  });
  const page = await context.newPage();
  let release = () => {};
  const gate = new Promise((resolve) => (release = () => resolve(undefined)));
  await page.route(`${system.bucketUrl}/**`, async (/** @type {any} */ route) => {
    await gate;
    await route.fallback();
  });
  await page.goto(`${system.origin}/?as=${alice}#/chat/${chat}`);
  await rowOf(page, "after the pictures").waitFor();
  await page
    .getByRole("button", { name: /Jump/ })
    .click({ timeout: 1000 })
    .catch(() => {});
  await frames(page, 10);
  const before = await page.locator(".picture").evaluateAll((/** @type {Element[]} */ nodes) =>
    nodes.map((node) => {
      const { width, height } = node.getBoundingClientRect();
      const canvas = /** @type {HTMLCanvasElement} */ (node.querySelector("canvas"));
      const [red, , , alpha] = /** @type {any} */ (canvas.getContext("2d")).getImageData(20, 2, 1, 1).data;
      return { width, height, red, alpha };
    }),
  );
  const shiftsBefore = await page.evaluate(() => globalThis.shifts);
  release();
  await until(page, () => document.querySelectorAll(".picture img.shown").length === 3);
  await frames(page, 10);
  const after = await page
    .locator(".picture")
    .evaluateAll((/** @type {Element[]} */ nodes) =>
      nodes.map((node) => node.getBoundingClientRect()).map(({ width, height }) => ({ width, height })),
    );
  const shift = (await page.evaluate(() => globalThis.shifts)) - shiftsBefore;
  const { distance } = await logState(page);
  measured(
    t,
    `layout shift while 3 pictures load: ${shift}; places ${after.map(({ width, height }) => `${width}x${height}`).join(", ")}; the blurHash is red ${before[0].red} of 255 at its right edge`,
  );
  // 800 x 600 and 300 x 600 fit into 340 x 340; a narrow window has less room, and the picture keeps its shape.
  const [wide, tall] = after.map(({ width, height }) => [Math.round(width), Math.round(height)]);
  if (!variant.isNarrow) assert.deepEqual(wide, [340, 255]);
  assert.ok(wide[0] > 220 && Math.abs(wide[0] * 0.75 - wide[1]) <= 1, String(wide));
  assert.deepEqual(tall, [170, 340]);
  assert.equal(shift, 0);
  assert.deepEqual(
    before.map(({ width, height }) => ({ width, height })),
    after,
  );
  assert.ok(before.every(({ alpha }) => alpha === 255) && before[0].red > 150);
  assert.ok(Math.abs(distance) <= 1);
  assertClean(context);
  assertClean(sender);
});

test("23 the lightbox is a dialog with Escape and arrows", async (t) => {
  const { alice, chat } = await pair();
  const context = await newContext(browser);
  const page = await open(context, system, alice, chat);
  await input(page).setInputFiles([picture("first.png", 640, 400, 0), picture("second.png", 640, 400, 255)]);
  await page.locator(".tray li").nth(1).waitFor();
  await page.keyboard.press("Enter");
  await until(page, () => document.querySelectorAll('.message[data-state="stored"] .picture').length === 2);
  await page.getByRole("button", { name: "Photo first.png" }).click();
  const dialog = page.getByRole("dialog", { name: "Photo" });
  await dialog.locator("img").waitFor();
  assert.equal(await dialog.evaluate((/** @type {Element} */ node) => node.tagName), "DIALOG");
  const source = () => dialog.locator("img").getAttribute("src");
  const sources = [await source()];
  const [onward, back] = variant.direction === "rtl" ? ["ArrowLeft", "ArrowRight"] : ["ArrowRight", "ArrowLeft"];
  await page.keyboard.press(onward);
  await until(
    page,
    (/** @type {string} */ before) =>
      document.querySelector(".lightbox img")?.getAttribute("src") &&
      document.querySelector(".lightbox img")?.getAttribute("src") !== before,
    sources[0],
  );
  sources.push(await source());
  assert.ok(await dialog.getByRole("button", { name: "Next photo" }).isDisabled());
  await page.keyboard.press(back);
  await until(
    page,
    (/** @type {string} */ before) => document.querySelector(".lightbox img")?.getAttribute("src") === before,
    sources[0],
  );
  // The picture is within the window, whatever its size.
  for (const [width, height] of [
    [1280, 800],
    [360, 640],
  ]) {
    await page.setViewportSize({ width, height });
    await frames(page, 2);
    const { left, top, right, bottom } = await dialog
      .locator("img")
      .evaluate((/** @type {Element} */ node) => node.getBoundingClientRect().toJSON());
    assert.ok(
      left >= 0 && top >= 0 && right <= width && bottom <= height,
      `${left} ${top} ${right} ${bottom} in ${width} x ${height}`,
    );
  }
  await page.setViewportSize(variant.viewport);
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
  const focused = await page.evaluate(() => document.activeElement?.getAttribute("aria-label"));
  measured(t, `2 pictures by the arrows; Escape closes it and the focus is on "${focused}"`);
  assert.equal(focused, "Photo first.png");
  assertClean(context);
});

test("a voice message is recorded, sent and played", async (t) => {
  const { alice, bob, chat } = await pair();
  const context = await newContext(browser, { permissions: ["microphone"] });
  const page = await open(context, system, alice, chat);
  await page.getByRole("button", { name: "Record a voice message" }).click();
  await until(page, () => document.querySelector("[role=timer]")?.textContent === "0:01");
  await page.getByRole("button", { name: "Send voice message" }).click();
  await until(page, () => document.querySelector('.message[data-state="stored"] .audio'));
  const { messages } = await apiOf(system, bob)("GET", `/chats/${chat}/messages`);
  assert.equal(messages[0].type, "audio");
  const other = await newContext(browser);
  const second = await open(other, system, bob, chat);
  await second.getByRole("button", { name: "Play voice message" }).click();
  await second.getByRole("button", { name: "Pause" }).waitFor();
  await second.getByRole("button", { name: "Play voice message" }).waitFor();
  measured(
    t,
    `${messages[0].attachment.contentType}, ${messages[0].attachment.durationMs} ms, ${messages[0].attachment.sizeBytes} bytes; played to its end`,
  );
  assertClean(context);
  assertClean(other);
});

test("a file is downloaded under its name", async (t) => {
  const { alice, bob, chat } = await pair();
  const context = await newContext(browser);
  const page = await open(context, system, alice, chat);
  await input(page).setInputFiles([
    { name: "minutes.md", mimeType: "text/markdown", buffer: Buffer.from("# Minutes") },
  ]);
  await page.locator(".tray li").waitFor();
  await page.keyboard.press("Enter");
  await until(page, () => document.querySelector('.message[data-state="stored"] .file'));
  const other = await newContext(browser, { acceptDownloads: true });
  const second = await open(other, system, bob, chat);
  const [download] = await Promise.all([
    second.waitForEvent("download"),
    second.getByRole("button", { name: "Download minutes.md" }).click(),
  ]);
  measured(t, `saved as ${download.suggestedFilename()}`);
  assert.equal(download.suggestedFilename(), "minutes.md");
  assertClean(context);
  assertClean(other);
});
