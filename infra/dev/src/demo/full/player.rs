//! One user at one device: sends requests to both APIs, and receives events on the socket.

use super::super::{Actor, Stage};
use super::StepError;
use client::wire::{ClientError, Credential, HttpClient, Socket};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

/// The timeout of an upload or a download.
const TRANSFER_TIMEOUT: Duration = Duration::from_secs(30);
/// How often a request is sent that is refused because it comes too fast. The demo is faster than the budget of a new
/// member grows.
const MAX_TRIES: u32 = 5;

/// A user at one device.
pub(super) struct Player {
    /// The name in the story.
    pub(super) name: &'static str,
    /// The user id in the system.
    pub(super) id: String,
    http: HttpClient,
    bucket: reqwest::Client,
    socket: Option<Socket>,
    ws_url: String,
    token: String,
}

/// The answer to a request over HTTP or WebSocket.
#[derive(Debug)]
pub(super) struct Answer {
    status: u16,
    body: Value,
}

impl Answer {
    pub(super) fn status(&self) -> u16 {
        self.status
    }

    /// The body, if the answer has this status. A success on a socket has no status and counts as 200.
    pub(super) fn expect_status(self, status: u16) -> Result<Value, StepError> {
        if self.status == status { Ok(self.body) } else { Err(self.mismatch(&status.to_string())) }
    }

    /// Checks that the answer is an error with this status and code. Returns its text for the transcript.
    pub(super) fn expect_refusal(self, status: u16, code: &str) -> Result<String, StepError> {
        let expected = format!("{status} {code}");
        let holds = self.status == status && self.body["status"] == status && self.body["code"] == code;
        if holds { Ok(format!("refused: {expected}")) } else { Err(self.mismatch(&expected)) }
    }

    /// How long to wait before the request is sent again; None unless it came too fast.
    fn too_fast(&self) -> Option<Duration> {
        let is_too_fast = self.status == 429 && self.body["code"] == "rate_limited";
        self.body["retryAfterMs"].as_u64().filter(|_| is_too_fast).map(Duration::from_millis)
    }

    fn mismatch(&self, expected: &str) -> StepError {
        StepError::Unexpected(format!("expected {expected}, but the answer is {}: {}", self.status, self.body))
    }
}

impl Player {
    /// The socket is not connected yet.
    pub(super) fn new(stage: &Stage, name: &'static str, actor: &Actor) -> Result<Self, ClientError> {
        let http = HttpClient::new(&stage.http_url, Some(&actor.token))?;
        let (id, token, ws_url) = (actor.user.clone(), actor.token.clone(), stage.ws_url.clone());
        // After HttpClient, which sets up TLS.
        let bucket = reqwest::Client::builder().timeout(TRANSFER_TIMEOUT).no_proxy().build()?;
        Ok(Self { name, id, http, bucket, socket: None, ws_url, token })
    }

    /// Opens the socket.
    pub(super) async fn connect(&mut self) -> Result<(), StepError> {
        self.socket = Some(Socket::connect(&self.ws_url, Credential::Header(&self.token)).await?);
        Ok(())
    }

    /// Drops the connection without a close frame.
    pub(super) fn lose_connection(&mut self) {
        self.socket = None;
    }

    /// Closes the connection with a close frame.
    pub(super) async fn disconnect(&mut self) -> Result<(), StepError> {
        match self.socket.take() {
            Some(socket) => Ok(socket.close().await?),
            None => Ok(()),
        }
    }

    /// Sends a request over HTTP. A body of null means no body. If it comes too fast, waits and sends it again.
    pub(super) async fn http(&self, method: Method, path: &str, body: Value) -> Result<Answer, StepError> {
        let body = Some(&body).filter(|body| !body.is_null());
        for _ in 1..MAX_TRIES {
            let (status, answer) = self.http.call(method.clone(), path, body).await?;
            let answer = Answer { status, body: answer };
            match answer.too_fast() {
                Some(wait) => tokio::time::sleep(wait).await,
                None => return Ok(answer),
            }
        }
        let (status, body) = self.http.call(method, path, body).await?;
        Ok(Answer { status, body })
    }

    /// The body of the answer to a `GET` request, which must have status 200.
    pub(super) async fn get(&self, path: &str) -> Result<Value, StepError> {
        self.http(Method::GET, path, Value::Null).await?.expect_status(200)
    }

    /// Uploads bytes with the URL and the headers in `upload`. Returns the bucket's status.
    pub(super) async fn upload(&self, upload: &Value, bytes: &[u8]) -> Result<u16, StepError> {
        let url = upload["url"].as_str().unwrap_or_default();
        let mut request = self.bucket.put(url).body(bytes.to_vec());
        for (name, value) in upload["headers"].as_object().into_iter().flatten() {
            request = request.header(name, value.as_str().unwrap_or_default());
        }
        Ok(request.send().await.map_err(ClientError::from)?.status().as_u16())
    }

    /// Downloads from a presigned URL. Returns the bucket's status and the bytes.
    pub(super) async fn download(&self, url: &str) -> Result<(u16, Vec<u8>), StepError> {
        let response = self.bucket.get(url).send().await.map_err(ClientError::from)?;
        let status = response.status().as_u16();
        Ok((status, response.bytes().await.map_err(ClientError::from)?.to_vec()))
    }

    /// Sends a request over WebSocket and waits for its reply. If it comes too fast, waits and sends it again.
    pub(super) async fn ws(&mut self, action: &str, fields: Value) -> Result<Answer, StepError> {
        for _ in 1..MAX_TRIES {
            let answer = self.ws_once(action, fields.clone()).await?;
            match answer.too_fast() {
                Some(wait) => tokio::time::sleep(wait).await,
                None => return Ok(answer),
            }
        }
        self.ws_once(action, fields).await
    }

    async fn ws_once(&mut self, action: &str, fields: Value) -> Result<Answer, StepError> {
        let mut reply = self.socket()?.request(action, fields).await?;
        if reply["ok"] == true {
            return Ok(Answer { status: 200, body: reply["data"].take() });
        }
        let error = reply["error"].take();
        let status = error["status"].as_u64().and_then(|status| status.try_into().ok());
        match status {
            Some(status) => Ok(Answer { status, body: error }),
            None => Err(StepError::Unexpected(format!("the reply is neither ok nor an error with a status: {reply}"))),
        }
    }

    /// Waits until the socket receives exactly this event. A different event with the same chat, seq and rev fails at
    /// once. Other events are skipped.
    pub(super) async fn sees(&mut self, expected: &Value) -> Result<(), StepError> {
        let has_position = expected.get("seq").or(expected.get("rev")).is_some();
        let is_same_position =
            |received: &Value| ["chatId", "seq", "rev"].iter().all(|key| received.get(key) == expected.get(key));
        let event = expected["event"].as_str().unwrap_or_default();
        let received = self
            .sees_some(event, |received| if has_position { is_same_position(received) } else { received == expected })
            .await;
        match received {
            Ok(received) if received == *expected => Ok(()),
            Ok(received) => Err(StepError::Unexpected(format!(
                "the socket of {} received {received} instead of {expected}",
                self.name
            ))),
            Err(StepError::Client(ClientError::Silence(_))) => {
                Err(StepError::Unexpected(format!("the socket of {} did not receive {expected}", self.name)))
            }
            Err(error) => Err(error),
        }
    }

    /// Waits for the first event of this name that `expected` accepts. Others of the name are skipped.
    pub(super) async fn sees_some(
        &mut self,
        event: &str,
        expected: impl Fn(&Value) -> bool,
    ) -> Result<Value, StepError> {
        let socket = self.socket()?;
        loop {
            let received = socket.event(event).await?;
            if expected(&received) {
                return Ok(received);
            }
        }
    }

    /// Checks that no such event has arrived. Every event that was pushed before the answer to a ping arrives before
    /// it.
    pub(super) async fn does_not_see(&mut self, unwanted: &Value) -> Result<(), StepError> {
        self.ws("ping", json!({})).await?.expect_status(200)?;
        let is_such = |received: &Value| {
            ["event", "chatId", "seq", "rev"].iter().all(|key| received.get(key) == unwanted.get(key))
        };
        match self.socket()?.take_waiting().into_iter().find(is_such) {
            None => Ok(()),
            Some(received) => Err(StepError::Unexpected(format!(
                "the socket of {} received {received}, which is not for that user",
                self.name
            ))),
        }
    }

    fn socket(&mut self) -> Result<&mut Socket, StepError> {
        self.socket.as_mut().ok_or_else(|| StepError::Unexpected(format!("{} is not connected", self.name)))
    }
}

/// The ids of these users, sorted, as in a chat's `participants`.
pub(super) fn ids<const N: usize>(players: [&Player; N]) -> Value {
    let mut ids = players.map(|player| player.id.as_str());
    ids.sort_unstable();
    ids.into_iter().collect()
}

/// Waits until each of these sockets receives exactly this event.
pub(super) async fn all_see<const N: usize>(players: [&mut Player; N], expected: &Value) -> Result<(), StepError> {
    for player in players {
        player.sees(expected).await?;
    }
    Ok(())
}
