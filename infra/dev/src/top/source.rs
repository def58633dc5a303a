//! Where the numbers come from: `GET /metrics` of a running local cloud.

use crate::Error;
use client::wire::{ClientError, HttpClient};
use local_cloud::metrics::Snapshot;
use std::time::Duration;

/// It is on the same machine and only has to count.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);

/// The metrics of one local cloud.
#[derive(Debug, Clone)]
pub struct Source {
    http: HttpClient,
    url: String,
}

impl Source {
    /// Of the local cloud whose metrics are at this address, such as `http://127.0.0.1:3005`.
    ///
    /// # Errors
    /// The TLS set-up fails.
    pub fn new(url: &str) -> Result<Self, Error> {
        Ok(Self { http: HttpClient::new(url, None)?, url: url.trim_end_matches('/').to_owned() })
    }

    /// The address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What it has counted until now.
    ///
    /// # Errors
    /// Nothing answers there, or something else than a local cloud of this version.
    pub async fn read(&self) -> Result<Snapshot, Error> {
        let silent = |reason: String| Error::NotRunning { url: self.url.clone(), reason };
        let other = |reason: String| Error::NotMetrics { url: self.url.clone(), reason };
        let Ok(answer) = tokio::time::timeout(REQUEST_TIMEOUT, self.http.get("/metrics")).await else {
            return Err(silent(format!("no answer within {} s", REQUEST_TIMEOUT.as_secs())));
        };
        match answer {
            Ok((200, body)) => serde_json::from_value(body).map_err(|error| other(error.to_string())),
            Ok((status, _)) => Err(other(format!("it answers {status}"))),
            Err(error @ ClientError::Json(_)) => Err(other(error.to_string())),
            Err(error) => Err(silent(cause(&error))),
        }
    }
}

/// What is at the bottom of an error; what is above it names the address once more.
fn cause(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(|| error.to_string(), cause)
}
