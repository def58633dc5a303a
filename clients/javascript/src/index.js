// A client of lambda-chat.

/** @import { EngineOptions } from "./engine/options.js" */
import { Client as ClientOfEngine } from "./client.js";
import { createEngine } from "./engine/index.js";

/**
 * Makes a client of one user. It does nothing before `client.start()`.
 * @param {EngineOptions} options
 */
export const createClient = (options) => new ClientOfEngine(createEngine(options), options);

export { ChatError } from "./errors.js";
export { MAX_WAITING_UPDATES } from "./updates.js";
/** @typedef {import("./client.js").Client} Client */
/** @typedef {import("./client.js").ClientEvents} ClientEvents */
/** @typedef {import("./client.js").ChatDraft} ChatDraft */
/** @typedef {import("./chat.js").Chat} Chat */
/** @typedef {import("./chat.js").RequestOptions} RequestOptions */
/** @typedef {import("./errors.js").ErrorCode} ErrorCode */
/** @typedef {import("./sending.js").Sending} Sending */
/** @typedef {import("./sending.js").SendingState} SendingState */
/** @typedef {import("./sending.js").TextDraft} TextDraft */
/** @typedef {import("./sending.js").FileOptions} FileOptions */
/** @typedef {import("./timeline.js").Timeline} Timeline */
/** @typedef {import("./items.js").TimelineItem} TimelineItem */
/** @typedef {import("./timeline.js").TimelineStatus} TimelineStatus */
/** @typedef {import("./items.js").StoredItem} StoredItem */
/** @typedef {import("./items.js").UnsentItem} UnsentItem */
/** @typedef {import("./items.js").UnsentMessage} UnsentMessage */
/** @typedef {import("./views.js").ChatSummary} ChatSummary */
/** @typedef {import("./views.js").Member} Member */
/** @typedef {import("./views.js").Person} Person */
/** @typedef {import("./state/message.js").HeldMessage} Message */
/**
 * @template T
 * @typedef {import("./readable.js").Readable<T>} Readable
 */
