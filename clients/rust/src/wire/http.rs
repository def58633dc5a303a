//! The HTTP API.

use super::{ClientError, REPLY_TIMEOUT, ServerOutput, notify_watcher};
use reqwest::Method;
use serde_json::Value;

/// A client of the HTTP API, with the token of one user or without a token.
#[derive(Clone)]
pub struct HttpClient {
    client: reqwest::Client,
    base: String,
    token: Option<String>,
}

/// Without the token.
impl std::fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HttpClient").field("base", &self.base).finish_non_exhaustive()
    }
}

impl HttpClient {
    /// A client of the API at the URL `base`, with a token or without.
    ///
    /// # Errors
    /// TLS cannot be set up.
    pub fn new(base: &str, token: Option<&str>) -> Result<Self, ClientError> {
        // It fails if a provider is installed already: that one is the same.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().timeout(REPLY_TIMEOUT).no_proxy().build()?;
        Ok(Self { client, base: base.trim_end_matches('/').to_owned(), token: token.map(str::to_owned) })
    }

    /// The same client with another token. Both share their connections.
    #[must_use]
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    /// Sends a request. Returns the status and the body of the answer; null if it has no body.
    ///
    /// # Errors
    /// The API cannot be reached, or the answer is no JSON.
    pub async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Result<(u16, Value), ClientError> {
        self.raw(method, path, body.map(Value::to_string)).await
    }

    /// Like [`call`](Self::call), with a request body that need not be JSON.
    ///
    /// # Errors
    /// The API cannot be reached, or the answer is no JSON.
    pub async fn raw(&self, method: Method, path: &str, body: Option<String>) -> Result<(u16, Value), ClientError> {
        let mut request = self.client.request(method.clone(), format!("{}{path}", self.base));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body);
        }
        let response = request.send().await?;
        let content_type = response.headers().get("content-type").and_then(|value| value.to_str().ok());
        let content_type = content_type.unwrap_or_default().to_owned();
        let (status, text) = (response.status().as_u16(), response.text().await?);
        let body = if text.is_empty() { Value::Null } else { serde_json::from_str(&text)? };
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        notify_watcher(&ServerOutput::Answer {
            method: &method,
            path,
            query,
            status,
            content_type: &content_type,
            body: &body,
        });
        Ok((status, body))
    }

    /// Sends a `GET` request.
    ///
    /// # Errors
    /// See [`HttpClient::call`].
    pub async fn get(&self, path: &str) -> Result<(u16, Value), ClientError> {
        self.call(Method::GET, path, None).await
    }

    /// Sends a `DELETE` request.
    ///
    /// # Errors
    /// See [`HttpClient::call`].
    pub async fn delete(&self, path: &str) -> Result<(u16, Value), ClientError> {
        self.call(Method::DELETE, path, None).await
    }

    /// Sends a `PATCH` request.
    ///
    /// # Errors
    /// See [`HttpClient::call`].
    pub async fn patch(&self, path: &str, body: &Value) -> Result<(u16, Value), ClientError> {
        self.call(Method::PATCH, path, Some(body)).await
    }

    /// Sends a `POST` request.
    ///
    /// # Errors
    /// See [`HttpClient::call`].
    pub async fn post(&self, path: &str, body: &Value) -> Result<(u16, Value), ClientError> {
        self.call(Method::POST, path, Some(body)).await
    }

    /// Sends a `PUT` request.
    ///
    /// # Errors
    /// See [`HttpClient::call`].
    pub async fn put(&self, path: &str, body: &Value) -> Result<(u16, Value), ClientError> {
        self.call(Method::PUT, path, Some(body)).await
    }
}
