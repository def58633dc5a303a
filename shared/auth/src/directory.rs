//! The Auth Service as the directory of users: `GET /users?ids=a,b,c`, with a cache of some minutes.

use crate::credential::{Credential, Token};
use crate::http::{self, Failure, HttpError};
use domain::chat_user::Profile;
use domain::ids::UserId;
use domain::ports::{Directory, DirectoryError, Env};
use domain::retry::Backoff;
use domain::timestamp::Timestamp;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use quick_cache::sync::Cache;
use reqwest::header::AUTHORIZATION;
use reqwest::{Client, StatusCode, Url};
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::future;
use std::time::Duration;

/// The maximum duration of one attempt.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(1);
/// The maximum duration of a lookup, including the read of the credential. A caller that only shows users continues
/// without profiles.
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(5);
/// The wait before the second and last attempt.
const RETRY_WAIT: Backoff = Backoff { first: Duration::from_millis(200), max: Duration::from_millis(200) };
/// How long a cached profile is used.
const PROFILE_TTL: Duration = Duration::from_secs(5 * 60);
/// The approximate capacity of the cache.
const MAX_CACHED_PROFILES: usize = 10_000;
/// The maximum number of users in one request.
const MAX_IDS_PER_REQUEST: usize = 50;
/// The URL of a request is shorter than this, because some servers and proxies refuse longer ones.
const MAX_URL_BYTES: usize = 4 * 1024;
/// The maximum number of concurrent requests of one lookup.
const MAX_CONCURRENT_REQUESTS: usize = 4;
/// The maximum length of a name.
const MAX_NAME_CHARS: usize = 256;
/// The maximum length of an avatar's URL.
const MAX_AVATAR_URL_CHARS: usize = 2048;
/// The characters that are percent-encoded in an id: a superset of what `encodeURIComponent` encodes.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_');

/// A client of the Auth Service that looks up users' profiles. A profile is cached for five minutes. The absence of a
/// user is not cached, because the user may sign up at any moment.
#[derive(Debug)]
pub struct AuthService<E> {
    client: Client,
    /// The URL of the endpoint, without a query.
    users: Url,
    credential: Option<Credential>,
    env: E,
    cache: Cache<UserId, (Profile, Timestamp)>,
    attempt_timeout: Duration,
}

/// The URL of the Auth Service cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the URL of the Auth Service cannot be used")]
pub struct AddressError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

impl<E: Env> AuthService<E> {
    /// Creates a client of the Auth Service at this URL: HTTPS, or HTTP on a loopback address. `/users` is appended to
    /// the URL's path.
    ///
    /// # Errors
    /// [`AddressError`] if the URL is not valid, is neither HTTPS nor on loopback, or has more parts than scheme, host,
    /// port and path.
    pub fn new(url: &str, credential: Option<Credential>, env: E) -> Result<Self, AddressError> {
        let mut users = http::parse_url(url).map_err(AddressError)?;
        // The URL is configuration, which is shown and logged, so it must not contain a password. The path is appended,
        // so there must be no query.
        if !users.username().is_empty() || users.password().is_some() {
            return Err(AddressError("the URL must not contain a user name or a password".into()));
        }
        if users.query().is_some() || users.fragment().is_some() {
            return Err(AddressError("the URL must not have a query or a fragment".into()));
        }
        if let Ok(mut path) = users.path_segments_mut() {
            path.pop_if_empty().push("users");
        }
        let client = http::client().map_err(|error| AddressError(error.into()))?;
        Ok(Self {
            client,
            users,
            credential,
            env,
            cache: Cache::new(MAX_CACHED_PROFILES),
            attempt_timeout: ATTEMPT_TIMEOUT,
        })
    }

    /// Splits the users into as few requests as possible, each with few enough users and a short enough URL.
    fn requests<'a>(&self, users: &BTreeSet<&'a UserId>) -> Vec<Request<'a>> {
        let mut requests: Vec<Request<'a>> = Vec::new();
        for user in users {
            let id = utf8_percent_encode(user.as_str(), ESCAPED).to_string();
            match requests.last_mut() {
                Some(last)
                    if last.users.len() < MAX_IDS_PER_REQUEST
                        && last.url.as_str().len() + 1 + id.len() < MAX_URL_BYTES =>
                {
                    let query = format!("{},{id}", last.url.query().unwrap_or_default());
                    last.url.set_query(Some(&query));
                    last.users.insert(user);
                }
                _ => {
                    let mut url = self.users.clone();
                    url.set_query(Some(&format!("ids={id}")));
                    requests.push(Request { url, users: BTreeSet::from([*user]) });
                }
            }
        }
        requests
    }

    /// Sends one request. Returns and caches the profiles of the requested users that exist.
    async fn fetch_profiles(&self, request: Request<'_>, now: Timestamp) -> Result<Vec<(UserId, Profile)>, Failure> {
        #[derive(Deserialize)]
        struct Answer {
            users: Vec<Value>,
        }
        let body = self.fetch(&request.url).await?;
        // An error text of serde may quote the response, so only its position is used.
        let answer = serde_json::from_slice::<Answer>(&body).map_err(|error| {
            format!("the response is not a list of users: error at line {}, column {}", error.line(), error.column())
        })?;
        let entries = answer.users.len();
        let mut profiles: Vec<_> = answer.users.iter().filter_map(profile).collect();
        if profiles.len() < entries {
            tracing::warn!(
                skipped = entries - profiles.len(),
                "the Auth Service returned entries that are not valid users"
            );
        }
        profiles.retain(|(user, _)| request.users.contains(user));
        for (user, profile) in &profiles {
            self.cache.insert(user.clone(), (profile.clone(), now));
        }
        Ok(profiles)
    }

    /// Sends a request, with the credential if there is one. Returns the body. If the credential is refused and there
    /// is a new one, the request is sent again.
    async fn fetch(&self, url: &Url) -> Result<Vec<u8>, Failure> {
        let Some(credential) = &self.credential else { return Ok(self.get(url, None).await?) };
        let token = credential.token(self.env.now()).await?;
        let refused = match self.get(url, Some(&token)).await {
            Err(error @ HttpError::Status(StatusCode::UNAUTHORIZED)) => error,
            answer => return Ok(answer?),
        };
        match credential.replacement(&token, self.env.now()).await {
            Some(other) => Ok(self.get(url, Some(&other)).await?),
            None => Err(refused.into()),
        }
    }

    /// Sends a request, and a second time after a transient error. Returns the body.
    async fn get(&self, url: &Url, token: Option<&Token>) -> Result<Vec<u8>, HttpError> {
        match self.get_once(url, token).await {
            Err(error) if error.is_transient() => {
                self.env.sleep(RETRY_WAIT.wait(&self.env, 0)).await;
                self.get_once(url, token).await
            }
            answer => answer,
        }
    }

    async fn get_once(&self, url: &Url, token: Option<&Token>) -> Result<Vec<u8>, HttpError> {
        let mut request = self.client.get(url.clone()).timeout(self.attempt_timeout);
        if let Some(token) = token {
            request = request.header(AUTHORIZATION, token.header());
        }
        // The URL is long and contains user ids, so the error must not contain it.
        http::fetch(request).await.map_err(HttpError::without_url)
    }
}

impl<E: Env> Directory for AuthService<E> {
    async fn profiles(&self, users: &[UserId]) -> Result<Option<BTreeMap<UserId, Profile>>, DirectoryError> {
        let now = self.env.now();
        let mut profiles = BTreeMap::new();
        let mut uncached = BTreeSet::new();
        for user in users {
            match self.cache.get(user) {
                Some((profile, at)) if now.since(at) < PROFILE_TTL => {
                    profiles.insert(user.clone(), profile);
                }
                _ => {
                    uncached.insert(user);
                }
            }
        }
        let requests: Vec<_> =
            self.requests(&uncached).into_iter().map(|request| self.fetch_profiles(request, now)).collect();
        let lookup = stream::iter(requests).buffer_unordered(MAX_CONCURRENT_REQUESTS).try_for_each(|chunk| {
            profiles.extend(chunk);
            future::ready(Ok(()))
        });
        match tokio::time::timeout(LOOKUP_TIMEOUT, lookup).await {
            Ok(result) => result.map_err(DirectoryError)?,
            Err(elapsed) => return Err(DirectoryError(elapsed.into())),
        }
        Ok(Some(profiles))
    }
}

/// One request, and the users that it asks for.
struct Request<'a> {
    url: Url,
    users: BTreeSet<&'a UserId>,
}

/// Parses one entry of a response; None without a valid id or a name. Other fields that are not valid are dropped.
fn profile(entry: &Value) -> Option<(UserId, Profile)> {
    let text = |name| entry.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let fits = |text: &&str, max_chars| text.chars().nth(max_chars).is_none();
    let user = UserId::parse(text("userId")?).ok()?;
    let profile = Profile {
        username: text("username")?.chars().take(MAX_NAME_CHARS).collect(),
        display_name: text("displayName").filter(|name| fits(name, MAX_NAME_CHARS)).map(str::to_owned),
        avatar_url: text("avatarUrl")
            .filter(|url| fits(url, MAX_AVATAR_URL_CHARS) && is_picture(url))
            .map(str::to_owned),
    };
    Some((user, profile))
}

/// Whether a client may load an avatar from this URL.
fn is_picture(url: &str) -> bool {
    (url.starts_with("https://") || url.starts_with("http://")) && http::parse_url(url).is_ok()
}

#[cfg(test)]
mod tests;
