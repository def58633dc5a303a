//! The bucket with attachments. Their bytes never pass a function: clients PUT and GET them at addresses that are signed
//! here, and functions look, keep and remove.
//!
//! | port | call | permission |
//! | --- | --- | --- |
//! | [`sign_upload`](SignUploads::sign_upload) | none: PutObject is signed, with length, type, checksum, tag and `If-None-Match: *` | s3:PutObject, s3:PutObjectTagging |
//! | [`uploaded`](CheckUploads::uploaded) | HeadObject | s3:GetObject, and s3:ListBucket: without it what is not there is a 403 |
//! | [`keep`](CheckUploads::keep) | DeleteObjectTagging | s3:DeleteObjectTagging |
//! | [`sign_download`](SignDownloads::sign_download) | none: GetObject is signed, with the type and disposition that it answers | s3:GetObject |
//! | [`remove`](RemoveObjects::remove) | DeleteObject | s3:DeleteObject |
//!
//! What is uploaded carries the tag `state=pending`, by which the bucket's lifecycle rule removes it after two days;
//! keeping it removes the tag. `If-None-Match: *` makes each upload one, as long as its object is there: a late repeat
//! cannot bring the tag back. After the object was removed, who still has the signed address and the bytes could put them
//! there again, until its time is over; that has the tag, and no message.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html>
//!
//! A signature is worth no longer than the credentials that made it: one of a role's that end within the hour ends with
//! them. <https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-presigned-url.html>

mod disposition;
mod errors;

use aws_config::SdkConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::Builder;
use aws_sdk_s3::error::ProvideErrorMetadata as _;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::types::ChecksumMode;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use disposition::attachment;
use domain::attachment::{Attachment, DOWNLOAD_TIME, UPLOAD_TIME};
use domain::file::Sha256Digest;
use domain::ids::AttachmentId;
use domain::ports::{CheckUploads, RemoveObjects, SignDownloads, SignUploads, SignedUpload, StoreError, Uploaded};
use domain::timestamp::Timestamp;
use errors::{failed, refused};
use std::time::{Duration, SystemTime};

/// What an upload is tagged with until it is kept. The bucket's lifecycle rule in `template.yaml` names it too.
const PENDING: &str = "state=pending";

/// The headers of an upload, beside its length, that are signed and must come with it.
const SIGNED: [&str; 4] = ["content-type", "if-none-match", "x-amz-checksum-sha256", "x-amz-tagging"];

/// A bucket with attachments, by their ids.
#[derive(Debug)]
pub struct Bucket {
    client: Client,
    name: String,
}

impl Bucket {
    /// The bucket of this name. `endpoint` replaces the region's own; there the name is part of the path.
    pub fn new(config: &SdkConfig, endpoint: Option<&str>, name: String) -> Self {
        let mut builder = Builder::from(config).force_path_style(endpoint.is_some());
        builder.set_endpoint_url(endpoint.map(str::to_owned));
        Self { client: Client::from_conf(builder.build()), name }
    }
}

impl SignUploads for Bucket {
    async fn sign_upload(&self, attachment: &Attachment, now: Timestamp) -> Result<SignedUpload, StoreError> {
        const OPERATION: &str = "PutObject";
        let length = i64::try_from(attachment.size_bytes).map_err(refused(OPERATION))?;
        let call = self.client.put_object().bucket(&self.name).key(attachment.id.as_str()).content_length(length);
        let call = call.content_type(attachment.content_type.as_str()).tagging(PENDING).if_none_match("*");
        let call = call.checksum_sha256(STANDARD.encode(attachment.sha256.bytes()));
        let signed = call.presigned(lasting(now, UPLOAD_TIME, OPERATION)?).await;
        let signed = signed.map_err(|error| failed(OPERATION, error))?;
        // Only what is signed: the SDK adds the trace of the invocation, which is nobody's business and which the bucket's
        // CORS rule does not know. And not the length: whoever sends a body sends that by themselves, and a page in a
        // browser may not.
        let headers = signed.headers().filter(|(name, _)| SIGNED.contains(name));
        Ok(SignedUpload {
            url: signed.uri().to_owned(),
            headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        })
    }
}

impl CheckUploads for Bucket {
    async fn uploaded(&self, id: &AttachmentId) -> Result<Option<Uploaded>, StoreError> {
        let call = self.client.head_object().bucket(&self.name).key(id.as_str()).checksum_mode(ChecksumMode::Enabled);
        match call.send().await {
            Ok(object) => {
                let digest = object.checksum_sha256().and_then(|text| STANDARD.decode(text).ok());
                let sha256 = digest.and_then(|bytes| Sha256Digest::of_bytes(&bytes));
                let size_bytes = object.content_length().and_then(|length| u64::try_from(length).ok());
                Ok(Some(Uploaded { size_bytes: size_bytes.unwrap_or_default(), sha256 }))
            }
            Err(error) if error.as_service_error().is_some_and(|error| error.is_not_found()) => Ok(None),
            Err(error) => Err(failed("HeadObject", error)),
        }
    }

    async fn keep(&self, id: &AttachmentId) -> Result<bool, StoreError> {
        let call = self.client.delete_object_tagging().bucket(&self.name).key(id.as_str());
        match call.send().await {
            Ok(_) => Ok(true),
            Err(error) if error.code() == Some("NoSuchKey") => Ok(false),
            Err(error) => Err(failed("DeleteObjectTagging", error)),
        }
    }
}

impl SignDownloads for Bucket {
    async fn sign_download(&self, object: &Attachment, now: Timestamp) -> Result<String, StoreError> {
        const OPERATION: &str = "GetObject";
        let call = self.client.get_object().bucket(&self.name).key(object.id.as_str());
        let call = call.response_content_type(object.served_as());
        let call = call.response_content_disposition(attachment(object.file_name.as_str()));
        let signed = call.presigned(lasting(now, DOWNLOAD_TIME, OPERATION)?).await;
        Ok(signed.map_err(|error| failed(OPERATION, error))?.uri().to_owned())
    }
}

impl RemoveObjects for Bucket {
    async fn remove(&self, id: &AttachmentId) -> Result<(), StoreError> {
        let call = self.client.delete_object().bucket(&self.name).key(id.as_str());
        call.send().await.map(drop).map_err(|error| failed("DeleteObject", error))
    }
}

/// For so long from then on.
fn lasting(now: Timestamp, time: Duration, operation: &'static str) -> Result<PresigningConfig, StoreError> {
    let millis = u64::try_from(now.millis()).map_err(refused(operation))?;
    let start = SystemTime::UNIX_EPOCH + Duration::from_millis(millis);
    PresigningConfig::builder().start_time(start).expires_in(time).build().map_err(refused(operation))
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_config::{BehaviorVersion, Region};
    use aws_credential_types::Credentials;
    use aws_credential_types::provider::SharedCredentialsProvider;
    use domain::ids::ChatId;
    use testkit::fixtures::upload;

    /// On AWS: without an endpoint of its own, and with a role's credentials, whose session token is in every URL.
    fn bucket() -> Bucket {
        let credentials = Credentials::new("key", "secret", Some("t".repeat(900)), None, "test");
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-central-1"))
            .credentials_provider(SharedCredentialsProvider::new(credentials));
        Bucket::new(&config.build(), None, "attachments".to_owned())
    }

    fn picture() -> Attachment {
        upload(&ChatId::parse("c").unwrap(), "alice", "a-1", Timestamp::from_seconds(0)).attachment
    }

    #[tokio::test]
    async fn an_upload_is_signed_with_all_that_was_announced() {
        let signed = bucket().sign_upload(&picture(), Timestamp::from_seconds(1_700_000_000)).await.unwrap();
        assert!(signed.url.starts_with("https://attachments.s3.eu-central-1.amazonaws.com/a-1?"), "{}", signed.url);
        let all = "content-length%3Bcontent-type%3Bhost%3Bif-none-match%3Bx-amz-checksum-sha256%3Bx-amz-tagging";
        assert!(signed.url.contains(&format!("X-Amz-SignedHeaders={all}&")), "{}", signed.url);
        assert!(signed.url.contains("X-Amz-Date=20231114T221320Z&X-Amz-Expires=900&"), "{}", signed.url);
        let mut headers: Vec<_> = signed.headers.iter().map(|(name, _)| name.as_str()).collect();
        headers.sort_unstable();
        assert_eq!(headers, SIGNED);
    }

    #[tokio::test]
    async fn a_download_is_signed_with_what_it_answers() {
        let url = bucket().sign_download(&picture(), Timestamp::from_seconds(1_700_000_000)).await.unwrap();
        assert!(url.starts_with("https://attachments.s3.eu-central-1.amazonaws.com/a-1?"), "{url}");
        assert!(url.contains("response-content-type=image%2Fpng&"), "{url}");
        assert!(url.contains("response-content-disposition=attachment%3B%20filename%3D%22holiday.png%22"), "{url}");
        assert!(url.contains("X-Amz-Expires=3600&"), "{url}");
    }
}
