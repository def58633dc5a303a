//! A stand-in for `@connections`: accepts every post after a delay, and counts.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use axum::body::Bytes;
use hyper::Method;

use crate::{
    Error, Usage,
    http::{Server, answer, body_of, wait_until},
    tls::Tls,
};

/// The stage in the URL of the WebSocket API.
const STAGE: &str = "live";

/// Accepts every post. Dropping it stops it.
#[derive(Debug)]
pub struct Connections {
    server: Server,
    state: Arc<State>,
}

#[derive(Debug, Default)]
struct State {
    delay_micros: AtomicU64,
    posts: AtomicU64,
    last: std::sync::Mutex<Bytes>,
    last_accepted: std::sync::Mutex<Option<Instant>>,
}

impl Connections {
    /// Starts it, without a delay.
    pub(crate) fn start(tls: Option<&Tls>) -> Result<Self, Error> {
        let state = Arc::<State>::default();
        let shared = state.clone();
        let server = Server::start("@connections", tls.map(Tls::acceptor), move |request| {
            let state = shared.clone();
            async move {
                let arrived = Instant::now();
                let is_post = request.method() == Method::POST;
                let body = body_of(request).await;
                if is_post {
                    let delay = Duration::from_micros(state.delay_micros.load(Ordering::Relaxed));
                    if !delay.is_zero() {
                        wait_until(arrived + delay).await;
                    }
                    state.posts.fetch_add(1, Ordering::Relaxed);
                    if let Ok(mut last) = state.last.lock() {
                        *last = body;
                    }
                    if let Ok(mut accepted) = state.last_accepted.lock() {
                        *accepted = Some(Instant::now());
                    }
                }
                answer(200, "application/json", "")
            }
        })?;
        Ok(Self { server, state })
    }

    /// The base URL for posts, for `CONNECTIONS_ENDPOINT`.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("{}/{STAGE}", self.server.url())
    }

    /// Sets how long each post takes from now on.
    pub fn set_delay(&self, delay: Duration) {
        self.state.delay_micros.store(u64::try_from(delay.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// How many posts were accepted so far.
    #[must_use]
    pub fn posts(&self) -> u64 {
        self.state.posts.load(Ordering::Relaxed)
    }

    /// The body of the last post.
    #[must_use]
    pub fn last_body(&self) -> Bytes {
        self.state.last.lock().map(|last| last.clone()).unwrap_or_default()
    }

    /// When the last post was accepted. None if there was no post.
    #[must_use]
    pub fn last_accepted(&self) -> Option<Instant> {
        self.state.last_accepted.lock().ok().and_then(|accepted| *accepted)
    }

    /// How many TCP connections were opened so far.
    #[must_use]
    pub fn opened(&self) -> u64 {
        self.server.connections()
    }

    /// What it has used so far. None if the system does not say.
    #[must_use]
    pub fn usage(&self) -> Option<Usage> {
        self.server.usage()
    }
}
