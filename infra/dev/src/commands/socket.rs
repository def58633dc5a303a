//! `socket`: sends and prints raw WebSocket frames.

use super::args::{Identity, SocketArgs};
use crate::Error;
use crate::chat::StandIn;
use client::wire::{ClientError, Credential, Socket};
use tokio::io::{AsyncBufReadExt as _, BufReader};

pub(crate) async fn run(args: SocketArgs) -> Result<(), Error> {
    let Identity { user, token, ws_url, auth_url } = args.identity;
    let token = match token {
        Some(token) => token,
        None => StandIn { auth_url, user }.request_token().await?,
    };
    let mut socket = Socket::connect(&ws_url, Credential::Header(&token)).await?;
    eprintln!("Connected. Type a frame, e.g. {{\"action\":\"ping\",\"id\":\"1\"}}, and Enter. Ctrl-D ends.");
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    let mut is_typing = true;
    loop {
        tokio::select! {
            line = lines.next_line(), if is_typing => match line {
                Ok(Some(line)) if line.trim().is_empty() => {}
                Ok(Some(line)) => socket.send_text(line).await?,
                _ => {
                    is_typing = false;
                    socket.start_close().await?;
                }
            },
            frame = socket.next() => match frame {
                Ok(frame) => println!("{frame}"),
                // No frame for a while is not an error.
                Err(ClientError::Silence(_)) => {}
                Err(ClientError::Closed(_)) if !is_typing => return Ok(()),
                Err(error) => return Err(error.into()),
            },
        }
    }
}
