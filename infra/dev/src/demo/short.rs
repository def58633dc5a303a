//! The main job, played on the running system and printed as it happens.

use super::{Actor, Stage};
use crate::Error;
use client::wire::{Credential, HttpClient, Socket};
use serde_json::{Value, json};

/// Alice and bob connect, alice creates the chat and sends, bob sees it live, lists it and marks it as seen, alice sees
/// the receipt.
///
/// # Errors
/// The first step that does not show what it must.
pub(super) async fn play(stage: &Stage, actors: &[Actor; 2]) -> Result<(), Error> {
    let [Actor { user: alice_id, token: alice_token }, Actor { user: bob_id, token: bob_token }] = actors;
    let alice = HttpClient::new(&stage.http_url, Some(alice_token))?;
    let bob = HttpClient::new(&stage.http_url, Some(bob_token))?;

    let mut alice_socket = Socket::connect(&stage.ws_url, Credential::Header(alice_token)).await?;
    say(1, &format!("{alice_id} is connected by WebSocket"));
    let mut bob_socket = Socket::connect(&stage.ws_url, Credential::Header(bob_token)).await?;
    say(2, &format!("{bob_id} is connected by WebSocket"));

    let (status, created) = alice.post("/chats", &json!({"participants": [bob_id], "isGroup": false})).await?;
    let chat_id = text(&created, "/chat/chatId").ok_or_else(|| failed("create the chat", &created))?;
    match status {
        201 => {
            let event = bob_socket.event("chat.created").await?;
            expect("bob is told of the chat", text(&event, "/chatId").as_deref() == Some(&chat_id), &event)?;
            say(3, &format!("{alice_id} created chat {chat_id} over HTTP, and {bob_id}'s socket shows it"));
        }
        200 => say(3, &format!("{alice_id} opened chat {chat_id}, which was there already")),
        _ => return Err(failed("create the chat", &created)),
    }

    let hello = format!("Hello {bob_id}, are you there?");
    let path = format!("/chats/{chat_id}/messages");
    let (status, sent) = alice.post(&path, &json!({"type": "text", "content": hello})).await?;
    expect("send the message", status == 201, &sent)?;
    let seq = sent.pointer("/message/seq").and_then(Value::as_u64).ok_or_else(|| failed("send the message", &sent))?;
    say(4, &format!("{alice_id} sent \"{hello}\": message {seq} of the chat, stored"));

    let live = loop {
        let event = bob_socket.event("message.created").await?;
        if event["seq"] == json!(seq) {
            break event;
        }
    };
    expect("bob sees the message live", text(&live, "/data/content").as_deref() == Some(&hello), &live)?;
    expect("the pushed message is the answered one", live["data"] == sent["message"], &live)?;
    say(5, &format!("{bob_id}'s socket shows it live"));

    let (status, page) = bob.get(&path).await?;
    let last = page["messages"].as_array().and_then(|messages| messages.last()).cloned().unwrap_or_default();
    expect("bob lists the message", status == 200 && last == sent["message"], &page)?;
    say(6, &format!("{bob_id} lists the chat: {} message(s), the last one from {alice_id}", page["seq"]));

    let (status, seen) = bob.put(&format!("/chats/{chat_id}/seen"), &json!({"seq": seq})).await?;
    expect(
        "bob marks it as seen",
        status == 200 && seen["readSeq"] == json!(seq) && seen["unreadCount"] == json!(0),
        &seen,
    )?;
    say(7, &format!("{bob_id} marked it as seen: nothing is unread"));

    let receipt = loop {
        let event = alice_socket.event("receipt.updated").await?;
        if event["data"]["readSeq"] == json!(seq) {
            break event;
        }
    };
    expect("alice sees the receipt", text(&receipt, "/data/userId").as_deref() == Some(bob_id), &receipt)?;
    let (_, page) = alice.get(&path).await?;
    let seen_by =
        page["messages"].as_array().and_then(|messages| messages.last()).map(|message| message["seenBy"].clone());
    let both = seen_by.as_ref().and_then(Value::as_array).is_some_and(|seen| seen.len() == 2);
    expect("the message is seen by both", both, &page)?;
    say(8, &format!("{alice_id}'s socket shows the receipt; the message is seen by both"));

    alice_socket.close().await?;
    bob_socket.close().await?;
    println!("\nThat is a chat: stored once, pushed live, listed, seen.");
    Ok(())
}

fn say(step: u32, what: &str) {
    println!("  {step}  {what}");
}

fn text(value: &Value, pointer: &str) -> Option<String> {
    value.pointer(pointer).and_then(Value::as_str).map(str::to_owned)
}

fn failed(step: &'static str, found: &Value) -> Error {
    Error::Step { step, reason: format!("did not succeed: {found}") }
}

fn expect(step: &'static str, holds: bool, found: &Value) -> Result<(), Error> {
    if holds { Ok(()) } else { Err(failed(step, found)) }
}
