//! One user at one device: their way to both APIs, and what their socket shows.

use super::super::{Actor, Stage};
use super::Miss;
use client::wire::{ClientError, Credential, HttpClient, Socket};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

/// The longest that the bucket may take.
const TRANSFER_TIMEOUT: Duration = Duration::from_secs(30);

/// A user who plays.
pub(super) struct Player {
    /// What the story calls them.
    pub(super) name: &'static str,
    /// Their user id.
    pub(super) id: String,
    http: HttpClient,
    bucket: reqwest::Client,
    socket: Option<Socket>,
    ws_url: String,
    token: String,
}

/// What a request was answered, whichever way it took.
#[derive(Debug)]
pub(super) struct Answer {
    status: u16,
    body: Value,
}

impl Answer {
    /// Its status.
    pub(super) fn status(&self) -> u16 {
        self.status
    }

    /// What was answered with this status. A reply on a socket does not tell 201 from 200: it counts as 200.
    pub(super) fn done(self, status: u16) -> Result<Value, Miss> {
        if self.status == status { Ok(self.body) } else { Err(self.unlike(&status.to_string())) }
    }

    /// A refusal of this status and code; in words.
    pub(super) fn refused(self, status: u16, code: &str) -> Result<String, Miss> {
        let said = format!("{status} {code}");
        let holds = self.status == status && self.body["status"] == status && self.body["code"] == code;
        if holds { Ok(format!("refused: {said}")) } else { Err(self.unlike(&said)) }
    }

    fn unlike(&self, wanted: &str) -> Miss {
        Miss::Shown(format!("the answer is not {wanted}, but {}: {}", self.status, self.body))
    }
}

impl Player {
    /// A user who is not connected yet.
    pub(super) fn new(stage: &Stage, name: &'static str, actor: &Actor) -> Result<Self, ClientError> {
        let http = HttpClient::new(&stage.http_url, Some(&actor.token))?;
        let (id, token, ws_url) = (actor.user.clone(), actor.token.clone(), stage.ws_url.clone());
        // After HttpClient, which sets up TLS.
        let bucket = reqwest::Client::builder().timeout(TRANSFER_TIMEOUT).no_proxy().build()?;
        Ok(Self { name, id, http, bucket, socket: None, ws_url, token })
    }

    /// Connects by WebSocket.
    pub(super) async fn connect(&mut self) -> Result<(), Miss> {
        self.socket = Some(Socket::connect(&self.ws_url, Credential::Header(&self.token)).await?);
        Ok(())
    }

    /// The connection breaks off, without a word.
    pub(super) fn lose_connection(&mut self) {
        self.socket = None;
    }

    /// Closes the connection in order.
    pub(super) async fn disconnect(&mut self) -> Result<(), Miss> {
        match self.socket.take() {
            Some(socket) => Ok(socket.close().await?),
            None => Ok(()),
        }
    }

    /// A request over HTTP; a body of null is none.
    pub(super) async fn http(&self, method: Method, path: &str, body: Value) -> Result<Answer, Miss> {
        let body = Some(&body).filter(|body| !body.is_null());
        let (status, body) = self.http.call(method, path, body).await?;
        Ok(Answer { status, body })
    }

    /// What is answered to a `GET`.
    pub(super) async fn get(&self, path: &str) -> Result<Value, Miss> {
        self.http(Method::GET, path, Value::Null).await?.done(200)
    }

    /// Puts bytes into the bucket, as the answer to an announcement says; what status that is answered with.
    pub(super) async fn upload(&self, upload: &Value, bytes: &[u8]) -> Result<u16, Miss> {
        let url = upload["url"].as_str().unwrap_or_default();
        let mut request = self.bucket.put(url).body(bytes.to_vec());
        for (name, value) in upload["headers"].as_object().into_iter().flatten() {
            request = request.header(name, value.as_str().unwrap_or_default());
        }
        Ok(request.send().await.map_err(ClientError::from)?.status().as_u16())
    }

    /// What the bucket answers at a signed address: the status, and the bytes.
    pub(super) async fn download(&self, url: &str) -> Result<(u16, Vec<u8>), Miss> {
        let response = self.bucket.get(url).send().await.map_err(ClientError::from)?;
        let status = response.status().as_u16();
        Ok((status, response.bytes().await.map_err(ClientError::from)?.to_vec()))
    }

    /// A request over WebSocket.
    pub(super) async fn ws(&mut self, action: &str, fields: Value) -> Result<Answer, Miss> {
        let mut reply = self.socket()?.request(action, fields).await?;
        if reply["ok"] == true {
            return Ok(Answer { status: 200, body: reply["data"].take() });
        }
        let error = reply["error"].take();
        let status = error["status"].as_u64().and_then(|status| status.try_into().ok());
        match status {
            Some(status) => Ok(Answer { status, body: error }),
            None => Err(Miss::Shown(format!("this is no reply: {reply}"))),
        }
    }

    /// The socket shows exactly this. An event has a place in its chat by seq or rev: another at the same place fails at
    /// once. All others are passed over.
    pub(super) async fn sees(&mut self, wanted: &Value) -> Result<(), Miss> {
        let has_place = wanted.get("seq").or(wanted.get("rev")).is_some();
        let is_there = |came: &Value| ["chatId", "seq", "rev"].iter().all(|key| came.get(key) == wanted.get(key));
        let event = wanted["event"].as_str().unwrap_or_default();
        let came = self.sees_some(event, |came| if has_place { is_there(came) } else { came == wanted }).await;
        match came {
            Ok(came) if came == *wanted => Ok(()),
            Ok(came) => Err(Miss::Shown(format!("the socket of {} shows {came}, and not {wanted}", self.name))),
            Err(Miss::Client(ClientError::Silence(_))) => {
                Err(Miss::Shown(format!("the socket of {} does not show {wanted}", self.name)))
            }
            Err(miss) => Err(miss),
        }
    }

    /// The first event of this name that is as wanted; others of the name are passed over.
    pub(super) async fn sees_some(&mut self, event: &str, wanted: impl Fn(&Value) -> bool) -> Result<Value, Miss> {
        let socket = self.socket()?;
        loop {
            let came = socket.event(event).await?;
            if wanted(&came) {
                return Ok(came);
            }
        }
    }

    /// No such event has come. What was pushed before the answer to a ping came before it.
    pub(super) async fn hears_nothing_of(&mut self, unwanted: &Value) -> Result<(), Miss> {
        self.ws("ping", json!({})).await?.done(200)?;
        let is_such =
            |came: &Value| ["event", "chatId", "seq", "rev"].iter().all(|key| came.get(key) == unwanted.get(key));
        match self.socket()?.take_waiting().into_iter().find(is_such) {
            None => Ok(()),
            Some(came) => Err(Miss::Shown(format!("the socket of {} shows {came}, which is not for them", self.name))),
        }
    }

    fn socket(&mut self) -> Result<&mut Socket, Miss> {
        self.socket.as_mut().ok_or_else(|| Miss::Shown(format!("{} is not connected", self.name)))
    }
}

/// The ids of these users, as a document has them.
pub(super) fn ids<const N: usize>(players: [&Player; N]) -> Value {
    let mut ids = players.map(|player| player.id.as_str());
    ids.sort_unstable();
    ids.into_iter().collect()
}

/// All of these sockets show it.
pub(super) async fn all_see<const N: usize>(players: [&mut Player; N], wanted: &Value) -> Result<(), Miss> {
    for player in players {
        player.sees(wanted).await?;
    }
    Ok(())
}
