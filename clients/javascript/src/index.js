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
/** @typedef {import("./engine/options.js").EngineOptions} ClientOptions */
/** @typedef {import("./engine/options.js").Link} Link */
/** @typedef {import("./engine/options.js").Logger} Logger */
/** @typedef {import("./engine/options.js").TokenReason} TokenReason */
/** @typedef {import("./engine/options.js").Update} Update */
/** @typedef {import("./engine/storage.js").Storage} Storage */
/** @typedef {import("./engine/storage.js").StoreName} StoreName */
/** @typedef {import("./engine/attachments.js").AttachmentDownload} AttachmentDownload */
// What the API defines, where it shows in events, errors and values.
/** @typedef {import("./api.js").Attachment} Attachment */
/** @typedef {import("./api.js").Block} Block */
/** @typedef {import("./api.js").ChatEvent} ChatEvent */
/** @typedef {import("./api.js").ChatId} ChatId */
/** @typedef {import("./api.js").Custom} Custom */
/** @typedef {import("./api.js").EventName} EventName */
/** @typedef {import("./api.js").FieldError} FieldError */
/** @typedef {import("./api.js").NotifyLevel} NotifyLevel */
/** @typedef {import("./api.js").ProblemCode} ProblemCode */
/** @typedef {import("./api.js").Profile} Profile */
/** @typedef {import("./api.js").Reaction} Reaction */
/** @typedef {import("./api.js").Seq} Seq */
/** @typedef {import("./api.js").Status} Status */
/** @typedef {import("./api.js").Time} Time */
/** @typedef {import("./api.js").UnreadTotal} UnreadTotal */
/** @typedef {import("./api.js").UserId} UserId */
/**
 * The event with a name.
 * @template {import("./api.js").EventName} Name
 * @typedef {import("./api.js").EventOf<Name>} EventOf
 */
/**
 * @template T
 * @typedef {import("./readable.js").Readable<T>} Readable
 */
