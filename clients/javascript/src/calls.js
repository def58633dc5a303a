// Every request as a function: its HTTP request, its WebSocket frame, and what its answer changes in the state.

/** @import * as Api from "./api.js" */
import { newId } from "./engine/random.js";

/**
 * A method of the state with its arguments: how an answer is applied.
 * @typedef {[method: string, ...args: any[]]} Change
 */

/**
 * A request whose answer has the type `A`.
 * @template [A=any]
 * @typedef {object} Call
 * @property {string} [method] Absent if the request only exists over WebSocket.
 * @property {string} [path]
 * @property {Record<string, string | number | boolean | undefined>} [query]
 * @property {object} [body]
 * @property {string} [action] Absent if the request only exists over HTTP.
 * @property {object} [fields] Those of the frame, without `action` and `id`.
 * @property {(answer: A) => Change | undefined} [apply] What the answer changes.
 * @property {Api.ChatId} [changes] The chat whose messages the request changes: if its answer is lost, the chat is synced.
 */

/**
 * @template [A=any]
 * @param {string} method
 * @param {(string | number)[]} path
 * @param {Partial<Call<A>>} [more]
 * @returns {Call<A>}
 */
const http = (method, path, more) => ({
  method,
  path: path.map((part) => "/" + encodeURIComponent(part)).join(""),
  ...more,
});

/**
 * A request that is an action too. Its frame has the parameters of the path and the query beside the fields of the body.
 * @template [A=any]
 * @param {string} action
 * @param {string} method
 * @param {(string | number)[]} path
 * @param {object} parameters
 * @param {Partial<Call<A>>} more
 * @returns {Call<A>}
 */
const act = (action, method, path, parameters, more) =>
  http(method, path, { action, fields: { ...parameters, ...more.query, ...more.body }, ...more });

/**
 * @template {{ message: Api.Message }} A
 * @param {string} action
 * @param {string} method
 * @param {string} chat
 * @param {number} seq
 * @param {Partial<Call<A>> & { more?: string[] }} rest
 * @returns {Call<A>}
 */
const changeMessage = (action, method, chat, seq, { more = [], ...rest }) =>
  act(
    action,
    method,
    ["chats", chat, "messages", seq, ...more],
    { chatId: chat, seq },
    {
      apply: ({ message }) => ["applyChangedMessage", message],
      changes: chat,
      ...rest,
    },
  );

/** @type {(answer: Api.UserAnswer) => Change} */
const applyUser = ({ user }) => ["applyUser", user];
/** @type {(answer: Api.BlockState) => Change} */
const applyBlock = (block) => ["applyBlock", block];

/**
 * Creates a chat, or returns it if it exists. A group gets a `clientChatId`, so that a repeat creates no second one.
 * @param {Api.NewChat} chat
 * @returns {Call<Api.ChatAnswer>}
 */
export const createChat = (chat) =>
  act(
    "createChat",
    "POST",
    ["chats"],
    {},
    {
      body: chat.isGroup ? { clientChatId: newId(), ...chat } : chat,
      apply: ({ chat }) => ["applyCreatedChat", chat],
    },
  );

/**
 * A page of the caller's chats: pinned ones first, then newest activity first.
 * @param {{ limit?: number, cursor?: string, archived?: "true" | "any", pinned?: boolean }} [query] `cursor`: that of the
 *   page before, which had the same filter.
 * @returns {Call<Api.Inbox>}
 */
export const listChats = (query) => http("GET", ["chats"], { query });

/**
 * The sum of the caller's unread messages; of muted and archived chats only if `all`.
 * @param {boolean} [all]
 * @returns {Call<Api.UnreadTotal>}
 */
export const countUnread = (all) => http("GET", ["me", "unread"], { query: { all } });

/**
 * A chat and its members.
 * @param {Api.ChatId} chat
 * @returns {Call<Api.ChatDetails>}
 */
export const getChat = (chat) => http("GET", ["chats", chat], { apply: (details) => ["applyDetails", details] });

/**
 * A page of the members of a chat with their users, sorted by id.
 * @param {Api.ChatId} chat
 * @param {string} [cursor] That of the page before.
 * @returns {Call<Api.MembersPage>}
 */
export const listMembers = (chat, cursor) =>
  http("GET", ["chats", chat, "members"], { query: { cursor }, apply: (page) => ["applyMembers", page] });

/**
 * Those of these users whom a chat shows to the caller.
 * @param {Api.ChatId} chat
 * @param {Api.UserId[]} users 1 to 50 different ids.
 * @returns {Call<Api.UsersAnswer>}
 */
export const listUsers = (chat, users) =>
  http("GET", ["users"], {
    query: { chat, ids: users.join() },
    apply: (answer) => ["applyUsers", chat, users, answer],
  });

/**
 * Changes the name, the topic, the custom data or the avatar of a group. null removes a value.
 * @param {Api.ChatId} chat
 * @param {Api.ChatUpdate} change
 * @returns {Call<Api.GroupAnswer>}
 */
export const updateChat = (chat, change) => http("PATCH", ["chats", chat], { body: change });

/**
 * The avatar of a group, and the URL to download its bytes.
 * @param {Api.ChatId} chat
 * @returns {Call<Api.OpenedAttachment>}
 */
export const getAvatar = (chat) => http("GET", ["chats", chat, "avatar"]);

/**
 * Adds users to a group.
 * @param {Api.ChatId} chat
 * @param {Api.UserId[]} participants
 * @returns {Call<Api.GroupAnswer>}
 */
export const addParticipants = (chat, participants) =>
  http("POST", ["chats", chat, "participants"], { body: { participants } });

/**
 * Removes a user from a group. If the user is the caller, they leave the group.
 * @param {Api.ChatId} chat
 * @param {Api.UserId} user
 * @returns {Call<Api.RemovalAnswer>}
 */
export const removeParticipant = (chat, user) =>
  http("DELETE", ["chats", chat, "participants", user], {
    apply: (answer) => ("chat" in answer ? undefined : ["removeChat", chat]),
  });

/**
 * Makes a participant an admin, or makes an admin an ordinary participant.
 * @param {Api.ChatId} chat
 * @param {Api.UserId} user
 * @param {boolean} isAdmin
 * @returns {Call<Api.GroupAnswer>}
 */
export const setAdmin = (chat, user, isAdmin) => http(isAdmin ? "PUT" : "DELETE", ["chats", chat, "admins", user]);

/**
 * Sends a message. A repeat with the same id stores nothing again.
 * @param {Api.ChatId} chat
 * @param {Partial<Api.NewMessage>} draft
 * @param {string} clientMessageId
 * @returns {Call<Api.MessageAnswer>}
 */
export const sendMessage = (chat, draft, clientMessageId) =>
  act(
    "sendMessage",
    "POST",
    ["chats", chat, "messages"],
    { chatId: chat },
    {
      body: { ...draft, type: draft.type ?? "text", content: draft.content ?? "", clientMessageId },
      apply: ({ message }) => ["applySentMessage", message],
    },
  );

/**
 * A page of messages: the last ones, or those before, after or around a seq.
 * @param {Api.ChatId} chat
 * @param {{ before?: number, after?: number, around?: number, limit?: number }} [query] At most one of the positions.
 * @returns {Call<Api.Page>}
 */
export const listMessages = (chat, query) =>
  act("listMessages", "GET", ["chats", chat, "messages"], { chatId: chat }, { query });

/**
 * Announces an attachment. The answer has the request that uploads the bytes.
 * @param {Api.ChatId} chat
 * @param {Omit<Api.NewAttachment, "chatId" | "sizeBytes" | "sha256">} attachment
 * @param {number} sizeBytes
 * @param {string} sha256 In hexadecimal.
 * @returns {Call<Api.AnnouncedAttachment>}
 */
export const createAttachment = (chat, attachment, sizeBytes, sha256) =>
  http("POST", ["attachments"], { body: { ...attachment, chatId: chat, sizeBytes, sha256 } });

/**
 * The attachment of a message, and the URL to download its bytes.
 * @param {Api.ChatId} chat
 * @param {number} seq
 * @returns {Call<Api.OpenedAttachment>}
 */
export const getAttachment = (chat, seq) => http("GET", ["chats", chat, "messages", seq, "attachment"]);

/**
 * Edits a message. What is absent stays; `custom: null` removes the custom data.
 * @param {Api.ChatId} chat
 * @param {number} seq
 * @param {Api.MessageEdit} edit
 * @returns {Call<Api.SaidMessageAnswer>}
 */
export const editMessage = (chat, seq, edit) => changeMessage("editMessage", "PATCH", chat, seq, { body: edit });

/**
 * Deletes a message for everyone, or for the caller alone.
 * @param {Api.ChatId} chat
 * @param {number} seq
 * @param {Api.DeleteFor} audience
 * @returns {Call<Api.DeletionAnswer>}
 */
export const deleteMessage = (chat, seq, audience) =>
  changeMessage("deleteMessage", "DELETE", chat, seq, { query: { for: audience } });

/**
 * Replaces all of the caller's reactions to a message.
 * @param {Api.ChatId} chat
 * @param {number} seq
 * @param {string[]} emojis
 * @returns {Call<Api.SaidMessageAnswer>}
 */
export const reactToMessage = (chat, seq, emojis) =>
  changeMessage("reactToMessage", "PUT", chat, seq, { more: ["reactions"], body: { emojis } });

/**
 * Hides all messages so far from the caller. The other participants still see them.
 * @param {Api.ChatId} chat
 * @returns {Call<Api.ChatAnswer>}
 */
export const clearChat = (chat) => http("DELETE", ["chats", chat, "messages"]);

/**
 * Marks a chat as read by the caller up to a seq.
 * @param {Api.ChatId} chat
 * @param {number} seq
 * @returns {Call<Api.ReadPosition>}
 */
export const markSeen = (chat, seq) =>
  act(
    "markSeen",
    "PUT",
    ["chats", chat, "seen"],
    { chatId: chat },
    {
      body: { seq },
      apply: (position) => ["applyReadPosition", position],
    },
  );

/**
 * Changes the caller's view of a chat.
 * @param {Api.ChatId} chat
 * @param {Api.SettingsUpdate} change
 * @returns {Call<Api.OwnMemberAnswer>}
 */
export const updateMember = (chat, change) =>
  http("PATCH", ["chats", chat, "me"], {
    body: change,
    apply: ({ chatId, ...member }) => ["applyOwnMember", chatId, member],
  });

/**
 * Mutes a chat for the caller.
 * @param {Api.ChatId} chat
 * @param {string} [until] A time in RFC 3339; undefined: without an end.
 * @returns {Call<Api.Mute>}
 */
export const muteChat = (chat, until) => http("PUT", ["chats", chat, "mute"], { body: { until } });

/**
 * Ends the mute of a chat for the caller.
 * @param {Api.ChatId} chat
 * @returns {Call<Api.Mute>}
 */
export const unmuteChat = (chat) => http("DELETE", ["chats", chat, "mute"]);

/**
 * The caller's own user document.
 * @returns {Call<Api.UserAnswer>}
 */
export const getMe = () => http("GET", ["me"], { apply: applyUser });

/**
 * Changes the caller's nickname, `notifyOnMention` or custom data.
 * @param {Api.MeUpdate} change
 * @returns {Call<Api.UserAnswer>}
 */
export const updateMe = (change) => http("PATCH", ["me"], { body: change, apply: applyUser });

/**
 * The document of a user who shares a chat with the caller.
 * @param {Api.UserId} user
 * @returns {Call<Api.UserAnswer>}
 */
export const getUser = (user) => http("GET", ["users", user], { apply: applyUser });

/**
 * Blocks a user.
 * @param {Api.UserId} user
 * @returns {Call<Api.BlockState>}
 */
export const blockUser = (user) => http("PUT", ["users", user, "block"], { apply: applyBlock });

/**
 * Ends the block of a user.
 * @param {Api.UserId} user
 * @returns {Call<Api.BlockState>}
 */
export const unblockUser = (user) => http("DELETE", ["users", user, "block"], { apply: applyBlock });

/**
 * The users whom the caller blocks.
 * @returns {Call<Api.Blocks>}
 */
export const listBlocks = () => http("GET", ["me", "blocks"]);

/**
 * What happened since the cursors of the request.
 * @param {Api.SyncRequest} request
 * @returns {Call<Api.SyncAnswer>}
 */
export const sync = (request) => act("sync", "POST", ["sync"], {}, { body: request });

/**
 * Whether the HTTP API answers.
 * @returns {Call<Api.Health>}
 */
export const health = () => http("GET", ["health"]);

/**
 * Tells the other participants that the caller types, or stopped.
 * @param {Api.ChatId} chat
 * @param {Api.TypingState} state
 * @returns {Call<Api.Typing>}
 */
export const typing = (chat, state) => ({ action: "typing", fields: { chatId: chat, state } });

/**
 * Asks whether the connection is alive.
 * @returns {Call<Api.Pong>}
 */
export const ping = () => ({ action: "ping" });
