//! One open socket: reads and writes until the client, the gateway or a limit ends it.

use std::{
    borrow::Cow,
    pin::pin,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use futures_util::{SinkExt, StreamExt};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    sync::{Semaphore, mpsc},
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Error, Message,
        protocol::{CloseFrame, Role, WebSocketConfig, frame::coding::CloseCode},
    },
};

use super::{Gateway, event, messages, registry::Connection};
use crate::ids;

/// The most frames of one connection that are served at once. API Gateway does not wait for an answer before it serves
/// the next frame. The limit only prevents one client from using every process.
const MAX_CONCURRENT_FRAMES: usize = 32;

/// How long the client may take to answer a close frame and to stop sending.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// The end of a connection, with the fields of a `$disconnect` event.
pub(super) struct End {
    code: u16,
    reason: Cow<'static, str>,
    by: By,
}

#[derive(Clone, Copy, PartialEq)]
enum By {
    Client,
    Gateway,
    /// The gateway, while input is unread: it refuses a frame that it has not read completely.
    GatewayWithUnreadInput,
    Nobody,
}

impl End {
    /// The end of a connection without a close frame (RFC 6455, 7.1.5).
    pub(super) fn lost() -> Self {
        Self { code: 1006, reason: "Connection closed abnormally".into(), by: By::Nobody }
    }

    fn by_gateway(code: u16, reason: &'static str) -> Self {
        Self { code, reason: reason.into(), by: By::Gateway }
    }

    fn by_client(frame: Option<CloseFrame>) -> Self {
        match frame {
            Some(frame) => Self { code: frame.code.into(), reason: frame.reason.to_string().into(), by: By::Client },
            None => Self { code: 1005, reason: "Client-side close frame status not set".into(), by: By::Client },
        }
    }

    fn by_error(error: &Error) -> Self {
        let refused = |code, reason| Self { code, reason, by: By::GatewayWithUnreadInput };
        match error {
            Error::Capacity(_) => refused(1009, Cow::Borrowed("Message too big")),
            Error::Utf8(_) => refused(1007, Cow::Borrowed("Invalid UTF-8")),
            Error::Protocol(tokio_tungstenite::tungstenite::error::ProtocolError::ResetWithoutClosingHandshake) => {
                Self::lost()
            }
            Error::Protocol(_) => refused(1002, Cow::Borrowed("Protocol error")),
            _ => Self::lost(),
        }
    }
}

/// Serves the socket until it ends, closes it and runs `$disconnect`.
pub(super) async fn run<S: AsyncRead + AsyncWrite + Unpin>(
    gateway: &Arc<Gateway>,
    connection: &Arc<Connection>,
    mut queue: mpsc::Receiver<Vec<Message>>,
    stream: S,
    alive: Option<mpsc::Sender<()>>,
) {
    let config = WebSocketConfig::default()
        .max_frame_size(Some(gateway.limits.frame))
        .max_message_size(Some(gateway.limits.message));
    let mut socket = WebSocketStream::from_raw_socket(stream, Role::Server, Some(config)).await;
    connection.touch();
    let end = {
        let (mut sink, mut source) = (&mut socket).split();
        let mut stopped = gateway.lifetime.stopped.clone();
        let reading = pin!(read(gateway, connection, &mut source));
        let writing = pin!(async {
            while let Some(message) = queue.recv().await {
                for frame in message {
                    if sink.send(frame).await.is_err() {
                        return End::lost();
                    }
                }
                connection.touch();
            }
            std::future::pending().await
        });
        tokio::select! {
            end = reading => end,
            end = writing => end,
            () = idle(connection, gateway.limits.idle) => End::by_gateway(1001, "Going away"),
            () = tokio::time::sleep(gateway.limits.life) => End::by_gateway(1001, "Going away"),
            () = connection.close.notified() => End::by_gateway(1000, ""),
            () = crate::stopped(&mut stopped) => End::by_gateway(1001, "Going away"),
        }
    };
    // Posts to a connection that is ending get 410.
    gateway.registry.remove(&connection.id);
    queue.close();
    // `$disconnect` runs at the same time, so it does not wait for a client that does not answer the close frame.
    let closing = tokio::time::timeout(CLOSE_TIMEOUT, async {
        // Send the queued messages first: a function may post and then close the connection.
        if end.by == By::Gateway {
            while let Ok(message) = queue.try_recv() {
                for frame in message {
                    socket.send(frame).await?;
                }
            }
        }
        close(&mut socket, &end).await
    });
    let _ = tokio::join!(closing, finish(gateway, connection, &end, alive));
}

/// Runs `$disconnect`, once.
pub(super) async fn finish(gateway: &Gateway, connection: &Connection, end: &End, alive: Option<mpsc::Sender<()>>) {
    gateway.registry.remove(&connection.id);
    if let Some(route) = gateway.api.routes.get("$disconnect") {
        let event = event::disconnect(&gateway.api, connection, end.code, &end.reason);
        // A failure cannot be reported to the client any more. The function's log has it.
        let _ = messages::integrate(gateway, route, &event).await;
    }
    drop(alive);
}

async fn read(
    gateway: &Arc<Gateway>,
    connection: &Arc<Connection>,
    source: &mut (impl StreamExt<Item = Result<Message, Error>> + Unpin),
) -> End {
    let in_flight = Arc::new(Semaphore::new(MAX_CONCURRENT_FRAMES));
    while let Some(message) = source.next().await {
        connection.touch();
        match message {
            Ok(Message::Text(text)) => {
                gateway.metrics.websocket.frame();
                let Ok(permit) = in_flight.clone().acquire_owned().await else { break };
                let (gateway, connection) = (gateway.clone(), connection.clone());
                tokio::spawn(async move {
                    messages::serve(gateway, connection, text.to_string()).await;
                    drop(permit);
                });
            }
            Ok(Message::Binary(_)) => return End::by_gateway(1003, "Binary frames are not supported"),
            Ok(Message::Close(frame)) => return End::by_client(frame),
            Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_)) => {}
            Err(error) => return End::by_error(&error),
        }
    }
    End::lost()
}

/// Returns when nothing was received or sent for `limit`.
async fn idle(connection: &Connection, limit: Duration) {
    loop {
        let quiet = ids::now_millis().saturating_sub(connection.last_active.load(Ordering::Relaxed));
        match limit.checked_sub(Duration::from_millis(quiet)) {
            Some(rest) if !rest.is_zero() => tokio::time::sleep(rest).await,
            _ => return,
        }
    }
}

async fn close<S: AsyncRead + AsyncWrite + Unpin>(socket: &mut WebSocketStream<S>, end: &End) -> Result<(), Error> {
    match end.by {
        By::Nobody => return Ok(()),
        // The flush sends the answer to the client's close frame, which is queued in the socket.
        By::Client => socket.flush().await?,
        By::Gateway | By::GatewayWithUnreadInput => {
            let frame = CloseFrame { code: CloseCode::from(end.code), reason: end.reason.to_string().into() };
            socket.send(Message::Close(Some(frame))).await?;
        }
    }
    if end.by == By::GatewayWithUnreadInput {
        // Closing a TCP connection with unread input resets it, and the client would lose the close frame. So shut down
        // the sending side, and read the input until the client has closed its side.
        let stream = socket.get_mut();
        stream.shutdown().await?;
        let mut scratch = vec![0; 16 * 1024];
        while stream.read(&mut scratch).await? > 0 {}
        return Ok(());
    }
    while let Some(Ok(_)) = socket.next().await {}
    Ok(())
}
