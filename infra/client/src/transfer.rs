//! Attachments' bytes, between a client and the bucket: no byte of them passes the system itself.

use crate::documents::{Download, Upload};
use crate::{Error, random};
use reqwest::{Client, Method, StatusCode};
use sha2::{Digest as _, Sha256};
use std::time::Duration;
use tokio_tungstenite::tungstenite::Bytes;

/// The longest that one transfer may take: for as long as an upload is signed.
const LONGEST: Duration = Duration::from_secs(15 * 60);
/// How often a transfer is tried.
const TRIES: u32 = 4;
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(8);

/// SHA-256 in hexadecimal, as an attachment is announced with.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The way to the bucket.
#[derive(Debug, Clone)]
pub(crate) struct Transfer(Client);

impl Transfer {
    /// The TLS provider must be installed.
    pub(crate) fn new() -> Result<Self, reqwest::Error> {
        Ok(Self(Client::builder().timeout(LONGEST).no_proxy().build()?))
    }

    /// Uploads; what is there already stays.
    pub(crate) async fn put(&self, upload: &Upload, bytes: &Bytes) -> Result<(), Error> {
        let sent = self.retried(|| {
            let request = self.0.request(Method::PUT, &upload.url).body(bytes.clone());
            upload.headers.iter().fold(request, |request, (name, value)| request.header(name, value))
        });
        match sent.await {
            Ok(_) => Ok(()),
            // A try whose answer was lost has brought it there, and the bytes can be no others: they are signed.
            Err(Error::Bucket { status, .. }) if status == StatusCode::PRECONDITION_FAILED => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Downloads what has this digest.
    pub(crate) async fn get(&self, download: &Download, digest: &str) -> Result<Bytes, Error> {
        let response = self.retried(|| self.0.request(Method::GET, &download.url)).await?;
        let bytes = response.bytes().await.map_err(crate::wire::ClientError::from)?;
        if sha256(&bytes) == digest { Ok(bytes) } else { Err(Error::Damaged) }
    }

    /// What the bucket answers, tried again where that may help.
    async fn retried(&self, request: impl Fn() -> reqwest::RequestBuilder) -> Result<reqwest::Response, Error> {
        let mut tries = 0;
        loop {
            tries += 1;
            let error = match request().send().await {
                Ok(response) if response.status().is_success() => return Ok(response),
                Ok(response) => {
                    let status = response.status();
                    let message = response.text().await.unwrap_or_default();
                    let error = Error::Bucket { status, message };
                    if !status.is_server_error() {
                        return Err(error);
                    }
                    error
                }
                Err(error) => crate::wire::ClientError::from(error.without_url()).into(),
            };
            if tries == TRIES {
                return Err(error);
            }
            tokio::time::sleep(random::before_try(tries, FIRST_WAIT, LONGEST_WAIT)).await;
        }
    }
}
