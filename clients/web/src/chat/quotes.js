// What a message quotes: of a loaded message at once, else it is loaded.
import { describe } from "../text/describe.js";

/**
 * @param {any} ctx
 * @param {any} chat
 * @param {AbortSignal} signal
 * @param {{ bySeq(seq: number): any, onLoad(): void }} log
 */
export function createQuotes(ctx, chat, signal, { bySeq, onLoad }) {
  /** What is not in the log. @type {Map<number, any>} */
  const loaded = new Map();

  /** @param {number} seq */
  async function load(seq) {
    const other = chat.timeline();
    try {
      await other.jumpTo(seq, { limit: 1, signal });
      const found = other.items.get().find((/** @type {any} */ { message }) => message.seq === seq);
      loaded.set(seq, found?.message ?? { senderId: "", content: "It is not there any more", type: "text" });
      if (found) onLoad();
    } catch {
      // The quote can be clicked all the same.
    } finally {
      other.toLatest();
    }
  }

  /** The quote of a message; undefined if it has none, or none yet. @param {any} message */
  return ({ replyTo, deletedAt }) => {
    if (!replyTo || deletedAt) return;
    const message = bySeq(replyTo)?.message ?? loaded.get(replyTo);
    if (!message) {
      if (!loaded.has(replyTo) && replyTo > 0) {
        loaded.set(replyTo, undefined);
        load(replyTo);
      }
      return;
    }
    const isOwn = message.senderId === ctx.me();
    return { name: isOwn ? "You" : ctx.client.person(message.senderId).get().name, text: describe(message) };
  };
}
