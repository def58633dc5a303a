// A bot that answers each message of somebody else with the same text. While it runs, it misses none, however often the
// connection is lost. Run it beside `cargo run`: node bot.js
import { createClient } from "lambda-chat";

const { HTTP_URL = "http://127.0.0.1:3000", WS_URL = "ws://127.0.0.1:3001/live", AUTH_URL = "http://127.0.0.1:3002" } =
  process.env;
const userId = process.env.BOT ?? "echo";

const client = createClient({
  httpUrl: HTTP_URL,
  webSocketUrl: WS_URL,
  // Node.js 22 has a WebSocket. For Node.js 20, take that of the package `ws`.
  WebSocket: globalThis.WebSocket ?? (await import("ws")).WebSocket,
  token: async () => {
    const answer = await fetch(`${AUTH_URL}/token`, { method: "POST", body: JSON.stringify({ userId }) });
    return (await answer.json()).token;
  },
});

const end = new AbortController();
process.once("SIGINT", () => end.abort());
const updates = client.updates({ signal: end.signal });
const stop = client.start();
for await (const update of updates) {
  if (update.type === "link") console.log(update.link.status);
  if (update.type !== "event" || update.event.event !== "message.created") continue;
  const { chatId, data } = update.event;
  if (data.senderId === userId || data.type !== "text") continue;
  // One name for the answer to one message: if two bots run, it is stored once. At most 64 characters.
  const clientMessageId = `echo-${data.seq}-${chatId.slice(0, 40)}`;
  client.chat(chatId).send({ text: data.content, replyTo: data.seq, clientMessageId });
  client.chat(chatId).markSeen(data.seq);
}
stop();
