//! Presigned URLs: everybody who has one can make that one call for some time.

use crate::Service;
use aws_credential_types::provider::ProvideCredentials as _;
use aws_credential_types::provider::error::CredentialsError;
use aws_sigv4::http_request::{
    PercentEncodingMode, SignableBody, SignableRequest, SignatureLocation, SigningError, SigningSettings,
    UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4::SigningParams;
use aws_smithy_runtime_api::client::identity::Identity;
use std::time::{Duration, SystemTime};

/// Why a call could not be signed.
#[derive(Debug, thiserror::Error)]
pub enum PresignError {
    /// The credentials could not be loaded.
    #[error("there are no credentials")]
    Credentials(#[source] CredentialsError),
    /// The URL or a header is not valid in a request.
    #[error("the request cannot be signed")]
    Request(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl From<SigningError> for PresignError {
    fn from(error: SigningError) -> Self {
        Self::Request(error.into())
    }
}

impl From<http::Error> for PresignError {
    fn from(error: http::Error) -> Self {
        Self::Request(error.into())
    }
}

impl Service {
    /// Signs a call of this path and query, and returns its URL. Who makes the call must send `headers` unchanged. The URL
    /// is a secret: everybody who has it can make the call. It is valid for `ttl` from `start`, or until the credentials
    /// expire. The signature does not cover the body.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html>
    ///
    /// # Errors
    /// There are no credentials, or the path or a header is not valid in a request.
    pub async fn presign(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        start: SystemTime,
        ttl: Duration,
    ) -> Result<String, PresignError> {
        let provider =
            self.credentials.as_ref().ok_or(PresignError::Credentials(CredentialsError::not_loaded_no_source()))?;
        let identity: Identity = provider.provide_credentials().await.map_err(PresignError::Credentials)?.into();
        let mut settings = SigningSettings::default();
        settings.signature_location = SignatureLocation::QueryParams;
        settings.expires_in = Some(ttl);
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        let params = SigningParams::builder()
            .identity(&identity)
            .region(self.region.as_ref())
            .name(self.name)
            .time(start)
            .settings(settings)
            .build()
            .map_err(|error| PresignError::Request(error.into()))?;
        let url = format!("{}{path}", self.endpoint);
        let request = SignableRequest::new(method, &*url, headers.iter().copied(), SignableBody::UnsignedPayload)?;
        let (instructions, _signature) = sign(request, &params.into())?.into_parts();
        let mut signed = http::Request::builder().method(method).uri(&url).body(())?;
        instructions.apply_to_request_http1x(&mut signed);
        Ok(signed.uri().to_string())
    }
}
