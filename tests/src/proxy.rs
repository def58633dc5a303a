//! A network that is not to be relied on: between clients and the WebSocket API, it loses frames, lets one overtake
//! another, holds them up and cuts connections, as it is told.

use futures_util::{SinkExt, StreamExt as _};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use testkit::ops::Ops;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::{accept_async, connect_async};

/// Each in so many of a hundred frames, on each way.
#[derive(Debug, Default)]
pub struct Faults {
    /// It is lost.
    pub lose: AtomicU8,
    /// It comes after the next one.
    pub overtake: AtomicU8,
    /// It is held up, and with it what follows, for up to 50 ms.
    pub delay: AtomicU8,
    /// The connection is cut without a word.
    pub cut: AtomicU8,
}

impl Faults {
    /// A bad network, or a good one.
    pub fn set(&self, [lose, overtake, delay, cut]: [u8; 4]) {
        self.lose.store(lose, Ordering::Relaxed);
        self.overtake.store(overtake, Ordering::Relaxed);
        self.delay.store(delay, Ordering::Relaxed);
        self.cut.store(cut, Ordering::Relaxed);
    }
}

/// A proxy of the WebSocket API; it ends with the runtime that it was started in.
#[derive(Debug)]
pub struct Proxy {
    /// Where it is.
    pub url: String,
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    faults: Faults,
    ops: Mutex<Ops>,
    /// Whoever sees it change is cut.
    cut: watch::Sender<u64>,
    counts: Mutex<BTreeMap<&'static str, u64>>,
    accepted: AtomicU64,
}

impl Proxy {
    /// A proxy of this API that does no harm yet.
    pub async fn start(ws_url: &str, seed: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let path = ws_url.splitn(4, '/').nth(3).unwrap_or_default();
        let url = format!("ws://{address}/{path}");
        let inner = Arc::new(Inner {
            faults: Faults::default(),
            ops: Mutex::new(Ops::new(seed, &["nobody"])),
            cut: watch::Sender::new(0),
            counts: Mutex::default(),
            accepted: AtomicU64::new(0),
        });
        let (upstream, shared) = (ws_url.to_owned(), inner.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (upstream, shared) = (upstream.clone(), shared.clone());
                tokio::spawn(async move {
                    shared.accepted.fetch_add(1, Ordering::Relaxed);
                    shared.serve(stream, &upstream).await;
                });
            }
        });
        Self { url, inner }
    }

    /// What it does to frames.
    pub fn faults(&self) -> &Faults {
        &self.inner.faults
    }

    /// Cuts all connections.
    pub fn cut(&self) {
        self.inner.cut.send_modify(|times| *times += 1);
    }

    /// How often it did what.
    pub fn counts(&self) -> BTreeMap<&'static str, u64> {
        self.inner.counts.lock().unwrap().clone()
    }

    /// How many connections there were.
    pub fn accepted(&self) -> u64 {
        self.inner.accepted.load(Ordering::Relaxed)
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
        // The other side first: whoever is told that they are connected, is.
        let Some(authorization) = authorization(&stream).await else { return };
        let mut request = upstream.into_client_request().unwrap();
        request.headers_mut().insert("authorization", authorization);
        let Ok((mut server, _)) = connect_async(request).await else { return };
        let Ok(mut client) = accept_async(stream).await else { return };
        // What the next frame overtakes.
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

    /// True if the connection is over.
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

/// What the handshake that is about to be read shows as a token.
async fn authorization(stream: &TcpStream) -> Option<HeaderValue> {
    let mut head = vec![0; 16 * 1024];
    loop {
        let length = stream.peek(&mut head).await.ok().filter(|length| *length > 0)?;
        let text = String::from_utf8_lossy(&head[..length]);
        if text.contains("\r\n\r\n") {
            let values = text.lines().filter_map(|line| line.split_once(": "));
            let token = values.into_iter().find(|(name, _)| name.eq_ignore_ascii_case("authorization"));
            return HeaderValue::from_str(token?.1).ok();
        }
        tokio::task::yield_now().await;
    }
}
