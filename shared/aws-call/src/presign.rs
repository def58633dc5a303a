//! Addresses that are signed: who has one may make that one call for a time.

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

/// A call that was signed for somebody else to make.
#[derive(Debug)]
pub struct Presigned {
    /// Where to. It is a secret: who has it may make the call.
    pub url: String,
    /// The headers that are signed and must come with it, in lower case; those that an HTTP client adds by itself
    /// (`host`) are not among them.
    pub headers: Vec<(String, String)>,
}

/// Why a call could not be signed.
#[derive(Debug, thiserror::Error)]
pub enum PresignError {
    /// There are no credentials.
    #[error("there are no credentials")]
    Credentials(#[source] CredentialsError),
    /// The address or a header cannot be sent.
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
    /// Signs a call of this path, with its query, and with these headers, which are to be sent as they are. It is good
    /// for so long from `start` on, or until the credentials end that signed it. The body may be any.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html>
    ///
    /// # Errors
    /// No credentials, or a path or header that cannot be in a request.
    pub async fn presign(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        start: SystemTime,
        lasting: Duration,
    ) -> Result<Presigned, PresignError> {
        let provider =
            self.credentials.as_ref().ok_or(PresignError::Credentials(CredentialsError::not_loaded_no_source()))?;
        let identity: Identity = provider.provide_credentials().await.map_err(PresignError::Credentials)?.into();
        let mut settings = SigningSettings::default();
        settings.signature_location = SignatureLocation::QueryParams;
        settings.expires_in = Some(lasting);
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
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Ok(Presigned { url: signed.uri().to_string(), headers })
    }
}
