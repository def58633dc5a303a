// The traces hold the reducer to its rules: each of these changes of one line makes a replay fail. A change that no trace
// notices is a rule that nobody checks.
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { replay, traceFiles } from "./replay.js";

const SOURCE = fileURLToPath(new URL("../../src/", import.meta.url));

/** The file, what it has exactly once, and what stands there instead. */
const MUTATIONS = [
  // Events
  ["state/events.js", "const isNext = seq === chat.seq + 1", "const isNext = seq >= chat.seq + 1"],
  ["state/events.js", "if (seq > chat.seq && seq <= chat.begunSeq) return;", ""],
  ["state/events.js", "MAX_WAITING_EVENTS = 100", "MAX_WAITING_EVENTS = 101"],
  ["state/events.js", "(isNext || chat.message(seq)) && chat.put(me, data)", "chat.put(me, data)"],
  ["state/events.js", "if (isNext || readers.positions.has(data.senderId)) ", ""],
  ["state/events.js", "rev > chat.rev && seq > chat.seq", "false"],
  ["state/events.js", "message.reactions?.some((reaction) => reaction.userIdsLimited)", "false"],
  ["state/events.js", "if (message && message.rev < rev) {", "if (message) {"],
  ["state/events.js", "if (left) readers.putPast(left)", ""],
  ["state/events.js", "if (!participants.includes(userId) && !participantsLimited) return", ""],
  ["state/events.js", "if (userId === me) noteRead(chat, me)", ""],
  ["state/events.js", "data.settings.memberRev <= chat.settings.memberRev", "data.settings.memberRev < chat.settings.memberRev"],
  // Answers
  ["state/answers.js", "chat.message(seq);", "true;"],
  ["state/answers.js", "if (seq <= cursorSeq || ", "if ("],
  ["state/answers.js", "chat.rev = Math.max(chat.rev, cursor.rev)", "chat.rev = cursor.rev"],
  ["state/answers.js", "if (!part.limited) putUnread", "putUnread"],
  ["state/answers.js", "if (isChanged || isRaised)", "if (isChanged)"],
  ["state/answers.js", "[...events, ...applyWaitingEvents(chat, me)]", "events"],
  ["state/answers.js", "range.to < heldAbove", "range.to < 0"],
  ["state/answers.js", "chat.rev = Math.min(chat.rev, page.rev)", ""],
  ["state/answers.js", "chat.preview && chat.preview.rev > lastMessage.rev", "false"],
  // What a chat holds
  ["state/chat.js", "document.rev >= rev", "document.rev > rev"],
  ["state/chat.js", "if (!document.participantsLimited) ", ""],
  ["state/chat.js", "held.seenBy.reduce(withText, message.seenBy)", "message.seenBy"],
  ["state/chat.js", "muteUntil <= now", "muteUntil < now"],
  ["state/chat.js", "this.readSeqOf(me) <= this.own.readSeq", "true"],
  ["state/message.js", ".sort((a, b) => byCodePoint(a.emoji, b.emoji))", ".sort((a, b) => (a.emoji < b.emoji ? -1 : 1))"],
  ["state/readers.js", "joinedSeq < seq && ", ""],
  ["state/readers.js", "if (present.size) ", ""],
  // Unread messages
  ["state/unread.js", "!deletedAt || rev > at.rev", "!deletedAt"],
  ["state/unread.js", "read !== readSeq || ", ""],
  ["state/unread.js", "at.rev < older.lastDeletion", "false"],
  ["state/unread.js", "else if (rev > older.asOf)", "else"],
  ["state/unread.js", "page.rev !== chat.rev || ", ""],
  // Users
  ["state/people.js", "before.nicknameAt > at", "before.nicknameAt >= at"],
  ["state/people.js", "user.profile ?? before?.person.profile", "user.profile"],
  // What to ask for
  ["state/plan.js", "listing.isInitial || !hasToSync", "!hasToSync"],
  ["state/plan.js", "this.syncSince <= sentAt", "true"],
  ["state/plan.js", "listing.cursor !== cursor", "false"],
  ["state/plan.js", "if (listing.isOutdated) this.addWholeInbox()", ""],
  ["state/plan.js", "rank(a) - rank(b)", "rank(b) - rank(a)"],
  ["state/state.js", "chat.rev < cursor.rev", "false"],
  ["state/state.js", "chat.seq < cursor.seq", "false"],
  ["state/state.js", "if (!part.settings) this.plan.addWholeInbox()", ""],
  ["state/state.js", 'if (event.event === "member.updated" && this.isBehind) this.plan.addChat(chatId)', ""],
  ["state/view.js", "this.people.expireEvents()", ""],
  ["state/view.js", "chat.settings.pinned ? 1 : 0", "0"],
  // The outbox
  ["outbox.js", "chats.add(chat)", ""],
  ["outbox.js", "retryAt <= now", "retryAt < now"],
  ["outbox.js", "isInFlight: false, retryAt: now + wait", "retryAt: now + wait"],
  ["outbox.js", "if (!isInFlight && retryAt !== undefined)", "if (retryAt !== undefined)"],
  ["outbox.js", "this.#waiting.get(clientMessageId)?.chat === chatId", "this.#waiting.has(clientMessageId)"],
];

/** The reducer and the outbox with one line changed. */
async function mutated(folder, number, [file, before, after]) {
  const copy = join(folder, `${number}`);
  for (const name of ["state", "outbox.js"]) cpSync(join(SOURCE, name), join(copy, name), { recursive: true });
  const code = readFileSync(join(copy, file), "utf8");
  assert.equal(code.split(before).length, 2, `${file} must have this exactly once: ${before}`);
  writeFileSync(join(copy, file), code.replace(before, () => after));
  const load = (name) => import(pathToFileURL(join(copy, name)).href);
  const [{ State }, { Outbox }] = await Promise.all([load("state/state.js"), load("outbox.js")]);
  return { State, Outbox };
}

test("every mutation fails a trace", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "lambda-chat-mutations-"));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "package.json"), '{"type":"module"}');
  // The small files first: most mutations fail soon.
  const files = traceFiles().sort((a, b) => a.lines.length - b.lines.length);
  const survivors = [];
  for (const [number, mutation] of MUTATIONS.entries()) {
    const { State, Outbox } = await mutated(folder, number, mutation);
    const fails = (file) => {
      try {
        replay(file, { State, Outbox });
      } catch {
        return true;
      }
      return false;
    };
    if (!files.some(fails)) survivors.push(mutation.join(": "));
  }
  t.diagnostic(`${MUTATIONS.length - survivors.length} of ${MUTATIONS.length} mutations are caught`);
  assert.deepEqual(survivors, []);
});
