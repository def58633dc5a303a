//! Attachments' bytes, between a client and the bucket: no byte of them passes the system itself.

use crate::documents::{Download, Upload};
use crate::wire::ClientError;
use crate::{Error, random};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use sha2::{Digest as _, Sha256};
use std::time::Duration;
use tokio_tungstenite::tungstenite::Bytes;

/// The longest that a transfer may take with all its tries: for as long as an upload is signed.
const TRANSFER_TIMEOUT: Duration = Duration::from_secs(15 * 60);
/// The longest that the bucket may take to let a connection in.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long the bucket may say nothing of what is downloaded.
const READ_TIMEOUT: Duration = Duration::from_secs(30);
/// How often a transfer is tried.
const MAX_ATTEMPTS: u32 = 4;
/// The first wait before another try is at most this long. The bound doubles with each further wait, up to [`MAX_WAIT`].
const MAX_FIRST_WAIT: Duration = Duration::from_secs(2);
/// No wait before another try is longer.
const MAX_WAIT: Duration = Duration::from_secs(8);
/// The most bytes of a refusal that are read; S3's are some hundreds.
const MAX_REFUSAL_BYTES: usize = 16 * 1024;

/// SHA-256 in hexadecimal, as an attachment is announced with.
pub fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// The way to the bucket.
#[derive(Debug, Clone)]
pub(crate) struct Transfer {
    client: Client,
    silence: Duration,
}

impl Transfer {
    /// The TLS provider must be installed.
    pub(crate) fn new() -> Result<Self, reqwest::Error> {
        Ok(Self {
            client: Client::builder().connect_timeout(CONNECT_TIMEOUT).no_proxy().build()?,
            silence: READ_TIMEOUT,
        })
    }

    /// Uploads; what is there already stays.
    pub(crate) async fn put(&self, upload: &Upload, bytes: &Bytes) -> Result<(), Error> {
        let put = || {
            let request = self.client.request(Method::PUT, &upload.url).body(bytes.clone());
            upload.headers.iter().fold(request, |request, (name, value)| request.header(name, value))
        };
        // Nothing comes before all bytes are there.
        match retried(put, 0, TRANSFER_TIMEOUT).await {
            Ok(_) => Ok(()),
            // A try whose answer was lost has brought it there, and the bytes can be no others: they are signed.
            Err(Error::Bucket { status: StatusCode::PRECONDITION_FAILED, .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Downloads what has so many bytes, and this digest.
    pub(crate) async fn get(&self, download: &Download, size: u64, digest: &str) -> Result<Vec<u8>, Error> {
        let most = usize::try_from(size).map_err(|_too_large| Error::Damaged)?;
        let bytes = retried(|| self.client.request(Method::GET, &download.url), most, self.silence).await?;
        if bytes.len() == most && sha256(&bytes) == digest { Ok(bytes) } else { Err(Error::Damaged) }
    }
}

/// What the bucket answers with success, of which no more is read than this, and which is not silent for longer; no
/// address is in an error, since who has it has the bytes.
async fn answer(request: RequestBuilder, most: usize, silence: Duration) -> Result<Vec<u8>, Error> {
    let response = tokio::time::timeout(silence, request.send()).await;
    let mut response = response.map_err(|_silent| Error::NoAnswer)?.map_err(failed)?;
    let status = response.status();
    if status.is_success() {
        return body(&mut response, most, silence).await;
    }
    let message = body(&mut response, MAX_REFUSAL_BYTES, silence).await.unwrap_or_default();
    Err(Error::Bucket { status, message: String::from_utf8_lossy(&message).into_owned() })
}

async fn body(response: &mut Response, most: usize, silence: Duration) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    loop {
        let part = tokio::time::timeout(silence, response.chunk()).await;
        let Some(part) = part.map_err(|_silent| Error::NoAnswer)?.map_err(failed)? else { return Ok(bytes) };
        if bytes.len() + part.len() > most {
            return Err(Error::Damaged);
        }
        bytes.extend_from_slice(&part);
    }
}

fn failed(error: reqwest::Error) -> Error {
    ClientError::from(error.without_url()).into()
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
        Error::Wire(_) | Error::NoAnswer => true,
        _ => false,
    }
}

/// What a request is [answered](answer); tried again where that may help, for [`TRANSFER_TIMEOUT`] in all.
async fn retried(request: impl Fn() -> RequestBuilder, most: usize, silence: Duration) -> Result<Vec<u8>, Error> {
    let all = async {
        let mut tries = 0;
        loop {
            tries += 1;
            match answer(request(), most, silence).await {
                Err(error) if is_transient(&error) && tries < MAX_ATTEMPTS => {}
                result => return result,
            }
            tokio::time::sleep(random::back_off(tries, MAX_FIRST_WAIT, MAX_WAIT)).await;
        }
    };
    tokio::time::timeout(TRANSFER_TIMEOUT, all).await.unwrap_or(Err(Error::NoAnswer))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    const BYTES: &[u8] = b"picture";
    const SLOW: &str = "<Error><Code>RequestTimeout</Code></Error>";

    /// An answer whose bytes do not come.
    const SILENT: (u16, &str) = (200, "silent!");

    /// A bucket that answers one request after the other with these.
    async fn bucket(answers: &'static [(u16, &'static str)]) -> (Transfer, String) {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/key?X-Amz-Signature=secret", listener.local_addr().unwrap());
        tokio::spawn(async move {
            let mut silent = Vec::new();
            for (status, body) in answers {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut asked = Vec::new();
                // A GET ends with its headers, a PUT with its body.
                let is_whole = |asked: &[u8]| match asked.starts_with(b"GET") {
                    true => asked.ends_with(b"\r\n\r\n"),
                    false => asked.ends_with(BYTES),
                };
                while !is_whole(&asked) {
                    assert_ne!(stream.read_buf(&mut asked).await.unwrap(), 0);
                }
                let length = body.len();
                let head = format!("HTTP/1.1 {status} -\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
                stream.write_all(head.as_bytes()).await.unwrap();
                if (*status, *body) == SILENT {
                    silent.push(stream);
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
    async fn what_may_help_is_tried_again() {
        put(&[(503, "<Error/>"), (200, "")]).await.unwrap();
        put(&[(409, "<Error/>"), (200, "")]).await.unwrap();
        put(&[(400, SLOW), (200, "")]).await.unwrap();
        assert_eq!(get(&[(500, ""), (200, "picture")]).await.unwrap(), BYTES);
    }

    #[tokio::test]
    async fn a_bucket_that_falls_silent_is_asked_again() {
        let (mut transfer, url) = bucket(&[SILENT, (200, "picture")]).await;
        transfer.silence = Duration::from_millis(200);
        let download = Download { url, expires_at: String::new() };
        assert_eq!(transfer.get(&download, 7, &sha256(BYTES)).await.unwrap(), BYTES);
    }

    #[tokio::test]
    async fn what_is_there_already_is_uploaded() {
        put(&[(412, "<Error><Code>PreconditionFailed</Code></Error>")]).await.unwrap();
    }

    #[tokio::test]
    async fn a_refusal_is_told_at_once_and_without_the_address() {
        for answers in [&[(403, "<Error/>")], &[(400, "<Error/>")]] {
            let error = put(answers).await.unwrap_err();
            assert!(matches!(&error, Error::Bucket { message, .. } if message == "<Error/>"), "{error:?}");
        }
        let (transfer, url) = bucket(&[]).await;
        let error = answer(transfer.client.get(url), 0, READ_TIMEOUT).await.unwrap_err();
        assert!(matches!(error, Error::Wire(_)) && !format!("{error:?}").contains("secret"), "{error:?}");
    }

    #[tokio::test]
    async fn other_bytes_are_not_taken() {
        for answers in [&[(200, "pictura")], &[(200, "pictur")], &[(200, "pictures")]] {
            let error = get(answers).await.unwrap_err();
            assert!(matches!(error, Error::Damaged), "{error:?}");
        }
    }
}
