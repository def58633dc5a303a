//! Emulates Lambda, API Gateway (HTTP and WebSocket), DynamoDB, S3 and publishing to SNS on loopback, from a SAM
//! template with functions in Rust.
//!
//! [`LocalCloud::start`] reads a `template.yaml`, builds its functions with cargo (or runs built ones: [`Lambda`]),
//! creates its tables and buckets, and serves its APIs on 127.0.0.1 until it is shut down. A new route, table or
//! variable in the template works without another edit.
//!
//! It serves the functions that cargo builds (`BuildMethod: rust-cargolambda`), their `HttpApi` events, one HTTP API,
//! one WebSocket API, tables and buckets. [`Event::Warning`] reports the parts of the template that are not supported,
//! such as functions in other languages. The rest runs without them. docs/ARCHITECTURE.md, "The local cloud", lists
//! what is served and where it differs from AWS.
//!
//! [`Template::load`] and [`dynamodb::start_in_memory`] are for tests that need only the tables.

#![warn(missing_docs)]
#![allow(
    clippy::disallowed_methods,
    reason = "this emulates AWS: it provides the clock, randomness and environment of the machine"
)]

mod arn;
mod body;
mod cors;
pub mod dynamodb;
mod error;
mod functions_build;
pub mod guard;
mod http_api;
mod ids;
mod lambda;
pub mod metrics;
mod notifications;
mod options;
mod ports;
mod s3;
pub mod template;
mod websocket_api;

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use tokio::{
    sync::{mpsc, watch},
    task::AbortHandle,
};

pub use dynamodb::DynamoDb;
pub use error::Error;
pub use functions_build::build_program;
pub use options::{Addresses, Event, Lambda, Limits, Options, Output, Page, PagePolicy, PageSource, Site};
pub use ports::Ports;
pub use s3::S3;
pub use template::Template;

use dynamodb::{Access, Embedded, Reservation, create_tables};
use http_api::pages::Pages;
use lambda::{Functions, PoolLimits};
use metrics::{Metrics, Runner, TableMeter};

/// A running local cloud. Dropping it stops all parts at once. [`LocalCloud::shutdown`] stops them in order.
pub struct LocalCloud {
    http_url: String,
    websocket_url: String,
    dynamodb_endpoint: String,
    s3_endpoint: String,
    metrics_url: String,
    template: Template,
    functions: Arc<Functions>,
    dynamodb: Option<Embedded>,
    /// Tells the connections to close.
    stop: watch::Sender<bool>,
    /// The receiver completes after the sender here is dropped and the last connection has ended.
    alive: (Option<mpsc::Sender<()>>, mpsc::Receiver<()>),
    tasks: Vec<AbortHandle>,
}

impl LocalCloud {
    /// Reads the template, builds the functions and starts all parts. Returns when they accept requests.
    ///
    /// # Errors
    ///
    /// See [`Error`]. Parts that were started before the error are stopped.
    pub async fn start(options: Options) -> Result<Self, Error> {
        let Options {
            template,
            parameters,
            ports,
            dynamodb,
            dynamodb_port,
            s3,
            s3_port,
            metrics_port,
            lambda,
            limits,
            environment,
            pages,
            site,
            output,
        } = options;
        let template = Template::load(&template, &parameters)?;
        let warn = |text: String| output(Event::Warning(text));
        template.warnings.iter().cloned().for_each(warn);
        let (pages, unserved) = http_api::pages::servable(template.http_api.as_ref(), pages);
        unserved.into_iter().for_each(warn);
        if let Some(violation) = template.violations.first() {
            return Err(Error::Rule(violation.clone()));
        }
        let reserved = Reservation::new(&dynamodb, dynamodb_port)?;
        let (metrics_listener, metrics_address) = ports::listen(metrics_port).await?;
        let (s3_listener, s3_address) = ports::listen(s3_port).await?;
        let (topics_listener, topics_address) = ports::listen(0).await?;
        let runner = if matches!(lambda, Lambda::Endpoint(_)) { Runner::Endpoint } else { Runner::Processes };
        let tables = (!matches!(dynamodb, DynamoDb::Endpoint(_))).then(Arc::<TableMeter>::default);
        let metrics = Arc::new(Metrics::new(&template, runner, tables.clone()));

        // The build of the programs takes the longest and fails most often, so it comes first.
        let (served, unserved) = match &lambda {
            // `cargo lambda watch` knows which functions it serves.
            Lambda::Endpoint(_) => Default::default(),
            Lambda::Build | Lambda::Prebuilt(_) | Lambda::OneProgram { .. } => functions_build::served(&template)?,
        };
        unserved.into_iter().for_each(warn);
        let programs = match &lambda {
            Lambda::Build => {
                output(Event::Building);
                let programs = functions_build::build(&served, &template.directory, &output).await?;
                output(Event::Built { functions: programs.len() });
                programs
            }
            Lambda::Prebuilt(directory) => functions_build::find(&served, directory)?,
            Lambda::OneProgram { program, arguments } => functions_build::one_program(&served, program, arguments)?,
            Lambda::Endpoint(_) => HashMap::new(),
        };
        let embedded = reserved.map(|reserved| Embedded::start(reserved, tables.unwrap_or_default())).transpose()?;
        let dynamodb_endpoint = match (&embedded, dynamodb) {
            (Some(embedded), _) => embedded.endpoint().to_owned(),
            (None, DynamoDb::Endpoint(url)) => url,
            (None, _) => String::new(),
        };
        let access = Access::new(&dynamodb_endpoint, &environment);
        create_tables(&access, &template.tables).await?.into_iter().for_each(warn);

        let buckets = s3::Embedded::new(&s3, &template.buckets, &environment)?;
        let s3_endpoint = format!("http://{s3_address}");

        let functions = match &lambda {
            Lambda::Endpoint(url) => Functions::remote(url, &template.functions, metrics.clone(), output.clone())?,
            Lambda::Build | Lambda::Prebuilt(_) | Lambda::OneProgram { .. } => {
                let mut variables =
                    BTreeMap::from([("AWS_ENDPOINT_URL_DYNAMODB".to_owned(), dynamodb_endpoint.clone())]);
                variables.insert("AWS_ENDPOINT_URL_S3".to_owned(), s3_endpoint.clone());
                variables.insert("AWS_ENDPOINT_URL_SNS".to_owned(), format!("http://{topics_address}"));
                variables.extend(environment);
                let pool = PoolLimits { processes: limits.processes, wait: limits.throttle };
                let functions = &template.functions;
                Functions::in_processes(functions, &programs, variables, pool, metrics.clone(), output.clone()).await?
            }
        };
        let functions = Arc::new(functions);
        let (stop, stopped) = watch::channel(false);
        let (alive, gone) = mpsc::channel(1);
        let http_url = ports.http_url();
        let websocket_stage = template.websocket_api.as_ref().map_or("", |api| &api.stage);
        let websocket_url = format!("ws://{}/{websocket_stage}", ports.websocket_address());
        let mut tasks = Vec::new();
        if let Some(api) = template.http_api.clone() {
            let addresses = Addresses {
                http_url: http_url.clone(),
                websocket_url: websocket_url.clone(),
                s3_endpoint: s3_endpoint.clone(),
            };
            let pages = Arc::new(Pages::new(pages, site, addresses, api.clone()));
            let serve = http_api::serve(ports.http, api, pages, functions.clone(), metrics.clone());
            tasks.push(tokio::spawn(serve).abort_handle());
        }
        if let Some(api) = template.websocket_api.clone() {
            let lifetime = websocket_api::Lifetime { stopped, alive: alive.downgrade() };
            let serve =
                websocket_api::serve(ports.websocket, api, functions.clone(), limits, metrics.clone(), lifetime);
            tasks.push(tokio::spawn(serve).abort_handle());
        }
        tasks.push(tokio::spawn(buckets.serve(s3_listener)).abort_handle());
        tasks.push(tokio::spawn(notifications::serve(topics_listener, output)).abort_handle());
        tasks.push(tokio::spawn(metrics::serve(metrics_listener, metrics)).abort_handle());
        Ok(Self {
            http_url,
            websocket_url,
            dynamodb_endpoint,
            s3_endpoint,
            metrics_url: format!("http://{metrics_address}"),
            template,
            functions,
            dynamodb: embedded,
            stop,
            alive: (Some(alive), gone),
            tasks,
        })
    }

    /// The base URL of the HTTP API, such as `http://127.0.0.1:3000`.
    #[must_use]
    pub fn http_url(&self) -> &str {
        &self.http_url
    }

    /// The URL of the WebSocket API with its stage, such as `ws://127.0.0.1:3001/dev`.
    #[must_use]
    pub fn websocket_url(&self) -> &str {
        &self.websocket_url
    }

    /// The URL of DynamoDB, embedded or not, such as `http://127.0.0.1:3003`.
    #[must_use]
    pub fn dynamodb_endpoint(&self) -> &str {
        &self.dynamodb_endpoint
    }

    /// The URL of S3 for path-style requests, such as `http://127.0.0.1:3004`.
    #[must_use]
    pub fn s3_endpoint(&self) -> &str {
        &self.s3_endpoint
    }

    /// The base URL of the metrics, such as `http://127.0.0.1:3005`. `GET /metrics` answers a [`metrics::Snapshot`] as
    /// JSON.
    #[must_use]
    pub fn metrics_url(&self) -> &str {
        &self.metrics_url
    }

    /// The template, read with the parameters of the start.
    #[must_use]
    pub fn template(&self) -> &Template {
        &self.template
    }

    /// Closes the connections and waits for their `$disconnect`, at most 10 s. Then it stops the functions, then the
    /// database.
    pub async fn shutdown(mut self) {
        let _ = self.stop.send(true);
        self.abort();
        let (alive, gone) = &mut self.alive;
        drop(alive.take());
        // Nothing is sent on the channel. It closes when its last sender is dropped.
        let _ = tokio::time::timeout(Duration::from_secs(10), gone.recv()).await;
        self.functions.stop().await;
        if let Some(dynamodb) = self.dynamodb.take() {
            dynamodb.shutdown().await;
        }
    }

    fn abort(&mut self) {
        for task in self.tasks.drain(..) {
            task.abort();
        }
    }
}

impl Drop for LocalCloud {
    fn drop(&mut self) {
        self.abort();
    }
}

/// Returns when the value is true or the sender is dropped.
async fn stopped(stopped: &mut watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stopped| *stopped).await;
}
