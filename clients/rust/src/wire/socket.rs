//! One WebSocket connection.

use super::{ClientError, REPLY_TIMEOUT, Told, tell};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// How a WebSocket client shows its token.
#[derive(Clone, Copy)]
pub enum Credential<'a> {
    /// In the `Authorization` header.
    Header(&'a str),
    /// As browsers must: as a subprotocol beside `chat.v1`.
    Subprotocol(&'a str),
    /// Not at all.
    None,
}

/// One WebSocket connection.
#[derive(Debug)]
pub struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// The subprotocol that the API chose.
    pub subprotocol: Option<String>,
    waiting: VecDeque<Value>,
    requests: u64,
    /// The actions of requests that have no reply yet, by their ids.
    open: BTreeMap<String, String>,
}

impl Socket {
    /// Connects.
    ///
    /// # Errors
    /// The handshake is refused, or the API cannot be reached.
    pub async fn connect(url: &str, credential: Credential<'_>) -> Result<Self, ClientError> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut request = url.into_client_request()?;
        let shown = match credential {
            Credential::Header(token) => Some(("authorization", format!("Bearer {token}"))),
            Credential::Subprotocol(token) => Some(("sec-websocket-protocol", format!("chat.v1, bearer.{token}"))),
            Credential::None => None,
        };
        if let Some((name, value)) = shown {
            let value = HeaderValue::from_str(&value).map_err(|error| ClientError::Malformed(error.to_string()))?;
            request.headers_mut().insert(name, value);
        }
        let connected = tokio::time::timeout(REPLY_TIMEOUT, connect_async(request)).await;
        let (stream, response) = connected.map_err(|_elapsed| ClientError::Silence("the handshake".to_owned()))??;
        let chosen = response.headers().get("sec-websocket-protocol").and_then(|name| name.to_str().ok());
        Ok(Self {
            stream,
            subprotocol: chosen.map(str::to_owned),
            waiting: VecDeque::new(),
            requests: 0,
            open: BTreeMap::new(),
        })
    }

    /// Sends a request of this action and waits for its reply; events that come between are kept.
    ///
    /// # Errors
    /// The connection fails, or nothing comes.
    pub async fn request(&mut self, action: &str, fields: Value) -> Result<Value, ClientError> {
        let id = self.send(action, fields).await?;
        let is_reply = |frame: &Value| frame.get("id").and_then(Value::as_str) == Some(&id);
        self.wait_for(&format!("the reply to {action}"), is_reply).await
    }

    /// Sends a request and does not wait; its id.
    ///
    /// # Errors
    /// The connection fails.
    pub async fn send(&mut self, action: &str, mut fields: Value) -> Result<String, ClientError> {
        self.requests += 1;
        let id = format!("r-{}", self.requests);
        fields["action"] = json!(action);
        fields["id"] = json!(id);
        self.open.insert(id.clone(), action.to_owned());
        self.send_text(fields.to_string()).await?;
        Ok(id)
    }

    /// Sends a text frame as it is.
    ///
    /// # Errors
    /// The connection fails.
    pub async fn send_text(&mut self, text: String) -> Result<(), ClientError> {
        Ok(self.stream.send(Message::text(text)).await?)
    }

    /// Sends a binary frame.
    ///
    /// # Errors
    /// The connection fails.
    pub async fn send_binary(&mut self, bytes: Vec<u8>) -> Result<(), ClientError> {
        Ok(self.stream.send(Message::binary(bytes)).await?)
    }

    /// The next event of this name; others that come before it are kept.
    ///
    /// # Errors
    /// The connection fails, or nothing comes.
    pub async fn event(&mut self, name: &str) -> Result<Value, ClientError> {
        self.wait_for(name, |frame| frame.get("event").and_then(Value::as_str) == Some(name)).await
    }

    /// The next frame, whatever it is.
    ///
    /// # Errors
    /// The connection fails, or nothing comes.
    pub async fn next(&mut self) -> Result<Value, ClientError> {
        self.wait_for("a frame", |_| true).await
    }

    /// What has come and nobody asked for, taken out.
    pub fn take_waiting(&mut self) -> Vec<Value> {
        self.waiting.drain(..).collect()
    }

    /// Waits until the other side closes, and says how.
    ///
    /// # Errors
    /// The connection fails, or is not closed.
    pub async fn closed(&mut self) -> Result<Option<CloseFrame>, ClientError> {
        loop {
            match self.receive("the close").await {
                Ok(frame) => self.waiting.push_back(frame),
                Err(ClientError::Closed(frame)) => return Ok(frame),
                Err(error) => return Err(error),
            }
        }
    }

    /// Asks the other side to close.
    ///
    /// # Errors
    /// The connection fails.
    pub async fn end(&mut self) -> Result<(), ClientError> {
        Ok(self.stream.close(None).await?)
    }

    /// Closes the connection and waits until the other side agrees.
    ///
    /// # Errors
    /// The connection fails, or is not closed.
    pub async fn close(mut self) -> Result<(), ClientError> {
        self.end().await?;
        self.closed().await.map(drop)
    }

    async fn wait_for(&mut self, what: &str, wanted: impl Fn(&Value) -> bool) -> Result<Value, ClientError> {
        if let Some(found) = self.waiting.iter().position(&wanted).and_then(|index| self.waiting.remove(index)) {
            return Ok(found);
        }
        loop {
            let frame = self.receive(what).await?;
            if wanted(&frame) {
                return Ok(frame);
            }
            self.waiting.push_back(frame);
        }
    }

    async fn receive(&mut self, what: &str) -> Result<Value, ClientError> {
        loop {
            let next = tokio::time::timeout(REPLY_TIMEOUT, self.stream.next()).await;
            match next.map_err(|_elapsed| ClientError::Silence(what.to_owned()))? {
                None => return Err(ClientError::Closed(None)),
                Some(Ok(Message::Close(frame))) => return Err(ClientError::Closed(frame)),
                Some(Ok(Message::Text(text))) => {
                    let frame: Value = serde_json::from_str(text.as_str())?;
                    let action = frame.get("id").and_then(Value::as_str).and_then(|id| self.open.remove(id));
                    tell(&Told::Frame { action: action.as_deref(), frame: &frame });
                    return Ok(frame);
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error.into()),
            }
        }
    }
}
