// Made by `npm run generate` from docs/openapi.yaml and docs/asyncapi.yaml. Change those.
// The documents, requests, answers, events, actions and problems of lambda-chat. A version of the server that is newer
// than this file can add fields: API.md, "What may be added".

/**
 * The id of a user. It is the `sub` of their token. Not `.` and not `..`, because URL clients remove these
 * from a path. A request is also refused with `@all` and with an id that begins with `service:` or `gone:`:
 * these are reserved.
 */
export type UserId = string;
/**
 * The id of a chat. A private chat has 64 hexadecimal digits, a group has a UUID.
 */
export type ChatId = string;
/**
 * An id that the client chooses for what it creates, so that a retry does not create it twice. Printable ASCII
 * characters without spaces.
 */
export type ClientId = string;
/**
 * A position in a chat. 0 is the position before the first message.
 */
export type Seq = number;
/**
 * The position of a message in its chat. Messages are numbered 1, 2, 3, ... without gaps.
 */
export type MessageSeq = number;
/**
 * The change counter of a chat. 0 is the state before the first change.
 */
export type Rev = number;
export type Count = number;
/**
 * The chatId and the seq of a message: `<chatId>:<seq>`.
 */
export type MessageId = string;
/**
 * A time in RFC 3339, in UTC, with three digits after the second. Sorted as text, such times are in
 * chronological order.
 */
export type Time = string;
/**
 * A time in RFC 3339, with any offset. Fractions of a millisecond are cut off.
 */
export type AnyTime = string;
/**
 * The name of a group. Without control characters, and without characters that break the line or turn the text
 * around.
 */
export type ChatName = string;
/**
 * 1 to 100 characters, at least one of which can be seen. Without control characters, and without characters
 * that break the line or turn the text around (U+2028, U+2029, U+202A to U+202E, U+2066 to U+2069). White
 * space at both ends is removed first and does not count.
 */
export type NewChatName = string;
/**
 * What a group is about, on one line. Absent if it has no topic.
 */
export type Topic = string;
/**
 * What a group is about. 1 to 500 characters after trimming, with the rules for names. null removes it.
 */
export type NewTopic = string | null;
/**
 * 1 to 50 characters and at most 2048 bytes, at least one of which can be seen. Without control characters,
 * and without characters that break the line or turn the text around (U+2028, U+2029, U+202A to U+202E, U+2066
 * to U+2069). A character is what people count as one (a grapheme cluster, UAX #29). White space at both ends
 * is removed first and does not count. null takes the nickname back: the userId is shown again.
 */
export type NewNickname = string | null;
/**
 * The name that the user chose for themselves. Their userId if they chose none.
 */
export type Nickname = string;
/**
 * The type of the message. `text` has no attachment. `image`, `audio` (a recording) and `file` (any other
 * file) have one.
 */
export type MessageType = "text" | "image" | "file" | "audio";
export type TextType = "text";
/**
 * The type of the attachment. `audio` is a recording, `file` is any other file.
 */
export type AttachmentType = "image" | "file" | "audio";
/**
 * The text of a message. At least one character can be seen: white space, control characters, U+2800 and
 * characters that Unicode displays as nothing (Default_Ignorable_Code_Point) do not count. At most 24,576
 * bytes as a JSON string, with its quotes and escapes. This is the limit for the text, the mentions and the
 * custom data together.
 */
export type Content = string;
/**
 * The caption of an attachment. It may be empty. A text without a character that can be seen counts as empty.
 * At most 4,096 bytes as a JSON string, with its quotes and escapes. This is the limit for the caption, the
 * mentions and the custom data together.
 */
export type Caption = string;
/**
 * The id of an attachment, a UUID.
 */
export type AttachmentId = string;
/**
 * The name of the file, at most 255 bytes, at least one character of which can be seen. Not a path. Without
 * control characters, and without characters that break the line or turn the text around. White space at both
 * ends is removed.
 */
export type FileName = string;
/**
 * The media type of the file, without parameters, such as `image/png`.
 */
export type ContentType = string;
/**
 * The size of the file in bytes. By default at most 10,000,000 for an image, 25,000,000 for a recording and
 * 100,000,000 for another file.
 */
export type SizeBytes = number;
/**
 * The SHA-256 of the bytes, in hexadecimal digits in lower case.
 */
export type Sha256 = string;
/**
 * The width or the height of an image in pixels.
 */
export type Pixels = number;
/**
 * A BlurHash (https://blurha.sh) of the image. Show it until the image is loaded.
 */
export type BlurHash = string;
/**
 * The length of a recording in milliseconds, at most one day.
 */
export type DurationMs = number;
/**
 * The userIds of the participants whom the message mentions. A userId that is given twice counts once.
 */
export type Mentions = UserId[];
/**
 * The new custom data, which replaces all of the old. null and an empty object remove it. If absent, it stays
 * as it is.
 */
export type CustomUpdate = {
  [k: string]: unknown;
} | null;
/**
 * One emoji of Unicode's list, in its fully qualified form.
 */
export type Emoji = string;
/**
 * One emoji of Unicode's list, with or without variation selectors (U+FE0F). It is stored in its fully
 * qualified form.
 */
export type NewEmoji = string;
export type DeleteFor = "me" | "everyone";
export type TypingState = "start" | "stop";
export type Limit = number;
/**
 * The position where a page of the inbox begins. It is opaque. Pass it back unchanged.
 */
export type InboxCursor = string;
/**
 * The position where a page of members begins. It is opaque. Pass it back unchanged.
 */
export type MembersCursor = string;
/**
 * Always true. The field is absent if it does not apply.
 */
export type Flag = true;
export type NewChat = NewPrivateChat | NewGroup;
export type NewMessage = NewText | NewAttachmentMessage;
export type NewAttachment = NewImage | NewAudio | NewFile;
/**
 * Which messages of the chat cause push notifications for the caller: `all`, `mentions` of the caller alone,
 * or `none`. With `none` the chat is muted; mentions notify all the same if `notifyOnMention` of the user is
 * true.
 */
export type NotifyLevel = "all" | "mentions" | "none";
/**
 * A chat as one participant sees it.
 */
export type Chat = PrivateChat | Group;
/**
 * The group, or, if the caller removed themselves, the confirmation that they left.
 */
export type RemovalAnswer = GroupAnswer | LeftAnswer;
/**
 * `online` while the user has a live connection. A connection is live while it is younger than 2 h and its
 * token has not expired.
 */
export type Status = "online" | "offline";
/**
 * When the user last connected or disconnected. Null if they never did.
 */
export type LastSeen = string | null;
/**
 * In the answers of `/me`, in `user.updated`, and in `/users/{userId}` of the caller: the chats that the
 * caller muted, without mutes that have ended. Empty otherwise.
 */
export type MutedChats = ChatId[];
/**
 * Whether a message that mentions the caller causes a push notification even if the caller muted its chat.
 * Absent if the user is not the caller.
 */
export type NotifyOnMention = boolean;
/**
 * One chat of the inbox.
 */
export type InboxEntry = PrivateInboxEntry | GroupInboxEntry;
/**
 * The beginning of a message, or its tombstone, as the inbox shows it.
 */
export type MessagePreview = TextPreview | AttachmentPreview | DeletedPreview;
/**
 * The sender, and the caller if the caller has read the message.
 */
export type SeenByPreview = UserId[];
export type NoUsers = UserId[];
/**
 * The attachment as its sender declared it. The content type is only what the sender says. Do not rely on it
 * to show the file.
 */
export type Attachment = ImageAttachment | AudioAttachment | FileAttachment;
/**
 * Always empty, because the message is deleted or hidden.
 */
export type NoContent = "";
/**
 * The rev of a change.
 */
export type ChangeRev = number;
/**
 * A message as one reader sees it.
 */
export type Message = TextMessage | AttachmentMessage | DeletedMessage | HiddenMessage;
/**
 * The userIds of those who have read the message, sorted. Its sender counts as one of them. `seenByLimited` is
 * true if the list is cut so that the message fits a frame.
 */
export type SeenBy = UserId[];
/**
 * A message that the reader can see. It can be a tombstone.
 */
export type VisibleMessage = TextMessage | AttachmentMessage | DeletedMessage;
/**
 * A message that is not deleted. It has a text, an attachment or both.
 */
export type SaidMessage = TextMessage | AttachmentMessage;
/**
 * A message that the caller deleted for themselves.
 */
export type OwnDeletedMessage = HiddenMessage & {
  deletedFor?: UserId[];
  rev?: ChangeRev;
};
/**
 * A changed message, as the caller sees it.
 */
export type ChangedMessage = TextMessage | AttachmentMessage | DeletedMessage | OwnDeletedMessage;
/**
 * Why a request was refused. Decide by it.
 */
export type ProblemCode =
  | "invalid_request"
  | "unauthenticated"
  | "token_expired"
  | "chat_not_found"
  | "message_not_found"
  | "attachment_not_found"
  | "attachment_not_uploaded"
  | "attachment_sent"
  | "not_a_participant"
  | "not_an_admin"
  | "not_the_sender"
  | "too_many_participants"
  | "content_too_large"
  | "chat_closed"
  | "blocked"
  | "blocked_by_you"
  | "cannot_be_added"
  | "edit_window_over"
  | "conflict"
  | "idempotency_conflict"
  | "rate_limited"
  | "auth_service_unavailable"
  | "unavailable"
  | "internal";
/**
 * The id that the client chooses for a request. The reply repeats it.
 */
export type FrameId = string;
export type SendMessageFrame = SendTextFrame | SendAttachmentFrame;
/**
 * An event that the server pushes about chats and users. `event` tells the kinds apart.
 */
export type ChatEvent =
  | ChatCreatedEvent
  | ChatUpdatedEvent
  | ChatLeftEvent
  | MessageCreatedEvent
  | MessageUpdatedEvent
  | ReactionUpdatedEvent
  | ReceiptUpdatedEvent
  | TypingEvent
  | PresenceUpdatedEvent
  | NicknameUpdatedEvent
  | UserUpdatedEvent
  | MemberUpdatedEvent
  | BlockUpdatedEvent;

/**
 * Custom data: a JSON object of the application, which the system stores and does not read. It has at most
 * 2,048 bytes as JSON in UTF-8 without white space, and at most 8 objects and lists in one another, itself
 * included. Its numbers are from -9007199254740991 to 9007199254740991; write others as strings. The order of
 * its members means nothing. Absent if there is none, and in the last message of an inbox.
 */
export interface Custom {
  [k: string]: unknown;
}
/**
 * The custom data of a user, which everybody sees who sees the user. It has at most 512 bytes; the other rules
 * are those of all custom data. Absent if there is none.
 */
export interface UserCustom {
  [k: string]: unknown;
}
/**
 * Custom data: an object with the limits of what answers have. An empty object counts as none.
 */
export interface NewCustom {
  [k: string]: unknown;
}
export interface NewPrivateChat {
  /**
   * The userId of the other user. The caller can be listed, too.
   */
  participants: UserId[];
  isGroup: false;
  /**
   * Accepted, but without effect. Two users have only one private chat.
   */
  clientChatId?: ClientId;
}
export interface NewGroup {
  /**
   * The userIds of 2 to 89 other users. The caller can be listed, too.
   */
  participants: UserId[];
  isGroup: true;
  name: NewChatName;
  topic?: NewTopic;
  custom?: NewCustom;
  clientChatId?: ClientId;
}
/**
 * At least one of the fields. What it does not name stays as it is.
 */
export interface ChatUpdate {
  name?: NewChatName;
  topic?: NewTopic;
  custom?: CustomUpdate;
  /**
   * The id of an image that the caller declared for this group, uploaded, and has not sent. It becomes the
   * avatar. null removes the avatar.
   */
  avatar?: string | null;
}
export interface NewParticipants {
  participants: UserId[];
}
export interface NewText {
  type: TextType;
  content: Content;
  /**
   * The seq of the message that this one replies to. It must be a message of this chat that the caller can see.
   */
  replyTo?: MessageSeq;
  mentions?: Mentions;
  custom?: NewCustom;
  clientMessageId?: ClientId;
}
export interface NewAttachmentMessage {
  /**
   * The type with which the attachment was declared.
   */
  type: AttachmentType;
  attachmentId: AttachmentId;
  content?: Caption;
  /**
   * The seq of the message that this one replies to. It must be a message of this chat that the caller can see.
   */
  replyTo?: MessageSeq;
  mentions?: Mentions;
  custom?: NewCustom;
  clientMessageId?: ClientId;
}
export interface NewImage {
  chatId: ChatId;
  type: "image";
  fileName: FileName;
  contentType: ContentType;
  sizeBytes: SizeBytes;
  sha256: Sha256;
  width: Pixels;
  height: Pixels;
  blurHash: BlurHash;
}
export interface NewAudio {
  chatId: ChatId;
  type: "audio";
  fileName: FileName;
  contentType: ContentType;
  sizeBytes: SizeBytes;
  sha256: Sha256;
  durationMs: DurationMs;
}
export interface NewFile {
  chatId: ChatId;
  type: "file";
  fileName: FileName;
  contentType: ContentType;
  sizeBytes: SizeBytes;
  sha256: Sha256;
}
/**
 * At least one of the fields. What it does not name stays as it is.
 */
export interface MessageEdit {
  /**
   * For a text message, the new text, with the rules for sending a text. For a message with an attachment, the
   * new caption.
   */
  content?: string;
  /**
   * The new mentions. An empty list removes all. If absent, the mentions stay as they are.
   */
  mentions?: Mentions;
  custom?: CustomUpdate;
}
export interface OwnReactions {
  emojis: NewEmoji[];
}
export interface SeenUpTo {
  /**
   * The caller has read the messages up to this seq. At most the seq of the chat's last message.
   */
  seq: Seq;
}
export interface MuteUntil {
  /**
   * When the mute ends, a time in the future. If absent, the mute has no end.
   */
  until?: AnyTime;
}
/**
 * At least one of the fields.
 */
export interface SettingsUpdate {
  notify?: NotifyLevel;
  /**
   * When the mute ends, a time in the future. Only together with `notify: none`. If absent, the mute has no end.
   */
  muteUntil?: AnyTime;
  /**
   * Whether the chat comes first in the inbox.
   */
  pinned?: boolean;
  /**
   * Whether the chat is archived. A later message brings it back, unless `notify` is `none`.
   */
  archived?: boolean;
  /**
   * Whether the chat is shown as unread. The read position stays. A message of the caller, or marking messages
   * as seen, takes it back.
   */
  markedUnread?: boolean;
}
/**
 * At least one of the fields.
 */
export interface MeUpdate {
  nickname?: NewNickname;
  /**
   * Whether a message that mentions the caller causes a push notification even if the caller muted its chat.
   */
  notifyOnMention?: boolean;
  custom?: CustomUpdate;
}
export interface SyncRequest {
  /**
   * How far the client knows each chat, by chatId.
   */
  cursors: {
    [k: string]: Cursor;
  };
  /**
   * Chats of `cursors` for which the response also has the members' read positions.
   */
  open?: ChatId[];
}
/**
 * How far a client knows a chat. It has all messages up to `seq` and all changes up to `rev`, without gaps.
 *
 * This interface was referenced by `undefined`'s JSON-Schema definition
 * via the `patternProperty` "^[a-z0-9-]{1,64}$".
 *
 * This interface was referenced by `undefined`'s JSON-Schema definition
 * via the `patternProperty` "^[a-z0-9-]{1,64}$".
 */
export interface Cursor {
  seq: Seq;
  rev: Rev;
}
export interface PrivateChat {
  chatId: ChatId;
  isGroup: false;
  /**
   * The userIds of both participants, sorted.
   */
  participants: UserId[];
  participantCount: 2;
  /**
   * Always empty. A private chat has no admins.
   */
  admins: UserId[];
  /**
   * The messageId of the chat's last message. Absent if there is no message above the caller's floor.
   */
  lastMessageId?: MessageId;
  createdBy: UserId;
  createdAt: Time;
  /**
   * The seq of the chat's last message. 0 if there is none.
   */
  seq: Seq;
  /**
   * The rev of the chat's last change. 0 if there is none.
   */
  rev: Rev;
  /**
   * The caller's floor, which is the last seq that the caller cleared. 0 if nothing is hidden.
   */
  floor: Seq;
}
export interface Group {
  chatId: ChatId;
  isGroup: true;
  name: ChatName;
  topic?: Topic;
  custom?: Custom;
  avatar?: ImageAttachment;
  /**
   * The userIds of the participants, sorted. A closed group keeps its last two as a record.
   */
  participants: UserId[];
  /**
   * The number of participants. It counts all of them, even if `participants` is cut.
   */
  participantCount: number;
  /**
   * True if `participants` and `admins` are cut at their ends so that the chat fits. getChat returns all.
   */
  participantsLimited?: Flag;
  /**
   * The userIds of the admins, sorted. They can change the group.
   */
  admins: UserId[];
  /**
   * The messageId of the chat's last message. Absent if there is no message above the caller's floor.
   */
  lastMessageId?: MessageId;
  createdBy: UserId;
  createdAt: Time;
  /**
   * When the group was closed. A closed group takes no more messages. Absent if the group is open.
   */
  closedAt?: Time;
  /**
   * The seq of the chat's last message. 0 if there is none.
   */
  seq: Seq;
  /**
   * The rev of the chat's last change. 0 if there is none.
   */
  rev: Rev;
  /**
   * The caller's floor, which is the last seq before the caller joined, or the last seq that the caller cleared.
   * 0 if nothing is hidden.
   */
  floor: Seq;
}
export interface ImageAttachment {
  attachmentId: AttachmentId;
  fileName: FileName;
  contentType: ContentType;
  sizeBytes: SizeBytes;
  sha256: Sha256;
  width: Pixels;
  height: Pixels;
  blurHash: BlurHash;
}
export interface ChatAnswer {
  chat: Chat;
}
export interface GroupAnswer {
  chat: Group;
}
export interface LeftAnswer {
  left: true;
}
export interface ChatDetails {
  chat: Chat;
  /**
   * How many messages are above the caller's read position. Tombstones, and messages that the caller deleted for
   * themselves, count too.
   */
  unreadCount: Count;
  /**
   * True if the caller blocks the other user of this private chat. Absent otherwise, also if the other user
   * blocks the caller.
   */
  blocked?: Flag;
  /**
   * The members, sorted by userId. In a closed group, only those who have not left. Then the stays, with
   * leftSeq, of at most 100 users who left and had read a message that the caller can see. Those who read
   * furthest come first.
   */
  members: Member[];
  /**
   * True if more than 100 users left who had read a message that the caller can see.
   */
  formerMembersLimited?: Flag;
  /**
   * True if the members have no `user`, because the chat has more than 100 participants. Then list the members,
   * or get the users of a page of messages.
   */
  membersLimited?: Flag;
}
/**
 * A participant and their read position. With leftSeq, a stay in the chat that has ended.
 */
export interface Member {
  userId: UserId;
  /**
   * The seq of the last message before the member joined. 0 if there was none.
   */
  joinedSeq: Seq;
  joinedAt: Time;
  /**
   * The read position, which is the seq of the last message that the member has read. Clearing the history does
   * not change it.
   */
  readSeq: Seq;
  /**
   * When the member last moved their read position. Absent if they never did.
   */
  readAt?: Time;
  /**
   * The seq of the last message when the user left or was removed. Absent for a participant.
   */
  leftSeq?: Seq;
  /**
   * When the user left or was removed. Absent for a participant.
   */
  leftAt?: Time;
  /**
   * The user document of the member. Absent if `membersLimited` is true, and with leftSeq.
   */
  user?: ProfiledUser;
}
/**
 * A user as the chat service knows them, with the profile from the Auth Service.
 */
export interface ProfiledUser {
  userId: UserId;
  nickname: Nickname;
  status: Status;
  lastSeen: LastSeen;
  mutedChats: MutedChats;
  notifyOnMention?: NotifyOnMention;
  custom?: UserCustom;
  /**
   * Absent if no Auth Service is configured, if it does not answer, or if it does not know the user.
   */
  profile?: Profile;
}
/**
 * What the Auth Service says about a user.
 */
export interface Profile {
  username: string;
  displayName?: string;
  /**
   * The URL of the user's picture, with https, or with http on a loopback address.
   */
  avatarUrl?: string;
}
export interface MembersPage {
  /**
   * The members, sorted by userId.
   */
  members: Member[];
  /**
   * The cursor for the next page. Absent on the last page.
   */
  cursor?: MembersCursor;
}
/**
 * A member and their read position, or a stay that has ended, as sync returns it. The fields mean the same as
 * in Member.
 */
export interface MemberPosition {
  userId: UserId;
  joinedSeq: Seq;
  joinedAt: Time;
  readSeq: Seq;
  readAt?: Time;
  leftSeq?: Seq;
  leftAt?: Time;
}
export interface Inbox {
  /**
   * The chats: pinned ones first, then newest activity first. Activity is a new message or a change of the chat
   * itself.
   */
  chats: InboxEntry[];
  /**
   * The cursor for the next page. Absent on the last page.
   */
  cursor?: InboxCursor;
}
export interface PrivateInboxEntry {
  chat: PrivateChat;
  /**
   * The chat's last message, shortened. Absent if the caller cannot see that message.
   */
  lastMessage?: MessagePreview;
  /**
   * The caller's read position. It is never below the floor.
   */
  readSeq: Seq;
  unreadCount: Count;
  settings: Settings;
  /**
   * True if the caller blocks the other user of this private chat. Absent otherwise, also if the other user
   * blocks the caller.
   */
  blocked?: Flag;
  /**
   * The other participant. In a sync response, without a profile.
   */
  user: ProfiledUser;
}
export interface TextPreview {
  messageId: MessageId;
  chatId: ChatId;
  seq: MessageSeq;
  senderId: UserId;
  type: TextType;
  /**
   * The beginning of the text, at most 1 KB as a JSON string.
   */
  content: string;
  contentLimited?: Flag;
  seenBy: SeenByPreview;
  seenByLimited: Flag;
  deletedFor: NoUsers;
  createdAt: Time;
  clientMessageId?: ClientId;
  rev: Rev;
  editedAt?: Time;
  replyTo?: MessageSeq;
}
export interface AttachmentPreview {
  messageId: MessageId;
  chatId: ChatId;
  seq: MessageSeq;
  senderId: UserId;
  type: AttachmentType;
  /**
   * The beginning of the caption, at most 1 KB as a JSON string.
   */
  content: string;
  attachment: Attachment;
  contentLimited?: Flag;
  seenBy: SeenByPreview;
  seenByLimited: Flag;
  deletedFor: NoUsers;
  createdAt: Time;
  clientMessageId?: ClientId;
  rev: Rev;
  editedAt?: Time;
  replyTo?: MessageSeq;
}
export interface AudioAttachment {
  attachmentId: AttachmentId;
  fileName: FileName;
  contentType: ContentType;
  sizeBytes: SizeBytes;
  sha256: Sha256;
  durationMs: DurationMs;
}
export interface FileAttachment {
  attachmentId: AttachmentId;
  fileName: FileName;
  contentType: ContentType;
  sizeBytes: SizeBytes;
  sha256: Sha256;
}
export interface DeletedPreview {
  messageId: MessageId;
  chatId: ChatId;
  seq: MessageSeq;
  senderId: UserId;
  type: MessageType;
  content: NoContent;
  seenBy: SeenByPreview;
  seenByLimited: Flag;
  deletedFor: NoUsers;
  createdAt: Time;
  clientMessageId?: ClientId;
  rev: ChangeRev;
  deletedAt: Time;
  deletedBy: UserId;
}
/**
 * The caller's own view of a chat. Nobody else sees it.
 */
export interface Settings {
  /**
   * The number of the last write of the caller's membership. Of two views of one membership, the one with the
   * higher number is newer. Who joins again begins again.
   */
  memberRev: number;
  notify: NotifyLevel;
  /**
   * When the mute ends. Absent if the chat is not muted or if the mute has no end.
   */
  muteUntil?: Time;
  /**
   * The chat comes first in the inbox.
   */
  pinned?: Flag;
  /**
   * The chat is archived, and this was the seq of its last message then. A message with a higher seq brings it
   * back, unless `notify` is `none`. Absent if the chat is not archived.
   */
  archivedSeq?: Seq;
  /**
   * The caller marked the chat as unread. A message of the caller, or marking messages as seen, takes it back.
   */
  markedUnread?: Flag;
}
export interface GroupInboxEntry {
  /**
   * The group, cut to at most 2 KB of JSON.
   */
  chat: Group;
  /**
   * The chat's last message, shortened. Absent if the caller cannot see that message.
   */
  lastMessage?: MessagePreview;
  /**
   * The caller's read position. It is never below the floor.
   */
  readSeq: Seq;
  unreadCount: Count;
  settings: Settings;
}
export interface UnreadTotal {
  /**
   * The unread messages of all chats that count.
   */
  unreadTotal: Count;
  /**
   * The number of these chats with unread messages.
   */
  chatsWithUnread: Count;
  /**
   * False if the caller has more than 1,000 chats that count. Then only the 1,000 with the newest activity were
   * counted.
   */
  isExact: boolean;
}
/**
 * The caller's view of a chat, and their read position and unread count at the same moment.
 */
export interface OwnMember {
  /**
   * The caller's read position. A higher one takes `markedUnread` back.
   */
  readSeq: Seq;
  unreadCount: Count;
  settings: Settings;
}
/**
 * The caller's view of a chat after the request.
 */
export interface OwnMemberAnswer {
  chatId: ChatId;
  readSeq: Seq;
  unreadCount: Count;
  settings: Settings;
}
/**
 * Whether the caller muted the chat, and until when.
 */
export interface Mute {
  chatId: ChatId;
  muted: boolean;
  /**
   * When the mute ends. Absent if the chat is not muted or if the mute has no end.
   */
  mutedUntil?: Time;
}
/**
 * Whether the caller blocks the user.
 */
export interface BlockState {
  userId: UserId;
  blocked: boolean;
}
/**
 * The users whom the caller blocks.
 */
export interface Blocks {
  /**
   * The blocks, sorted by userId.
   */
  blocks: Block[];
}
/**
 * A user whom the caller blocks.
 */
export interface Block {
  userId: UserId;
  /**
   * When the block began.
   */
  blockedAt: Time;
}
/**
 * A message of type `text`.
 */
export interface TextMessage {
  messageId: MessageId;
  chatId: ChatId;
  seq: MessageSeq;
  senderId: UserId;
  type: TextType;
  content: Content;
  seenBy: SeenBy;
  seenByLimited?: Flag;
  deletedFor: NoUsers;
  createdAt: Time;
  /**
   * The id that the sender's client chose for the message. Absent if it chose none.
   */
  clientMessageId?: ClientId;
  /**
   * The rev of the message's last change. A deletion that a user made only for themselves does not count. 0 if
   * the message is as it was sent.
   */
  rev: Rev;
  /**
   * When the message was last edited. Absent if it was never edited.
   */
  editedAt?: Time;
  /**
   * The seq of the message that this one replies to. Absent if it is not a reply. The caller may be unable to
   * see that message.
   */
  replyTo?: MessageSeq;
  /**
   * The userIds of the participants whom the message mentions, sorted. Absent if it mentions nobody.
   */
  mentions?: UserId[];
  /**
   * The reactions, one entry for each emoji. Absent if there are none.
   */
  reactions?: Reaction[];
  custom?: Custom;
}
export interface Reaction {
  emoji: Emoji;
  /**
   * How many users reacted with this emoji.
   */
  count: number;
  /**
   * The userIds of those who reacted with this emoji, sorted.
   */
  userIds: UserId[];
  /**
   * True if `userIds` is cut so that the message fits a frame.
   */
  userIdsLimited?: Flag;
}
/**
 * A message that carries an image, a recording or another file.
 */
export interface AttachmentMessage {
  messageId: MessageId;
  chatId: ChatId;
  seq: MessageSeq;
  senderId: UserId;
  type: AttachmentType;
  content: Caption;
  attachment: Attachment;
  seenBy: SeenBy;
  seenByLimited?: Flag;
  deletedFor: NoUsers;
  createdAt: Time;
  /**
   * The id that the sender's client chose for the message. Absent if it chose none.
   */
  clientMessageId?: ClientId;
  /**
   * The rev of the message's last change. A deletion that a user made only for themselves does not count. 0 if
   * the message is as it was sent.
   */
  rev: Rev;
  /**
   * When the message was last edited. Absent if it was never edited.
   */
  editedAt?: Time;
  /**
   * The seq of the message that this one replies to. Absent if it is not a reply. The caller may be unable to
   * see that message.
   */
  replyTo?: MessageSeq;
  /**
   * The userIds of the participants whom the message mentions, sorted. Absent if it mentions nobody.
   */
  mentions?: UserId[];
  /**
   * The reactions, one entry for each emoji. Absent if there are none.
   */
  reactions?: Reaction[];
  custom?: Custom;
}
/**
 * The tombstone of a message that was deleted for everyone.
 */
export interface DeletedMessage {
  messageId: MessageId;
  chatId: ChatId;
  seq: MessageSeq;
  senderId: UserId;
  type: MessageType;
  content: NoContent;
  seenBy: SeenBy;
  seenByLimited?: Flag;
  deletedFor: NoUsers;
  createdAt: Time;
  clientMessageId?: ClientId;
  rev: ChangeRev;
  deletedAt: Time;
  /**
   * Who deleted the message, its sender or an admin.
   */
  deletedBy: UserId;
}
/**
 * A message that the caller cannot see, without its content. Either the caller deleted it for themselves; then
 * it is shown as a change, or in the answer to a repeated send. Or it is at or below the caller's floor; then
 * it is shown only in the answer to a repeated send.
 */
export interface HiddenMessage {
  messageId: MessageId;
  chatId: ChatId;
  seq: MessageSeq;
  senderId: UserId;
  type: MessageType;
  content: NoContent;
  seenBy: NoUsers;
  /**
   * The caller's userId if the caller deleted the message for themselves. Otherwise empty.
   */
  deletedFor: UserId[];
  createdAt: Time;
  clientMessageId?: ClientId;
  rev: Rev;
}
export interface AnnouncedAttachment {
  attachment: Attachment;
  /**
   * The request that uploads the bytes. It works once, for anyone who has it.
   */
  upload: {
    method: "PUT";
    url: string;
    /**
     * Send these headers unchanged. The signature also covers Content-Length, which every HTTP client sends by
     * itself.
     */
    headers: {
      /**
       * This interface was referenced by `undefined`'s JSON-Schema definition
       * via the `patternProperty` "^[a-z0-9-]+$".
       */
      [k: string]: string;
    };
    /**
     * When the URL expires, 15 minutes after the announcement. It can expire earlier, with the credentials that
     * signed it.
     */
    expiresAt: Time;
  };
  /**
   * Until when a message can carry the attachment, one day after the announcement.
   */
  expiresAt: Time;
}
export interface OpenedAttachment {
  attachment: Attachment;
  download: {
    /**
     * GET this URL without a token or other headers. Anyone who has the URL can do that.
     */
    url: string;
    /**
     * When the URL expires, one hour after the request. It can expire earlier, with the credentials that signed
     * it.
     */
    expiresAt: Time;
  };
}
export interface MessageAnswer {
  message: Message;
}
export interface SaidMessageAnswer {
  message: SaidMessage;
}
export interface DeletionAnswer {
  message: DeletedMessage | OwnDeletedMessage;
}
export interface Page {
  /**
   * The messages of the range that the caller can see, in the order of seq.
   */
  messages: VisibleMessage[];
  /**
   * The first and the last seq that the page covers. Absent if the page covers nothing. Messages next to the
   * page that the caller deleted for themselves are in its range.
   */
  range?: PageRange;
  /**
   * Whether the caller can see a message below the range. Also true if the 50 messages next to the range are
   * hidden from the caller and there are more.
   */
  hasMoreBefore: boolean;
  /**
   * Whether the caller can see a message above the range. Also true if the 50 messages next to the range are
   * hidden from the caller and there are more.
   */
  hasMoreAfter: boolean;
  /**
   * The seq of the chat's last message when the page was read.
   */
  seq: Seq;
  /**
   * Every change up to this rev is in the page.
   */
  rev: Rev;
  /**
   * The caller's floor, which is the last seq that is hidden from the caller.
   */
  floor: Seq;
}
/**
 * From the first to the last seq that a page covers, both included.
 */
export interface PageRange {
  from: MessageSeq;
  to: MessageSeq;
}
/**
 * The caller's read position in a chat.
 */
export interface ReadPosition {
  chatId: ChatId;
  readSeq: Seq;
  /**
   * When the caller last moved their read position. Absent if they never did.
   */
  readAt?: Time;
  unreadCount: Count;
  /**
   * The caller's view of the chat, if they had marked it as unread and the read position did not move. The mark
   * is taken back.
   */
  settings?: Settings;
}
/**
 * A user as the chat service knows them.
 */
export interface ChatUser {
  userId: UserId;
  nickname: Nickname;
  status: Status;
  lastSeen: LastSeen;
  mutedChats: MutedChats;
  notifyOnMention?: NotifyOnMention;
  custom?: UserCustom;
}
export interface UserAnswer {
  user: ProfiledUser;
}
export interface UsersAnswer {
  /**
   * Sorted by userId.
   */
  users: ProfiledUser[];
}
export interface SyncAnswer {
  /**
   * The chats of `cursors` that the caller is in. Those with news come first.
   */
  chats: ChatSync[];
  /**
   * Chats that the caller is in and that `cursors` does not name, newest activity first.
   */
  joined: InboxEntry[];
  /**
   * True if there are more such chats. Then list the inbox. With more than 100 of them, `joined` is empty.
   */
  joinedLimited?: Flag;
  /**
   * Chats of `cursors` that the caller is not in, or that do not exist.
   */
  gone: ChatId[];
  /**
   * True if something of `chats` is missing from this answer: a chat has `limited`, the 28 KB were full, or a
   * change is just being stored. Then ask again with the new cursors.
   */
  limited: boolean;
}
/**
 * What happened in one chat after its cursor.
 */
export interface ChatSync {
  chatId: ChatId;
  /**
   * The next messages after the cursor, in the order of seq, as they are now.
   */
  messages: VisibleMessage[];
  /**
   * Messages up to the cursor that changed after it, as they are now, in the order of their changes.
   */
  changed: ChangedMessage[];
  /**
   * The chat as it is now. Absent if its document did not change.
   */
  chat?: Group;
  /**
   * For a chat with at most 100 members: if the chat is in `open`, the read positions of all members. Then the
   * stays, with leftSeq, that ended with a change after the cursor. Absent if it would be empty.
   */
  members?: MemberPosition[];
  /**
   * True if the read positions did not fit. Then get the chat.
   */
  membersLimited?: Flag;
  /**
   * The caller's read position. It is never below the floor.
   */
  readSeq: Seq;
  unreadCount: Count;
  /**
   * The caller's floor, which is the last seq that is hidden from the caller.
   */
  floor: Seq;
  /**
   * The caller's view of the chat. Absent only if it did not fit. Then list the inbox.
   */
  settings?: Settings;
  /**
   * True if the caller blocks the other user of this private chat. Absent otherwise, also if the other user
   * blocks the caller.
   */
  blocked?: Flag;
  /**
   * How far the client knows the chat after this response. Use it in the next sync.
   */
  cursor: Cursor;
  /**
   * True if this is not all of the chat. Then ask again with the new cursor.
   */
  limited?: Flag;
  /**
   * True if the cursor is older than the changes that are kept, which are those of 30 days, or if it is ahead of
   * the chat. Then forget the chat, get it, and start again.
   */
  reset?: Flag;
}
/**
 * The reactions of one participant to a message.
 */
export interface UserReactions {
  userId: UserId;
  /**
   * All of the participant's reactions to the message from now on. Empty if they took them back.
   */
  emojis: Emoji[];
}
/**
 * How far a participant has read.
 */
export interface Receipt {
  userId: UserId;
  readSeq: MessageSeq;
  readAt: Time;
}
/**
 * Whether a participant is typing.
 */
export interface Typing {
  userId: UserId;
  state: TypingState;
  /**
   * Show the user as typing for this many milliseconds, unless another `typing` event about the user comes
   * before. Present only with `start`.
   */
  timeoutMs?: 6000;
}
/**
 * Whether a user is online. For each user, keep the event with the latest `at`.
 */
export interface Presence {
  userId: UserId;
  status: Status;
  /**
   * When the user connected or disconnected. Absent if the connection was lost without being closed.
   */
  lastSeen?: Time;
  /**
   * When the status changed.
   */
  at: Time;
}
/**
 * Who ended the membership.
 */
export interface Left {
  /**
   * The caller's userId if they left, or the userId of the admin who removed them.
   */
  by: UserId;
}
/**
 * Problem details (RFC 9457). Decide by `code`, because the texts are for people and can change. The code
 * determines the values of the other members, and which of them are present.
 */
export interface Problem {
  type: string;
  title: string;
  status: 400 | 401 | 403 | 404 | 409 | 429 | 500 | 503;
  detail: string;
  code: ProblemCode;
  /**
   * Whether the same request can succeed later.
   */
  retryable: boolean;
  /**
   * Send the request again after this many milliseconds. Present if `retryable` is true.
   */
  retryAfterMs?: number;
  /**
   * The wrong fields, or the one field that exceeds a limit. After the first ten fields, one more entry says how
   * many others are wrong.
   */
  errors?: FieldError[];
  /**
   * The limit that was exceeded.
   */
  limit?: number;
  /**
   * The id under which the log has the request. Present for every status 5xx.
   */
  requestId?: string;
}
export interface FieldError {
  /**
   * The field that is wrong, for example `participants[2]`. A name is cut to 100 characters.
   */
  field: string;
  reason: string;
}
/**
 * A response of API Gateway itself. It has no other member.
 */
export interface GatewayMessage {
  message: string;
}
export interface Health {
  status: "ok";
  version: string;
}
export interface CreatePrivateChatFrame {
  action: "createChat";
  id?: FrameId;
  /**
   * The userId of the other user. The caller can be listed, too.
   */
  participants: UserId[];
  isGroup: false;
  /**
   * Accepted, but without effect. Two users have only one private chat.
   */
  clientChatId?: ClientId;
}
export interface CreateGroupFrame {
  action: "createChat";
  id?: FrameId;
  /**
   * The userIds of 2 to 89 other users. The caller can be listed, too.
   */
  participants: UserId[];
  isGroup: true;
  name: NewChatName;
  topic?: NewTopic;
  custom?: NewCustom;
  clientChatId?: ClientId;
}
export interface SendTextFrame {
  action: "sendMessage";
  id?: FrameId;
  chatId: ChatId;
  type: TextType;
  content: Content;
  /**
   * The seq of the message that this one replies to. It must be a message of this chat that the caller can see.
   */
  replyTo?: MessageSeq;
  mentions?: Mentions;
  custom?: NewCustom;
  clientMessageId?: ClientId;
}
export interface SendAttachmentFrame {
  action: "sendMessage";
  id?: FrameId;
  chatId: ChatId;
  /**
   * The type with which the attachment was declared.
   */
  type: AttachmentType;
  attachmentId: AttachmentId;
  content?: Caption;
  /**
   * The seq of the message that this one replies to. It must be a message of this chat that the caller can see.
   */
  replyTo?: MessageSeq;
  mentions?: Mentions;
  custom?: NewCustom;
  clientMessageId?: ClientId;
}
export interface ListMessagesFrame {
  action: "listMessages";
  id?: FrameId;
  chatId: ChatId;
  before?: Seq;
  after?: Seq;
  around?: Seq;
  limit?: Limit;
}
export interface MarkSeenFrame {
  action: "markSeen";
  id?: FrameId;
  chatId: ChatId;
  /**
   * The caller has read the messages up to this seq. At most the seq of the chat's last message.
   */
  seq: Seq;
}
export interface EditMessageFrame {
  action: "editMessage";
  id?: FrameId;
  chatId: ChatId;
  seq: Seq;
  /**
   * For a text message, the new text, with the rules for sending a text. For a message with an attachment, the
   * new caption.
   */
  content?: string;
  /**
   * The new mentions. An empty list removes all. If absent, the mentions stay as they are.
   */
  mentions?: Mentions;
  custom?: CustomUpdate;
}
export interface DeleteMessageFrame {
  action: "deleteMessage";
  id?: FrameId;
  chatId: ChatId;
  seq: Seq;
  for: DeleteFor;
}
export interface ReactToMessageFrame {
  action: "reactToMessage";
  id?: FrameId;
  chatId: ChatId;
  seq: Seq;
  emojis: NewEmoji[];
}
export interface TypingFrame {
  action: "typing";
  id?: FrameId;
  chatId: ChatId;
  state: TypingState;
}
export interface SyncFrame {
  action: "sync";
  id?: FrameId;
  /**
   * How far the client knows each chat, by chatId.
   */
  cursors: {
    [k: string]: Cursor;
  };
  /**
   * Chats of `cursors` for which the response also has the members' read positions.
   */
  open?: ChatId[];
}
export interface PingFrame {
  action: "ping";
  id?: FrameId;
}
/**
 * A frame without an action, or with an action that this API does not have. A frame that is not JSON is
 * answered in the same way.
 */
export interface UnknownFrame {
  action?: string;
  id?: FrameId;
}
export interface CreateChatReply {
  id?: FrameId;
  ok: true;
  data: ChatAnswer;
}
export interface SendMessageReply {
  id?: FrameId;
  ok: true;
  data: MessageAnswer;
}
export interface ListMessagesReply {
  id?: FrameId;
  ok: true;
  data: Page;
}
export interface MarkSeenReply {
  id?: FrameId;
  ok: true;
  data: ReadPosition;
}
export interface EditMessageReply {
  id?: FrameId;
  ok: true;
  data: SaidMessageAnswer;
}
export interface DeleteMessageReply {
  id?: FrameId;
  ok: true;
  data: DeletionAnswer;
}
export interface ReactToMessageReply {
  id?: FrameId;
  ok: true;
  data: SaidMessageAnswer;
}
export interface TypingReply {
  id?: FrameId;
  ok: true;
  data: Typing;
}
export interface SyncReply {
  id?: FrameId;
  ok: true;
  data: SyncAnswer;
}
export interface PingReply {
  id?: FrameId;
  ok: true;
  data: Pong;
}
export interface Pong {
  pong: true;
}
export interface RefusedReply {
  id?: FrameId;
  ok: false;
  error: Problem;
}
/**
 * A frame that comes from API Gateway itself.
 */
export interface GatewayFrame {
  message: string;
  connectionId: string;
  requestId: string;
}
export interface ChatCreatedEvent {
  event: "chat.created";
  chatId: ChatId;
  data: Chat;
}
export interface ChatUpdatedEvent {
  event: "chat.updated";
  chatId: ChatId;
  rev: ChangeRev;
  /**
   * The stay of the user who left or was removed with the change. Absent if nobody did, or if they had read no
   * message that the recipient can see.
   */
  left?: MemberPosition;
  data: Chat;
}
export interface ChatLeftEvent {
  event: "chat.left";
  chatId: ChatId;
  rev: ChangeRev;
  data: Left;
}
export interface MessageCreatedEvent {
  event: "message.created";
  chatId: ChatId;
  seq: MessageSeq;
  data: VisibleMessage;
}
export interface MessageUpdatedEvent {
  event: "message.updated";
  chatId: ChatId;
  seq: MessageSeq;
  rev: ChangeRev;
  data: ChangedMessage;
}
export interface ReactionUpdatedEvent {
  event: "reaction.updated";
  chatId: ChatId;
  seq: MessageSeq;
  rev: ChangeRev;
  data: UserReactions;
}
export interface ReceiptUpdatedEvent {
  event: "receipt.updated";
  chatId: ChatId;
  data: Receipt;
}
export interface TypingEvent {
  event: "typing";
  chatId: ChatId;
  data: Typing;
}
export interface PresenceUpdatedEvent {
  event: "presence.updated";
  data: Presence;
}
export interface NicknameUpdatedEvent {
  event: "nickname.updated";
  data: NicknameChange;
}
/**
 * The nickname of a user from now on.
 */
export interface NicknameChange {
  userId: UserId;
  nickname: Nickname;
  /**
   * When it changed. For each user, keep the event with the latest `at`.
   */
  at: Time;
}
export interface UserUpdatedEvent {
  event: "user.updated";
  data: ChatUser;
}
export interface MemberUpdatedEvent {
  event: "member.updated";
  chatId: ChatId;
  data: OwnMember;
}
export interface BlockUpdatedEvent {
  event: "block.updated";
  data: BlockState;
}
export interface ConnectionClosingEvent {
  event: "connection.closing";
  data: Closing;
}
/**
 * Why the system closes a connection, and what to do.
 */
export interface Closing {
  /**
   * Decide by it. `token_expired`: connect again with a new token. `too_many_connections`: tell the user, wait
   * for `retryAfterMs` and a random time between 0 and 30 s more, then connect again. After a code that you do
   * not know, do the same.
   */
  code: "token_expired" | "too_many_connections";
  /**
   * Whether connecting again can succeed.
   */
  retryable: boolean;
  /**
   * How long to wait at least before connecting again. Absent if no wait is needed.
   */
  retryAfterMs?: number;
  /**
   * What happened and what to do, for people. It may change.
   */
  detail: string;
}
/**
 * The answer of each route of the HTTP API, by its operationId.
 */
export interface Answers {
  createChat: ChatAnswer;
  listChats: Inbox;
  getChat: ChatDetails;
  updateChat: GroupAnswer;
  listMembers: MembersPage;
  addParticipants: GroupAnswer;
  removeParticipant: RemovalAnswer;
  makeAdmin: GroupAnswer;
  unmakeAdmin: GroupAnswer;
  sendMessage: MessageAnswer | SaidMessageAnswer;
  listMessages: Page;
  clearChat: ChatAnswer;
  editMessage: SaidMessageAnswer;
  deleteMessage: DeletionAnswer;
  getAttachment: OpenedAttachment;
  getAvatar: OpenedAttachment;
  reactToMessage: SaidMessageAnswer;
  markSeen: ReadPosition;
  updateMember: OwnMemberAnswer;
  muteChat: Mute;
  unmuteChat: Mute;
  createAttachment: AnnouncedAttachment;
  getMe: UserAnswer;
  updateMe: UserAnswer;
  listUsers: UsersAnswer;
  countUnread: UnreadTotal;
  getUser: UserAnswer;
  blockUser: BlockState;
  unblockUser: BlockState;
  listBlocks: Blocks;
  sync: SyncAnswer;
  health: Health;
}
/**
 * The frame of each action of the WebSocket API.
 */
export interface ActionFrames {
  createChat: CreatePrivateChatFrame | CreateGroupFrame;
  sendMessage: SendMessageFrame;
  listMessages: ListMessagesFrame;
  markSeen: MarkSeenFrame;
  editMessage: EditMessageFrame;
  deleteMessage: DeleteMessageFrame;
  reactToMessage: ReactToMessageFrame;
  typing: TypingFrame;
  sync: SyncFrame;
  ping: PingFrame;
}
/**
 * The answer of each action of the WebSocket API.
 */
export interface ActionAnswers {
  createChat: ChatAnswer;
  sendMessage: MessageAnswer;
  listMessages: Page;
  markSeen: ReadPosition;
  editMessage: SaidMessageAnswer;
  deleteMessage: DeletionAnswer;
  reactToMessage: SaidMessageAnswer;
  typing: Typing;
  sync: SyncAnswer;
  ping: Pong;
}

/** What `event` of a {@link ChatEvent} can be. */
export type EventName = ChatEvent["event"];
/** The event with this name. */
export type EventOf<Name extends EventName> = Extract<ChatEvent, { event: Name }>;
/** Every event of the WebSocket, also the one that the connection ends with. */
export type ServerEvent = ChatEvent | ConnectionClosingEvent;
/** What `action` of a frame can be. */
export type Action = keyof ActionFrames;
/** The operationIds of the HTTP routes that answer with a document. */
export type Operation = keyof Answers;
