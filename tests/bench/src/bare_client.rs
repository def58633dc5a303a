//! The yardstick of the fan-out: a client that posts the same bytes to the same stand-in, and does nothing else.

use std::{
    sync::mpsc,
    time::{Duration, Instant},
};

use axum::body::{Body, Bytes};
use futures_util::{StreamExt, stream};
use hyper::Request;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use tokio::sync::oneshot;

use crate::{Error, usage};

/// How many posts run at the same time, as in the functions' fan-out.
pub(crate) const CONCURRENCY: usize = 64;

/// A client on a thread of its own, as a function has a process of its own. Dropping it ends the thread.
#[derive(Debug)]
pub(crate) struct BareClient(mpsc::Sender<Order>);

/// What the posts of one message took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Round {
    /// From the first post until the last answer.
    pub(crate) wall: Duration,
    /// None if the system does not say.
    pub(crate) cpu: Option<Duration>,
}

struct Order {
    body: Bytes,
    posts: usize,
    done: oneshot::Sender<Result<Round, Error>>,
}

impl BareClient {
    /// Starts the client. It posts to connections of `endpoint`.
    pub(crate) fn start(endpoint: String) -> Result<Self, Error> {
        let (orders, waiting) = mpsc::channel::<Order>();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(Error::io("start the bare client"))?;
        let work = move || {
            let client = Client::builder(TokioExecutor::new()).build_http::<Body>();
            let thread = usage::current_thread();
            let usage = || thread.as_deref().and_then(usage::of_thread);
            while let Ok(Order { body, posts, done }) = waiting.recv() {
                let (started, before) = (Instant::now(), usage());
                let result = runtime.block_on(post_all(&client, &endpoint, &body, posts));
                let cpu = usage::between(before, usage()).map(|usage| usage.cpu);
                let _ = done.send(result.map(|()| Round { wall: started.elapsed(), cpu }));
            }
        };
        let thread = std::thread::Builder::new().name("bare client".to_owned()).spawn(work);
        thread.map(|_| Self(orders)).map_err(Error::io("start the bare client"))
    }

    /// Posts `body` to as many connections as `posts` says. The first round opens the TCP connections.
    pub(crate) async fn round(&self, body: Bytes, posts: usize) -> Result<Round, Error> {
        let (done, result) = oneshot::channel();
        let lost = || Error("the bare client has ended".to_owned());
        self.0.send(Order { body, posts, done }).map_err(|_closed| lost())?;
        result.await.unwrap_or_else(|_closed| Err(lost()))
    }
}

async fn post_all(
    client: &Client<HttpConnector, Body>,
    endpoint: &str,
    body: &Bytes,
    posts: usize,
) -> Result<(), Error> {
    let answers = stream::iter(0..posts).map(|number| {
        let request = Request::post(format!("{endpoint}/@connections/c{number}"))
            .header("content-type", "application/octet-stream")
            .body(Body::from(body.clone()));
        async move {
            let failed = |error: &dyn std::fmt::Display| Error(format!("a post of the bare client failed: {error}"));
            let request = request.map_err(|error| failed(&error))?;
            let response = client.request(request).await.map_err(|error| failed(&error))?;
            // Reading the body frees the TCP connection for the next post.
            let read = axum::body::to_bytes(Body::new(response.into_body()), usize::MAX).await;
            read.map(drop).map_err(|error| failed(&error))
        }
    });
    let mut answers = answers.buffer_unordered(CONCURRENCY);
    while let Some(result) = answers.next().await {
        result?;
    }
    Ok(())
}
