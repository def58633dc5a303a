// Criteria 13, 14, 16, 17, 27 to 30: the page, its windows, its looks.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { test } from "node:test";
import {
  apiOf,
  assertClean,
  browser,
  frames,
  groupChat,
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
  variant,
} from "./harness.js";

useSystem();

const PHONE = { viewport: { width: 360, height: 640 }, hasTouch: true, isMobile: true };
const axeSource = readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** A user with a private chat, a group, and messages of every look. */
async function world() {
  const [alice, bob, carol] = [newUser("alice"), newUser("bob"), newUser("carol")];
  const chat = await privateChat(system, alice, bob);
  const group = await groupChat(system, bob, [alice, carol], "A group", { topic: "What it is about" });
  const [first] = await sendTexts(system, bob, chat, ["hello", "with a link https://example.com/"]);
  await sendTexts(system, alice, chat, ["an answer"], { replyTo: first.seq });
  await apiOf(system, alice)("PUT", `/chats/${chat}/messages/1/reactions`, { emojis: ["👍"] });
  await sendTexts(system, bob, group, [`@${nameOf(alice)} look`], { mentions: [alice] });
  return { alice, bob, carol, chat, group };
}

/** Nothing is wider than the window. @param {any} page */
const overflow = (page) => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);

test("13 at 360 x 640 the list and the chat are views of their own, Back works, nothing scrolls sideways", async (t) => {
  const { alice, chat } = await world();
  const context = await newContext(browser, PHONE);
  const page = await open(context, system, alice);
  const row = page.locator(`[data-chat="${chat}"] a`);
  await row.waitFor();
  assert.equal(await page.locator(".chat").count(), 0);
  const widths = [await overflow(page)];
  await row.tap();
  await rowOf(page, "an answer").waitFor();
  assert.equal(await page.locator(".inbox").isVisible(), false);
  widths.push(await overflow(page));
  await page.goBack();
  await row.waitFor();
  assert.equal(await page.locator(".chat").count(), 0);
  await row.tap();
  await page.getByRole("button", { name: "Back to chats" }).tap();
  await row.waitFor();
  await row.tap();
  await type(page, "averyveryverylongwordwithoutanyspace".repeat(8));
  await rowOf(page, "averyvery").waitFor();
  widths.push(await overflow(page));
  await page.getByRole("button", { name: /^Details of/ }).tap();
  await page.getByRole("dialog").waitFor();
  widths.push(await overflow(page));
  measured(t, `wider than the window by ${widths.join(", ")} px; Back of the browser and of the page lead to the list`);
  assert.ok(widths.every((width) => width <= 0));
  assertClean(context);
});

test("14 an on-screen keyboard leaves the composer in the visual viewport", async (t) => {
  const { alice, chat } = await world();
  const context = await newContext(browser, PHONE);
  const page = await open(context, system, alice, chat);
  await rowOf(page, "an answer").waitFor();
  // The keyboard covers 280 px, and the browser pans by 40 px.
  await page.evaluate(() => {
    Object.defineProperty(visualViewport, "height", { get: () => 360, configurable: true });
    Object.defineProperty(visualViewport, "offsetTop", { get: () => 40, configurable: true });
    /** @type {any} */ (visualViewport).dispatchEvent(new Event("resize"));
  });
  await frames(page, 3);
  const { top, bottom, distance } = await page.evaluate(() => {
    const { top, bottom } = /** @type {Element} */ (document.querySelector(".composer")).getBoundingClientRect();
    const log = /** @type {Element} */ (document.querySelector(".log"));
    return { top, bottom, distance: log.scrollHeight - log.clientHeight - log.scrollTop };
  });
  measured(
    t,
    `visual viewport from 40 to 400 px; composer from ${top} to ${bottom} px; log at ${distance} px from its end`,
  );
  assert.ok(top >= 40 && bottom <= 400);
  assert.ok(distance <= 1);
  assertClean(context);
});

test("16 everything goes by the keyboard, the focus shows, and dialogs give it back", async (t) => {
  const { alice, chat } = await world();
  const context = await newContext(browser);
  const page = await open(context, system, alice);
  await page.locator(`[data-chat="${chat}"] a`).waitFor();
  const focused = () =>
    page.evaluate(() => {
      const node = /** @type {any} */ (document.activeElement);
      return {
        name: node.getAttribute("aria-label") ?? node.textContent?.trim().slice(0, 30),
        outline: getComputedStyle(node).outlineStyle,
      };
    });
  const steps = [];
  // New chat: opened, closed, the focus is back on its button.
  await page.keyboard.press("Tab");
  steps.push(await focused());
  assert.equal(steps[0].name, "New chat");
  await page.keyboard.press("Enter");
  await page.getByRole("dialog", { name: "New chat" }).waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  assert.equal((await focused()).name, "New chat");
  // The menu: arrows, Escape.
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.keyboard.press("ArrowDown");
  assert.equal((await focused()).name, "Settings");
  await page.keyboard.press("Enter");
  await page.getByRole("dialog", { name: "Settings" }).waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  assert.equal((await focused()).name, "Menu");
  // The list is one stop for Tab.
  await page.keyboard.press("Tab");
  const rows = [];
  for (let stop = 0; stop < 2; stop++) {
    await page.keyboard.press("Tab");
    rows.push(await page.evaluate(() => !!document.activeElement?.closest(".chat-row")));
  }
  assert.deepEqual(rows, [true, false]);
  // Search, then the list, then the chat.
  await page.getByRole("searchbox").focus();
  await page.keyboard.type(
    nameOf(
      (await apiOf(system, alice)("GET", `/chats/${chat}`)).members
        .map((/** @type {any} */ { userId }) => userId)
        .find((/** @type {string} */ id) => id !== alice),
    ),
  );
  await page.keyboard.press("ArrowDown");
  steps.push(await focused());
  await page.keyboard.press("Enter");
  await rowOf(page, "an answer").waitFor();
  assert.equal((await focused()).name, "Message");
  // Back into the log: the last row, its menu, a reply.
  await page.keyboard.press("Shift+Tab");
  for (
    let tries = 0;
    tries < 6 && !(await page.evaluate(() => document.activeElement?.classList.contains("message")));
    tries++
  )
    await page.keyboard.press("Shift+Tab");
  steps.push(await focused());
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("Enter");
  await page.getByRole("menu").waitFor();
  await page.keyboard.press("Escape");
  steps.push(await focused());
  assert.match(steps.at(-1)?.name ?? "", /with a link/);
  await page.keyboard.press("Enter");
  await page.keyboard.press("Enter");
  assert.equal((await focused()).name, "Message");
  await page.keyboard.type("by the keyboard");
  await page.keyboard.press("Enter");
  await rowOf(page, "by the keyboard").locator(".quote").waitFor();
  measured(t, steps.map(({ name, outline }) => `${name} (${outline})`).join(" > "));
  for (const { name, outline } of steps) assert.equal(outline, "solid", name);
  assertClean(context);
});

test("the log is one stop for Tab, with the links of one row", async () => {
  const [alice, bob] = [newUser("alice"), newUser("bob")];
  const chat = await privateChat(system, alice, bob);
  await sendTexts(system, bob, chat, ["one https://one.example", "two https://two.example", "three https://three.example"]);
  const context = await newContext(browser);
  const page = await open(context, system, alice, chat);
  await rowOf(page, "three").waitFor();
  await page.getByRole("textbox", { name: "Message" }).focus();
  /** The texts of the links that Tab goes through, backwards from the composer. */
  const links = async () => {
    const found = [];
    for (let stop = 0; stop < 10; stop++) {
      await page.keyboard.press("Shift+Tab");
      const link = await page.evaluate(() => {
        const { activeElement } = document;
        return activeElement?.closest(".message") && activeElement.matches("a") && activeElement.textContent;
      });
      if (link) found.push(link);
    }
    return found;
  };
  assert.deepEqual(await links(), ["https://three.example"]);
  await rowOf(page, "one").focus();
  await apiOf(system, bob)("PATCH", `/chats/${chat}/messages/3`, { content: "three https://four.example" });
  await rowOf(page, "four").waitFor();
  await page.getByRole("textbox", { name: "Message" }).focus();
  assert.deepEqual(await links(), ["https://one.example"], "also of a row that changes");
  assertClean(context);
});

test("17 axe finds nothing: light, dark, at 200 % zoom, in every dialog", async (t) => {
  const { alice, chat, group } = await world();
  const source = await axeSource;
  let checks = 0;
  const check = async (/** @type {any} */ page, /** @type {string} */ what) => {
    await page.evaluate(source);
    const found = await page.evaluate(async () =>
      (await globalThis.axe.run(document, { resultTypes: ["violations"] })).violations.map(
        (/** @type {any} */ { id, nodes }) =>
          `${id}: ${nodes.map((/** @type {any} */ { target, failureSummary }) => `${target} ${failureSummary}`).join("; ")}`,
      ),
    );
    checks++;
    assert.deepEqual(found, [], what);
  };
  for (const [look, options] of /** @type {[string, any][]} */ ([
    ["light", { colorScheme: "light" }],
    ["dark", { colorScheme: "dark" }],
    ["200 %", { viewport: { width: 640, height: 400 }, deviceScaleFactor: 2 }],
    ["phone", PHONE],
  ])) {
    const context = await newContext(browser, options);
    const page = await open(context, system, alice);
    await page.locator(".chat-row").first().waitFor();
    await check(page, `${look}: inbox`);
    for (const id of [chat, group]) {
      await page.goto(`${system.origin}/?as=${alice}#/chat/${id}`);
      await page.locator(".message").first().waitFor();
      await frames(page, 5);
      await check(page, `${look}: chat`);
      await page.getByRole("button", { name: /^Details of/ }).click();
      await page.getByRole("dialog").waitFor();
      await check(page, `${look}: details`);
      await page.keyboard.press("Escape");
    }
    await page.getByRole("button", { name: "Emojis" }).click();
    await check(page, `${look}: emojis`);
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "More", exact: true }).click();
    await check(page, `${look}: menu`);
    await page.keyboard.press("Escape");
    await page.goto(`${system.origin}/?as=${alice}#/`);
    for (const name of ["Profile", "Settings"]) {
      await page.getByRole("button", { name: "Menu" }).click();
      await page.getByRole("menuitem", { name }).click();
      await page.getByRole("dialog").waitFor();
      await check(page, `${look}: ${name}`);
      await page.keyboard.press("Escape");
    }
    await page.getByRole("button", { name: "New chat" }).first().click();
    await page.getByRole("dialog").waitFor();
    await check(page, `${look}: new chat`);
    await page.goto(system.origin);
    await page.locator(".sign-in").waitFor();
    await check(page, `${look}: sign in`);
    await context.close();
  }
  measured(t, `${checks} checks, 0 violations`);
});

test("27 the title counts, and the icon has a dot, exactly and in every tab", async (t) => {
  const { alice, bob, chat, group } = await world();
  const api = apiOf(system, alice);
  await api("PUT", `/chats/${chat}/seen`, { seq: 2 });
  const context = await newContext(browser);
  const first = await open(context, system, alice);
  const second = await open(context, system, alice);
  const both = (/** @type {string} */ title) =>
    Promise.all([first, second].map((page) => until(page, (expected) => document.title === expected, title)));
  const icon = (/** @type {any} */ page) =>
    page.evaluate(() => /** @type {any} */ (document.querySelector('link[rel="icon"]')).href.slice(0, 14));
  await both("(1) Chats");
  assert.equal(await icon(first), "data:image/png");
  await sendTexts(system, bob, chat, ["one", "two"]);
  await both("(3) Chats");
  await second.evaluate((/** @type {string} */ id) => (location.hash = `#/chat/${id}`), group);
  await both("(2) Chats");
  await api("PUT", `/chats/${chat}/seen`, { seq: 5 });
  await both("Chats");
  assert.notEqual(await icon(first), "data:image/png");
  measured(t, "(1), (3), (2), none: the same in two tabs at each step");
  assertClean(context);
});

test("28 notifications are asked for in a click, come once for all tabs, and respect a mute", async (t) => {
  const { alice, bob, chat, group } = await world();
  const context = await newContext(browser);
  await context.addInitScript(() => {
    if (location.protocol === "about:") return;
    /** @type {any} */ (globalThis).asked = 0;
    class Fake extends EventTarget {
      static permission = localStorage.getItem("fake-permission") ?? "default";
      static async requestPermission() {
        /** @type {any} */ (globalThis).asked += navigator.userActivation.isActive ? 1 : 100;
        localStorage.setItem("fake-permission", "granted");
        return (Fake.permission = "granted");
      }
      close() {}
      constructor(/** @type {string} */ title, /** @type {any} */ options) {
        super();
        const shown = JSON.parse(localStorage.getItem("fake-shown") ?? "[]");
        localStorage.setItem("fake-shown", JSON.stringify([...shown, `${title}: ${options.body}`]));
      }
    }
    Object.defineProperty(globalThis, "Notification", { value: Fake });
  });
  const first = await open(context, system, alice);
  assert.equal(await first.evaluate(() => globalThis.asked), 0);
  await first.getByRole("button", { name: "Menu" }).click();
  await first.getByRole("menuitem", { name: "Settings" }).click();
  await first.getByLabel("Notify me of new messages").check();
  await until(first, () => globalThis.asked === 1);
  await first.keyboard.press("Escape");
  const others = [await open(context, system, alice), await open(context, system, alice)];
  await sendTexts(system, bob, chat, ["are you there"]);
  const shown = (/** @type {any} */ page) =>
    page.evaluate(() => JSON.parse(localStorage.getItem("fake-shown") ?? "[]"));
  await until(first, () => (localStorage.getItem("fake-shown") ?? "").includes("are you there"));
  await apiOf(system, alice)("PATCH", `/chats/${group}/me`, { notify: "none" });
  await until(first, (id) => document.querySelector(`[data-chat="${id}"]`)?.classList.contains("muted"), group);
  await sendTexts(system, bob, group, ["muted"]);
  await sendTexts(system, bob, chat, ["again"]);
  await until(first, () => (localStorage.getItem("fake-shown") ?? "").includes("again"));
  // Who looks at the chat needs no notification.
  await others[1].bringToFront();
  await others[1].evaluate((/** @type {string} */ id) => (location.hash = `#/chat/${id}`), chat);
  await rowOf(others[1], "again").waitFor();
  await sendTexts(system, bob, chat, ["you see this"]);
  await rowOf(others[1], "you see this").waitFor();
  await others[1].waitForTimeout(1000);
  const list = await shown(first);
  measured(t, `asked once, in a click; three tabs showed ${JSON.stringify(list)}`);
  assert.deepEqual(list, [`${nameOf(bob)}: are you there`, `${nameOf(bob)}: again`]);
  assertClean(context);
});

test("29 right-to-left: texts find their direction, and the page is mirrored", async (t) => {
  const { alice, bob, chat } = await world();
  await sendTexts(system, bob, chat, ["שלום, מה שלומך?"]);
  const context = await newContext(browser);
  const page = await open(context, system, alice, chat);
  await rowOf(page, "שלום").waitFor();
  const directions = await page
    .locator(".message .text")
    .evaluateAll((/** @type {Element[]} */ nodes) => nodes.map((node) => getComputedStyle(node).direction));
  assert.deepEqual([directions[0], directions.at(-1)], ["ltr", "rtl"]);
  const { width } = variant;
  const names = [".composer .send", ".message:not(.own) .bubble", ".message.own .bubble"];
  if (!variant.isNarrow) names.push(".inbox", ".chat-row .avatar");
  const boxes = () =>
    page.evaluate(
      (/** @type {string[]} */ names) =>
        Object.fromEntries(
          names.map((name) => {
            const { left, right } = /** @type {Element} */ (document.querySelector(name)).getBoundingClientRect();
            return [name, { left: Math.round(left), right: Math.round(right) }];
          }),
        ),
      names,
    );
  /** How far a name is from the side where the page begins, and whether the time of each message is where it ends. */
  const sides = () =>
    page.evaluate(() => {
      const isRtl = document.documentElement.dir === "rtl";
      const title = /** @type {Element} */ (document.querySelector(".chat h2"));
      const range = document.createRange();
      range.selectNodeContents(title);
      const [text, box] = [range.getBoundingClientRect(), title.getBoundingClientRect()];
      const isTimeLast = [...document.querySelectorAll(".message")].map((row) => {
        const text = /** @type {Element} */ (row.querySelector(".text"));
        const time = /** @type {Element} */ (row.querySelector(".meta")).getBoundingClientRect();
        const { left, right } = text.getBoundingClientRect();
        return getComputedStyle(text).direction === "rtl" ? time.right <= left : time.left >= right;
      });
      return { offset: Math.round(isRtl ? box.right - text.right : text.left - box.left), isTimeLast };
    });
  const before = await boxes();
  const sidesBefore = await sides();
  await page.evaluate(
    (/** @type {string} */ dir) => {
      document.documentElement.dir = dir;
    },
    variant.direction === "rtl" ? "ltr" : "rtl",
  );
  await frames(page, 3);
  const after = await boxes();
  for (const { offset, isTimeLast } of [sidesBefore, await sides()]) {
    assert.equal(offset, 0, "a name in Latin letters begins where the page begins");
    assert.ok(isTimeLast.every(Boolean), `the time is where the text ends: ${isTimeLast}`);
  }
  for (const [name, { left, right }] of Object.entries(/** @type {Record<string, any>} */ (before))) {
    // A bar at the edge has no width here, so the mirror is exact up to rounding.
    assert.ok(
      Math.abs(width - right - after[name].left) <= 2 && Math.abs(width - left - after[name].right) <= 2,
      `${name} ${JSON.stringify([before[name], after[name]])}`,
    );
  }
  const rules = (
    await Promise.all(
      ["base", "app", "inbox", "chat", "composer", "media", "layers"].map((name) =>
        readFile(new URL(`../css/${name}.css`, import.meta.url), "utf8"),
      ),
    )
  ).join("\n");
  assert.deepEqual(
    rules.match(/(margin|padding|border)-(left|right)|(?<![-\w])(left|right):|text-align: (left|right)/g) ?? [],
    [],
  );
  measured(
    t,
    `${Object.keys(before).length} boxes mirrored; texts: ${directions.join(", ")}; no rule names left or right`,
  );
  assertClean(context);
});

test("30 less motion and forced colors", async (t) => {
  const { alice, chat } = await world();
  const context = await newContext(browser, { reducedMotion: "reduce", forcedColors: "active" });
  const page = await open(context, system, alice, chat);
  await rowOf(page, "an answer").waitFor();
  const { moving, borders } = await page.evaluate(() => {
    const all = [...document.querySelectorAll("*")];
    const isMoving = (/** @type {Element} */ node) => {
      const { animationName, transitionDuration, scrollBehavior } = getComputedStyle(node);
      return (
        animationName !== "none" ||
        transitionDuration.split(",").some((part) => parseFloat(part) > 0) ||
        scrollBehavior === "smooth"
      );
    };
    return {
      moving: all.filter(isMoving).length,
      borders: [".bubble", ".avatar", ".send"].map(
        (name) => getComputedStyle(/** @type {Element} */ (document.querySelector(name))).borderStyle,
      ),
    };
  });
  measured(t, `${moving} elements move; borders in forced colors: ${borders.join(", ")}`);
  assert.equal(moving, 0);
  assert.ok(borders.every((style) => style === "solid"));
  assertClean(context);
});
