// Criteria 9, 10, 11, 12, 20, 24, 25, 26: writing, and what is done with messages.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  apiOf,
  assertClean,
  browser,
  choose,
  complaintsOf,
  createNetwork,
  frames,
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
  system,
  type,
  until,
  useSystem,
} from "./harness.js";
import { png } from "./png.js";

useSystem();

/** Two users and their chat. */
async function pair() {
  const [alice, bob] = [newUser("alice"), newUser("bob")];
  return { alice, bob, chat: await privateChat(system, alice, bob) };
}
const composer = (/** @type {any} */ page) => page.getByRole("textbox", { name: "Message" });

test("09 Enter sends, Shift+Enter breaks the line, an input method never sends", async (t) => {
  const { alice, chat } = await pair();
  const context = await newContext(browser);
  const page = await open(context, system, alice, chat);
  await composer(page).click();
  await page.keyboard.type("one");
  await page.keyboard.press("Shift+Enter");
  await page.keyboard.type("two");
  assert.equal(await composer(page).inputValue(), "one\ntwo");
  const refused = await page.evaluate(() => {
    const area = /** @type {HTMLTextAreaElement} */ (document.querySelector("textarea"));
    const results = [];
    for (const options of [{ isComposing: true }, { keyCode: 229 }]) {
      const event = new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true, ...options });
      area.dispatchEvent(event);
      results.push(event.defaultPrevented);
    }
    return results;
  });
  await frames(page, 3);
  assert.deepEqual(refused, [false, false]);
  assert.equal(await page.locator(".message").count(), 0);
  await page.keyboard.press("Enter");
  await rowOf(page, "one").waitFor();
  assert.equal(await page.locator(".message .text").textContent(), "one\ntwo");
  assert.equal(await composer(page).inputValue(), "");
  measured(t, "isComposing and keyCode 229 sent nothing; Enter sent two lines in one message");
  assertClean(context);
});

test("10 drafts are kept per chat, over a switch and a reload", async (t) => {
  const { alice, chat } = await pair();
  const other = await privateChat(system, alice, newUser("carol"));
  const context = await newContext(browser);
  const page = await open(context, system, alice, chat);
  await composer(page).fill("a thought for bob");
  const text = (/** @type {string} */ expected) =>
    until(page, (value) => document.querySelector("textarea")?.value === value, expected);
  await choose(page, other);
  await text("");
  await composer(page).fill("another for carol");
  await choose(page, chat);
  await text("a thought for bob");
  const preview = await page.locator(`[data-chat="${other}"] .preview`).textContent();
  assert.equal(preview, "Draft: another for carol");
  await page.reload();
  await text("a thought for bob");
  await choose(page, other);
  await text("another for carol");
  await composer(page).press("Enter");
  await page.reload();
  await composer(page).waitFor();
  assert.equal(await composer(page).inputValue(), "");
  measured(t, `two drafts survived; the list says "${preview}"`);
  assertClean(context);
});

test("an edit and files that are not sent wait while another chat is shown, also an edit that is refused", async () => {
  const { alice, chat } = await pair();
  const other = await privateChat(system, alice, newUser("carol"));
  await sendTexts(system, alice, chat, ["first"]);
  const context = await newContext(browser);
  const page = await open(context, system, alice, chat);
  await composer(page).fill("a draft");
  await page.locator(".composer input[type=file]").setInputFiles({
    name: "note.txt",
    mimeType: "text/plain",
    buffer: Buffer.from("hello"),
  });
  await page.locator(".tray li").waitFor();
  await rowOf(page, "first").click({ button: "right" });
  await page.getByRole("menuitem", { name: "Edit" }).click();
  await composer(page).fill("first, and more");
  await choose(page, other);
  await until(page, () => document.querySelector("textarea")?.value === "");
  assert.equal(await page.locator(".tray li").count(), 0, "the other chat gets no files");
  await choose(page, chat);
  await page.locator(".context", { hasText: "Edit message" }).waitFor();
  assert.equal(await composer(page).inputValue(), "first, and more");
  assert.equal(await page.locator(".tray li").count(), 1);
  // It cannot be saved: what was written is back, over the draft that was there before.
  await apiOf(system, alice)("DELETE", `/chats/${chat}/messages/1?for=everyone`);
  await page.locator(".message.deleted").waitFor();
  await composer(page).press("Enter");
  await page.locator(".toast").waitFor();
  assert.equal(await composer(page).inputValue(), "first, and more");
  await page.keyboard.press("Escape");
  assert.equal(await composer(page).inputValue(), "a draft");
  assertClean(context);
});

test("a file that is still being read when another chat is shown waits in its own chat", async () => {
  const { alice, chat } = await pair();
  const other = await privateChat(system, alice, newUser("carol"));
  const context = await newContext(browser);
  // A large picture takes its time.
  await context.addInitScript(() => {
    const read = createImageBitmap;
    const isReleased = new Promise((resolve) => Object.assign(globalThis, { release: resolve }));
    Object.assign(globalThis, { createImageBitmap: async (/** @type {Blob} */ file) => (await isReleased, read(file)) });
  });
  const page = await open(context, system, alice, chat);
  const image = { name: "a.png", mimeType: "image/png", buffer: png(8, 8, () => [200, 90, 40]) };
  await page.locator(".composer input[type=file]").setInputFiles(image);
  await choose(page, other);
  await page.locator(".chat h2", { hasText: "Carol" }).waitFor();
  await page.evaluate(() => globalThis.release());
  await frames(page, 10);
  assert.equal(await page.locator(".tray li").count(), 0, "the other chat gets no files");
  await choose(page, chat);
  await page.locator(".tray li").waitFor();
  assertClean(context);
});

test("two tabs of a user share a draft, and neither takes the other's away", async () => {
  const { alice, chat } = await pair();
  const context = await newContext(browser);
  const [one, two] = [await open(context, system, alice, chat), await open(context, system, alice, chat)];
  await composer(one).fill("typed in one");
  const shows = (/** @type {any} */ page, /** @type {string} */ text) =>
    until(page, (value) => document.querySelector("textarea")?.value === value, text);
  await shows(two, "typed in one");
  await composer(two).press("Enter");
  await shows(one, "");
  await rowOf(one, "typed in one").waitFor();
  assertClean(context);
});

test("the microphone is let go of, however often and when it is asked for", async () => {
  const { alice, chat } = await pair();
  const other = await privateChat(system, alice, newUser("carol"));
  const context = await newContext(browser);
  await context.addInitScript(() => {
    const devices = navigator.mediaDevices;
    if (!devices) return;
    const ask = devices.getUserMedia.bind(devices);
    const all = /** @type {any} */ (globalThis);
    all.streams = [];
    all.asked = 0;
    devices.getUserMedia = async (options) => {
      all.asked++;
      await new Promise((resolve) => (all.allow = resolve));
      const stream = await ask(options);
      all.streams.push(stream);
      return stream;
    };
  });
  const page = await open(context, system, alice, chat);
  const mic = page.getByRole("button", { name: "Record a voice message" });
  const live = () =>
    page.evaluate(() => {
      const { streams } = /** @type {any} */ (globalThis);
      return streams
        .flatMap((/** @type {any} */ stream) => stream.getTracks())
        .filter((/** @type {any} */ track) => track.readyState === "live")
        .length;
    });
  await mic.dblclick();
  assert.equal(await page.evaluate(() => /** @type {any} */ (globalThis).asked), 1);
  await page.evaluate(() => /** @type {any} */ (globalThis).allow());
  await page.getByRole("button", { name: "Discard recording" }).dblclick();
  await mic.waitFor();
  assert.equal(await live(), 0);
  await mic.click();
  await choose(page, other);
  await page.evaluate(() => /** @type {any} */ (globalThis).allow());
  await until(page, () => {
    const { streams } = /** @type {any} */ (globalThis);
    return streams.length === 2 && streams[1].getTracks()[0].readyState === "ended";
  });
  assertClean(context);
});

const XSS = [
  "<script>window.hacked=1</script>",
  "<img src=x onerror=window.hacked=1>",
  '"><svg onload=window.hacked=1>',
  "javascript:window.hacked=1",
  '<a href="javascript:window.hacked=1">x</a>',
  "<iframe srcdoc='<script>parent.hacked=1</script>'>",
  "{{constructor.constructor('window.hacked=1')()}}",
  'https://example.com/"onmouseover="window.hacked=1',
  "http://<script>window.hacked=1</script>",
  "data:text/html,<script>window.hacked=1</script>",
  "<style>*{display:none}</style>",
  "&lt;b&gt;bold&lt;/b&gt;",
  "<details open ontoggle=window.hacked=1>",
  "\u202Egnp.exe",
  "<math><mtext><table><mglyph><style><img src=x onerror=window.hacked=1>",
];

test("11 texts that attack show as text everywhere, and the policy is never broken", async (t) => {
  const [alice, bob] = [newUser("alice"), newUser("bob")];
  const evil = XSS[1];
  const api = apiOf(system, bob);
  const chat = await groupChat(system, bob, [alice, newUser("carol")], evil.slice(0, 100), {
    topic: XSS[2],
    custom: { [XSS[0]]: XSS[1] },
  });
  await api("PATCH", "/me", { nickname: XSS[0].slice(0, 60) });
  await sendTexts(system, bob, chat, XSS);
  await sendTexts(system, bob, chat, [`@${XSS[0].slice(0, 60)} ${evil}`], {
    mentions: [bob],
    replyTo: 2,
    custom: { [XSS[3]]: XSS[4] },
  });
  const context = await newContext(browser);
  const page = await open(context, system, alice, chat);
  await page.locator(".message").nth(XSS.length).waitFor();
  const shown = await page.locator(".message .text").allTextContents();
  for (const text of XSS) assert.ok(shown.includes(text), text);
  assert.equal(await page.locator(".chat h2").textContent(), evil.slice(0, 100));
  assert.equal(await page.locator(".author:not([hidden])").first().textContent(), XSS[0].slice(0, 60));
  await page.locator(".custom summary").click();
  await composer(page).fill(evil);
  await page.getByRole("button", { name: /^Details of/ }).click();
  await page.getByRole("dialog").waitFor();
  await page.keyboard.press("Escape");
  await page.goto(`${system.origin}/?as=${alice}#/`);
  await until(page, () => !!document.querySelector(".preview")?.textContent);
  const made = await page.evaluate(() => ({
    hacked: globalThis.hacked,
    elements: document.querySelectorAll("script:not([src]), iframe, style, math, img[onerror], [onload]").length,
  }));
  const bad = await page.evaluate(() =>
    [...document.querySelectorAll("a")].map((link) => link.protocol).filter((protocol) => !/^https?:$/.test(protocol)),
  );
  measured(
    t,
    `${XSS.length} texts in messages, names, topic, custom data, quote, draft: ${made.elements} elements made, 0 run, links: ${bad.length} other than http(s)`,
  );
  assert.deepEqual(made, { hacked: undefined, elements: 0 });
  assert.deepEqual(bad, []);
  // The policy is there: a text that is parsed as HTML is refused.
  const refused = await page.evaluate(() => {
    try {
      document.createElement("div").innerHTML = "<b>x</b>";
      return false;
    } catch {
      return true;
    }
  });
  assert.ok(refused, "Trusted Types are on");
  const violations = complaintsOf(context).filter((text) => !/Trusted|innerHTML|HTML/.test(text));
  assert.deepEqual(violations, []);
});

test("12 the banner comes after 2 s without a connection, politely, and moves nothing", async (t) => {
  const { alice, bob, chat } = await pair();
  await sendTexts(system, bob, chat, ["hello"]);
  const context = await newContext(browser);
  const network = await createNetwork(context, system);
  const page = await open(context, system, alice, chat);
  await rowOf(page, "hello").waitFor();
  const boxes = () =>
    page.evaluate(() =>
      JSON.stringify(
        [".log", ".composer", ".inbox", ".chat > header"].map((name) =>
          document.querySelector(name)?.getBoundingClientRect(),
        ),
      ),
    );
  const before = await boxes();
  // A short loss says nothing.
  await network.cut();
  await page.waitForTimeout(1500);
  assert.equal(await page.locator(".banner").textContent(), "");
  await until(page, () => true);
  const lostAt = Date.now();
  await network.down();
  const banner = page.locator(".banner", { hasText: "No connection" });
  await banner.waitFor();
  const ms = Date.now() - lostAt;
  assert.equal(await boxes(), before);
  assert.equal(await page.locator(".banner").getAttribute("role"), "status");
  network.up();
  await page
    .getByRole("button", { name: "Try now" })
    .click()
    .catch(() => {});
  await banner.waitFor({ state: "detached" }).catch(() => {});
  await until(page, () => document.querySelector(".banner")?.textContent === "");
  measured(t, `shown ${ms} ms after the loss; nothing moved; gone when connected`);
  assert.ok(ms >= 1900, "not before 2 s");
  assertClean(context);
});

test("20 links are http(s) only, open safely, and end before the punctuation", async (t) => {
  const { alice, bob, chat } = await pair();
  const cases = /** @type {[string, string[]][]} */ ([
    ["see https://example.com/a.", ["https://example.com/a"]],
    ["(https://example.com/a_(b)) and (http://example.com/c)!", ["https://example.com/a_(b)", "http://example.com/c"]],
    ["javascript:alert(1) ftp://example.com data:text/html,x", []],
    [
      "HTTPS://EXAMPLE.COM/x, “https://example.com/q?a=1&b=2#h”…",
      ["https://example.com/x", "https://example.com/q?a=1&b=2#h"],
    ],
    ["https://", []],
  ]);
  await sendTexts(
    system,
    bob,
    chat,
    cases.map(([text]) => text),
  );
  const context = await newContext(browser);
  const page = await open(context, system, alice, chat);
  await page
    .locator(".message")
    .nth(cases.length - 1)
    .waitFor();
  const found = await page.locator(".message").evaluateAll((/** @type {Element[]} */ rows) =>
    rows.map((row) => ({
      text: row.querySelector(".text")?.textContent,
      links: [...row.querySelectorAll("a")].map(({ href, rel, target }) => ({ href, rel, target })),
    })),
  );
  assert.deepEqual(
    found.map(({ text }) => text),
    cases.map(([text]) => text),
  );
  assert.deepEqual(
    found.map(({ links }) => links.map(({ href }) => href)),
    cases.map(([, links]) => links),
  );
  for (const { links } of found)
    for (const { rel, target } of links) assert.deepEqual([rel, target], ["noopener noreferrer", "_blank"]);
  measured(t, `${found.flatMap(({ links }) => links).length} links in ${cases.length} texts`);
  assertClean(context);
});

test("24 reactions and emojis come from a searchable table of our own", async (t) => {
  const { alice, bob, chat } = await pair();
  await sendTexts(system, bob, chat, ["react to me"]);
  const context = await newContext(browser);
  const page = await open(context, system, alice, chat);
  const row = rowOf(page, "react to me");
  await row.hover();
  await row.getByRole("button", { name: "React", exact: true }).click();
  await page.getByRole("combobox", { name: "Search emojis" }).fill("rocke");
  const named = await page.locator(".emoji .named").textContent();
  await page.keyboard.press("Enter");
  await row.locator(".reaction").waitFor();
  assert.equal(named, "rocket", "the name, without the other words that find it");
  const reaction = await row.locator(".reaction").textContent();
  assert.equal(reaction, "🚀 1");
  // The same once more takes it back.
  await row.locator(".reaction").click();
  await row.locator(".reaction").waitFor({ state: "detached" });
  const { EMOJIS: all } = await import("../src/text/emoji.js");
  // The system takes every one of them.
  const [{ seq }] = await sendTexts(system, alice, chat, ["a row for each emoji"]);
  const api = apiOf(system, bob);
  for (let at = 0; at < all.length; at += 20)
    await api("PUT", `/chats/${chat}/messages/${seq}/reactions`, {
      emojis: all.slice(at, at + 20).map(([emoji]) => emoji),
    });
  await composer(page).fill("so ");
  await page.getByRole("button", { name: "Emojis" }).click();
  await page.getByRole("combobox", { name: "Search emojis" }).fill("party");
  await page.keyboard.press("Enter");
  const text = await composer(page).inputValue();
  measured(t, `"rocke" found ${named}; ${all.length} emojis, each taken by the system; typed "${text}"`);
  assert.match(text, /^so \p{Emoji}/u);
  assertClean(context);
});

test("25 the arrow up edits the last own message, a reply jumps to what it quotes", async (t) => {
  const { alice, bob, chat } = await pair();
  await sendTexts(system, bob, chat, [
    "the very first",
    ...Array.from({ length: 130 }, (_, index) => `filler ${index}`),
  ]);
  const context = await newContext(browser);
  const page = await open(context, system, alice, chat);
  await page.getByRole("button", { name: /Jump to latest/ }).click();
  await type(page, "with a tpyo");
  await until(page, () => [...document.querySelectorAll(".message")].at(-1)?.getAttribute("data-state") === "stored");
  await page.keyboard.press("ArrowUp");
  assert.equal(await composer(page).inputValue(), "with a tpyo");
  await page.keyboard.press("Escape");
  assert.equal(await composer(page).inputValue(), "");
  await page.keyboard.press("ArrowUp");
  await composer(page).fill("without a typo");
  await page.keyboard.press("Enter");
  const edited = rowOf(page, "without a typo");
  await edited.getByText("edited").waitFor();
  await sendTexts(system, bob, chat, ["as I said at first"], { replyTo: 1 });
  const quote = rowOf(page, "as I said at first").locator(".quote");
  await quote.waitFor();
  await until(page, () => document.querySelector(".quote")?.textContent?.includes("the very first"));
  await quote.click();
  const first = page.locator(".message.flash", { hasText: "the very first" });
  await first.waitFor();
  const inView = await first.evaluate((/** @type {Element} */ row) => {
    const { top, bottom } = row.getBoundingClientRect();
    const log = /** @type {Element} */ (document.querySelector(".log")).getBoundingClientRect();
    return top >= log.top && bottom <= log.bottom;
  });
  assert.ok(inView);
  measured(t, `edited in place; the quote 131 messages back is on the screen, ${(await logState(page)).rows} rows`);
  // Reply from the row, by its button.
  await page.getByRole("button", { name: /Jump to latest/ }).click();
  const last = rowOf(page, "as I said at first");
  await last.hover();
  await last.getByRole("button", { name: "Reply" }).click();
  await type(page, "I remember");
  await rowOf(page, "I remember").locator(".quote", { hasText: "as I said at first" }).waitFor();
  assertClean(context);
});

test("26 typing is told every 3 s at most, and goes after its time", async (t) => {
  const { alice, bob, chat } = await pair();
  const context = await newContext(browser);
  const network = await createNetwork(context, system);
  const page = await open(context, system, alice, chat);
  const other = await newContext(browser);
  const second = await open(other, system, bob, chat);
  await composer(page).click();
  const startedAt = Date.now();
  for (let index = 0; Date.now() - startedAt < 4000; index++)
    await page.keyboard.type(index % 10 ? "a" : " ", { delay: 60 });
  await second.locator(".typing-line", { hasText: `${nameOf(alice)} is typing` }).waitFor();
  const starts = network.frames.filter(
    ({ from, frame }) => from === "page" && frame.action === "typing" && frame.state === "start",
  ).length;
  assert.ok(starts >= 1 && starts <= 2, String(starts));
  // The page of who types ends without a word: the note goes by itself.
  await page.close({ runBeforeUnload: false });
  const closedAt = Date.now();
  await until(second, () => document.querySelector(".typing-line")?.textContent === "");
  measured(t, `${starts} starts in 4 s of typing; gone ${Date.now() - closedAt} ms after the last`);
  assertClean(context);
  assertClean(other);
});

test("mentions are completed, and who is mentioned sees it", async (t) => {
  const [alice, bob, carol] = [newUser("alice"), newUser("bob"), newUser("carol")];
  const chat = await groupChat(system, alice, [bob, carol], "Mentions");
  const context = await newContext(browser);
  const page = await open(context, system, alice, chat);
  await composer(page).click();
  await until(page, () => document.querySelector(".chat .state")?.textContent?.startsWith("3 members"));
  await page.keyboard.type("hey @ca");
  await page.getByRole("option", { name: nameOf(carol) }).waitFor();
  await page.keyboard.press("Enter");
  assert.equal(await composer(page).inputValue(), `hey @${nameOf(carol)} `);
  await page.keyboard.type("look");
  await page.keyboard.press("Enter");
  await page.locator(".mention", { hasText: nameOf(carol) }).waitFor();
  await until(page, () => document.querySelector(".message")?.getAttribute("data-state") === "stored");
  const { messages } = await apiOf(system, bob)("GET", `/chats/${chat}/messages`);
  assert.deepEqual(messages[0].mentions, [carol]);
  const other = await newContext(browser);
  const second = await open(other, system, carol, chat);
  await second.locator(".message.mentions-me").waitFor();
  measured(t, `stored with mentions ${JSON.stringify(messages[0].mentions)}`);
  assertClean(context);
  assertClean(other);
});

test("a message is deleted for me, and for everyone", async () => {
  const { alice, bob, chat } = await pair();
  await sendTexts(system, alice, chat, ["for me alone", "for everyone"]);
  const context = await newContext(browser);
  const page = await open(context, system, alice, chat);
  const other = await newContext(browser);
  const second = await open(other, system, bob, chat);
  for (const [text, action] of [
    ["for me alone", "Delete for me"],
    ["for everyone", "Delete for everyone"],
  ]) {
    await rowOf(page, text).hover();
    await rowOf(page, text).getByRole("button", { name: "More actions" }).click();
    await page.getByRole("menuitem", { name: action }).click();
    await page.getByRole("dialog").getByRole("button", { name: action }).click();
    await rowOf(page, text).waitFor({ state: "detached" });
  }
  await second.locator(".message.deleted").waitFor();
  assert.deepEqual(await second.locator(".message .text").allTextContents(), ["for me alone", "Message deleted"]);
  assert.deepEqual(await page.locator(".message .text").allTextContents(), ["Message deleted"]);
  assertClean(context);
  assertClean(other);
});
