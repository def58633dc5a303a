//! DynamoDB with the template's tables: dynoxide in this process, or another endpoint.

mod front;
mod tables;

use std::{
    collections::BTreeMap,
    net::TcpListener,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use dynoxide::Database;
use tokio::sync::oneshot;

use crate::{Error, metrics::TableMeter, template::Template};
pub(crate) use tables::{Access, create_tables};

/// Where the tables are stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DynamoDb {
    /// In memory. They are lost when the local cloud stops.
    Memory,
    /// In this SQLite file, which is created if it does not exist.
    File(PathBuf),
    /// At the URL of another DynamoDB, such as DynamoDB Local.
    Endpoint(String),
}

/// A DynamoDB in this process, on loopback. Dropping it stops it.
#[derive(Debug)]
pub struct Embedded {
    endpoint: String,
    stop: Option<oneshot::Sender<()>>,
    stopped: Option<oneshot::Receiver<()>>,
}

/// Starts a DynamoDB in memory, on any free port, with the tables of the template.
///
/// # Errors
///
/// DynamoDB cannot start, or rejects a table.
pub async fn start_in_memory(template: &Template) -> Result<Embedded, Error> {
    let embedded = Embedded::start(None, 0, Arc::default())?;
    let access = Access::new(&embedded.endpoint, &BTreeMap::new());
    create_tables(&access, &template.tables).await?;
    Ok(embedded)
}

impl Embedded {
    /// Opens the file, or a database in memory if there is none, and serves it. dynoxide blocks the calling thread
    /// while SQLite works, so it has a thread and a runtime of its own.
    pub(crate) fn start(file: Option<&Path>, port: u16, meter: Arc<TableMeter>) -> Result<Self, Error> {
        let database = match file {
            None => Database::memory(),
            Some(file) => {
                if let Some(directory) = file.parent().filter(|directory| !directory.as_os_str().is_empty()) {
                    std::fs::create_dir_all(directory)
                        .map_err(|source| Error::Directory { path: directory.to_owned(), source })?;
                }
                Database::new(&file.to_string_lossy())
            }
        };
        let database = database.map_err(|error| {
            let place = file.map_or_else(|| "memory".to_owned(), |file| file.display().to_string());
            Error::DynamoDb(format!("cannot open {place}: {error}"))
        })?;
        let listener =
            TcpListener::bind(("127.0.0.1", port)).map_err(|source| crate::ports::listen_error(port, source))?;
        let start = |source| Error::Start { part: "DynamoDB", source };
        listener.set_nonblocking(true).map_err(start)?;
        let endpoint = format!("http://{}", listener.local_addr().map_err(start)?);
        // dynoxide allows every web page to read its answers, so it runs behind a proxy that refuses all pages.
        let engine = TcpListener::bind(("127.0.0.1", 0)).map_err(start)?;
        engine.set_nonblocking(true).map_err(start)?;
        let engine_address = engine.local_addr().map_err(start)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(start)?;
        let (stop, stop_signal) = oneshot::channel::<()>();
        let (done, stopped) = oneshot::channel();
        let serve = move || {
            let result = runtime.block_on(async {
                let engine = tokio::net::TcpListener::from_std(engine).map_err(|error| error.to_string())?;
                let listener = tokio::net::TcpListener::from_std(listener).map_err(|error| error.to_string())?;
                let front = tokio::spawn(front::serve(listener, engine_address, meter));
                let stop_signal = async move {
                    // Dropping the sender stops the server as well.
                    let _ = stop_signal.await;
                    front.abort();
                };
                dynoxide::server::serve_with_shutdown(engine, database, stop_signal).await
            });
            if let Err(error) = result {
                tracing::error!(%error, "the embedded DynamoDB has stopped: restart the local cloud");
            }
            drop(runtime);
            let _ = done.send(());
        };
        std::thread::Builder::new().name("dynamodb".to_owned()).spawn(serve).map_err(start)?;
        Ok(Self { endpoint, stop: Some(stop), stopped: Some(stopped) })
    }

    /// The URL, for `AWS_ENDPOINT_URL_DYNAMODB`.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Stops the server and waits until the database is closed, at most 5 s.
    pub async fn shutdown(mut self) {
        drop(self.stop.take());
        if let Some(stopped) = self.stopped.take() {
            let _ = tokio::time::timeout(Duration::from_secs(5), stopped).await;
        }
    }
}
