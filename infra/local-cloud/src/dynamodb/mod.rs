//! DynamoDB with the template's tables: dynoxide in this process, or another endpoint.

mod capacity;
mod front;
mod lock;
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
pub use capacity::{ConsumedCapacity, consumed_capacity, consumes_reads};
use lock::FileLock;
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
    let embedded = Embedded::start(Reservation::memory(0)?, Arc::default())?;
    create_tables_at(&embedded.endpoint, template).await?;
    Ok(embedded)
}

/// Creates the template's missing tables at the URL of a DynamoDB, and waits until all are active.
///
/// # Errors
///
/// DynamoDB does not answer, rejects a table, or has a table of that name with other keys.
pub async fn create_tables_at(endpoint: &str, template: &Template) -> Result<(), Error> {
    let access = Access::new(endpoint, &BTreeMap::new());
    create_tables(&access, &template.tables).await.map(drop)
}

/// The port and the file of an embedded DynamoDB. They are reserved before anything is built, because another program
/// may use them.
#[derive(Debug)]
pub(crate) struct Reservation {
    listener: TcpListener,
    /// None for tables in memory.
    file: Option<(PathBuf, FileLock)>,
}

impl Reservation {
    /// Reserves the port, and the file if there is one. None for a DynamoDB that is not started here.
    ///
    /// # Errors
    ///
    /// Another program listens on the port, or another system uses the file.
    pub(crate) fn new(place: &DynamoDb, port: u16) -> Result<Option<Self>, Error> {
        match place {
            DynamoDb::Memory => Self::memory(port).map(Some),
            DynamoDb::File(file) => {
                let reserved = Self::memory(port)?;
                if let Some(directory) = file.parent().filter(|directory| !directory.as_os_str().is_empty()) {
                    std::fs::create_dir_all(directory)
                        .map_err(|source| Error::Directory { path: directory.to_owned(), source })?;
                }
                let lock = FileLock::acquire(file)?;
                Ok(Some(Self { file: Some((file.clone(), lock)), ..reserved }))
            }
            DynamoDb::Endpoint(_) => Ok(None),
        }
    }

    fn memory(port: u16) -> Result<Self, Error> {
        let listener = TcpListener::bind(("127.0.0.1", port));
        let listener = listener.map_err(|source| crate::ports::listen_error(port, source))?;
        Ok(Self { listener, file: None })
    }
}

/// Opens a database file in which a transaction does not wait for the disk (`PRAGMA synchronous = NORMAL`). By default,
/// each one waits for an fsync, which takes 5 ms or more and holds up all other requests. The end of this process loses
/// nothing. A loss of power can undo the newest transactions, but none of them in part.
fn open_file(file: &Path) -> dynoxide::Result<Database> {
    let database = Database::new(&file.to_string_lossy())?;
    // The engine's only way to set this pragma. It also sets the sizes of caches, to the values that they have anyway.
    database.disable_bulk_loading()?;
    Ok(database)
}

impl Embedded {
    /// Opens the file, or a database in memory if there is none, and serves it. dynoxide blocks the calling thread
    /// while SQLite works, so it has a thread and a runtime of its own. The proxy before it has others, so that it reads
    /// the next request meanwhile.
    pub(crate) fn start(reserved: Reservation, meter: Arc<TableMeter>) -> Result<Self, Error> {
        let Reservation { listener, file } = reserved;
        let database = match &file {
            None => Database::memory(),
            Some((file, _)) => open_file(file),
        };
        let database = database.map_err(|error| {
            let place = file.as_ref().map_or_else(|| "memory".to_owned(), |(file, _)| file.display().to_string());
            Error::DynamoDb(format!("cannot open {place}: {error}"))
        })?;
        let start = |source| Error::Start { part: "DynamoDB", source };
        listener.set_nonblocking(true).map_err(start)?;
        let endpoint = format!("http://{}", listener.local_addr().map_err(start)?);
        // dynoxide allows every web page to read its answers, so it runs behind a proxy that refuses all pages.
        let engine = TcpListener::bind(("127.0.0.1", 0)).map_err(start)?;
        engine.set_nonblocking(true).map_err(start)?;
        let engine_address = engine.local_addr().map_err(start)?;
        let new_runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build();
        let (runtime, front_runtime) = (new_runtime().map_err(start)?, new_runtime().map_err(start)?);
        let (front_stop, front_stop_signal) = oneshot::channel::<()>();
        let serve_front = move || {
            front_runtime.block_on(async {
                match tokio::net::TcpListener::from_std(listener) {
                    Ok(listener) => tokio::select! {
                        () = front::serve(listener, engine_address, meter) => {}
                        // Dropping the sender stops the proxy.
                        _ = front_stop_signal => {}
                    },
                    Err(error) => tracing::error!(%error, "the proxy of the embedded DynamoDB cannot start"),
                }
            });
        };
        let front = std::thread::Builder::new().name("dynamodb-front".to_owned()).spawn(serve_front).map_err(start)?;
        let (stop, stop_signal) = oneshot::channel::<()>();
        let (done, stopped) = oneshot::channel();
        let serve = move || {
            let result = runtime.block_on(async {
                let engine = tokio::net::TcpListener::from_std(engine).map_err(|error| error.to_string())?;
                let stop_signal = async move {
                    // Dropping the sender stops the server as well.
                    let _ = stop_signal.await;
                    drop(front_stop);
                };
                dynoxide::server::serve_with_shutdown(engine, database, stop_signal).await
            });
            if let Err(error) = result {
                tracing::error!(%error, "the embedded DynamoDB has stopped: restart the local cloud");
            }
            drop(runtime);
            let _ = front.join();
            // Nothing uses the file any more, so another system may.
            drop(file);
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
