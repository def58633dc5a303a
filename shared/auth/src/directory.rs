//! The Auth Service as the directory of users: `GET /users?ids=a,b,c`, and what it answered, kept for some minutes.

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

/// The longest that one try may take.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(1);
/// The longest that all of it may take, the reading of the credential too: whoever only shows users goes without.
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(5);
/// The wait before the second and last try.
const RETRY_WAIT: Backoff = Backoff { first: Duration::from_millis(200), max: Duration::from_millis(200) };
/// For this long a profile is not asked for again.
const PROFILE_TTL: Duration = Duration::from_secs(5 * 60);
/// About as many profiles are kept.
const MAX_CACHED_PROFILES: usize = 10_000;
/// No request asks for more users.
const MAX_IDS_PER_REQUEST: usize = 50;
/// The address of a request is shorter: longer ones are refused by some servers and proxies.
const MAX_URL_BYTES: usize = 4 * 1024;
/// As many requests are under way at once for one caller.
const MAX_CONCURRENT_REQUESTS: usize = 4;
/// The most characters of a name.
const MAX_NAME_CHARS: usize = 256;
/// The most characters of a picture's address.
const MAX_AVATAR_URL_CHARS: usize = 2048;
/// What an id is not made of, or what has a meaning in an address; `encodeURIComponent` leaves as much.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_');

/// Asks the Auth Service who users are. A profile is kept for five minutes; that somebody does not exist is not kept, as
/// they may sign up any moment.
#[derive(Debug)]
pub struct AuthService<E> {
    client: Client,
    /// Where users are asked for, without a query.
    users: Url,
    credential: Option<Credential>,
    env: E,
    kept: Cache<UserId, (Profile, Timestamp)>,
    one_try: Duration,
}

/// The Auth Service's address is none that can be asked.
#[derive(Debug, thiserror::Error)]
#[error("the Auth Service's address cannot be used")]
pub struct AddressError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

impl<E: Env> AuthService<E> {
    /// The Auth Service at this address: HTTPS, or HTTP on a loopback address. A path is kept, and `/users` added to it.
    ///
    /// # Errors
    /// [`AddressError`]: the address is none, would be asked in the clear, or says more than where the service is.
    pub fn new(url: &str, credential: Option<Credential>, env: E) -> Result<Self, AddressError> {
        let mut users = http::address(url).map_err(AddressError)?;
        // An address is configuration that is shown and logged, and it ends where the path begins that is asked.
        if !users.username().is_empty() || users.password().is_some() {
            return Err(AddressError("an address has no user name and no password".into()));
        }
        if users.query().is_some() || users.fragment().is_some() {
            return Err(AddressError("the address has a query or a fragment".into()));
        }
        if let Ok(mut path) = users.path_segments_mut() {
            path.pop_if_empty().push("users");
        }
        let client = http::client().map_err(|error| AddressError(error.into()))?;
        Ok(Self { client, users, credential, env, kept: Cache::new(MAX_CACHED_PROFILES), one_try: ATTEMPT_TIMEOUT })
    }

    /// The requests that ask for all of these users: few, but none with too many users or too long an address.
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

    /// Those whom the Auth Service knows of the users whom this request asks for; they are kept.
    async fn ask(&self, request: Request<'_>, now: Timestamp) -> Result<Vec<(UserId, Profile)>, Failure> {
        #[derive(Deserialize)]
        struct Answer {
            users: Vec<Value>,
        }
        let body = self.fetch(&request.url).await?;
        // What serde says may repeat what it read.
        let answer = serde_json::from_slice::<Answer>(&body).map_err(|error| {
            format!("the answer is no list of users: line {}, column {}", error.line(), error.column())
        })?;
        let all = answer.users.len();
        let mut found: Vec<_> = answer.users.iter().filter_map(profile).collect();
        if found.len() < all {
            tracing::warn!(skipped = all - found.len(), "the Auth Service answered what is no user");
        }
        found.retain(|(user, _)| request.users.contains(user));
        for (user, profile) in &found {
            self.kept.insert(user.clone(), (profile.clone(), now));
        }
        Ok(found)
    }

    /// The answer to a request, which proves who asks if the Auth Service wants that.
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

    /// The answer to a request; what may have been a moment's failure is tried a second time.
    async fn get(&self, url: &Url, token: Option<&Token>) -> Result<Vec<u8>, HttpError> {
        match self.try_to_get(url, token).await {
            Err(error) if error.is_transient() => {
                self.env.sleep(RETRY_WAIT.wait(&self.env, 0)).await;
                self.try_to_get(url, token).await
            }
            answer => answer,
        }
    }

    async fn try_to_get(&self, url: &Url, token: Option<&Token>) -> Result<Vec<u8>, HttpError> {
        let mut request = self.client.get(url.clone()).timeout(self.one_try);
        if let Some(token) = token {
            request = request.header(AUTHORIZATION, token.header());
        }
        // The address has the ids of users, and is long.
        http::fetch(request).await.map_err(HttpError::without_url)
    }
}

impl<E: Env> Directory for AuthService<E> {
    async fn profiles(&self, users: &[UserId]) -> Result<Option<BTreeMap<UserId, Profile>>, DirectoryError> {
        let now = self.env.now();
        let mut profiles = BTreeMap::new();
        let mut others = BTreeSet::new();
        for user in users {
            match self.kept.get(user) {
                Some((profile, at)) if now.since(at) < PROFILE_TTL => {
                    profiles.insert(user.clone(), profile);
                }
                _ => {
                    others.insert(user);
                }
            }
        }
        let requests: Vec<_> = self.requests(&others).into_iter().map(|request| self.ask(request, now)).collect();
        let answered = stream::iter(requests).buffer_unordered(MAX_CONCURRENT_REQUESTS).try_for_each(|found| {
            profiles.extend(found);
            future::ready(Ok(()))
        });
        match tokio::time::timeout(LOOKUP_TIMEOUT, answered).await {
            Ok(answered) => answered.map_err(DirectoryError)?,
            Err(elapsed) => return Err(DirectoryError(elapsed.into())),
        }
        Ok(Some(profiles))
    }
}

/// One request, and whom it asks for.
struct Request<'a> {
    url: Url,
    users: BTreeSet<&'a UserId>,
}

/// The user of one entry of an answer; None if it has no id or no name. What else is wrong is left away.
fn profile(entry: &Value) -> Option<(UserId, Profile)> {
    let text = |name| entry.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let short = |text: &&str, most| text.chars().nth(most).is_none();
    let user = UserId::parse(text("userId")?).ok()?;
    let profile = Profile {
        username: text("username")?.chars().take(MAX_NAME_CHARS).collect(),
        display_name: text("displayName").filter(|name| short(name, MAX_NAME_CHARS)).map(str::to_owned),
        avatar_url: text("avatarUrl")
            .filter(|url| short(url, MAX_AVATAR_URL_CHARS) && is_picture(url))
            .map(str::to_owned),
    };
    Some((user, profile))
}

/// Whether a client may load a picture from there.
fn is_picture(url: &str) -> bool {
    (url.starts_with("https://") || url.starts_with("http://")) && http::address(url).is_ok()
}

#[cfg(test)]
mod tests;
