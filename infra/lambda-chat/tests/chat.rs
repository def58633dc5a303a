//! `chat` in a real terminal, and `chat --json` for scripts.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)] // that is how a test fails

use client::wire::HttpClient;
use dev::cloud::{Cloud, Setup, served_by};
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// The longest wait, generous enough for a slow machine.
const TEST_TIMEOUT: Duration = Duration::from_secs(60);

async fn cloud() -> Cloud {
    let lambda = served_by(env!("CARGO_BIN_EXE_lambda-chat"));
    Cloud::start(Setup::new(lambda, Arc::new(|_| {}))).await.unwrap()
}

/// The arguments of `chat` for this cloud and user.
fn arguments(cloud: &Cloud, user: &str) -> Vec<String> {
    let (local, auth) = (&cloud.local, cloud.auth.url());
    let all =
        ["chat", "--as", user, "--http-url", local.http_url(), "--ws-url", local.websocket_url(), "--auth-url", &auth];
    all.map(str::to_owned).to_vec()
}

/// A tmux terminal that runs `chat`.
struct Terminal {
    socket: String,
}

impl Terminal {
    fn start(cloud: &Cloud, user: &str, width: u16) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let socket = format!("lambda-chat-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let terminal = Self { socket };
        let program = env!("CARGO_BIN_EXE_lambda-chat");
        let line = format!("TZ=UTC {program} {}; echo ended with $?; cat", arguments(cloud, user).join(" "));
        let width = width.to_string();
        terminal.tmux(&["-f", "/dev/null", "new-session", "-d", "-x", &width, "-y", "24", &line]);
        terminal
    }

    fn tmux(&self, arguments: &[&str]) -> String {
        // -u: tmux draws characters beyond ASCII unchanged.
        let mut tmux = Command::new("tmux");
        let output = tmux.args(["-u", "-L", &self.socket]).args(arguments).output();
        let output = output.expect("tmux is installed (the Debian package tmux)");
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Types a text, and then a key if there is one.
    fn types(&self, text: &str, key: Option<&str>) {
        self.tmux(&["send-keys", "-l", text]);
        if let Some(key) = key {
            self.tmux(&["send-keys", key]);
        }
    }

    fn screen(&self) -> String {
        self.tmux(&["capture-pane", "-p"])
    }

    /// Waits until `wanted` accepts the screen, and returns the screen.
    async fn shows(&self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        let until = Instant::now() + TEST_TIMEOUT;
        loop {
            let screen = self.screen();
            if wanted(&screen) {
                return screen;
            }
            assert!(Instant::now() < until, "{what} is not shown:\n{screen}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Waits until one line contains all parts, and returns the screen.
    async fn shows_line(&self, parts: &[&str]) -> String {
        let has = |screen: &str| screen.lines().any(|line| parts.iter().all(|part| line.contains(part)));
        self.shows(&format!("{parts:?}"), has).await
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = Command::new("tmux").args(["-L", &self.socket, "kill-server"]).output();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_chat_in_two_terminals() {
    let cloud = cloud().await;
    let (alice, bob) = (Terminal::start(&cloud, "alice", 90), Terminal::start(&cloud, "bob", 90));
    alice.shows_line(&["connected"]).await;
    bob.shows_line(&["No chats yet"]).await;

    // A new chat appears at once, with the peer's name from the Auth Service.
    alice.types("/new bob", Some("Enter"));
    alice.shows_line(&["Bob \u{b7} online"]).await;
    bob.shows_line(&["Alice \u{b7} online"]).await;
    alice.types("Are you there?", None);
    bob.shows_line(&["Alice is typing ..."]).await;
    alice.types("", Some("Enter"));
    bob.shows_line(&["Alice  Are you there?", "#1"]).await;
    bob.shows("a screen without a typing indicator", |screen| !screen.contains("typing")).await;
    // Bob's screen shows the message, so it is marked as read.
    alice.shows_line(&["Are you there?", "\u{2713}\u{2713}", "#1"]).await;

    // Bob's screen shows another chat: a new message counts as unread until he returns.
    bob.types("/group alice,carol Release team", Some("Enter"));
    bob.shows_line(&["Release team \u{b7} 3 participants"]).await;
    alice.types("One more thing", Some("Enter"));
    bob.shows_line(&["Alice", " 1", "\u{2502}"]).await;
    alice.shows_line(&["One more thing", "\u{2713}", "#2"]).await;
    bob.types("", Some("Tab"));
    bob.shows_line(&["One more thing", "#2"]).await;
    alice.shows_line(&["One more thing", "\u{2713}\u{2713}", "#2"]).await;

    // A terminal sends CR for the line breaks of a paste: they are stored as LF.
    alice.tmux(&["set-buffer", "first\rsecond\r\nthird"]);
    alice.tmux(&["paste-buffer", "-p", "-r"]);
    alice.types("", Some("Enter"));
    let bob_client = HttpClient::new(cloud.local.http_url(), Some(&cloud.auth.token("bob").unwrap())).unwrap();
    bob.shows_line(&["third", "#3"]).await;
    let (_, chats) = bob_client.get("/chats").await.unwrap();
    let pasted = chats["chats"].as_array().unwrap().iter().map(|entry| &entry["lastMessage"]["content"]);
    assert_eq!(pasted.filter(|content| *content == "first\nsecond\nthird").count(), 1, "{chats}");

    // Replies, reactions, edits and deletions.
    bob.types("/reply 2 What is it?", Some("Enter"));
    alice.shows_line(&["\u{250c}", "One more thing"]).await;
    alice.types("/react 4 \u{1F44D}", Some("Enter"));
    bob.shows_line(&["What is it?", "\u{1F44D} 1", "#4"]).await;
    alice.types("/edit 2 One more question", Some("Enter"));
    bob.shows_line(&["One more question", "(edited)", "#2"]).await;
    alice.types("/delete 2 everyone", Some("Enter"));
    bob.shows_line(&["Alice  (deleted)", "#2"]).await;

    // Alice sends a file, and bob saves it.
    let files = tempfile::tempdir().unwrap();
    let (from, to) = (files.path().join("my minutes.txt"), files.path().join("copy.txt"));
    std::fs::write(&from, "We met.").unwrap();
    alice.types(&format!("/file \"{}\" As promised", from.display()), Some("Enter"));
    bob.shows_line(&["[my minutes.txt, 7 B] As promised", "#5"]).await;
    bob.types(&format!("/save 5 {}", to.display()), Some("Enter"));
    bob.shows_line(&["saved as"]).await;
    assert_eq!(std::fs::read_to_string(&to).unwrap(), "We met.");
    bob.types(&format!("/save 5 {}", to.display()), Some("Enter"));
    bob.shows_line(&["exists"]).await;
    bob.types("/save 4", Some("Enter"));
    bob.shows_line(&["has no attachment"]).await;

    // An error is shown, and the typed line stays in the input.
    alice.types("/edit 4 Not mine", Some("Enter"));
    alice.shows_line(&["Only the sender"]).await;
    alice.types("/dance", Some("Enter"));
    let screen = alice.shows_line(&["unknown command /dance"]).await;
    assert!(screen.lines().any(|line| line.contains("\u{2502}/dance")), "{screen}");
    alice.tmux(&["send-keys", "C-u"]);
    alice.types("/help", Some("Enter"));
    alice.shows_line(&["/react N [EMOJI ...]"]).await;
    alice.types("", Some("Escape"));
    alice.shows("the chat without the help", |screen| !screen.contains("/react N")).await;

    // Bob quits: alice sees it, and bob's terminal is restored.
    bob.tmux(&["send-keys", "C-c"]);
    let screen = bob.shows_line(&["ended with 0"]).await;
    assert!(!screen.contains("Alice"), "{screen}");
    alice.shows_line(&["Bob \u{b7} last seen"]).await;
    cloud.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn help_can_be_read_on_a_small_screen() {
    let cloud = cloud().await;
    let alice = Terminal::start(&cloud, "alice", 60);
    alice.shows_line(&["No chats yet."]).await;
    alice.types("/help", Some("Enter"));
    let first = alice.shows_line(&["sends it; Alt-Enter adds a line"]).await;
    assert!(!first.contains("/quit"), "the help is longer than the screen:\n{first}");
    for _ in 0..5 {
        alice.tmux(&["send-keys", "NPage"]);
    }
    alice.shows_line(&["/quit, Ctrl-C", "quits"]).await;
    alice.tmux(&["send-keys", "PPage"]);
    alice.shows("the help without its last line", |screen| !screen.contains("/quit")).await;
    cloud.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn scrolling_up_loads_the_whole_history_on_a_small_screen() {
    let cloud = cloud().await;
    let alice = HttpClient::new(cloud.local.http_url(), Some(&cloud.auth.token("alice").unwrap())).unwrap();
    let (_, created) = alice.post("/chats", &json!({"participants": ["bob"], "isGroup": false})).await.unwrap();
    let path = format!("/chats/{}/messages", created["chat"]["chatId"].as_str().unwrap());
    for n in 1..=90 {
        let content = format!("This is line {n:03}");
        let (status, answer) = alice.post(&path, &json!({"type": "text", "content": content})).await.unwrap();
        assert!(matches!(status, 201 | 429), "{answer}");
        if status == 429 {
            tokio::time::sleep(Duration::from_millis(answer["retryAfterMs"].as_u64().unwrap() + 50)).await;
        }
    }
    let bob = Terminal::start(&cloud, "bob", 48);
    let last = bob.shows_line(&["This is line", "#"]).await;
    assert!(last.contains("Alice") && !last.contains("line 001"), "{last}");
    let until = Instant::now() + TEST_TIMEOUT;
    while !bob.screen().contains("line 001") {
        assert!(Instant::now() < until, "the first line is not shown:\n{}", bob.screen());
        bob.tmux(&["send-keys", "PPage"]);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let screen = bob.screen();
    assert!(!screen.contains("older messages"), "there are no more messages:\n{screen}");
    cloud.shutdown().await;
}

/// A running `chat --json`, and the lines that it prints.
struct Script {
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<Value>,
}

impl Script {
    fn start(cloud: &Cloud, user: &str) -> Self {
        let mut chat = Command::new(env!("CARGO_BIN_EXE_lambda-chat"));
        chat.args(arguments(cloud, user)).arg("--json").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = chat.spawn().unwrap();
        let (send, lines) = channel();
        let output = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            for line in output.lines() {
                let _ = send.send(serde_json::from_str(&line.unwrap()).expect("each line is JSON"));
            }
        });
        Self { input: child.stdin.take(), child, lines }
    }

    fn send(&mut self, request: &str) {
        writeln!(self.input.as_mut().unwrap(), "{request}").unwrap();
    }

    fn until(&self, wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            let line = self.lines.recv_timeout(TEST_TIMEOUT).expect("the line is printed in time");
            if wanted(&line) {
                return line;
            }
        }
    }

    fn reply(&self, id: &str) -> Value {
        self.until(|line| line["id"] == id)
    }

    /// Ends the input, and returns the lines until the program ends. It must exit with 0.
    fn end(mut self) -> Vec<Value> {
        drop(self.input.take());
        let rest: Vec<_> = self.lines.iter().collect();
        assert!(self.child.wait().unwrap().success());
        rest
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn scripts_chat_with_json_lines() {
    let cloud = cloud().await;
    let (mut alice, mut bob) = (Script::start(&cloud, "alice"), Script::start(&cloud, "bob"));
    for script in [&alice, &bob] {
        script.until(|line| line["event"] == "connection" && line["data"]["status"] == "online");
        script.until(|line| line["event"] == "caughtUp");
    }
    alice.send(r#"{"action":"createChat","id":"c","participants":["bob"],"isGroup":false}"#);
    let chat = alice.reply("c")["data"]["chat"]["chatId"].as_str().unwrap().to_owned();
    bob.until(|line| line["event"] == "chat.created" && line["chatId"] == chat);
    alice.send(&json!({"action": "sendMessage", "id": "1", "chatId": chat, "content": "One"}).to_string());
    let sent = alice.reply("1");
    assert_eq!(sent["data"]["message"]["content"], "One", "{sent}");
    let seen = bob.until(|line| line["event"] == "message.created");
    assert_eq!((&seen["seq"], &seen["data"]["content"]), (&json!(1), &json!("One")));
    bob.send(&json!({"action": "markSeen", "id": "s", "chatId": chat, "seq": 1}).to_string());
    assert_eq!(bob.reply("s")["data"]["unreadCount"], 0);
    alice.until(|line| line["event"] == "receipt.updated" && line["data"]["userId"] == "bob");
    bob.send(&json!({"action": "editMessage", "id": "e", "chatId": chat, "seq": 1, "content": "1"}).to_string());
    assert_eq!(bob.reply("e")["error"]["code"], "not_the_sender");
    bob.send(r#"{"action":"dance","id":"d"}"#);
    let refused = bob.reply("d");
    assert!(refused["ok"] == false && refused["error"]["detail"].as_str().unwrap().contains("dance"), "{refused}");
    bob.send("no JSON");
    bob.until(|line| line["ok"] == false && line["id"].is_null());
    bob.send(
        &json!({"action": "editMessage", "id": "m", "chatId": chat, "seq": 1, "content": "1", "mentions": []})
            .to_string(),
    );
    let refused = bob.reply("m");
    assert!(refused["error"]["detail"].as_str().unwrap().contains("unknown field `mentions`"), "{refused}");
    bob.send(r#"{"action":"listChats","id":"l"}"#);
    assert_eq!(bob.reply("l")["data"]["chats"][0]["lastMessage"]["content"], "One");

    // The list of chats is whole, also if it is asked for before the client has caught up, and the input ends.
    let mut early = Script::start(&cloud, "bob");
    early.send(r#"{"action":"listChats","id":"l"}"#);
    let lines = early.end();
    let place = |wanted: &dyn Fn(&Value) -> bool| lines.iter().position(wanted).unwrap();
    let reply = place(&|line| line["id"] == "l");
    assert!(place(&|line| line["event"] == "caughtUp") < reply, "{lines:?}");
    assert_eq!(lines[reply]["data"]["chats"][0]["lastMessage"]["content"], "One");

    // Requests from before the end of the input are finished before the program ends.
    for n in 2..=5 {
        alice.send(&json!({"action": "sendMessage", "id": n, "chatId": chat, "content": n.to_string()}).to_string());
    }
    let rest = alice.end();
    let acknowledged: Vec<_> = rest.iter().filter(|line| line["ok"] == true).map(|line| line["id"].clone()).collect();
    assert_eq!(acknowledged, [2, 3, 4, 5].map(Value::from));
    for n in 2..=5 {
        assert_eq!(bob.until(|line| line["event"] == "message.created")["seq"], n);
    }
    bob.end();
    cloud.shutdown().await;
}
