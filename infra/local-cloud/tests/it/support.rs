//! A local cloud with the test function, and clients of it.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, Request, StatusCode},
};
use futures_util::{SinkExt, StreamExt};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use local_cloud::{Event, Lambda, LocalCloud, Options, Ports};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Error, Message, client::IntoClientRequest, protocol::CloseFrame},
};

/// The longest wait, generous enough for a slow machine.
const TEST_TIMEOUT: Duration = Duration::from_secs(60);

/// The directory of the examples, which include the test function.
pub(crate) fn programs() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.parent().and_then(|deps| deps.parent()).unwrap().join("examples")
}

/// The path of a template.
pub(crate) fn template(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/templates").join(name)
}

/// A running local cloud, and its events.
pub(crate) struct Cloud {
    cloud: Option<LocalCloud>,
    events: Arc<Mutex<Vec<Event>>>,
}

impl Cloud {
    pub(crate) async fn start(template: &str) -> Self {
        Self::start_with(template, |_| {}).await
    }

    pub(crate) async fn start_with(template: &str, adjust: impl FnOnce(&mut Options)) -> Self {
        let mut options = Options::new(self::template(template), Ports::bind(0, 0).await.unwrap());
        let events = Arc::new(Mutex::new(Vec::new()));
        let sink = events.clone();
        options.output = Arc::new(move |event| sink.lock().unwrap().push(event));
        options.lambda = Lambda::Prebuilt(programs());
        adjust(&mut options);
        let cloud = LocalCloud::start(options).await.unwrap();
        Self { cloud: Some(cloud), events }
    }

    pub(crate) fn cloud(&self) -> &LocalCloud {
        self.cloud.as_ref().unwrap()
    }

    pub(crate) async fn shutdown(&mut self) {
        self.cloud.take().unwrap().shutdown().await;
    }

    pub(crate) fn events(&self) -> Vec<Event> {
        self.events.lock().unwrap().clone()
    }

    /// The function's log lines with this prefix, each as the JSON after the prefix.
    pub(crate) fn logged(&self, prefix: &str) -> Vec<Value> {
        let line = |event: &Event| match event {
            Event::Log { line, .. } => {
                let text = line.strip_prefix(prefix)?.trim();
                Some(serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned())))
            }
            _ => None,
        };
        self.events.lock().unwrap().iter().filter_map(line).collect()
    }

    /// Waits until there are `count` such lines.
    pub(crate) async fn wait_for_lines(&self, prefix: &str, count: usize) -> Vec<Value> {
        until(|| self.logged(prefix).len() >= count).await;
        self.logged(prefix)
    }

    pub(crate) async fn request(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        send(method, &format!("{}{path}", self.cloud().http_url()), headers, body).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.request("GET", path, &[], Body::empty()).await
    }

    /// Sends a request to the management API.
    pub(crate) async fn manage(&self, method: &str, id: &str, body: impl Into<Body>) -> Answer {
        let base = self.cloud().websocket_url().replacen("ws:", "http:", 1);
        let id = id.replace('=', "%3D");
        send(method, &format!("{base}/@connections/{id}"), &[("authorization", "AWS4-HMAC-SHA256 any")], body).await
    }

    pub(crate) async fn connect(&self, query: &str, headers: &[(&str, &str)]) -> Result<Socket, (StatusCode, Value)> {
        let mut request = format!("{}{query}", self.cloud().websocket_url()).into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(axum::http::HeaderName::try_from(*name).unwrap(), value.parse().unwrap());
        }
        match connect_async(request).await {
            Ok((stream, response)) => Ok(Socket { stream, headers: response.headers().clone() }),
            Err(Error::Http(response)) => {
                let body = response.body().clone().unwrap_or_default();
                let body = serde_json::from_slice(&body)
                    .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&body).into_owned()));
                Err((response.status(), body))
            }
            Err(error) => panic!("{error}"),
        }
    }

    pub(crate) async fn open(&self) -> Socket {
        self.connect("", &[]).await.unwrap()
    }
}

/// Waits until the condition is true. Fails after a timeout.
pub(crate) async fn until(condition: impl Fn() -> bool) {
    let wait = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(TEST_TIMEOUT, wait).await.expect("the condition became true in time");
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {:?}", self.body))
    }
}

pub(crate) async fn send(method: &str, url: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Answer {
    let client = Client::builder(TokioExecutor::new()).build_http::<Body>();
    let mut request = Request::builder().method(method).uri(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = client.request(request.body(body.into()).unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = axum::body::to_bytes(Body::new(body), usize::MAX).await.unwrap();
    Answer { status: parts.status, headers: parts.headers, body }
}

pub(crate) struct Socket {
    pub(crate) stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    pub(crate) headers: HeaderMap,
}

impl Socket {
    pub(crate) async fn say(&mut self, text: impl Into<String>) {
        self.stream.send(Message::text(text.into())).await.unwrap();
    }

    pub(crate) async fn next(&mut self) -> Message {
        tokio::time::timeout(TEST_TIMEOUT, self.stream.next()).await.expect("a message came in time").unwrap().unwrap()
    }

    pub(crate) async fn text(&mut self) -> String {
        match self.next().await {
            Message::Text(text) => text.to_string(),
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn json(&mut self) -> Value {
        serde_json::from_str(&self.text().await).unwrap()
    }

    /// Sends a frame and returns the event that the function got.
    pub(crate) async fn ask(&mut self, text: &str) -> Value {
        self.say(text).await;
        self.json().await
    }

    /// Waits for the close frame that ends the connection.
    pub(crate) async fn closed(&mut self) -> CloseFrame {
        loop {
            match self.next().await {
                Message::Close(frame) => return frame.expect("a close frame without a status"),
                Message::Text(_) | Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// The id of the connection, from an event that it sends.
    pub(crate) async fn id(&mut self) -> String {
        let event = self.ask(r#"{"action":"echo"}"#).await;
        event["requestContext"]["connectionId"].as_str().unwrap().to_owned()
    }
}
