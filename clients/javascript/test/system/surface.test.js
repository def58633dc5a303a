// Clients against the real system.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { clientOf, getToken, startSystem, stopAll, until } from "./helpers.js";

const isCaughtUp = (link) => link.isCaughtUp;
const rows = (items) => items.map(({ state, message }) => [state, message.content]);

describe("clients against the real system", () => {
  let system;
  const stops = [];
  const client = (userId, options) => {
    const started = clientOf(system, userId, options);
    stops.push(started.start());
    return started;
  };
  before(async () => {
    system = await startSystem();
    // Whoever gets a token exists.
    for (const user of ["ivy", "joe"]) await getToken(system, user);
  });
  after(async () => {
    for (const stop of stops) stop();
    await stopAll();
  });

  /** Two users who have a private chat. */
  async function pair(one, other) {
    const [ann, bob] = [client(one), client(other)];
    await Promise.all([until(ann.link, isCaughtUp), until(bob.link, isCaughtUp)]);
    const chat = await ann.createChat({ with: other });
    await until(bob.chats, (chats) => chats.length === 1);
    return { ann, bob, chat, his: bob.chat(chat.id) };
  }

  test("two users talk: messages, typing, read positions, edits, reactions, deletions", async () => {
    const { ann, bob, chat, his } = await pair("ann", "bob");
    assert.equal(ann.me.get().id, "ann");
    await ann.setNickname("Ann");
    await until(bob.chats, ([first]) => first.title === "Ann");
    chat.open();
    his.open();
    const [hers, theirs] = [chat.timeline(), his.timeline()];
    const sending = chat.send("Hello");
    assert.deepEqual(rows(hers.items.get()), [["waiting", "Hello"]]);
    const { key } = hers.items.get()[0];
    const stored = await sending.stored;
    assert.equal(sending.state, "stored");
    await until(hers.items, ([item]) => item.state === "stored");
    assert.equal(hers.items.get()[0].key, key);
    await until(theirs.items, (items) => items.length === 1);
    assert.equal(bob.unreadTotal.get(), 1);

    chat.setTyping();
    await until(his.typing, (people) => people[0]?.name === "Ann");
    const readers = [];
    hers.items.subscribe(([item]) => readers.push(item.seenBy.join()));
    await his.markSeen();
    assert.equal(bob.unreadTotal.get(), 0);
    await until(chat.members, (members) => members.find(({ id }) => id === "bob").readSeq === 1);
    assert.deepEqual(readers, ["ann,bob"]);
    assert.deepEqual(hers.items.get()[0].seenBy, ["ann", "bob"]);

    await chat.edit(stored.seq, { text: "Hello, Bob" });
    await until(theirs.items, ([item]) => item.message.content === "Hello, Bob");
    await his.react(stored.seq, ["👍"]);
    await until(hers.items, ([item]) => item.message.reactions?.[0].userIds[0] === "bob");
    his.send({ text: "Hi", replyTo: stored.seq });
    await until(hers.items, (items) => items.length === 2 && items[1].message.replyTo === 1);
    await until(his.typing, (people) => people.length === 0 || people[0].name === "Ann");
    await chat.delete(stored.seq, { forEveryone: true });
    await until(theirs.items, ([item]) => item.message.deletedBy === "ann");
    await chat.delete(stored.seq);
    await until(hers.items, (items) => items.length === 1);
    await his.pin();
    assert.equal(bob.chats.get()[0].pinned, true);
    await bob.block("ann");
    assert.equal(bob.chats.get()[0].blocked, true);
    const refused = chat.send("again");
    await assert.rejects(refused.stored, { code: "blocked" });
    await until(hers.items, (items) => items.at(-1).state === "failed");
    await bob.unblock("ann");
    assert.ok((await refused.retry()).seq > 0);
    assert.equal(hers.items.get().filter(({ message }) => message.content === "again").length, 1);
  });

  test("a group: members, admins, topic, leaving", async () => {
    const { ann, bob } = await pair("gail", "hank");
    const group = await ann.createChat({
      name: "Team",
      participants: ["hank", "joe"],
      topic: "Plans",
      custom: { a: 1 },
    });
    const his = bob.chat(group.id);
    const summary = await until(his.summary, (found) => found);
    assert.deepEqual(
      [summary.title, summary.topic, summary.custom, summary.isAdmin],
      ["Team", "Plans", { a: 1 }, false],
    );
    await group.rename("The team");
    await until(his.summary, ({ title }) => title === "The team");
    await group.setAdmin("hank", true);
    await until(his.summary, ({ isAdmin }) => isAdmin);
    await group.add(["ivy"]);
    await until(his.members, (members) => members.length === 4);
    assert.equal((await group.loadMembers()).members.length, 4);
    await his.remove("ivy");
    await his.remove("joe");
    await his.leave();
    assert.equal(his.summary.get(), undefined);
    await until(group.summary, ({ closed }) => closed);
    await assert.rejects(his.rename("Mine"), { code: "chat_not_found" });
  });

  test("a long history: pages, a jump, the way back", async () => {
    const { chat, his } = await pair("jon", "kim");
    // More than a first page, and not much more than a new member can send at once.
    await Promise.all(Array.from({ length: 70 }, (_, index) => chat.send(`text ${index + 1}`).stored));
    const late = client("kim");
    await until(late.link, isCaughtUp);
    const found = late.chat(his.id);
    const timeline = found.timeline();
    const seqs = () => timeline.items.get().map(({ message }) => message.seq);
    const range = (from, to) => Array.from({ length: to - from + 1 }, (_, index) => from + index);
    timeline.items.subscribe(() => {});
    found.open();
    await until(timeline.items, (items) => items.length === 50);
    await timeline.jumpTo(8, { limit: 6 });
    assert.ok(seqs().includes(8));
    assert.equal(timeline.status.get().hasNewer, true);
    await chat.edit(8, { text: "edited" });
    await until(timeline.items, (items) => items.find(({ message }) => message.seq === 8).message.content === "edited");
    const [from] = seqs();
    while (await timeline.newer(10));
    assert.deepEqual(seqs(), range(from, 70));
    while (await timeline.older());
    assert.deepEqual(seqs(), range(1, 70));
    chat.send("news");
    await until(timeline.items, (items) => items.length === 71);
  });

  test("a file is uploaded with progress, sent once, and downloaded", async () => {
    const { chat, his } = await pair("lea", "max");
    const bytes = new Uint8Array(100_000).map((_, index) => index % 251);
    const file = new File([bytes], "notes.txt", { type: "text/plain" });
    const progress = [];
    const { stored } = chat.sendFile(file, { caption: "see", onProgress: (part) => progress.push(part) });
    const { seq } = await stored;
    assert.ok(
      progress.every((part, index) => part >= (progress[index - 1] ?? 0) && part <= 1),
      `${progress}`,
    );
    await until(his.summary, (found) => found?.lastMessage?.content === "see");
    const { attachment, blob } = await his.download(seq);
    assert.equal(attachment.fileName, "notes.txt");
    assert.deepEqual(new Uint8Array(await blob.arrayBuffer()), bytes);
    const { download } = await his.attachment(seq);
    assert.equal((await fetch(download.url)).status, 200);
    const group = await (await pair("nia", "oto")).ann.createChat({ name: "Faces", participants: ["oto", "joe"] });
    const png = Buffer.from(
      "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII=",
      "base64",
    );
    await group.setAvatar(new File([png], "a.png", { type: "image/png" }), { width: 1, height: 1, blurHash: "00I}XR" });
    await until(group.summary, ({ avatar }) => avatar?.fileName === "a.png");
    assert.ok((await group.avatar()).download.url);
    await group.setAvatar(null);
    await until(group.summary, ({ avatar }) => !avatar);
  });

  test("a chat that a live message came into before it is opened has its history after that", async () => {
    const { chat } = await pair("rex", "sue");
    for (const text of ["1", "2", "3"]) await chat.send(text).stored;
    // A client that begins now holds none of these.
    const late = client("sue");
    await until(late.link, isCaughtUp);
    const live = new Promise((resolve) => late.on("message.created", resolve));
    await chat.send("4").stored;
    await live;
    const { items, status } = late.chat(chat.id).timeline();
    assert.deepEqual(rows(items.get()), [["stored", "4"]]);
    late.chat(chat.id).open();
    await until(items, (all) => all.map(({ message }) => message.content).join("") === "1234");
    assert.equal(status.get().hasOlder, false);
  });

  test("what is written before the first token is sent once", async () => {
    const { bob, chat, his } = await pair("pia", "quin");
    let give;
    const early = client("pia", { token: () => new Promise((resolve) => (give = resolve)) });
    const sending = early.chat(chat.id).send("early");
    assert.equal(sending.state, "waiting");
    await until(early.link, ({ status }) => status === "connecting");
    give(await getToken(system, "pia"));
    assert.equal((await sending.stored).content, "early");
    await until(his.summary, (found) => found?.lastMessage?.content === "early");
    assert.equal(bob.unreadTotal.get(), 1);
  });
});
