//! Secrets in Secrets Manager.

use crate::http::Failure;
use crate::keys::{FetchError, FetchKeys, KeySet};
use aws_call::{HttpRequest, Service};
use aws_config::SdkConfig;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::json;

/// One secret in Secrets Manager.
#[derive(Debug)]
pub struct Secret {
    manager: Service,
    arn: String,
}

/// <https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html>
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SecretValue {
    secret_string: Option<String>,
    /// The bytes in base64.
    secret_binary: Option<String>,
}

impl Secret {
    /// Creates a client of the secret with this ARN. `endpoint` replaces the region's own.
    pub fn new(config: &SdkConfig, endpoint: Option<&str>, arn: &str) -> Self {
        Self { manager: Service::new(config, "secretsmanager", endpoint), arn: arn.to_owned() }
    }

    /// Reads the current value. The bytes must not be printed.
    ///
    /// # Errors
    /// The call failed, or the response has no value.
    pub async fn value(&self) -> Result<Vec<u8>, Failure> {
        let mut request = HttpRequest::new(json!({"SecretId": self.arn}).to_string().into());
        request.set_method("POST")?;
        request.set_uri("/")?;
        request.headers_mut().insert("content-type", "application/x-amz-json-1.1");
        request.headers_mut().insert("x-amz-target", "secretsmanager.GetSecretValue");
        let answer = self.manager.call("GetSecretValue", request).await?;
        // The error texts of serde and base64 quote their input, so they must not be logged.
        match serde_json::from_slice(answer.body()).ok() {
            Some(SecretValue { secret_string: Some(text), .. }) => Ok(text.into_bytes()),
            Some(SecretValue { secret_binary: Some(bytes), .. }) => {
                STANDARD.decode(bytes).ok().ok_or_else(|| "SecretBinary is not valid base64".into())
            }
            Some(SecretValue { .. }) => Err("the secret has no value".into()),
            None => Err("the response of Secrets Manager cannot be parsed".into()),
        }
    }
}

/// Fetches an HS256 secret from Secrets Manager. The secret string is the key, unchanged.
#[derive(Debug)]
pub struct SharedSecret(Secret);

impl SharedSecret {
    /// Creates a client of the secret with this ARN. `endpoint` replaces the region's own.
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
    use error_text::error_chain;
    use serde_json::{Value, json};

    #[tokio::test]
    async fn text_and_bytes_are_read_and_a_missing_value_is_an_error() {
        let manager = SecretsManager::start(json!({"SecretString": "as it is\n"})).await;
        let secret = Secret::new(&sdk_config(), Some(manager.endpoint()), ARN);
        assert_eq!(secret.value().await.unwrap(), b"as it is\n");
        manager.set(json!({"SecretBinary": "AAEC/w=="}));
        assert_eq!(secret.value().await.unwrap(), [0, 1, 2, 255]);
        manager.set(json!({}));
        assert!(secret.value().await.is_err());
        manager.set(Value::Null);
        let error = SharedSecret(secret).fetch().await.unwrap_err();
        assert!(error_chain(&error).contains("ResourceNotFoundException"), "{}", error_chain(&error));
    }
}
