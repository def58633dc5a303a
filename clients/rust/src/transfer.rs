//! Uploads and downloads of attachments. The bytes go between the client and the bucket, not through the system.

use crate::documents::{Download, Upload};
use crate::wire::ClientError;
use crate::{Error, random};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use sha2::{Digest as _, Sha256};
use std::time::Duration;
use tokio_tungstenite::tungstenite::Bytes;

/// The time-out of a transfer with all its tries. It is as long as the presigned URL of an upload is valid.
const TRANSFER_TIMEOUT: Duration = Duration::from_secs(15 * 60);
/// The time-out of connecting to the bucket.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// A download is tried again when no byte came for this long.
const READ_TIMEOUT: Duration = Duration::from_secs(30);
/// How often a transfer is tried in all.
const MAX_ATTEMPTS: u32 = 4;
/// The first wait before another try is at most this long. The bound doubles with each further wait, up to
/// [`MAX_WAIT`].
const MAX_FIRST_WAIT: Duration = Duration::from_secs(2);
/// No wait before another try is longer.
const MAX_WAIT: Duration = Duration::from_secs(8);
/// How much of a refusal is read. S3 sends some hundred bytes.
const MAX_REFUSAL_BYTES: usize = 16 * 1024;

/// The SHA-256 of some bytes in hexadecimal, as the request that creates an attachment has it.
pub fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// An HTTP client for the bucket.
#[derive(Debug, Clone)]
pub(crate) struct Transfer {
    client: Client,
    read_timeout: Duration,
}

impl Transfer {
    /// Install the TLS provider first.
    pub(crate) fn new() -> Result<Self, reqwest::Error> {
        Ok(Self {
            client: Client::builder().connect_timeout(CONNECT_TIMEOUT).no_proxy().build()?,
            read_timeout: READ_TIMEOUT,
        })
    }

    /// Uploads an attachment. If the object exists already, it stays.
    pub(crate) async fn put(&self, upload: &Upload, bytes: &Bytes) -> Result<(), Error> {
        let put = || {
            let request = self.client.request(Method::PUT, &upload.url).body(bytes.clone());
            upload.headers.iter().fold(request, |request, (name, value)| request.header(name, value))
        };
        // The bucket answers when it has all bytes, so an upload has no read time-out of its own.
        match send_with_retry(put, 0, TRANSFER_TIMEOUT).await {
            Ok(_) => Ok(()),
            // An earlier try stored the object, and its answer was lost. The bytes are the same: their SHA-256 is
            // signed.
            Err(Error::Bucket { status: StatusCode::PRECONDITION_FAILED, .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Downloads an attachment, and checks its size in bytes and its SHA-256.
    pub(crate) async fn get(&self, download: &Download, size: u64, expected_sha256: &str) -> Result<Vec<u8>, Error> {
        let max_bytes = usize::try_from(size).map_err(|_too_large| Error::DamagedAttachment)?;
        let bytes =
            send_with_retry(|| self.client.request(Method::GET, &download.url), max_bytes, self.read_timeout).await?;
        if bytes.len() == max_bytes && sha256(&bytes) == expected_sha256 {
            Ok(bytes)
        } else {
            Err(Error::DamagedAttachment)
        }
    }
}

/// Sends a request once. Returns the body of a successful answer, of at most `max_bytes`. Errors do not contain the
/// URL: whoever has a presigned URL can read the bytes.
async fn send(request: RequestBuilder, max_bytes: usize, read_timeout: Duration) -> Result<Vec<u8>, Error> {
    let response = tokio::time::timeout(read_timeout, request.send()).await;
    let mut response = response.map_err(|_elapsed| Error::NoAnswer)?.map_err(without_url)?;
    let status = response.status();
    if status.is_success() {
        return read_body(&mut response, max_bytes, read_timeout).await;
    }
    let message = read_body(&mut response, MAX_REFUSAL_BYTES, read_timeout).await.unwrap_or_default();
    Err(Error::Bucket { status, message: String::from_utf8_lossy(&message).into_owned() })
}

async fn read_body(response: &mut Response, max_bytes: usize, read_timeout: Duration) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    loop {
        let part = tokio::time::timeout(read_timeout, response.chunk()).await;
        let Some(part) = part.map_err(|_elapsed| Error::NoAnswer)?.map_err(without_url)? else { return Ok(bytes) };
        if bytes.len() + part.len() > max_bytes {
            return Err(Error::DamagedAttachment);
        }
        bytes.extend_from_slice(&part);
    }
}

fn without_url(error: reqwest::Error) -> Error {
    ClientError::from(error.without_url()).into()
}

/// Whether the same request may succeed later. 409: another conditional write of the same object is in progress.
/// RequestTimeout: the bucket received the bytes too slowly. 5xx: the bucket is busy.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>
fn is_transient(error: &Error) -> bool {
    match error {
        Error::Bucket { status, message } => {
            let is_timeout = *status == StatusCode::BAD_REQUEST && message.contains("<Code>RequestTimeout</Code>");
            status.is_server_error() || *status == StatusCode::CONFLICT || is_timeout
        }
        Error::Wire(_) | Error::NoAnswer => true,
        _ => false,
    }
}

/// Like [`send`], with more tries after a transient error. All tries together take at most [`TRANSFER_TIMEOUT`].
async fn send_with_retry(
    request: impl Fn() -> RequestBuilder,
    max_bytes: usize,
    read_timeout: Duration,
) -> Result<Vec<u8>, Error> {
    let all_tries = async {
        let mut tries = 0;
        loop {
            tries += 1;
            match send(request(), max_bytes, read_timeout).await {
                Err(error) if is_transient(&error) && tries < MAX_ATTEMPTS => {}
                result => return result,
            }
            tokio::time::sleep(random::back_off(tries, MAX_FIRST_WAIT, MAX_WAIT)).await;
        }
    };
    tokio::time::timeout(TRANSFER_TIMEOUT, all_tries).await.unwrap_or(Err(Error::NoAnswer))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    const BYTES: &[u8] = b"picture";
    const SLOW: &str = "<Error><Code>RequestTimeout</Code></Error>";

    /// An answer whose body never comes.
    const SILENT: (u16, &str) = (200, "silent!");

    /// Starts a bucket that gives these answers, one per request.
    async fn bucket(answers: &'static [(u16, &'static str)]) -> (Transfer, String) {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/key?X-Amz-Signature=secret", listener.local_addr().unwrap());
        tokio::spawn(async move {
            let mut open_streams = Vec::new();
            for (status, body) in answers {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut request = Vec::new();
                // A GET ends with its headers, a PUT with its body.
                let is_complete = |request: &[u8]| match request.starts_with(b"GET") {
                    true => request.ends_with(b"\r\n\r\n"),
                    false => request.ends_with(BYTES),
                };
                while !is_complete(&request) {
                    assert_ne!(stream.read_buf(&mut request).await.unwrap(), 0);
                }
                let length = body.len();
                let head = format!("HTTP/1.1 {status} -\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
                stream.write_all(head.as_bytes()).await.unwrap();
                if (*status, *body) == SILENT {
                    open_streams.push(stream);
                    continue;
                }
                stream.write_all(body.as_bytes()).await.unwrap();
            }
        });
        (Transfer::new().unwrap(), url)
    }

    async fn put(answers: &'static [(u16, &'static str)]) -> Result<(), Error> {
        let (transfer, url) = bucket(answers).await;
        let upload = Upload { method: "PUT".into(), url, headers: BTreeMap::new(), expires_at: String::new() };
        transfer.put(&upload, &Bytes::from_static(BYTES)).await
    }

    async fn get(answers: &'static [(u16, &'static str)]) -> Result<Vec<u8>, Error> {
        let (transfer, url) = bucket(answers).await;
        let size = u64::try_from(BYTES.len()).unwrap();
        transfer.get(&Download { url, expires_at: String::new() }, size, &sha256(BYTES)).await
    }

    #[tokio::test]
    async fn transient_errors_are_retried() {
        put(&[(503, "<Error/>"), (200, "")]).await.unwrap();
        put(&[(409, "<Error/>"), (200, "")]).await.unwrap();
        put(&[(400, SLOW), (200, "")]).await.unwrap();
        assert_eq!(get(&[(500, ""), (200, "picture")]).await.unwrap(), BYTES);
    }

    #[tokio::test]
    async fn download_without_bytes_is_retried() {
        let (mut transfer, url) = bucket(&[SILENT, (200, "picture")]).await;
        transfer.read_timeout = Duration::from_millis(200);
        let download = Download { url, expires_at: String::new() };
        assert_eq!(transfer.get(&download, 7, &sha256(BYTES)).await.unwrap(), BYTES);
    }

    #[tokio::test]
    async fn object_that_exists_counts_as_uploaded() {
        put(&[(412, "<Error><Code>PreconditionFailed</Code></Error>")]).await.unwrap();
    }

    #[tokio::test]
    async fn refusal_is_returned_at_once_without_the_url() {
        for answers in [&[(403, "<Error/>")], &[(400, "<Error/>")]] {
            let error = put(answers).await.unwrap_err();
            assert!(matches!(&error, Error::Bucket { message, .. } if message == "<Error/>"), "{error:?}");
        }
        let (transfer, url) = bucket(&[]).await;
        let error = send(transfer.client.get(url), 0, READ_TIMEOUT).await.unwrap_err();
        assert!(matches!(error, Error::Wire(_)) && !format!("{error:?}").contains("secret"), "{error:?}");
    }

    #[tokio::test]
    async fn other_bytes_are_refused() {
        for answers in [&[(200, "pictura")], &[(200, "pictur")], &[(200, "pictures")]] {
            let error = get(answers).await.unwrap_err();
            assert!(matches!(error, Error::DamagedAttachment), "{error:?}");
        }
    }
}
