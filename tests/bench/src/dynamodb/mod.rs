//! A stand-in for DynamoDB: the local cloud's engine behind a layer that delays every call, counts it, and cancels
//! transactions that meet another one at the same item, as DynamoDB does and the engine does not.
//!
//! A read takes effect in the middle of its delay. A write takes effect at the end, and a transaction holds its items
//! from its arrival until then.

mod engine;
mod held_items;
mod meter;

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use axum::body::Body;
use dynoxide::Database;
use hyper::{Request, Response, body::Incoming};
use local_cloud::Template;
use serde_json::json;

use crate::{
    Error, Usage,
    http::{Server, answer, body_of, wait_until},
    tls::Tls,
};
use held_items::{HeldItems, Keys, Refusal};
pub use meter::Counts;
use meter::{Meter, Outcome};

const CONTENT_TYPE: &str = "application/x-amz-json-1.0";

/// A DynamoDB in memory with the template's tables. Dropping it stops it.
pub struct DynamoDb {
    server: Server,
    /// The same tables over TLS.
    tls_server: Option<Server>,
    state: Arc<State>,
}

struct State {
    database: Database,
    delay_micros: AtomicU64,
    keys: Keys,
    held: Mutex<HeldItems>,
    meter: Mutex<Meter>,
}

impl std::fmt::Debug for DynamoDb {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DynamoDb").field("server", &self.server).finish_non_exhaustive()
    }
}

impl DynamoDb {
    /// Starts it, without a delay, and creates the tables.
    pub(crate) async fn start(template: &Template, tls: Option<&Tls>) -> Result<Self, Error> {
        let database = Database::memory().map_err(|error| Error(format!("cannot open the tables: {error}")))?;
        let state = Arc::new(State {
            database,
            delay_micros: AtomicU64::default(),
            keys: Keys::of(&template.tables),
            held: Mutex::default(),
            meter: Mutex::default(),
        });
        let shared = state.clone();
        let handler = move |request| serve(shared.clone(), request);
        let server = Server::start("DynamoDB", None, handler.clone())?;
        let created = local_cloud::dynamodb::create_tables_at(server.url(), template).await;
        created.map_err(|error| Error(error.to_string()))?;
        let tls_server = tls.map(|tls| Server::start("DynamoDB, TLS", Some(tls.acceptor()), handler)).transpose()?;
        Ok(Self { server, tls_server, state })
    }

    /// The URL, for `AWS_ENDPOINT_URL_DYNAMODB`.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        self.functions_server().url()
    }

    fn functions_server(&self) -> &Server {
        self.tls_server.as_ref().unwrap_or(&self.server)
    }

    /// Creates a table that the template does not have. Its partition key is a string.
    ///
    /// # Errors
    ///
    /// The engine refuses the table.
    pub fn create_table(&self, name: &str, partition_key: &str) -> Result<(), Error> {
        let request = json!({
            "TableName": name,
            "AttributeDefinitions": [{ "AttributeName": partition_key, "AttributeType": "S" }],
            "KeySchema": [{ "AttributeName": partition_key, "KeyType": "HASH" }],
            "BillingMode": "PAY_PER_REQUEST",
        });
        let created = engine::call(&self.state.database, "CreateTable", request.to_string().as_bytes());
        created.map(drop).map_err(|error| Error(format!("cannot create the table {name}: {error}")))
    }

    /// Sets how long each call takes from now on, besides the engine's own time.
    pub fn set_delay(&self, delay: Duration) {
        self.state.delay_micros.store(u64::try_from(delay.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// What was counted since the start.
    #[must_use]
    pub fn counts(&self) -> Counts {
        lock(&self.state.meter).counts.clone()
    }

    /// Counts round trips from here: the next call is the first one. For one request at a time.
    pub fn start_chain(&self) {
        lock(&self.state.meter).start_chain();
    }

    /// How many calls that each waited for the one before led to the last successful transaction, itself included,
    /// since [`Self::start_chain`]. 0 if there was none.
    #[must_use]
    pub fn round_trips_to_commit(&self) -> u64 {
        lock(&self.state.meter).round_trips_to_commit()
    }

    /// What it has used so far, with the engine. None if the system does not say.
    #[must_use]
    pub fn usage(&self) -> Option<Usage> {
        self.functions_server().usage()
    }
}

async fn serve(state: Arc<State>, request: Request<Incoming>) -> Response<Body> {
    let arrived = Instant::now();
    // The header is, for example, `DynamoDB_20120810.GetItem`. A function that starts sends a bare GET without it.
    let target = request.headers().get("x-amz-target").and_then(|target| target.to_str().ok());
    let Some(operation) = target.and_then(|target| target.split_once('.')).map(|(_, name)| name.to_owned()) else {
        return answer(200, CONTENT_TYPE, "");
    };
    let body = body_of(request).await;
    let delay = Duration::from_micros(state.delay_micros.load(Ordering::Relaxed));
    let call = lock(&state.meter).arrived();
    let keys = state.keys.written(&operation, &body);
    let held = lock(&state.held).hold(&operation, &keys);
    let (status, text) = match held {
        Ok(()) => {
            let effect = if is_write(&operation) { delay } else { delay / 2 };
            if !effect.is_zero() {
                wait_until(arrived + effect).await;
            }
            let result = engine::call(&state.database, &operation, &body);
            lock(&state.held).release(&operation, &keys);
            match result {
                Ok(text) => (200, text),
                Err(error) => (error.status_code(), error.to_json()),
            }
        }
        Err(Refusal(text)) => (400, text),
    };
    if !delay.is_zero() {
        wait_until(arrived + delay).await;
    }
    lock(&state.meter).answered(call, &Outcome { operation, status, text: &text, took: arrived.elapsed() });
    answer(status, CONTENT_TYPE, text)
}

fn is_write(operation: &str) -> bool {
    matches!(operation, "PutItem" | "UpdateItem" | "DeleteItem" | "BatchWriteItem" | "TransactWriteItems")
}

/// A poisoned lock still has a valid value: nothing that holds one of these locks panics half-way.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
