//! One WebSocket connection.

use super::{ClientError, REPLY_TIMEOUT, ServerOutput, notify_watcher};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// How a WebSocket client sends its token in the handshake.
#[derive(Clone, Copy)]
pub enum Credential<'a> {
    /// In the `Authorization` header.
    Header(&'a str),
    /// As a second subprotocol after `chat.v1`: the only way in a browser.
    Subprotocol(&'a str),
    /// No token.
    None,
}

/// One WebSocket connection. Frames that come while another one is waited for are kept.
#[derive(Debug)]
pub struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// The subprotocol that the server chose; None if it chose none.
    pub subprotocol: Option<String>,
    kept_frames: VecDeque<Value>,
    /// How many requests were sent.
    requests: u64,
    /// The actions of the requests that have no reply yet, by id.
    pending_actions: BTreeMap<String, String>,
}

impl Socket {
    /// Opens a connection.
    ///
    /// # Errors
    /// The handshake is refused, or the server cannot be reached.
    pub async fn connect(url: &str, credential: Credential<'_>) -> Result<Self, ClientError> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut request = url.into_client_request()?;
        let header = match credential {
            Credential::Header(token) => Some(("authorization", format!("Bearer {token}"))),
            Credential::Subprotocol(token) => Some(("sec-websocket-protocol", format!("chat.v1, bearer.{token}"))),
            Credential::None => None,
        };
        if let Some((name, value)) = header {
            let value = HeaderValue::from_str(&value).map_err(|error| ClientError::Malformed(error.to_string()))?;
            request.headers_mut().insert(name, value);
        }
        let connected = tokio::time::timeout(REPLY_TIMEOUT, connect_async(request)).await;
        let (stream, response) = connected.map_err(|_elapsed| ClientError::Silence("the handshake".to_owned()))??;
        let chosen = response.headers().get("sec-websocket-protocol").and_then(|name| name.to_str().ok());
        Ok(Self {
            stream,
            subprotocol: chosen.map(str::to_owned),
            kept_frames: VecDeque::new(),
            requests: 0,
            pending_actions: BTreeMap::new(),
        })
    }

    /// Sends a request and waits for its reply. Events that come before it are kept.
    ///
    /// # Errors
    /// The connection fails, or nothing comes within 30 s.
    pub async fn request(&mut self, action: &str, fields: Value) -> Result<Value, ClientError> {
        let id = self.send(action, fields).await?;
        let is_reply = |frame: &Value| frame.get("id").and_then(Value::as_str) == Some(&id);
        self.wait_for(&format!("the reply to {action}"), is_reply).await
    }

    /// Sends a request without waiting for the reply. Returns the id of the request.
    ///
    /// # Errors
    /// The connection fails.
    pub async fn send(&mut self, action: &str, mut fields: Value) -> Result<String, ClientError> {
        self.requests += 1;
        let id = format!("r-{}", self.requests);
        fields["action"] = json!(action);
        fields["id"] = json!(id);
        self.pending_actions.insert(id.clone(), action.to_owned());
        self.send_text(fields.to_string()).await?;
        Ok(id)
    }

    /// Sends a text frame unchanged.
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

    /// Waits for the next event with this name. Other frames that come before it are kept.
    ///
    /// # Errors
    /// The connection fails, or nothing comes within 30 s.
    pub async fn event(&mut self, name: &str) -> Result<Value, ClientError> {
        self.wait_for(name, |frame| frame.get("event").and_then(Value::as_str) == Some(name)).await
    }

    /// Waits for the next frame of any kind. Frames that were kept come first.
    ///
    /// # Errors
    /// The connection fails, or nothing comes within 30 s.
    pub async fn next(&mut self) -> Result<Value, ClientError> {
        self.wait_for("a frame", |_| true).await
    }

    /// Takes out the frames that were kept.
    pub fn take_waiting(&mut self) -> Vec<Value> {
        self.kept_frames.drain(..).collect()
    }

    /// Waits until the server closes the connection. Returns its close frame; None if it sent none. Frames that come
    /// before it are kept.
    ///
    /// # Errors
    /// The connection fails, or is not closed within 30 s.
    pub async fn wait_closed(&mut self) -> Result<Option<CloseFrame>, ClientError> {
        loop {
            match self.receive("the close").await {
                Ok(frame) => self.kept_frames.push_back(frame),
                Err(ClientError::Closed(frame)) => return Ok(frame),
                Err(error) => return Err(error),
            }
        }
    }

    /// Sends a close frame.
    ///
    /// # Errors
    /// The connection fails.
    pub async fn start_close(&mut self) -> Result<(), ClientError> {
        Ok(self.stream.close(None).await?)
    }

    /// Closes the connection and waits until the server has closed it too.
    ///
    /// # Errors
    /// The connection fails, or is not closed within 30 s.
    pub async fn close(mut self) -> Result<(), ClientError> {
        self.start_close().await?;
        self.wait_closed().await.map(drop)
    }

    async fn wait_for(&mut self, what: &str, wanted: impl Fn(&Value) -> bool) -> Result<Value, ClientError> {
        if let Some(frame) = self.kept_frames.iter().position(&wanted).and_then(|index| self.kept_frames.remove(index))
        {
            return Ok(frame);
        }
        loop {
            let frame = self.receive(what).await?;
            if wanted(&frame) {
                return Ok(frame);
            }
            self.kept_frames.push_back(frame);
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
                    let action = frame.get("id").and_then(Value::as_str).and_then(|id| self.pending_actions.remove(id));
                    notify_watcher(&ServerOutput::Frame { action: action.as_deref(), frame: &frame });
                    return Ok(frame);
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error.into()),
            }
        }
    }
}
