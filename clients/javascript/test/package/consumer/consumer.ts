// A consumer of the packed package. Under each @ts-expect-error is a mistake that the types must catch: if one of them
// were `any`, the compiler would report the line as unused.
import { ChatError, createClient } from "lambda-chat";
import type { Chat, Client, ErrorCode, Message, Readable, Sending, Timeline } from "lambda-chat";
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
