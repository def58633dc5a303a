// Criteria 1 to 8, 15, 18, 19: the log.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  apiOf,
  assertClean,
  browser,
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

useSystem();

const lines = (/** @type {number} */ count, name = "line") =>
  Array.from({ length: count }, (_, index) => `${name} ${index + 1}`);

/** Two users with a chat of so many messages of the second one. @param {number} count */
async function chatWith(count) {
  const [alice, bob] = [newUser("alice"), newUser("bob")];
  const chat = await privateChat(system, alice, bob);
  const sent = await sendTexts(system, bob, chat, lines(count));
  return { alice, bob, chat, sent, api: apiOf(system, alice) };
}

/** The chat is read to its end. @param {any} of */
const readAll = ({ api, chat, sent }) => api("PUT", `/chats/${chat}/seen`, { seq: sent.at(-1).seq });

test("01 older rows that come above move the anchor 0 px, also without the browser's anchoring", async (t) => {
  const of = await chatWith(160);
  await readAll(of);
  const context = await newContext(browser);
  const page = await open(context, system, of.alice, of.chat);
  await until(page, () => document.querySelectorAll(".message").length >= 50);
  assert.equal(
    await page.evaluate(() => getComputedStyle(/** @type {any} */ (document.querySelector(".log"))).overflowAnchor),
    "none",
  );
  const shifts = await page.evaluate(async () => {
    const log = /** @type {HTMLElement} */ (document.querySelector(".log"));
    const shifts = [];
    const rowAt = () =>
      [...document.querySelectorAll(".message")].find(
        (row) => row.getBoundingClientRect().top >= log.getBoundingClientRect().top,
      );
    const next = () => new Promise(requestAnimationFrame);
    for (let round = 0; round < 200 && !document.querySelector(".start"); round++) {
      log.scrollTop = Math.max(5, log.scrollTop - 400);
      await next();
      const row = /** @type {Element} */ (rowAt());
      const count = log.scrollHeight;
      const top = row.getBoundingClientRect().top;
      for (let wait = 0; wait < 30 && log.scrollHeight === count; wait++) await next();
      if (log.scrollHeight !== count) shifts.push(Math.abs(row.getBoundingClientRect().top - top));
    }
    return shifts;
  });
  measured(t, `${shifts.length} times rows came above; largest shift ${Math.max(...shifts)} px`);
  assert.ok(shifts.length >= 2);
  assert.equal(Math.max(...shifts), 0);
  assertClean(context);
});

test("02 at the bottom, what arrives or loads late stays at the bottom", async (t) => {
  const of = await chatWith(40);
  await readAll(of);
  const context = await newContext(browser);
  const page = await open(context, system, of.alice, of.chat);
  await rowOf(page, "line 40").waitFor();
  await sendTexts(system, of.bob, of.chat, ["a new one\nof\nthree lines"]);
  await rowOf(page, "a new one").waitFor();
  await frames(page);
  const arrived = (await logState(page)).distance;
  // A row grows late, as a picture without a size would.
  await page.evaluate(() => {
    /** @type {any} */ (document.querySelectorAll(".bubble")[10]).style.height = "300px";
  });
  await frames(page);
  const late = (await logState(page)).distance;
  // The place of the log gets smaller, as with a composer of many lines.
  await page.getByRole("textbox", { name: "Message" }).fill("1\n2\n3\n4\n5\n6");
  await frames(page);
  const smaller = (await logState(page)).distance;
  measured(
    t,
    `distance to the end: ${arrived} px after an arrival, ${late} px after a late load, ${smaller} px in a smaller place`,
  );
  for (const distance of [arrived, late, smaller]) assert.ok(Math.abs(distance) <= 1, String(distance));
  assertClean(context);
});

test("03 scrolled up, nothing moves, and the jump button counts", async (t) => {
  const of = await chatWith(80);
  await readAll(of);
  const context = await newContext(browser);
  const page = await open(context, system, of.alice, of.chat);
  await rowOf(page, "line 80").waitFor();
  await page.evaluate(() => {
    /** @type {any} */ (document.querySelector(".log")).scrollTop -= 700;
  });
  await frames(page, 4);
  const place = () =>
    page.evaluate(() => {
      const log = /** @type {Element} */ (document.querySelector(".log"));
      const edge = log.getBoundingClientRect().top;
      const row = /** @type {any} */ (
        [...document.querySelectorAll(".message")].find((each) => each.getBoundingClientRect().top >= edge)
      );
      return { key: row.dataset.key, top: row.getBoundingClientRect().top };
    });
  const before = await place();
  await sendTexts(system, of.bob, of.chat, ["while you read 1", "while you read 2", "while you read 3"]);
  const jump = page.getByRole("button", { name: "Jump to latest (3)" });
  await jump.waitFor();
  await page.evaluate(() => {
    /** @type {any} */ (document.querySelectorAll(".bubble")[2]).style.height = "200px";
  });
  await frames(page, 3);
  const after = await place();
  measured(t, `moved ${after.top - before.top} px; the button says "${await jump.textContent()}"`);
  assert.deepEqual(after, before);
  await jump.click();
  await frames(page, 3);
  assert.ok((await logState(page)).distance <= 1);
  await jump.waitFor({ state: "hidden" });
  assertClean(context);
});

test("04 an own send scrolls to the end", async (t) => {
  const of = await chatWith(80);
  await readAll(of);
  const context = await newContext(browser);
  const page = await open(context, system, of.alice, of.chat);
  await rowOf(page, "line 80").waitFor();
  await page.evaluate(() => {
    /** @type {any} */ (document.querySelector(".log")).scrollTop = 300;
  });
  await frames(page, 4);
  const far = (await logState(page)).distance;
  await type(page, "my answer");
  await rowOf(page, "my answer").waitFor();
  await frames(page, 2);
  const { distance } = await logState(page);
  measured(t, `distance to the end: ${far} px before, ${distance} px after the send`);
  assert.ok(far > 100 && distance <= 1);
  assertClean(context);
});

test("05 the own row is painted offline within two frames, and becomes the stored row as the same node", async (t) => {
  const of = await chatWith(5);
  const context = await newContext(browser);
  const network = await createNetwork(context, system);
  const page = await open(context, system, of.alice, of.chat);
  await rowOf(page, "line 5").waitFor();
  await network.down();
  await page.getByRole("textbox", { name: "Message" }).fill("sent offline");
  const { frameCount, ms } = await page.evaluate(async () => {
    const area = /** @type {HTMLElement} */ (document.querySelector("textarea"));
    const startedAt = performance.now();
    area.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true }));
    for (let frameCount = 1; ; frameCount++) {
      await new Promise(requestAnimationFrame);
      const row = [...document.querySelectorAll(".message")].find((each) => each.textContent?.includes("sent offline"));
      if (row) {
        globalThis.ownRow = row;
        return { frameCount, ms: performance.now() - startedAt };
      }
    }
  });
  assert.equal(await page.evaluate(() => globalThis.ownRow.dataset.state), "waiting");
  network.up();
  await until(page, () => globalThis.ownRow.dataset.state === "stored");
  assert.ok(
    await page.evaluate(
      () =>
        globalThis.ownRow.isConnected &&
        document.querySelectorAll(`[data-key="${CSS.escape(globalThis.ownRow.dataset.key)}"]`).length === 1,
    ),
  );
  measured(t, `in the page after ${frameCount} frames and ${ms.toFixed(1)} ms; stored as the same node`);
  assert.ok(frameCount <= 2);
  assertClean(context);
});

test("06 a failed row offers Retry and Discard, and survives a reload", async (t) => {
  const [alice, bob] = [newUser("alice"), newUser("bob")];
  const chat = await privateChat(system, alice, bob);
  const context = await newContext(browser);
  let page = await open(context, system, alice, chat);
  await page.locator(".start").waitFor();
  await apiOf(system, bob)("PUT", `/users/${alice}/block`);
  await type(page, "does not go");
  await type(page, "neither does this");
  const row = rowOf(page, "does not go");
  await row.getByRole("button", { name: "Retry" }).waitFor();
  await rowOf(page, "neither").getByRole("button", { name: "Retry" }).waitFor();
  const text = await row.locator(".failure").textContent();
  await page.reload();
  await row.getByRole("button", { name: "Discard" }).click();
  await row.waitFor({ state: "detached" });
  await apiOf(system, bob)("DELETE", `/users/${alice}/block`);
  await rowOf(page, "neither").getByRole("button", { name: "Retry" }).click();
  await until(page, () =>
    [...document.querySelectorAll(".message")].some(
      (each) => each.textContent?.includes("neither") && /** @type {any} */ (each).dataset.state === "stored",
    ),
  );
  measured(t, `the row says "${text}"; after a reload, one was discarded and one was retried and stored`);
  assertClean(context);
});

test("07 opening lands on the unread divider, which stays for the visit", async (t) => {
  const of = await chatWith(60);
  await of.api("PUT", `/chats/${of.chat}/seen`, { seq: 20 });
  const context = await newContext(browser);
  const page = await open(context, system, of.alice, of.chat);
  const divider = page.locator(".divider");
  await divider.waitFor();
  await frames(page, 3);
  const part = await page.evaluate(() => {
    const log = /** @type {Element} */ (document.querySelector(".log")).getBoundingClientRect();
    return (
      /** @type {Element} */ (document.querySelector(".divider").getBoundingClientRect().top - log.top) / log.height
    );
  });
  const text = await divider.textContent();
  const next = await divider.evaluate((/** @type {Element} */ node) => node.nextElementSibling?.textContent);
  await page.getByRole("button", { name: /Jump to latest/ }).click();
  await until(page, () => ![...document.querySelectorAll(".chat-row.unread")].length);
  await divider.waitFor({ state: "attached" });
  measured(
    t,
    `"${text}" at ${Math.round(part * 100)} % of the height, before "${next}"; still there when all was read`,
  );
  assert.equal(text, "40 new messages");
  assert.match(next, /line 21/);
  assert.ok(part > 0 && part < 0.5);
  // Far more than a page unread.
  const many = await chatWith(260);
  await many.api("PUT", `/chats/${many.chat}/seen`, { seq: 30 });
  const other = await newContext(browser);
  const second = await open(other, system, many.alice, many.chat);
  await second.locator(".divider").waitFor();
  assert.match(
    await second.locator(".divider").evaluate((/** @type {Element} */ node) => node.nextElementSibling?.textContent),
    /line 31/,
  );
  await second.getByRole("button", { name: "Jump to latest (230)" }).click();
  await rowOf(second, "line 260").waitFor();
  assertClean(context);
  assertClean(other);
});

test("08 a chat is marked as seen only when it is visible, has the focus, and its end is on the screen", async (t) => {
  const of = await chatWith(60);
  await of.api("PUT", `/chats/${of.chat}/seen`, { seq: 10 });
  const context = await newContext(browser);
  const page = await open(context, system, of.alice, of.chat);
  await page.locator(".divider").waitFor();
  const readSeq = async () =>
    (await of.api("GET", `/chats/${of.chat}`)).members.find((/** @type {any} */ { userId }) => userId === of.alice)
      .readSeq;
  await frames(page, 10);
  const steps = [`at the divider ${await readSeq()}`];
  assert.equal(await readSeq(), 10);
  // At the end, but the window has no focus.
  await page.evaluate(() => {
    document.hasFocus = () => false;
    /** @type {any} */ (document.querySelector(".log")).scrollTop = 1e9;
  });
  await frames(page, 10);
  await page.waitForTimeout(300);
  steps.push(`at the end without focus ${await readSeq()}`);
  assert.equal(await readSeq(), 10);
  await page.evaluate(() => {
    document.hasFocus = () => true;
    dispatchEvent(new Event("focus"));
  });
  await until(page, () => !document.querySelector(".chat-row.unread"));
  for (let tries = 0; tries < 100 && (await readSeq()) !== 60; tries++) await page.waitForTimeout(50);
  steps.push(`with focus ${await readSeq()}`);
  measured(t, `read up to: ${steps.join(", ")}`);
  assert.equal(await readSeq(), 60);
  assertClean(context);
});

test("15 the live region says an arrival once, and history never", async (t) => {
  const of = await chatWith(120);
  await readAll(of);
  const context = await newContext(browser);
  const page = await open(context, system, of.alice, of.chat);
  await rowOf(page, "line 120").waitFor();
  await page.evaluate(() => {
    globalThis.said = [];
    new MutationObserver((changes) => {
      for (const { addedNodes } of changes) for (const node of addedNodes) globalThis.said.push(node.textContent);
    }).observe(/** @type {Node} */ (document.querySelector('[role="log"]')), { childList: true, subtree: true });
  });
  await page.evaluate(() => {
    /** @type {any} */ (document.querySelector(".log")).scrollTop = 0;
  });
  await until(page, () => document.querySelectorAll(".message").length >= 100);
  await page.evaluate(() => {
    /** @type {any} */ (document.querySelector(".log")).scrollTop = 1e9;
  });
  await frames(page, 3);
  await sendTexts(system, of.bob, of.chat, ["do you hear me"]);
  await rowOf(page, "do you hear me").waitFor();
  await type(page, "yes");
  await until(page, () => [...document.querySelectorAll(".message")].at(-1)?.textContent?.includes("yes"));
  await frames(page, 5);
  const said = await page.evaluate(() => globalThis.said);
  measured(
    t,
    `said: ${JSON.stringify(said)}; regions that speak around the rows: ${await page.locator(".rows").evaluate((/** @type {Element} */ node) => !!node.closest("[aria-live], [role=log], [role=status]"))}`,
  );
  assert.deepEqual(said, [`${nameOf(of.bob)}: do you hear me`]);
  assert.equal(await page.locator('[role="log"] .message').count(), 0);
  assertClean(context);
});

test("18 days are separated in the local zone", async (t) => {
  const of = await chatWith(1);
  const results = [];
  for (const timezoneId of ["Pacific/Auckland", "America/Los_Angeles"]) {
    const context = await newContext(browser, { timezoneId });
    const page = await context.newPage();
    // The same two moments are one day in one zone and two days in another.
    await page.clock.install({ time: new Date("2026-03-10T20:00:00Z") });
    await page.route(`${system.httpUrl}/**`, (/** @type {any} */ route) => route.fallback());
    const socketTimes = /** @type {Record<number, string>} */ ({
      1: "2026-03-10T05:00:00.000Z",
      2: "2026-03-10T09:00:00.000Z",
    });
    await page.routeWebSocket(/^ws/, (/** @type {any} */ socket) => {
      const server = socket.connectToServer();
      socket.onMessage((/** @type {string} */ text) => server.send(text));
      server.onMessage((/** @type {string} */ text) => socket.send(rewrite(text)));
    });
    const rewrite = (/** @type {string} */ text) => {
      const document = JSON.parse(text);
      const walk = (/** @type {any} */ value) => {
        if (!value || typeof value !== "object") return;
        if (value.messageId && socketTimes[value.seq]) value.createdAt = socketTimes[value.seq];
        Object.values(value).forEach(walk);
      };
      walk(document);
      return JSON.stringify(document);
    };
    await page.goto(`${system.origin}/?as=${of.alice}#/chat/${of.chat}`);
    await rowOf(page, "line 1").waitFor();
    if (results.length === 0) await sendTexts(system, of.bob, of.chat, ["line 2"]);
    await rowOf(page, "line 2").waitFor();
    results.push({ timezoneId, days: await page.locator(".day").allTextContents() });
    assertClean(context);
    await context.close();
  }
  measured(t, results.map(({ timezoneId, days }) => `${timezoneId}: ${days.join(" | ")}`).join("; "));
  assert.equal(results[0].days.length, 1, "05:00 and 09:00 UTC are 18:00 and 22:00 of one day in Auckland");
  assert.equal(results[1].days.length, 2, "and 22:00 and 02:00 of the next day in Los Angeles");
});

test("19 messages of a sender within 5 minutes are a group, and each time has its full date", async (t) => {
  const [alice, bob, carol] = [newUser("alice"), newUser("bob"), newUser("carol")];
  const chat = await groupChat(system, alice, [bob, carol], "Grouping");
  await sendTexts(system, bob, chat, ["b1", "b2"]);
  await sendTexts(system, carol, chat, ["c1"]);
  await sendTexts(system, bob, chat, ["b3"]);
  const context = await newContext(browser);
  const page = await open(context, system, alice, chat);
  await rowOf(page, "b3").waitFor();
  const rows = await page.locator(".message").evaluateAll((/** @type {HTMLElement[]} */ nodes) =>
    nodes.map((node) => ({
      text: node.querySelector(".text")?.textContent,
      first: node.classList.contains("first"),
      author: /** @type {any} */ (node.querySelector(".author")).hidden
        ? ""
        : node.querySelector(".author")?.textContent,
    })),
  );
  assert.deepEqual(
    rows.map(({ first }) => first),
    [true, false, true, true],
  );
  assert.deepEqual(
    rows.map(({ author }) => author),
    [nameOf(bob), "", nameOf(carol), nameOf(bob)],
  );
  const time = page.locator(".message time").first();
  const [dateTime, title] = [await time.getAttribute("datetime"), await time.getAttribute("title")];
  measured(
    t,
    `groups begin at ${rows.filter(({ first }) => first).map(({ text }) => text)}; <time datetime="${dateTime}" title="${title}">`,
  );
  assert.match(dateTime, /^\d{4}-\d\d-\d\dT/);
  assert.match(title, /20\d\d/);
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
