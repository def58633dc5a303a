//! A proxy that simulates a bad network between clients and the WebSocket API. It loses, reorders and delays frames,
//! and cuts connections.

use futures_util::{SinkExt, StreamExt as _};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use testkit::ops::Ops;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_tungstenite::tungstenite::http::header::{AUTHORIZATION, SEC_WEBSOCKET_PROTOCOL};
use tokio_tungstenite::tungstenite::http::{HeaderMap, HeaderValue};
use tokio_tungstenite::{accept_hdr_async, connect_async};

/// The percentage of frames with each fault, in each direction.
#[derive(Debug, Default)]
pub struct Faults {
    /// The frame is lost.
    pub lose: AtomicU8,
    /// The frame arrives after the next one.
    pub overtake: AtomicU8,
    /// The frame, and all frames after it, are delayed by up to 50 ms.
    pub delay: AtomicU8,
    /// The connection is cut without a close frame.
    pub cut: AtomicU8,
}

impl Faults {
    /// Sets the percentages of all faults. Zeros mean a good network.
    pub fn set(&self, [lose, overtake, delay, cut]: [u8; 4]) {
        self.lose.store(lose, Ordering::Relaxed);
        self.overtake.store(overtake, Ordering::Relaxed);
        self.delay.store(delay, Ordering::Relaxed);
        self.cut.store(cut, Ordering::Relaxed);
    }
}

/// A running proxy. It ends with the runtime in which it was started.
#[derive(Debug)]
pub struct Proxy {
    /// The URL of the proxy.
    pub url: String,
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    faults: Faults,
    ops: Mutex<Ops>,
    /// A change of this value cuts all connections.
    cut: watch::Sender<u64>,
    /// Whether new connections are refused.
    is_down: AtomicBool,
    counts: Mutex<BTreeMap<&'static str, u64>>,
    accepted: AtomicU64,
    open: AtomicU64,
}

impl Proxy {
    /// Starts a proxy of this API without faults.
    pub async fn start(ws_url: &str, seed: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let path = ws_url.splitn(4, '/').nth(3).unwrap_or_default();
        let url = format!("ws://{address}/{path}");
        let inner = Arc::new(Inner {
            faults: Faults::default(),
            ops: Mutex::new(Ops::new(seed, &["nobody"])),
            cut: watch::Sender::new(0),
            is_down: AtomicBool::new(false),
            counts: Mutex::default(),
            accepted: AtomicU64::new(0),
            open: AtomicU64::new(0),
        });
        let (upstream, shared) = (ws_url.to_owned(), inner.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (upstream, shared) = (upstream.clone(), shared.clone());
                if shared.is_down.load(Ordering::Relaxed) {
                    continue;
                }
                tokio::spawn(async move {
                    shared.accepted.fetch_add(1, Ordering::Relaxed);
                    shared.open.fetch_add(1, Ordering::Relaxed);
                    shared.serve(stream, &upstream).await;
                    shared.open.fetch_sub(1, Ordering::Relaxed);
                });
            }
        });
        Self { url, inner }
    }

    /// The faults, which can be changed while it runs.
    pub fn faults(&self) -> &Faults {
        &self.inner.faults
    }

    /// Cuts all connections.
    pub fn cut(&self) {
        self.inner.cut.send_modify(|times| *times += 1);
    }

    /// Refuses new connections from now on and cuts the others, or accepts connections again.
    pub fn set_down(&self, is_down: bool) {
        self.inner.is_down.store(is_down, Ordering::Relaxed);
        if is_down {
            self.cut();
        }
    }

    /// How often each fault happened.
    pub fn counts(&self) -> BTreeMap<&'static str, u64> {
        self.inner.counts.lock().unwrap().clone()
    }

    /// The number of accepted connections.
    pub fn accepted(&self) -> u64 {
        self.inner.accepted.load(Ordering::Relaxed)
    }

    /// The number of connections that are open now.
    pub fn open(&self) -> u64 {
        self.inner.open.load(Ordering::Relaxed)
    }
}

impl Inner {
    fn is_hit(&self, what: &'static str, percent: &AtomicU8) -> bool {
        let percent = percent.load(Ordering::Relaxed);
        let is_hit = percent > 0 && self.ops.lock().unwrap().percent(percent);
        if is_hit {
            *self.counts.lock().unwrap().entry(what).or_default() += 1;
        }
        is_hit
    }

    async fn serve(&self, stream: TcpStream, upstream: &str) {
        let mut cut = self.cut.subscribe();
        // Connect to the API first, so that a client sees a handshake only after the API has accepted it.
        let Some(credentials) = credentials(&stream).await else { return };
        let mut request = upstream.into_client_request().unwrap();
        request.headers_mut().extend(credentials);
        let Ok((mut server, answer)) = connect_async(request).await else { return };
        // A browser closes a connection whose answer does not choose a subprotocol that it offered.
        let chosen = answer.headers().get(SEC_WEBSOCKET_PROTOCOL).cloned();
        #[allow(clippy::result_large_err)] // the type of the library's callback
        let choose = |_: &Request, mut answer: Response| {
            answer.headers_mut().extend(chosen.map(|protocol| (SEC_WEBSOCKET_PROTOCOL, protocol)));
            Ok(answer)
        };
        let Ok(mut client) = accept_hdr_async(stream, choose).await else { return };
        // The frame that the next one overtakes.
        let (mut late_up, mut late_down) = (None, None);
        loop {
            let is_over = tokio::select! {
                frame = client.next() => match frame {
                    Some(Ok(frame)) => self.forward(frame, &mut server, &mut late_up).await,
                    _ => true,
                },
                frame = server.next() => match frame {
                    Some(Ok(frame)) => self.forward(frame, &mut client, &mut late_down).await,
                    _ => true,
                },
                _ = cut.changed() => true,
            };
            if is_over {
                return;
            }
        }
    }

    /// Returns true if the connection has ended.
    async fn forward<S>(&self, frame: Message, to: &mut S, late: &mut Option<Message>) -> bool
    where
        S: SinkExt<Message> + Unpin,
    {
        if !frame.is_text() {
            return frame.is_close() || to.send(frame).await.is_err();
        }
        if self.is_hit("cut", &self.faults.cut) {
            return true;
        }
        if self.is_hit("lost", &self.faults.lose) {
            return false;
        }
        if self.is_hit("delayed", &self.faults.delay) {
            let ms = self.ops.lock().unwrap().below(50);
            tokio::time::sleep(Duration::from_millis(ms)).await;
        }
        if late.is_none() && self.is_hit("overtaken", &self.faults.overtake) {
            *late = Some(frame);
            return false;
        }
        let is_over = to.send(frame).await.is_err();
        match late.take() {
            Some(frame) => to.send(frame).await.is_err() || is_over,
            None => is_over,
        }
    }
}

/// Peeks at the headers of the handshake that can have the token, before it is read. None if the client is gone.
async fn credentials(stream: &TcpStream) -> Option<HeaderMap> {
    let mut head = vec![0; 16 * 1024];
    loop {
        let length = stream.peek(&mut head).await.ok().filter(|length| *length > 0)?;
        let text = String::from_utf8_lossy(&head[..length]);
        if text.contains("\r\n\r\n") {
            let mut credentials = HeaderMap::new();
            for (name, value) in text.lines().filter_map(|line| line.split_once(": ")) {
                for known in [AUTHORIZATION, SEC_WEBSOCKET_PROTOCOL] {
                    if name.eq_ignore_ascii_case(known.as_str()) {
                        credentials.insert(known, HeaderValue::from_str(value).ok()?);
                    }
                }
            }
            return Some(credentials);
        }
        tokio::task::yield_now().await;
    }
}
