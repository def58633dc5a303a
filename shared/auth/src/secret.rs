//! A shared secret, kept in Secrets Manager.

use crate::keys::{FetchError, FetchKeys, KeySet};
use aws_config::SdkConfig;
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::Builder;

/// Fetches an HS256 secret from Secrets Manager: the secret string, as it is.
#[derive(Debug)]
pub struct SharedSecret {
    client: Client,
    arn: String,
}

impl SharedSecret {
    /// The secret of this ARN. `endpoint` replaces the region's own.
    pub fn new(config: &SdkConfig, endpoint: Option<&str>, arn: &str) -> Self {
        let mut builder = Builder::from(config);
        builder.set_endpoint_url(endpoint.map(str::to_owned));
        Self { client: Client::from_conf(builder.build()), arn: arn.to_owned() }
    }
}

impl FetchKeys for SharedSecret {
    async fn fetch(&self) -> Result<KeySet, FetchError> {
        let output = self.client.get_secret_value().secret_id(&self.arn).send().await;
        let output = output.map_err(|error| FetchError(error.into()))?;
        match (output.secret_string(), output.secret_binary()) {
            (Some(text), _) => KeySet::of_secret(text.as_bytes()),
            (None, Some(bytes)) => KeySet::of_secret(bytes.as_ref()),
            (None, None) => Err(FetchError("the secret has no value".into())),
        }
    }
}
