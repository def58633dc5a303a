//! The yardstick of the fan-out: a client that posts the same bytes to the same stand-in, and does nothing else.

use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use futures_util::{StreamExt, stream};
use hyper::Request;
use hyper_util::{client::legacy::Client, rt::TokioExecutor};

use crate::{Error, usage};

/// How many posts run at the same time, as in the functions' fan-out.
pub(crate) const CONCURRENCY: usize = 64;

/// What the posts of one round took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Round {
    /// From the first post until the last answer.
    pub(crate) wall: Duration,
    /// None if the system does not say.
    pub(crate) cpu: Option<Duration>,
}

/// Posts `body` to as many connections of `endpoint` as `posts` says, `rounds` times, with one client on a thread of
/// its own. The first round opens the connections.
///
/// # Errors
///
/// A post failed, or no thread can be had.
pub(crate) fn post_all(endpoint: &str, body: &Bytes, posts: usize, rounds: usize) -> Result<Vec<Round>, Error> {
    let (endpoint, body) = (endpoint.to_owned(), body.clone());
    let work = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(Error::io("start the bare client"))?;
        runtime.block_on(async {
            let client = Client::builder(TokioExecutor::new()).build_http::<Body>();
            let mut results = Vec::with_capacity(rounds);
            for _ in 0..rounds {
                let thread = usage::current_thread();
                let usage = || thread.as_deref().and_then(usage::of_thread);
                let (started, before) = (Instant::now(), usage());
                let mut answers = stream::iter(0..posts)
                    .map(|number| {
                        let request = Request::post(format!("{endpoint}/@connections/c{number}"))
                            .header("content-type", "application/octet-stream")
                            .body(Body::from(body.clone()));
                        let client = &client;
                        async move {
                            let request = request.map_err(|error| Error(error.to_string()))?;
                            let response =
                                client.request(request).await.map_err(|error| Error(format!("a post: {error}")))?;
                            // Reading the body frees the connection for the next post.
                            let read = axum::body::to_bytes(Body::new(response.into_body()), usize::MAX).await;
                            read.map(drop).map_err(|error| Error(format!("a post: {error}")))
                        }
                    })
                    .buffer_unordered(CONCURRENCY);
                while let Some(result) = answers.next().await {
                    result?;
                }
                let cpu = usage::between(before, usage()).map(|usage| usage.cpu);
                results.push(Round { wall: started.elapsed(), cpu });
            }
            Ok(results)
        })
    };
    let thread = std::thread::Builder::new().name("bare client".to_owned()).spawn(work);
    let thread = thread.map_err(Error::io("start the bare client"))?;
    thread.join().unwrap_or_else(|_| Err(Error("the bare client panicked".to_owned())))
}
