//! Sends a text to another user, and prints what happens until that user answers, or for 10 s.
//!
//! With `cargo run` in another terminal:
//!
//! ```sh
//! token() { curl -s http://127.0.0.1:3002/token -d "{\"userId\":\"$1\"}" | sed 's/.*"token":"\([^"]*\)".*/\1/'; }
//! LAMBDA_CHAT_TOKEN=$(token alice) cargo run -p client --example hello -- bob 'Hello Bob'
//! ```
//!
//! For another system, also set LAMBDA_CHAT_HTTP_URL and LAMBDA_CHAT_WS_URL, and take a token from its Auth Service.

#![allow(clippy::disallowed_methods)] // an example reads in the environment where the system is

use client::draft::{Draft, NewChat};
use client::events::Event;
use client::{Client, Options, StaticToken, Update};
use std::env;
use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

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
    let mut arguments = env::args().skip(1);
    let (Some(peer), Some(text)) = (arguments.next(), arguments.next()) else {
        return Err("usage: hello USER TEXT".into());
    };
    let token = env::var("LAMBDA_CHAT_TOKEN").map_err(|_unset| "LAMBDA_CHAT_TOKEN must be set to a token")?;
    let http_url = env::var("LAMBDA_CHAT_HTTP_URL").unwrap_or("http://127.0.0.1:3000".to_owned());
    let ws_url = env::var("LAMBDA_CHAT_WS_URL").unwrap_or("ws://127.0.0.1:3001/live".to_owned());

    // The client connects in the background, and connects again when the connection is lost.
    let (client, mut updates) = Client::start(Options::new(&http_url, &ws_url), Arc::new(StaticToken(token))).await?;
    // Two users have only one private chat. It is created, or found if it exists.
    let chat = client.create_chat(&NewChat::private(&peer)).await?;
    println!("chat {}", chat.chat_id);
    // Returns at once. The client repeats the message until it is stored or refused. An update reports which.
    let client_message_id = client.send(&chat.chat_id, Draft::text(text))?;

    let until_answered = async {
        while let Some(update) = updates.next().await {
            match update {
                Update::Connection(status) => println!("connection: {status:?}"),
                Update::Sent { client_message_id: id, message } if id == client_message_id => {
                    println!("stored as number {} at {}", message.seq, message.created_at);
                }
                Update::NotSent { error, .. } => return Err(error.into()),
                Update::Event(Event::MessageCreated { data, .. }) if data.chat_id == chat.chat_id => {
                    println!("{}: {}", data.sender_id, data.content);
                    if data.sender_id == peer {
                        return Ok(());
                    }
                }
                Update::Event(Event::ReceiptUpdated { data, .. }) => {
                    println!("{} has read up to number {}", data.user_id, data.read_seq);
                }
                _ => {}
            }
        }
        Ok(())
    };
    match tokio::time::timeout(Duration::from_secs(10), until_answered).await {
        Ok(result) => result,
        Err(_elapsed) => {
            println!("{peer} has not answered in 10 s");
            Ok(())
        }
    }
}
