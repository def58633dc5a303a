// Makes the pictures of the web client in docs/web: `npm run screenshots`. With `--check`, compares them with what the
// page looks like now.
import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import {
  apiOf,
  assertClean,
  frames,
  getToken,
  groupChat,
  newContext,
  open,
  privateChat,
  rowOf,
  sendTexts,
  startBrowser,
  startSystem,
  stopAll,
} from "../test/harness.js";
import { mountains, png } from "../test/png.js";

const home = fileURLToPath(new URL("../../../docs/web/", import.meta.url));
/** The moment of all pictures, in UTC. */
const NOW = new Date("2026-03-10T14:32:10Z");
const MINUTE_MS = 60_000;
/** Colours that differ by less, of 255, are the same: fonts are drawn a little differently. */
const MAX_COLOR_DIFFERENCE = 48;
/** So much of a picture may differ. */
const MAX_DIFFERENT_SHARE = 0.01;

const NAMES = {
  alice: "Alice Moreau",
  bob: "Bob Okafor",
  liam: "Liam Kowalski",
  maria: "Maria Schäfer",
  zoe: "Zoë",
  nora: "Nora Lind",
  kai: "Kai",
};

/** When the messages of a chat were sent, in minutes before now. @type {Map<string, number[]>} */
const ages = new Map();

/** A document of the system with the times of the pictures. @param {string} text */
function rewrite(text) {
  const document = JSON.parse(text);
  const walk = (/** @type {any} */ value) => {
    if (!value || typeof value !== "object") return;
    for (const [name, part] of Object.entries(value)) {
      if (typeof part === "string" && /^20\d\d-\d\d-\d\dT/.test(part))
        value[name] = new Date(NOW.getTime() - 3 * 24 * 60 * MINUTE_MS).toISOString();
      walk(part);
    }
    const age = value.messageId && ages.get(value.chatId)?.[value.seq - 1];
    if (age !== undefined) value.createdAt = new Date(NOW.getTime() - age * MINUTE_MS).toISOString();
  };
  walk(document);
  return JSON.stringify(document);
}

/** Sends a file. @param {any} system @param {string} user @param {string} chatId @param {any} about @param {Buffer} bytes */
async function sendFile(system, user, chatId, about, bytes, content = "") {
  const api = apiOf(system, user);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const { attachment, upload } = await api("POST", "/attachments", {
    chatId,
    ...about,
    sizeBytes: bytes.length,
    sha256,
  });
  const answer = await fetch(upload.url, { method: upload.method, headers: upload.headers, body: bytes });
  if (!answer.ok) throw new Error(`the bucket answered ${answer.status}`);
  await api("POST", `/chats/${chatId}/messages`, { type: about.type, attachmentId: attachment.attachmentId, content });
}

/** The people and their chats. @param {any} system */
async function fill(system) {
  for (const [user, nickname] of Object.entries(NAMES)) {
    await getToken(system, user);
    await apiOf(system, user)("PATCH", "/me", { nickname });
  }
  const chats = /** @type {Record<string, string>} */ ({});
  for (const user of ["bob", "liam", "maria", "zoe"]) chats[user] = await privateChat(system, user, "alice");
  const more = { topic: "Version 2.4, on Thursday", custom: { ticket: "REL-24" }, clientChatId: "release-team" };
  chats.team = await groupChat(system, "nora", ["alice", "kai"], "Release team", more);
  await sendTexts(system, "maria", chats.maria, ["Thanks, that did it"]);
  ages.set(chats.maria, [1500]);
  await sendTexts(system, "zoe", chats.zoe, ["See you on Tuesday"]);
  ages.set(chats.zoe, [3000]);
  await sendTexts(system, "bob", chats.bob, [
    "Morning! Did the export of last night reach you?",
    "It says 40 files, but I count 39 here.",
  ]);
  await sendTexts(system, "alice", chats.bob, [
    "It did. One was empty, so I left it out. Is that wrong?",
    "I can send the list.",
  ]);
  await apiOf(system, "bob")("PUT", `/chats/${chats.bob}/seen`, { seq: 4 });
  await sendTexts(system, "bob", chats.bob, [
    "No, that is right. Could you have a look at the draft before three? Section 4 is new, the rest only moved. https://example.com/draft.",
    "And the numbers in the table are from Monday.",
  ]);
  await apiOf(system, "alice")("PUT", `/chats/${chats.bob}/messages/6/reactions`, { emojis: ["👍"] });
  await apiOf(system, "bob")("PUT", `/chats/${chats.bob}/messages/6/reactions`, { emojis: ["🎉"] });
  await sendTexts(system, "alice", chats.bob, ["I will look at it after lunch"], { replyTo: 5 });
  ages.set(chats.bob, [1770, 1770, 1767, 1767, 21, 20, 12]);
  await sendTexts(system, "nora", chats.team, ["The build is green", "Starting the migration now"]);
  await apiOf(system, "alice")("PUT", `/chats/${chats.team}/seen`, { seq: 1 });
  await sendTexts(system, "kai", chats.team, ["@Alice Moreau can you watch the dashboard?"], { mentions: ["alice"] });
  await sendTexts(system, "nora", chats.team, ["The migration ran, 4 min", "🎉🎉"]);
  ages.set(chats.team, [55, 30, 28, 6, 5]);
  const image = {
    type: "image",
    fileName: "lake.png",
    contentType: "image/png",
    width: 900,
    height: 600,
    blurHash: "00I}XR",
  };
  await sendFile(system, "alice", chats.liam, image, png(900, 600, mountains), "From the hike on Sunday");
  const minutes = { type: "file", fileName: "Minutes of Thursday.pdf", contentType: "application/pdf" };
  await sendFile(system, "liam", chats.liam, minutes, Buffer.alloc(1_400_000, 1));
  const voice = { type: "audio", fileName: "voice-message.webm", contentType: "audio/webm", durationMs: 14_000 };
  await sendFile(system, "liam", chats.liam, voice, Buffer.alloc(20_000, 2));
  await sendTexts(system, "liam", chats.liam, ["Beautiful! Where is that?"], { replyTo: 1 });
  await apiOf(system, "liam")("PUT", `/chats/${chats.liam}/seen`, { seq: 4 });
  await apiOf(system, "alice")("PUT", `/chats/${chats.liam}/seen`, { seq: 4 });
  ages.set(chats.liam, [180, 160, 158, 147]);
  await apiOf(system, "alice")("PATCH", `/chats/${chats.maria}/me`, { pinned: true });
  return chats;
}

/**
 * How much of two pictures differs, 0 to 1.
 * @param {any} page
 * @param {Buffer} before
 * @param {Buffer} after
 */
const difference = (page, before, after) =>
  page.evaluate(
    async ([before, after, max]) => {
      const read = async (/** @type {string} */ text) => {
        const image = await createImageBitmap(new Blob([Uint8Array.from(atob(text), (char) => char.charCodeAt(0))]));
        const canvas = new OffscreenCanvas(image.width, image.height);
        const pen = /** @type {any} */ (canvas.getContext("2d"));
        pen.drawImage(image, 0, 0);
        return pen.getImageData(0, 0, image.width, image.height);
      };
      const [one, two] = [await read(before), await read(after)];
      if (one.width !== two.width || one.height !== two.height) return 1;
      let different = 0;
      for (let at = 0; at < one.data.length; at += 4)
        if ([0, 1, 2].some((part) => Math.abs(one.data[at + part] - two.data[at + part]) > max)) different++;
      return different / (one.data.length / 4);
    },
    [before.toString("base64"), after.toString("base64"), MAX_COLOR_DIFFERENCE],
  );

const isCheck = process.argv.includes("--check");
try {
  const system = await startSystem();
  const browser = await startBrowser();
  const chats = await fill(system);
  // Two of the others are online.
  for (const user of ["bob", "liam"]) await open(await newContext(browser), system, user);
  const phone = { viewport: { width: 360, height: 640 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true };
  // The group is opened last, as that reads it.
  const pictures = /** @type {[name: string, options: any, chat?: string, isRtl?: boolean][]} */ ([
    ["inbox", {}],
    ["inbox-360", phone],
    ["chat", {}, chats.bob],
    ["dark", { colorScheme: "dark" }, chats.bob],
    ["chat-360", phone, chats.bob],
    ["attachments", {}, chats.liam],
    ["right-to-left", {}, chats.liam, true],
    ["group", {}, chats.team],
  ]);
  await mkdir(home, { recursive: true });
  let failed = 0;
  for (const [name, options, chat, isRtl] of pictures) {
    const context = await newContext(browser, { locale: "en-GB", timezoneId: "UTC", ...options });
    await context.clock.install({ time: NOW });
    await context.routeWebSocket(/^ws/, (/** @type {any} */ socket) => {
      const server = socket.connectToServer();
      socket.onMessage((/** @type {string} */ text) => server.send(text));
      server.onMessage((/** @type {string} */ text) => socket.send(rewrite(text)));
    });
    await context.route(`${system.httpUrl}/**`, async (/** @type {any} */ route) => {
      // The same address serves the page. Its files stay as they are.
      if (route.request().resourceType() !== "fetch") return route.fallback();
      const response = await route.fetch();
      await route.fulfill({ response, body: rewrite(await response.text()) });
    });
    const page = await open(context, system, "alice", chat);
    await page.locator(".chat-row").nth(4).waitFor({ state: "attached" });
    if (chat === chats.liam) await page.locator(".picture img.shown").waitFor();
    if (chat) await page.locator(".message").first().waitFor();
    if (chat === chats.bob || chat === chats.liam) await page.locator(".state", { hasText: "online" }).waitFor();
    if (isRtl) await page.evaluate(() => (document.documentElement.dir = "rtl"));
    await page.evaluate(() => document.fonts.ready);
    await page.waitForTimeout(1000);
    await frames(page, 3);
    const picture = await page.screenshot({ caret: "hide", animations: "disabled" });
    const file = `${home}${name}.png`;
    if (isCheck) {
      const blank = await (await newContext(browser)).newPage();
      const share = await difference(blank, await readFile(file), picture);
      const isSame = share <= MAX_DIFFERENT_SHARE;
      if (!isSame) failed++;
      console.log(`${isSame ? "same" : "DIFFERENT"}  ${name}: ${(share * 100).toFixed(3)} % of the pixels`);
      if (!isSame) await writeFile(`${home}${name}.new.png`, picture);
      await blank.context().close();
    } else {
      await writeFile(file, picture);
      console.log(`made ${file}`);
    }
    assertClean(context);
    await context.close();
  }
  if (failed) {
    console.error(`${failed} pictures differ. Look at docs/web/*.new.png. If they are right: npm run screenshots`);
    process.exitCode = 1;
  }
} finally {
  await stopAll();
}
