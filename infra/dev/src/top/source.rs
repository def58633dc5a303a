//! Reads `GET /metrics` of a running local cloud.

use crate::{Error, root_cause};
use client::wire::{ClientError, HttpClient};
use local_cloud::metrics::Snapshot;
use std::time::Duration;

/// Generous: the local cloud is on the same machine, and its answer takes only counting.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);

/// A client for the metrics of one local cloud.
#[derive(Debug, Clone)]
pub struct Source {
    http: HttpClient,
    url: String,
}

impl Source {
    /// `url` is the address of the metrics, such as `http://127.0.0.1:3005`.
    ///
    /// # Errors
    /// TLS cannot be set up.
    pub fn new(url: &str) -> Result<Self, Error> {
        Ok(Self { http: HttpClient::new(url, None)?, url: url.trim_end_matches('/').to_owned() })
    }

    /// The address, without a slash at the end.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Reads the current counts.
    ///
    /// # Errors
    /// Nothing answers in time, or the answer is not from a local cloud of this version.
    pub async fn read(&self) -> Result<Snapshot, Error> {
        let not_running = |reason: String| Error::NotRunning { url: self.url.clone(), option: "--metrics-url", reason };
        let not_metrics = |reason: String| Error::NotMetrics { url: self.url.clone(), reason };
        let Ok(answer) = tokio::time::timeout(REQUEST_TIMEOUT, self.http.get("/metrics")).await else {
            return Err(not_running(format!("no answer within {} s", REQUEST_TIMEOUT.as_secs())));
        };
        match answer {
            Ok((200, body)) => serde_json::from_value(body).map_err(|error| not_metrics(error.to_string())),
            Ok((status, _)) => Err(not_metrics(format!("it answers {status}"))),
            Err(error @ ClientError::Json(_)) => Err(not_metrics(error.to_string())),
            Err(error) => Err(not_running(root_cause(&error))),
        }
    }
}
