//! A bot that answers every text that is sent to it, in all of its chats, until it is stopped. It also answers texts
//! that are sent while its connection is lost, but not those from before it started.
//!
//! With `cargo run` in another terminal:
//!
//! ```sh
//! token() { curl -s http://127.0.0.1:3002/token -d "{\"userId\":\"$1\"}" | sed 's/.*"token":"\([^"]*\)".*/\1/'; }
//! LAMBDA_CHAT_TOKEN=$(token bob) cargo run -p client --example echo
//! ```
//!
//! Then write to bob: with the example `hello`, or with `cargo run -q -- chat --as alice`. For another system, also set
//! LAMBDA_CHAT_HTTP_URL and LAMBDA_CHAT_WS_URL, and take a token from its Auth Service. This bot ends with its token.
//! A bot that stays implements `TokenSource`, and gets a new token whenever the client asks.

#![allow(clippy::disallowed_methods)] // an example reads in the environment where the system is

use client::documents::{Message, MessageType};
use client::draft::Draft;
use client::events::Event;
use client::{Client, Options, StaticToken, Update};
use std::env;
use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", client::error_chain(&*error));
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    let token = env::var("LAMBDA_CHAT_TOKEN").map_err(|_unset| "LAMBDA_CHAT_TOKEN must be set to a token")?;
    let http_url = env::var("LAMBDA_CHAT_HTTP_URL").unwrap_or("http://127.0.0.1:3000".to_owned());
    let ws_url = env::var("LAMBDA_CHAT_WS_URL").unwrap_or("ws://127.0.0.1:3001/live".to_owned());

    let (client, mut updates) = Client::start(Options::new(&http_url, &ws_url), Arc::new(StaticToken(token))).await?;
    let me = client.read(|state| state.me().to_owned());
    while let Some(update) = updates.next().await {
        match update {
            Update::Connection(status) => println!("connection: {status:?}"),
            // Each message comes once, and in the order of its chat.
            Update::Event(Event::MessageCreated { data, .. }) if should_answer(&data, &me) => {
                println!("{}: {}", data.sender_id, data.content);
                if let Err(error) = answer(&client, &data).await {
                    println!("not answered: {error}");
                }
            }
            Update::NotSent { error, .. } => println!("not sent: {error}"),
            _ => {}
        }
    }
    Ok(())
}

/// The bot answers texts of other users, but not replies. Its answers are replies: two bots would answer each other for
/// ever.
fn should_answer(message: &Message, me: &str) -> bool {
    message.sender_id != me && message.kind == MessageType::Text && message.reply_to.is_none()
}

async fn answer(client: &Client, message: &Message) -> Result<(), client::Error> {
    let draft = Draft { reply_to: Some(message.seq), ..Draft::text(format!("You said: {}", message.content)) };
    // The id follows from the message. So a message has one answer, even if two bots run for the same user.
    client.send_with_id(&message.chat_id, draft, format!("echo-{}", message.seq))?;
    client.mark_seen(&message.chat_id, message.seq).await.map(drop)
}
