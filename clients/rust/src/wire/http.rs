//! The HTTP API.

use super::{ClientError, REPLY_TIMEOUT, Told, tell};
use reqwest::Method;
use serde_json::Value;

/// One user's way to the HTTP API.
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
    /// A client of the API at `base`, with a token or without.
    ///
    /// # Errors
    /// The TLS set-up fails.
    pub fn new(base: &str, token: Option<&str>) -> Result<Self, ClientError> {
        // Another that was installed before is the same one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().timeout(REPLY_TIMEOUT).no_proxy().build()?;
        Ok(Self { client, base: base.trim_end_matches('/').to_owned(), token: token.map(str::to_owned) })
    }

    /// The same client with another token; both share their connections.
    #[must_use]
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    /// The status and the JSON that a request is answered with; no body is null.
    ///
    /// # Errors
    /// The API cannot be reached, or does not answer JSON.
    pub async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Result<(u16, Value), ClientError> {
        self.raw(method, path, body.map(Value::to_string)).await
    }

    /// The same, with a body that need not be JSON.
    ///
    /// # Errors
    /// The API cannot be reached, or does not answer JSON.
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
        let path = path.split('?').next().unwrap_or_default();
        tell(&Told::Answer { method: &method, path, status, content_type: &content_type, body: &body });
        Ok((status, body))
    }

    /// `GET`.
    ///
    /// # Errors
    /// See [`HttpClient::call`].
    pub async fn get(&self, path: &str) -> Result<(u16, Value), ClientError> {
        self.call(Method::GET, path, None).await
    }

    /// `DELETE`.
    ///
    /// # Errors
    /// See [`HttpClient::call`].
    pub async fn delete(&self, path: &str) -> Result<(u16, Value), ClientError> {
        self.call(Method::DELETE, path, None).await
    }

    /// `PATCH`.
    ///
    /// # Errors
    /// See [`HttpClient::call`].
    pub async fn patch(&self, path: &str, body: &Value) -> Result<(u16, Value), ClientError> {
        self.call(Method::PATCH, path, Some(body)).await
    }

    /// `POST`.
    ///
    /// # Errors
    /// See [`HttpClient::call`].
    pub async fn post(&self, path: &str, body: &Value) -> Result<(u16, Value), ClientError> {
        self.call(Method::POST, path, Some(body)).await
    }

    /// `PUT`.
    ///
    /// # Errors
    /// See [`HttpClient::call`].
    pub async fn put(&self, path: &str, body: &Value) -> Result<(u16, Value), ClientError> {
        self.call(Method::PUT, path, Some(body)).await
    }
}
