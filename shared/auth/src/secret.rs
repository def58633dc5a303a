//! Secrets, kept in Secrets Manager.

use crate::http::Failure;
use crate::keys::{FetchError, FetchKeys, KeySet};
use aws_config::SdkConfig;
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::Builder;

/// One secret of Secrets Manager.
#[derive(Debug)]
pub struct Secret {
    client: Client,
    arn: String,
}

impl Secret {
    /// The secret of this ARN. `endpoint` replaces the region's own.
    pub fn new(config: &SdkConfig, endpoint: Option<&str>, arn: &str) -> Self {
        let mut builder = Builder::from(config);
        builder.set_endpoint_url(endpoint.map(str::to_owned));
        Self { client: Client::from_conf(builder.build()), arn: arn.to_owned() }
    }

    /// Its value now: bytes that are not to be printed.
    ///
    /// # Errors
    /// What Secrets Manager or the way to it says.
    pub async fn value(&self) -> Result<Vec<u8>, Failure> {
        let output = self.client.get_secret_value().secret_id(&self.arn).send().await?;
        match (output.secret_string, output.secret_binary) {
            (Some(text), _) => Ok(text.into_bytes()),
            (None, Some(bytes)) => Ok(bytes.into_inner()),
            (None, None) => Err("the secret has no value".into()),
        }
    }
}

/// Fetches an HS256 secret from Secrets Manager: the secret string, as it is.
#[derive(Debug)]
pub struct SharedSecret(Secret);

impl SharedSecret {
    /// The secret of this ARN. `endpoint` replaces the region's own.
    pub fn new(config: &SdkConfig, endpoint: Option<&str>, arn: &str) -> Self {
        Self(Secret::new(config, endpoint, arn))
    }
}

impl FetchKeys for SharedSecret {
    async fn fetch(&self) -> Result<KeySet, FetchError> {
        KeySet::of_secret(&self.0.value().await.map_err(FetchError)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fakes::{ARN, SecretsManager, sdk_config};
    use domain::causes::in_full;
    use serde_json::{Value, json};

    #[tokio::test]
    async fn text_and_bytes_are_read_and_a_secret_without_a_value_is_an_error() {
        let manager = SecretsManager::start(json!({"SecretString": "as it is\n"})).await;
        let secret = Secret::new(&sdk_config(), Some(manager.endpoint()), ARN);
        assert_eq!(secret.value().await.unwrap(), b"as it is\n");
        manager.set(json!({"SecretBinary": "AAEC/w=="}));
        assert_eq!(secret.value().await.unwrap(), [0, 1, 2, 255]);
        manager.set(json!({}));
        assert!(secret.value().await.is_err());
        manager.set(Value::Null);
        let error = SharedSecret(secret).fetch().await.unwrap_err();
        assert!(in_full(&error).contains("ResourceNotFoundException"), "{}", in_full(&error));
    }
}
