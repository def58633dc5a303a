//! `socket`: a WebSocket by hand.

use super::args::{SocketArgs, Who};
use crate::Error;
use crate::chat::StandIn;
use client::wire::{ClientError, Credential, Socket};
use tokio::io::{AsyncBufReadExt as _, BufReader};

pub(crate) async fn run(args: SocketArgs) -> Result<(), Error> {
    let Who { user, token, ws_url, auth_url } = args.who;
    let token = match token {
        Some(token) => token,
        None => StandIn { auth_url, user }.ask().await?,
    };
    let mut socket = Socket::connect(&ws_url, Credential::Header(&token)).await?;
    eprintln!("Connected. Type a frame, e.g. {{\"action\":\"ping\",\"id\":\"1\"}}; Ctrl-D ends.");
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    let mut typing = true;
    loop {
        tokio::select! {
            line = lines.next_line(), if typing => match line {
                Ok(Some(line)) if line.trim().is_empty() => {}
                Ok(Some(line)) => socket.send_text(line).await?,
                _ => {
                    typing = false;
                    socket.end().await?;
                }
            },
            frame = socket.next() => match frame {
                Ok(frame) => println!("{frame}"),
                // Nothing to say is nothing wrong.
                Err(ClientError::Silence(_)) => {}
                Err(ClientError::Closed(_)) if !typing => return Ok(()),
                Err(error) => return Err(error.into()),
            },
        }
    }
}
