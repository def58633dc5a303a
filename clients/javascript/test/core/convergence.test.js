// Whatever gets lost, comes twice, late or in another order: in the end a client holds what the server has.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { State } from "../../src/state/state.js";
import { Server } from "./model.js";

const ME = "alice";
const RUNS = 400;
const SEED = Number(process.env.LAMBDA_CHAT_SEED ?? 20261126);
/** Requests until a client must be up to date. */
const MAX_REQUESTS = 200;
const NOW = "2026-11-25T00:00:00.000Z";

/** A device with its connection: events on their way, a request that is not answered yet. */
class Device {
  state = new State(ME);
  /** Events and replies on their way. */
  wire = [];
  server = new Server((event) => this.#push(event));
  /** The answer to the request under way. */
  answer;
  /** The highest seq that was reported of each chat. */
  reported = new Map();
  reportedCount = 0;
  newsCount = 0;
  /** Whether an event was lost that no gap may show. */
  hasLost = false;

  /** @param {boolean} isListed whether the inbox is listed already */
  constructor(isListed) {
    this.wire = [];
    while (isListed && this.state.isBehind) {
      this.ask();
      this.receiveAnswer();
    }
  }

  #push(event) {
    this.wire.push({ method: "applyEvent", args: [structuredClone(event)] });
  }

  /** Applies something that came. */
  receive({ method, args }) {
    this.note(this.state[method](...structuredClone(args)));
  }

  /** Each message comes once, in the order of its chat. */
  note(events) {
    for (const event of Array.isArray(events) ? events : []) {
      const { event: name, chatId, seq } = event;
      this.newsCount++;
      if (name === "chat.created" || name === "chat.left") this.reported.delete(chatId);
      if (name !== "message.created") continue;
      const last = this.reported.get(chatId) ?? 0;
      assert.ok(last < seq, `${chatId}: message ${seq} is reported after ${last}`);
      this.reported.set(chatId, seq);
      this.reportedCount++;
    }
  }

  /** Sends the next request. Its answer is made now, and comes later. */
  ask() {
    if (this.answer) return;
    this.state.setVisible([...this.state.chats.keys()]);
    const request = this.state.nextRequest();
    if (request?.kind === "inbox") {
      const page = structuredClone(this.server.inbox(request.cursor));
      this.answer = () => this.state.applyInboxPage(request.cursor, page);
    } else if (request) {
      const answer = this.server.sync(request.request);
      this.answer = () => this.state.applySync(request, answer);
    }
  }

  receiveAnswer() {
    const { answer } = this;
    this.answer = undefined;
    this.note(answer?.());
  }

  /** Asks for older messages. The page comes later, like an event. */
  askOlder(number) {
    const chats = [...this.state.chats.values()].filter((chat) => chat.hasOlder);
    const chat = chats[number % chats.length];
    const page = chat && this.server.older(chat.chatId, chat.oldestSeq);
    if (page) this.wire.push({ method: "applyOlderPage", args: [chat.chatId, page] });
  }

  cut() {
    this.wire = [];
    this.answer = undefined;
    this.hasLost = false;
    this.state.markDisconnected();
  }

  step([name, a, b, isOwn]) {
    const { wire } = this;
    const place = a % Math.max(1, wire.length);
    switch (name) {
      case "deliver":
        return wire.splice(0, 1 + (a % 3)).forEach((item) => this.receive(item));
      case "overtake":
        return wire.splice(place, 1).forEach((item) => this.receive(item));
      case "repeat":
        if (wire.length) this.receive(wire[place]);
        return;
      case "lose": {
        const [item] = wire.splice(place, 1);
        // A request without a reply: something may have been missed in its chat.
        if (item && item.method !== "applyEvent") this.state.markBehind();
        else this.hasLost = true;
        return;
      }
      case "gap":
        return this.state.markGapsBehind();
      case "cut":
        return this.cut();
      case "ask":
        return this.ask();
      case "answer":
        return this.receiveAnswer();
      case "older":
        return this.askOlder(a);
      case "perform": {
        const reply = this.server.perform(OPERATIONS[a % OPERATIONS.length], b >> 8, b & 255, isOwn);
        if (reply) wire.push(reply);
      }
    }
  }

  /** Everything that is on its way comes, or is lost with the connection. The client asks until it has everything. */
  catchUp(isCut) {
    if (isCut) this.cut();
    this.receiveAnswer();
    for (const item of this.wire.splice(0)) this.receive(item);
    // A long silence.
    if (this.hasLost) this.state.markBehind();
    this.#askForAll();
  }

  /** The read positions come with the sync of an open chat, and all chats are open now. */
  openAll() {
    this.state.markBehind();
    this.#askForAll();
  }

  #askForAll() {
    for (let requests = 0; this.#isBehind; this.#catchUpOnce())
      assert.ok(requests++ < MAX_REQUESTS, `not up to date after ${MAX_REQUESTS} requests`);
  }

  get #isBehind() {
    return this.state.isBehind || this.state.hasGap || [...this.state.chats.values()].some((chat) => chat.hasOlder);
  }

  #catchUpOnce() {
    const { state, wire } = this;
    if (state.hasGap) state.markGapsBehind();
    if (state.isBehind) {
      this.ask();
      this.receiveAnswer();
    } else {
      this.assertCounts();
      this.askOlder(0);
      wire.splice(0).forEach((item) => this.receive(item));
    }
  }

  assertCounts() {
    for (const [id, chat] of this.server.chats)
      if (chat.members.has(ME)) assert.equal(this.state.chat(id)?.unread(ME), this.server.unread(chat), `unread messages of ${id}`);
  }
}

/** Each as often as it stands here. */
const OPERATIONS = [
  ...["send", "send", "send", "send", "send", "edit", "edit", "delete", "delete", "delete", "hide", "hide", "react"],
  ...["react", "markSeen", "markSeen", "settings", "settings", "rename", "clear", "block", "leave", "return"],
];

/** What a client shows of a chat. */
const held = (state, chat) => ({
  document: (({ name, participants }) => ({ name, participants }))(chat.document),
  seq: chat.seq,
  floor: chat.floor,
  messages: chat.messages.map((message) => plain({ ...message, seenBy: undefined })),
  unread: chat.unread(ME),
  blocked: chat.blocked,
  isMarkedUnread: chat.isMarkedUnread(ME),
  settings: plain({ ...chat.settings, memberRev: undefined, markedUnread: undefined }),
});

/** What the server has of it. */
const stored = (server, chat) => {
  const { floor, settings } = chat.members.get(ME);
  return {
    document: { name: chat.isGroup ? chat.name : undefined, participants: [...chat.members.keys()].sort() },
    seq: chat.messages.length,
    floor,
    messages: server.visible(chat).map((message) => plain({ ...message, seenBy: undefined })),
    unread: server.unread(chat),
    blocked: server.isBlocked(chat),
    isMarkedUnread: !!settings.markedUnread,
    settings: plain({ ...settings, memberRev: undefined, markedUnread: undefined }),
  };
};

/** Who has read what, as a client shows it. */
const heldReaders = (chat) => ({
  rev: chat.rev,
  readers: chat.messages.map((message) => chat.seenBy(message)),
  readSeq: Object.fromEntries(chat.document.participants.map((user) => [user, chat.readSeqOf(user)])),
});

/** The same on the server. */
const storedReaders = (server, chat) => {
  const { readSeq, floor } = chat.members.get(ME);
  const positions = [...chat.members].map(([user, stay]) => [user, stay.readSeq]);
  return {
    rev: chat.log.length,
    readers: server.visible(chat).map((message) => message.seenBy),
    readSeq: Object.fromEntries(positions.map(([user, seq]) => [user, user === ME ? Math.max(readSeq, floor) : seq])),
  };
};

const plain = (document) => JSON.parse(JSON.stringify(document));

const step = fc.tuple(
  fc.oneof(
    { weight: 10, arbitrary: fc.constant("perform") },
    { weight: 5, arbitrary: fc.constant("deliver") },
    { weight: 3, arbitrary: fc.constantFrom("overtake", "ask", "answer") },
    { weight: 1, arbitrary: fc.constantFrom("repeat", "older", "gap") },
    { weight: 1, arbitrary: fc.constantFrom("lose", "overtake", "older", "older", "cut") },
  ),
  fc.nat(999),
  fc.nat(0xffff),
  fc.boolean(),
);
// Without bias: small numbers would choose the first chat and the first operation most of the time.
const steps = fc.noBias(fc.array(step, { minLength: 40, maxLength: 160, size: "max" }));

test("a client converges to what the server has", (t) => {
  const seen = { messages: 0, gaps: 0 };
  fc.assert(
    fc.property(steps, fc.boolean(), fc.boolean(), (steps, isListed, isCut) => {
      const device = new Device(isListed);
      for (const item of steps) {
        device.step(item);
        if (device.state.hasGap) seen.gaps++;
      }
      device.catchUp(isCut);
      const { state, server } = device;
      const own = [...server.chats.values()].filter((chat) => chat.members.has(ME));
      assert.deepEqual([...state.chats.keys()].sort(), own.map((chat) => chat.id).sort());
      for (const chat of own) assert.deepEqual(held(state, state.chat(chat.id)), stored(server, chat), chat.id);
      assert.equal(state.inbox(NOW).length + state.archived(NOW).length, own.length);
      device.openAll();
      for (const chat of own) {
        assert.deepEqual(held(state, state.chat(chat.id)), stored(server, chat), chat.id);
        assert.deepEqual(heldReaders(state.chat(chat.id)), storedReaders(server, chat), chat.id);
      }
      seen.messages += device.reportedCount;
    }),
    { seed: SEED, numRuns: RUNS, includeErrorInReport: true },
  );
  assert.ok(seen.messages > RUNS && seen.gaps > RUNS, `the test does not do what it is about: ${JSON.stringify(seen)}`);
  t.diagnostic(`${RUNS} runs, ${seen.messages} messages reported, ${seen.gaps} steps with a gap`);
});

test("what does not change stays the same object", () => {
  fc.assert(
    fc.property(steps, (steps) => {
      const device = new Device(true);
      for (const item of steps) {
        const before = [...device.state.chats].map(([id, chat]) => [id, chat, chat.messages]);
        const { newsCount } = device;
        device.step(item);
        // One step can bring a message and take it away.
        const isQuiet = device.newsCount === newsCount;
        for (const [id, chat, messages] of before) {
          const now = device.state.chat(id);
          if (now !== chat) continue;
          if (isQuiet && JSON.stringify(now.messages) === JSON.stringify(messages)) assert.equal(now.messages, messages, "a new list");
          for (const message of now.messages) {
            const same = messages.find(({ seq }) => seq === message.seq);
            if (same && JSON.stringify(same) === JSON.stringify(message)) assert.equal(same, message, "a new copy");
          }
        }
      }
    }),
    { seed: SEED, numRuns: 50, includeErrorInReport: true },
  );
});
