//! A stand-in for the Auth Service, for development. It issues a token for any user to anybody. Never deploy it.

use crate::Error;
use axum::extract::{Query, State};
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::from_fn;
use axum::routing::{get, post};
use axum::{Json, Router};
use jsonwebtoken::jwk::{Jwk, JwkSet, PublicKeyUse};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use local_cloud::guard::{is_local_origin, local_only};
use rsa::RsaPrivateKey;
use rsa::pkcs1::EncodeRsaPrivateKey as _;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::net::TcpListener;
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};

/// The users that exist from the start.
pub const USERS: [&str; 3] = ["alice", "bob", "carol"];

/// The users in the examples of docs/openapi.yaml. They exist too, so that an example can be sent as it is.
pub(crate) const EXAMPLE_USERS: [&str; 3] = ["liam", "maria", "nora"];

/// The lifetime of a token, in seconds, if the request does not set one.
const TOKEN_LIFE_SECONDS: i64 = 12 * 60 * 60;
/// The path that issues tokens.
const TOKEN_PATH: &str = "/token";
const KEY_ID: &str = "development";
/// The `aud` of its tokens.
pub(crate) const AUDIENCE: &str = "lambda-chat";

/// A running stand-in. It ends with the program.
#[derive(Debug, Clone)]
pub struct AuthService {
    address: SocketAddr,
    state: Arc<Users>,
}

struct Users {
    key: EncodingKey,
    jwks: JwkSet,
    /// The ids of the users that exist.
    ids: Mutex<BTreeSet<String>>,
    /// The bearer token that `GET /users` requires. None if it requires no token.
    credential: Option<String>,
}

impl std::fmt::Debug for Users {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Users")
    }
}

impl AuthService {
    /// Creates a key and serves on 127.0.0.1. Port 0 means any free port. With a credential, `GET /users` answers only
    /// requests that present it.
    ///
    /// # Errors
    /// The port is in use, or the key cannot be created.
    pub async fn start(port: u16, credential: Option<String>) -> Result<Self, Error> {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.map_err(|source| Error::Io {
            what: format!(
                "the Auth Service cannot listen on port {port}. Choose another port with --auth-port or --port-base"
            ),
            source,
        })?;
        let address = listener
            .local_addr()
            .map_err(|source| Error::Io { what: "the Auth Service has no address".to_owned(), source })?;
        let key_pair = tokio::task::spawn_blocking(make_key).await;
        let (key, jwks) = key_pair.map_err(|error| Error::Key(error.to_string()))??;
        let ids = Mutex::new(USERS.into_iter().chain(EXAMPLE_USERS).map(str::to_owned).collect());
        let state = Arc::new(Users { key, jwks, ids, credential });
        let routes = Router::new()
            .route("/.well-known/jwks.json", get(jwks_json))
            .route(TOKEN_PATH, post(token))
            .route("/users", get(users))
            .with_state(state.clone())
            .layer(cors())
            .layer(from_fn(local_only));
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Ok(Self { address, state })
    }

    /// The base URL, such as `http://127.0.0.1:3002`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The URL that issues tokens.
    pub fn token_url(&self) -> String {
        format!("{}{TOKEN_PATH}", self.url())
    }

    /// The URL of its public keys.
    pub fn jwks_url(&self) -> String {
        jwks_url(&self.url())
    }

    /// A token of this user with the default lifetime, the same as `POST /token` issues.
    ///
    /// # Errors
    /// The token cannot be signed.
    pub fn token(&self, user: &str) -> Result<String, Error> {
        self.state.token(user, TOKEN_LIFE_SECONDS).map_err(|error| Error::Key(error.to_string()))
    }
}

/// Lets the pages of this machine read the answers, whatever port serves them: their first request is for a token. It
/// allows any header, by name, because `*` would not include `Authorization`.
fn cors() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(|origin, _| is_local_origin(origin)))
        .allow_methods([Method::GET, Method::POST])
        .allow_headers(AllowHeaders::mirror_request())
}

/// The URL of the public keys of the stand-in at `auth_url`.
pub(crate) fn jwks_url(auth_url: &str) -> String {
    format!("{auth_url}/.well-known/jwks.json")
}

fn make_key() -> Result<(EncodingKey, JwkSet), Error> {
    let key_error = |error: &dyn std::error::Error| Error::Key(error.to_string());
    let private = RsaPrivateKey::new(&mut rsa::rand_core::OsRng, 2048).map_err(|error| key_error(&error))?;
    let der = private.to_pkcs1_der().map_err(|error| key_error(&error))?;
    let key = EncodingKey::from_rsa_der(der.as_bytes());
    let mut jwk = Jwk::from_encoding_key(&key, Algorithm::RS256).map_err(|error| key_error(&error))?;
    jwk.common.key_id = Some(KEY_ID.to_owned());
    jwk.common.public_key_use = Some(PublicKeyUse::Signature);
    Ok((key, JwkSet { keys: vec![jwk] }))
}

impl Users {
    fn token(&self, user: &str, life: i64) -> Result<String, jsonwebtoken::errors::Error> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs().cast_signed());
        let mut header = Header::new(Algorithm::RS256);
        header.kid = Some(KEY_ID.to_owned());
        header.typ = Some("at+jwt".to_owned());
        encode(&header, &json!({"sub": user, "aud": AUDIENCE, "iat": now, "exp": now + life}), &self.key)
    }
}

async fn jwks_json(State(state): State<Arc<Users>>) -> Json<JwkSet> {
    Json(state.jwks.clone())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct TokenRequest {
    user_id: String,
    /// May be negative, to get a token that has expired.
    expires_in_seconds: Option<i64>,
}

/// Accepts any content type, so that a plain `curl -d` is enough.
async fn token(State(state): State<Arc<Users>>, body: String) -> (StatusCode, Json<Value>) {
    let request: TokenRequest = match serde_json::from_str(&body) {
        Ok(request) => request,
        Err(error) => return (StatusCode::BAD_REQUEST, Json(json!({"error": error.to_string()}))),
    };
    match state.token(&request.user_id, request.expires_in_seconds.unwrap_or(TOKEN_LIFE_SECONDS)) {
        Ok(token) => {
            if let Ok(mut ids) = state.ids.lock() {
                ids.insert(request.user_id.clone());
            }
            (StatusCode::OK, Json(json!({"userId": request.user_id, "token": token})))
        }
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, Json(json!({"error": error.to_string()}))),
    }
}

#[derive(Deserialize)]
struct UsersQuery {
    ids: String,
}

/// The profiles of the users in `ids` that exist: the initial users, and every user that got a token.
async fn users(
    State(state): State<Arc<Users>>,
    headers: HeaderMap,
    Query(query): Query<UsersQuery>,
) -> (StatusCode, Json<Value>) {
    let presented = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if state.credential.as_ref().is_some_and(|credential| presented != format!("Bearer {credential}")) {
        return (
            StatusCode::UNAUTHORIZED,
            Json(json!({"error": "this Auth Service requires its credential as a bearer token"})),
        );
    }
    let existing = state.ids.lock().map(|ids| ids.clone()).unwrap_or_default();
    let profile = |id: &str| json!({"userId": id, "username": id, "displayName": capitalize(id)});
    let profiles: Vec<_> = query.ids.split(',').filter(|id| existing.contains(*id)).map(profile).collect();
    (StatusCode::OK, Json(json!({"users": profiles})))
}

fn capitalize(id: &str) -> String {
    let mut letters = id.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
