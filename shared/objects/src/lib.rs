//! The bucket with the attachments. Their bytes never pass through a function: clients PUT and GET them at presigned
//! URLs. Functions check, keep and remove objects.
//!
//! | port | call | permission |
//! | --- | --- | --- |
//! | [`sign_upload`](SignUploads::sign_upload) | none: presigns PutObject, with length, type, checksum, tag and `If-None-Match: *` | s3:PutObject, s3:PutObjectTagging |
//! | [`stored_object`](CheckUploads::stored_object) | HeadObject | s3:GetObject, and s3:ListBucket: without it, a missing object gives 403 |
//! | [`remove_pending_tag`](CheckUploads::remove_pending_tag) | DeleteObjectTagging | s3:DeleteObjectTagging |
//! | [`sign_download`](SignDownloads::sign_download) | none: presigns GetObject, with the type and disposition of the response | s3:GetObject |
//! | [`remove`](RemoveObjects::remove) | DeleteObject | s3:DeleteObject |
//!
//! An uploaded object has the tag `state=pending`. The lifecycle rule of the bucket removes objects with this tag after
//! two days; `remove_pending_tag` keeps them. Because of `If-None-Match: *`, a URL can store its object only while there is
//! none, so a late repeat of the upload cannot bring the tag back. After the object is removed, a client that still has
//! the URL can upload the bytes again until the URL expires. That object has the tag and no message.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html>
//!
//! A presigned URL is not valid longer than the credentials that signed it. If a role's credentials expire within the
//! hour, the URL expires with them. <https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-presigned-url.html>

mod disposition;
mod errors;

use aws_call::{Answer, CallError, HttpRequest, ProvideErrorMetadata as _, Service, regional_endpoint};
use aws_config::SdkConfig;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use disposition::attachment;
use domain::attachment::{Attachment, DOWNLOAD_URL_TTL, UPLOAD_URL_TTL};
use domain::file::Sha256Digest;
use domain::ids::AttachmentId;
use domain::ports::{CheckUploads, RemoveObjects, SignDownloads, SignUploads, SignedUpload, StoreError, StoredObject};
use domain::timestamp::Timestamp;
use errors::{failed, refused};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use std::time::{Duration, SystemTime};

/// The tag of an upload until it is kept. The bucket's lifecycle rule in `template.yaml` names it too.
const PENDING: &str = "state=pending";

/// The signed headers that the client must send with an upload, in addition to the length. The bucket's CORS rule names
/// them too.
const SIGNED_HEADERS: [&str; 4] = ["content-type", "if-none-match", "x-amz-checksum-sha256", "x-amz-tagging"];

const DIGEST: &str = "x-amz-checksum-sha256";
const LENGTH: &str = "content-length";

/// The characters to encode in a signed query: all except RFC 3986's unreserved characters.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html>
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A bucket with attachments. The key of an object is the attachment's id.
#[derive(Debug)]
pub struct Bucket(Service);

impl Bucket {
    /// Creates a client of the bucket with this name. `endpoint` replaces the region's own; there, the name is part of
    /// the path.
    pub fn new(config: &SdkConfig, endpoint: Option<&str>, name: &str) -> Self {
        let region = config.region().map_or("", AsRef::as_ref);
        let endpoint = match endpoint {
            Some(endpoint) => format!("{}/{name}", endpoint.trim_end_matches('/')),
            None => regional_endpoint(&format!("{name}.s3"), region),
        };
        Self(Service::at(config, "s3", endpoint))
    }

    async fn call(
        &self,
        operation: &'static str,
        method: &'static str,
        uri: String,
        header: Option<(&'static str, &'static str)>,
    ) -> Result<Answer, CallError> {
        let mut request = HttpRequest::empty();
        request.set_method(method).map_err(CallError::construction_failure)?;
        request.set_uri(uri).map_err(CallError::construction_failure)?;
        if let Some((name, value)) = header {
            request.headers_mut().insert(name, value);
        }
        self.0.call(operation, request).await
    }

    async fn sign(
        &self,
        operation: &'static str,
        method: &'static str,
        path: &str,
        headers: &[(&str, &str)],
        now: Timestamp,
        ttl: Duration,
    ) -> Result<String, StoreError> {
        let millis = u64::try_from(now.millis()).map_err(refused(operation))?;
        let start = SystemTime::UNIX_EPOCH + Duration::from_millis(millis);
        self.0.presign(method, path, headers, start, ttl).await.map_err(refused(operation))
    }
}

impl SignUploads for Bucket {
    async fn sign_upload(&self, attachment: &Attachment, now: Timestamp) -> Result<SignedUpload, StoreError> {
        let length = attachment.size_bytes.to_string();
        let digest = STANDARD.encode(attachment.sha256.bytes());
        let [content_type, if_none_match, checksum, tagging] = SIGNED_HEADERS;
        let headers = [
            (LENGTH, &*length),
            (content_type, attachment.content_type.as_str()),
            (if_none_match, "*"),
            (checksum, &*digest),
            (tagging, PENDING),
        ];
        let url = self.sign("PutObject", "PUT", &path(&attachment.id), &headers, now, UPLOAD_URL_TTL).await?;
        // The length is left out: every HTTP client sends it by itself, and a page in a browser must not set it.
        let headers = headers.into_iter().filter(|(name, _)| *name != LENGTH);
        Ok(SignedUpload { url, headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect() })
    }
}

impl CheckUploads for Bucket {
    async fn stored_object(&self, id: &AttachmentId) -> Result<Option<StoredObject>, StoreError> {
        const OPERATION: &str = "HeadObject";
        match self.call(OPERATION, "HEAD", path(id), Some(("x-amz-checksum-mode", "ENABLED"))).await {
            Ok(object) => {
                let digest = object.header(DIGEST).and_then(|text| STANDARD.decode(text).ok());
                let sha256 = digest.and_then(|bytes| Sha256Digest::of_bytes(&bytes));
                let size_bytes = object.header(LENGTH).and_then(|length| length.parse().ok());
                Ok(Some(StoredObject { size_bytes: size_bytes.unwrap_or_default(), sha256 }))
            }
            // The response to a refused HEAD has no body, and so no code.
            Err(error) if error.as_service_error().is_some_and(|refusal| refusal.status() == 404) => Ok(None),
            Err(error) => Err(failed(OPERATION, error)),
        }
    }

    async fn remove_pending_tag(&self, id: &AttachmentId) -> Result<bool, StoreError> {
        const OPERATION: &str = "DeleteObjectTagging";
        match self.call(OPERATION, "DELETE", format!("{}?tagging", path(id)), None).await {
            Ok(_) => Ok(true),
            Err(error) if error.code() == Some("NoSuchKey") => Ok(false),
            Err(error) => Err(failed(OPERATION, error)),
        }
    }
}

impl SignDownloads for Bucket {
    async fn sign_download(&self, object: &Attachment, now: Timestamp) -> Result<String, StoreError> {
        let disposition = attachment(object.file_name.as_str());
        let path = format!(
            "{}?response-content-disposition={}&response-content-type={}",
            path(&object.id),
            utf8_percent_encode(&disposition, ESCAPED),
            utf8_percent_encode(object.served_as(), ESCAPED),
        );
        self.sign("GetObject", "GET", &path, &[], now, DOWNLOAD_URL_TTL).await
    }
}

impl RemoveObjects for Bucket {
    async fn remove(&self, id: &AttachmentId) -> Result<(), StoreError> {
        const OPERATION: &str = "DeleteObject";
        self.call(OPERATION, "DELETE", path(id), None).await.map(drop).map_err(|error| failed(OPERATION, error))
    }
}

/// The path of an object. No character of an id needs escaping.
fn path(id: &AttachmentId) -> String {
    format!("/{}", id.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_config::{BehaviorVersion, Region};
    use aws_credential_types::Credentials;
    use aws_credential_types::provider::SharedCredentialsProvider;
    use domain::ids::ChatId;
    use testkit::fixtures::upload;

    /// A bucket as on AWS: at the region's own endpoint, with a role's credentials, whose session token is in every
    /// URL.
    fn bucket() -> Bucket {
        let credentials = Credentials::new("key", "secret", Some("t".repeat(900)), None, "test");
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-central-1"))
            .credentials_provider(SharedCredentialsProvider::new(credentials));
        Bucket::new(&config.build(), None, "attachments")
    }

    fn picture() -> Attachment {
        upload(&ChatId::parse("c").unwrap(), "alice", "a-1", Timestamp::from_seconds(0)).attachment
    }

    #[tokio::test]
    async fn upload_url_signs_all_declared_properties() {
        let signed = bucket().sign_upload(&picture(), Timestamp::from_seconds(1_700_000_000)).await.unwrap();
        assert!(signed.url.starts_with("https://attachments.s3.eu-central-1.amazonaws.com/a-1?"), "{}", signed.url);
        let all = "content-length%3Bcontent-type%3Bhost%3Bif-none-match%3Bx-amz-checksum-sha256%3Bx-amz-tagging";
        assert!(signed.url.contains(&format!("X-Amz-SignedHeaders={all}&")), "{}", signed.url);
        assert!(signed.url.contains("X-Amz-Date=20231114T221320Z&X-Amz-Expires=900&"), "{}", signed.url);
        assert!(signed.url.contains(&format!("X-Amz-Security-Token={}", "t".repeat(900))), "{}", signed.url);
        let mut headers: Vec<_> = signed.headers.iter().map(|(name, _)| name.as_str()).collect();
        headers.sort_unstable();
        assert_eq!(headers, SIGNED_HEADERS);
    }

    #[tokio::test]
    async fn download_url_signs_type_and_disposition() {
        let url = bucket().sign_download(&picture(), Timestamp::from_seconds(1_700_000_000)).await.unwrap();
        assert!(url.starts_with("https://attachments.s3.eu-central-1.amazonaws.com/a-1?"), "{url}");
        assert!(url.contains("response-content-type=image%2Fpng&"), "{url}");
        assert!(url.contains("response-content-disposition=attachment%3B%20filename%3D%22holiday.png%22"), "{url}");
        assert!(url.contains("X-Amz-Expires=3600&"), "{url}");
    }
}
