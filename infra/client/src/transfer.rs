//! Attachments' bytes, between a client and the bucket: no byte of them passes the system itself.

use crate::documents::{Download, Upload};
use crate::wire::ClientError;
use crate::{Error, random};
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use sha2::{Digest as _, Sha256};
use std::time::Duration;
use tokio_tungstenite::tungstenite::Bytes;

/// The longest that a transfer may take with all its tries: for as long as an upload is signed.
const LONGEST: Duration = Duration::from_secs(15 * 60);
/// The longest that the bucket may take to let a connection in.
const CONNECT: Duration = Duration::from_secs(10);
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
        Ok(Self(Client::builder().connect_timeout(CONNECT).no_proxy().build()?))
    }

    /// Uploads; what is there already stays.
    pub(crate) async fn put(&self, upload: &Upload, bytes: &Bytes) -> Result<(), Error> {
        let put = || {
            let request = self.0.request(Method::PUT, &upload.url).body(bytes.clone());
            upload.headers.iter().fold(request, |request, (name, value)| request.header(name, value))
        };
        match retried(put, 0).await {
            Ok(_) => Ok(()),
            // A try whose answer was lost has brought it there, and the bytes can be no others: they are signed.
            Err(Error::Bucket { status: StatusCode::PRECONDITION_FAILED, .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Downloads what has so many bytes, and this digest.
    pub(crate) async fn get(&self, download: &Download, size: u64, digest: &str) -> Result<Vec<u8>, Error> {
        let most = usize::try_from(size).map_err(|_too_large| Error::Damaged)?;
        let bytes = retried(|| self.0.request(Method::GET, &download.url), most).await?;
        if bytes.len() == most && sha256(&bytes) == digest { Ok(bytes) } else { Err(Error::Damaged) }
    }
}

/// What the bucket answers with success, of which no more is read than this; no address is in an error, since who has it
/// has the bytes.
async fn answer(request: RequestBuilder, most: usize) -> Result<Vec<u8>, Error> {
    let failed = |error: reqwest::Error| Error::from(ClientError::from(error.without_url()));
    let mut response = request.send().await.map_err(failed)?;
    let status = response.status();
    if !status.is_success() {
        return Err(Error::Bucket { status, message: response.text().await.map_err(failed)? });
    }
    let mut bytes = Vec::new();
    while let Some(part) = response.chunk().await.map_err(failed)? {
        if bytes.len() + part.len() > most {
            return Err(Error::Damaged);
        }
        bytes.extend_from_slice(&part);
    }
    Ok(bytes)
}

/// Whether the same request may succeed later: another write of the same object is under way (409, which S3 says of
/// conditional ones), the bucket is busy, or took what came too slowly for none.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>
fn is_transient(error: &Error) -> bool {
    match error {
        Error::Bucket { status, message } => {
            let is_slow = *status == StatusCode::BAD_REQUEST && message.contains("<Code>RequestTimeout</Code>");
            status.is_server_error() || *status == StatusCode::CONFLICT || is_slow
        }
        Error::Wire(_) => true,
        _ => false,
    }
}

/// What a request is answered, of which no more is read than this; tried again where that may help, for [`LONGEST`] in all.
async fn retried(request: impl Fn() -> RequestBuilder, most: usize) -> Result<Vec<u8>, Error> {
    let all = async {
        let mut tries = 0;
        loop {
            tries += 1;
            match answer(request(), most).await {
                Err(error) if is_transient(&error) && tries < TRIES => {}
                result => return result,
            }
            tokio::time::sleep(random::before_try(tries, FIRST_WAIT, LONGEST_WAIT)).await;
        }
    };
    tokio::time::timeout(LONGEST, all).await.unwrap_or(Err(Error::NoAnswer))
}
