import { createClient } from "lambda-chat";
import { indexedDBStorage } from "lambda-chat/indexeddb";
import { ChatProvider, useChat, useChats, useLink, useSend, useTimeline, useTyping } from "lambda-chat/react";
import { StrictMode, useState } from "react";
import { createRoot } from "react-dom/client";

// ?as=alice in one window, ?as=bob in another one. The other values are those of `cargo run`.
const { as = "alice", ...urls } = Object.fromEntries(new URLSearchParams(location.search));
const { http = "http://127.0.0.1:3000", ws = "ws://127.0.0.1:3001/live", auth = "http://127.0.0.1:3002" } = urls;

// Outside of components, so that there is one.
const client = createClient({
  httpUrl: http,
  webSocketUrl: ws,
  storage: indexedDBStorage(),
  token: async () => {
    const answer = await fetch(`${auth}/token`, { method: "POST", body: JSON.stringify({ userId: as }) });
    return (await answer.json()).token;
  },
});

function Inbox({ onOpen }) {
  const [chats, { status }] = [useChats(), useLink()];
  const begin = async (data) => onOpen((await client.createChat({ with: data.get("user") })).id);
  return (
    <nav>
      <p role="status">{status}</p>
      {chats.map(({ id, title, unread }) => (
        <button key={id} onClick={() => onOpen(id)}>{title} {unread > 0 && <b>{unread}</b>}</button>
      ))}
      <form action={begin}><input name="user" placeholder="Chat with" /></form>
    </nav>
  );
}

function Conversation({ id }) {
  const { chat, summary } = useChat(id);
  const [{ items, hasOlder, timeline }, send, typing] = [useTimeline(id), useSend(id), useTyping(id)];
  return (
    <main>
      <h1>{summary?.title}</h1>
      {hasOlder && <button onClick={() => timeline.older()}>Older messages</button>}
      {items.map(({ key, state, message, sending }) => (
        <p key={key} data-state={state}>
          {message.senderId}: {message.content} {state === "failed" && <button onClick={sending.retry}>Retry</button>}
        </p>
      ))}
      <p>{typing.map(({ name }) => `${name} types`).join(", ")}</p>
      <form action={(data) => void send(data.get("text"))}>
        <input name="text" placeholder="Message" onInput={() => chat.setTyping()} />
      </form>
    </main>
  );
}

function App() {
  const [id, open] = useState();
  return <ChatProvider client={client}><Inbox onOpen={open} />{id && <Conversation id={id} key={id} />}</ChatProvider>;
}

createRoot(document.getElementById("app")).render(<StrictMode><App /></StrictMode>);
