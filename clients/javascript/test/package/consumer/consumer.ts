// A consumer of the packed package. Under each @ts-expect-error is a mistake that the types must catch: if one of them
// were `any`, the compiler would report the line as unused.
import { ChatError, createClient } from "lambda-chat";
import type {
  Attachment, AttachmentDownload, Block, Chat, ChatDraft, ChatEvent, ChatId, ChatSummary, Client, ClientEvents,
  ClientOptions, Custom, ErrorCode, EventName, EventOf, FieldError, FileOptions, Link, Logger, Member, Message,
  NotifyLevel, Person, ProblemCode, Profile, Reaction, Readable, RequestOptions, Sending, SendingState, Seq, Status,
  Storage, StoreName, StoredItem, TextDraft, Time, Timeline, TimelineItem, TimelineStatus, TokenReason, UnreadTotal,
  UnsentItem, UnsentMessage, Update, UserId,
} from "lambda-chat";
import { indexedDBStorage } from "lambda-chat/indexeddb";
import { ChatProvider, useChat, useChats, useLink, useSend, useTimeline } from "lambda-chat/react";

const options = {
  httpUrl: "https://api.example.com",
  webSocketUrl: "wss://ws.example.com",
  token: async (_reason: string, { signal }: { signal: AbortSignal }) => (signal.aborted ? "" : "a.b.c"),
};

export const client: Client = createClient({ ...options, storage: indexedDBStorage({ name: "app" }) });
// @ts-expect-error An option is missing.
createClient({ httpUrl: options.httpUrl, webSocketUrl: options.webSocketUrl });
// @ts-expect-error An option has another type.
createClient({ ...options, tabs: "yes" });
// @ts-expect-error A token provider returns a text.
createClient({ ...options, token: async () => 7 });
// @ts-expect-error No option has this name.
createClient({ ...options, websocketUrl: "wss://ws.example.com" });

// Events are told apart by their name.
client.on("message.created", ({ chatId, seq, data }) => {
  const [id, place, text]: [string, number, string] = [chatId, seq, data.content];
  // @ts-expect-error A message has no field of this name.
  console.log(id, place, text, data.body);
});
client.on("chat.left", (event) => {
  const by: string = event.data.by;
  // @ts-expect-error Only events about messages have a seq.
  console.log(by, event.seq);
});
client.on("presence.updated", ({ data }) => {
  const isOnline: boolean = data.status === "online";
  // @ts-expect-error A status is online or offline.
  console.log(isOnline, data.status === "away");
});
// @ts-expect-error No event has this name.
client.on("message.added", () => {});
// @ts-expect-error A listener gets the event, not a text.
client.on("typing", (event: string) => console.log(event));

// Errors have a code out of a closed union.
export function explain(error: unknown): string {
  if (!(error instanceof ChatError)) return "a bug";
  const code: ErrorCode = error.code;
  const waitMs: number | undefined = error.retryAfterMs;
  switch (code) {
    case "blocked":
    case "rate_limited":
    case "token":
      return `${code} ${waitMs}`;
    // @ts-expect-error No error has this code.
    case "no_such_code":
      return "never";
    default:
      return error.errors?.map(({ field, reason }) => `${field}: ${reason}`).join() ?? error.message;
  }
}
// @ts-expect-error No error has this code.
export const wrong: ErrorCode = "out_of_coffee";

// What an app holds.
export async function talk(): Promise<number> {
  const stop: () => void = client.start();
  const chat: Chat = await client.createChat({ with: "bob" });
  await client.createChat({ name: "A group", participants: ["bob", "carol"] });
  // @ts-expect-error A group needs a name.
  await client.createChat({ participants: ["bob", "carol"] });
  const sending: Readonly<Sending> = chat.send({ text: "Hello", replyTo: 1, mentions: ["bob"] });
  // @ts-expect-error A reply names a seq, a number.
  chat.send({ text: "Hello", replyTo: "1" });
  // @ts-expect-error A message needs a text.
  chat.send({ replyTo: 1 });
  const message: Readonly<Message> = await sending.stored;
  // @ts-expect-error What is held is not to be changed.
  message.seq = 2;
  const timeline: Timeline = chat.timeline();
  for (const item of timeline.items.get()) {
    if (item.state === "stored") console.log(item.message.seq.toFixed(), item.seenBy.length);
    else item.sending.discard();
    // @ts-expect-error An unsent message has no seq yet.
    console.log(item.message.seq.toFixed());
  }
  const unread: Readable<number> = client.unreadTotal;
  // @ts-expect-error A number is no list.
  unread.get().map(String);
  // @ts-expect-error Only the message's sender edits it, by its seq.
  await chat.edit("first", { text: "Hello" });
  // @ts-expect-error Not a level.
  await chat.setNotify("loud");
  for await (const update of client.updates()) {
    if (update.type === "event" && update.event.event === "receipt.updated") return update.event.data.readSeq;
    // @ts-expect-error No update has this type.
    if (update.type === "message") break;
  }
  stop();
  return message.seq;
}

// React.
export function Inbox(): number {
  const chats = useChats();
  const { status } = useLink();
  // @ts-expect-error Not a status.
  if (status === "disconnected") return 0;
  const { chat, summary } = useChat("1");
  const { items, timeline, hasOlder } = useTimeline("1", { around: 7 });
  const send = useSend("1");
  send("Hello");
  // @ts-expect-error A number is no message.
  send(7);
  const title: string | undefined = summary?.title;
  // @ts-expect-error It is undefined while the client does not hold the chat.
  summary.title.trim();
  if (hasOlder) void timeline.older();
  return chats.length + items.length + (title ?? chat.id).length;
}
export const provider: Parameters<typeof ChatProvider>[0] = { client, children: "Hello" };
// @ts-expect-error A provider needs a client.
export const withoutClient: Parameters<typeof ChatProvider>[0] = { children: "Hello" };

// Each type that the package exports has a name for consumers.
export const names: EventName[] = ["message.created", "chat.left"];
// @ts-expect-error No event has this name.
names.push("message.added");
export function describe(update: Update): string {
  if (update.type === "link") return explainLink(update.link);
  // @ts-expect-error Only an update of the type "event" has one.
  if (update.type !== "event") return update.event;
  return describeEvent(update.event);
}
function describeEvent(event: ChatEvent): string {
  if (event.event === "message.created") return describeCreated(event);
  // @ts-expect-error It is another event.
  return describeCreated(event);
}
const describeCreated = ({ chatId, seq }: EventOf<"message.created">): string => `${chatId} ${seq}`;
// @ts-expect-error No event has this name.
export type NoEvent = EventOf<"message.added">;
export const listeners: { [Name in "sent" | "discarded" | "link"]: (event: ClientEvents[Name]) => string } = {
  sent: ({ message }) => message.messageId,
  discarded: ({ clientMessageId }) => clientMessageId,
  // @ts-expect-error A link has no token.
  link: ({ token }) => token,
};
export function explainLink({ status, code, retryAt }: Readonly<Link>): string {
  // @ts-expect-error Not a status.
  if (status === "disconnected") return "never";
  return `${code} ${retryAt?.toFixed()}`;
}
export const given: ClientOptions = {
  ...options,
  userId: "bob",
  token: async (reason: TokenReason) => {
    // @ts-expect-error Not a reason.
    if (reason === "expired") return "";
    return reason;
  },
  logger: { warn: (message: string) => console.log(message) } satisfies Logger,
};
// @ts-expect-error A function of it is missing.
export const storage: Storage = { put: async () => {}, get: async () => undefined, delete: async () => {} };
export const store: StoreName = "drafts";
// @ts-expect-error Not a store.
export const noStore: StoreName = "messages";

export function draw(item: TimelineItem, { hasOlder, error }: TimelineStatus): string {
  const stored: Readonly<StoredItem> | undefined = item.state === "stored" ? item : undefined;
  const unsent: Readonly<UnsentItem> | undefined = item.state === "stored" ? undefined : item;
  const message: Readonly<Message> | UnsentMessage | undefined = stored?.message ?? unsent?.message;
  // @ts-expect-error Who has seen it is known of a stored one only.
  console.log(item.seenBy);
  const reactions: readonly Reaction[] = stored?.message.reactions ?? [];
  const attachment: Attachment | undefined = stored?.message.attachment;
  const quoted: Seq | undefined = (stored?.message ?? unsent?.message)?.replyTo;
  // @ts-expect-error A reaction counts in numbers.
  const count: string | undefined = reactions[0]?.count;
  return [message?.content, attachment?.fileName, count, quoted, hasOlder, error?.code satisfies ErrorCode | undefined].join();
}
export function row({ id, title, notify, custom, activeAt, readSeq }: Readonly<ChatSummary>, [first]: readonly Member[]): string {
  const [chatId, level, data, at, seq]: [ChatId, NotifyLevel, Custom | undefined, Time, Seq] = [
    id, notify, custom, activeAt, readSeq,
  ];
  const person: Readonly<Person> | undefined = first?.person;
  const status: Status | undefined = person?.status;
  // @ts-expect-error A user has a name, not a nickname.
  console.log(person?.nickname);
  return [chatId, title, level, data, at, seq, status].join();
}
export async function ask(signal: AbortSignal): Promise<void> {
  const requestOptions: RequestOptions = { signal };
  const draft: ChatDraft = { with: "bob" };
  const chat = await client.createChat(draft, requestOptions);
  const text: TextDraft = { text: "Hello", mentions: ["bob" satisfies UserId] };
  const file: FileOptions = { caption: "See", onProgress: (progress: number) => console.log(progress) };
  const states: SendingState[] = [chat.send(text).state, chat.sendFile(new Blob(["x"]), file).state];
  // @ts-expect-error Not a state.
  states.push("lost");
  const { attachment, blob }: AttachmentDownload = await chat.download(1);
  const [block]: Block[] = await client.blocks();
  const { unreadTotal }: UnreadTotal = await client.countUnread();
  // @ts-expect-error A block says when it began, as `blockedAt`.
  console.log(attachment.fileName, blob.size, unreadTotal, block?.createdAt);
}
export const fieldError: FieldError = { field: "name", reason: "is too long" };
export const problem: ProblemCode = "rate_limited";
// @ts-expect-error That is a code of the library, not of the system.
export const noProblem: ProblemCode = "network";
// @ts-expect-error A profile has a username.
export const profile: Profile = { displayName: "Bob" };
