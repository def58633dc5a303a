//! `socket`: sends and prints raw WebSocket frames.

use super::args::SocketArgs;
use crate::{Error, root_cause};
use client::wire::{ClientError, Credential, Socket};
use tokio::io::{AsyncBufReadExt as _, BufReader};

pub(crate) async fn run(args: SocketArgs) -> Result<(), Error> {
    let url = args.identity.ws_url();
    let token = match &args.identity.token {
        Some(token) => token.clone(),
        None => args.identity.stand_in().request_token().await?,
    };
    let connected = Socket::connect(&url, Credential::Header(&token)).await;
    let mut socket = connected.map_err(|error| match error {
        ClientError::Refused(status) if matches!(status.as_u16(), 401 | 403) => {
            Error::TokenRejected(ClientError::Refused(status).to_string())
        }
        error => Error::NotConnected { url, reason: root_cause(&error) },
    })?;
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
                Ok(frame) => print_line!("{frame}"),
                // No frame for a while is not an error.
                Err(ClientError::Silence(_)) => {}
                Err(ClientError::Closed(_)) if !is_typing => return Ok(()),
                Err(error) => return Err(error.into()),
            },
        }
    }
}
