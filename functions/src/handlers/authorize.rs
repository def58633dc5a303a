//! The authorizer of both APIs: the only function that sees tokens.

use super::run;
use crate::log::init_logging;
use auth::{FetchKeys, JwksEndpoint, Rules, SharedSecret, Verifier, VerifyError};
use domain::ports::Env as _;
use edge::authorizer::AuthorizeRequest;
use edge::aws::Aws;
use edge::config::{AuthConfig, AwsConfig, KeySourceConfig};
use edge::env::SystemEnv;
use error_text::error_chain;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::Value;
use std::process::ExitCode;

/// Runs the function until Lambda ends it.
pub fn main() -> ExitCode {
    run(serve())
}

async fn serve() -> Result<(), Error> {
    init_logging()?;
    let AuthConfig { keys, issuer, audience } = AuthConfig::from_env()?;
    if audience.is_none() {
        tracing::warn!("no audience is configured: a token that the issuer made for another service is accepted too");
    }
    let rules = Rules { issuer, audience };
    match keys {
        KeySourceConfig::Jwks(url) => authorize(Verifier::new(JwksEndpoint::new(&url)?, rules)).await,
        KeySourceConfig::Secret(arn) => {
            let aws = Aws::new(AwsConfig::from_env()?);
            let secret = SharedSecret::new(&aws.sdk, aws.config.secrets_endpoint.as_deref(), &arn);
            authorize(Verifier::new(secret, rules)).await
        }
    }
}

async fn authorize(verifier: Verifier<impl FetchKeys>) -> Result<(), Error> {
    verifier.warm(SystemEnv.now()).await;
    let verifier = &verifier;
    lambda_runtime::run(service_fn(async |event| handle(verifier, event).await)).await
}

async fn handle(verifier: &Verifier<impl FetchKeys>, event: LambdaEvent<Value>) -> Result<Value, Error> {
    let request = AuthorizeRequest::parse(event.payload)?;
    let Some(token) = &request.token else {
        tracing::info!("refused: no token");
        return Ok(request.deny());
    };
    match verifier.verify(token, SystemEnv.now()).await {
        Ok(identity) => Ok(request.allow(&identity.user, identity.exp)),
        Err(VerifyError::Refused(reason)) => {
            tracing::info!(reason, "refused");
            Ok(request.deny())
        }
        // Without keys it is unknown whether the token is valid. API Gateway responds 500, and the client may retry.
        Err(error @ VerifyError::NoKeys(_)) => {
            tracing::error!(error = error_chain(&error), "a token could not be checked: no keys");
            Err(error.into())
        }
    }
}
