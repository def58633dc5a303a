//! A small HTTP server on loopback, for the stand-ins.

use std::{
    future::Future,
    path::PathBuf,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::body::{Body, Bytes};
use hyper::{Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpListener, sync::oneshot};
use tokio_rustls::TlsAcceptor;

use crate::{Error, Usage, usage};

/// How long the server waits after it could not accept a connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(10);

/// A server on a thread of its own, so that its CPU time can be told from that of others. Dropping it stops it.
#[derive(Debug)]
pub(crate) struct Server {
    url: String,
    accepted: Arc<AtomicU64>,
    thread: Arc<OnceLock<PathBuf>>,
    _stop: oneshot::Sender<()>,
}

impl Server {
    /// Starts a server whose requests are answered by `handler`, over TLS if `tls` is set.
    pub(crate) fn start<H, F>(name: &str, tls: Option<TlsAcceptor>, handler: H) -> Result<Self, Error>
    where
        H: Fn(Request<Incoming>) -> F + Clone + Send + 'static,
        F: Future<Output = Response<Body>> + Send + 'static,
    {
        let start = |error| Error(format!("cannot start {name}: {error}"));
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).map_err(start)?;
        listener.set_nonblocking(true).map_err(start)?;
        let scheme = if tls.is_some() { "https" } else { "http" };
        let url = format!("{scheme}://{}", listener.local_addr().map_err(start)?);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(start)?;
        let (stop, stopped) = oneshot::channel::<()>();
        let (accepted, thread) = (Arc::<AtomicU64>::default(), Arc::<OnceLock<PathBuf>>::default());
        let (connections, own_thread) = (accepted.clone(), thread.clone());
        let serve = move || {
            if let Some(directory) = usage::current_thread() {
                let _ = own_thread.set(directory);
            }
            runtime.block_on(async {
                let Ok(listener) = TcpListener::from_std(listener) else { return };
                tokio::select! {
                    () = accept(listener, tls, connections, handler) => {}
                    _ = stopped => {}
                }
            });
        };
        std::thread::Builder::new().name(name.to_owned()).spawn(serve).map_err(start)?;
        Ok(Self { url, accepted, thread, _stop: stop })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// How many connections were opened so far.
    pub(crate) fn connections(&self) -> u64 {
        self.accepted.load(Ordering::Relaxed)
    }

    /// What the server has used so far. None if the system does not say.
    pub(crate) fn usage(&self) -> Option<Usage> {
        usage::of_thread(self.thread.get()?)
    }
}

async fn accept<H, F>(listener: TcpListener, tls: Option<TlsAcceptor>, accepted: Arc<AtomicU64>, handler: H)
where
    H: Fn(Request<Incoming>) -> F + Clone + Send + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Too many open files, for example. The client waits meanwhile.
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let _ = stream.set_nodelay(true);
        accepted.fetch_add(1, Ordering::Relaxed);
        let handler = handler.clone();
        let service = service_fn(move |request| {
            let answer = handler(request);
            async move { Ok::<_, std::convert::Infallible>(answer.await) }
        });
        let tls = tls.clone();
        // A connection fails when the client's process is killed.
        tokio::spawn(async move {
            let http = http1::Builder::new();
            match tls {
                None => drop(http.serve_connection(TokioIo::new(stream), service).await),
                Some(tls) => {
                    if let Ok(stream) = tls.accept(stream).await {
                        drop(http.serve_connection(TokioIo::new(stream), service).await);
                    }
                }
            }
        });
    }
}

/// The whole body of a request. Empty if the client went away.
pub(crate) async fn body_of(request: Request<Incoming>) -> Bytes {
    axum::body::to_bytes(Body::new(request.into_body()), usize::MAX).await.unwrap_or_default()
}

/// An answer with this status and body.
pub(crate) fn answer(status: u16, content_type: &'static str, body: impl Into<Body>) -> Response<Body> {
    let mut response = Response::new(body.into());
    *response.status_mut() = hyper::StatusCode::from_u16(status).unwrap_or_default();
    response.headers_mut().insert("content-type", hyper::header::HeaderValue::from_static(content_type));
    response
}

/// Waits until `moment`, as exactly as tokio's timer can on average: it rounds up to its next millisecond.
pub(crate) async fn wait_until(moment: std::time::Instant) {
    const HALF_A_TICK: Duration = Duration::from_micros(500);
    let moment = moment.checked_sub(HALF_A_TICK).unwrap_or(moment);
    if moment > std::time::Instant::now() {
        tokio::time::sleep_until(moment.into()).await;
    }
}
