//! One connection to Redis. It is opened when it is first needed, and again after a failure. A caller waits for Redis
//! at most [`CALL_TIMEOUT`].

use domain::ports::StoreError;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, ErrorKind, FromRedisValue, Pipeline, RedisError, ServerErrorKind};
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// The maximum duration of one call, including the time to connect.
const CALL_TIMEOUT: Duration = Duration::from_millis(250);
/// The maximum duration of reading the password, if it is not cached.
const PASSWORD_TIMEOUT: Duration = Duration::from_secs(1);
/// After a failed call, further calls fail at once for this long. So many calls in one request wait no longer than one
/// call.
const COOL_DOWN: Duration = Duration::from_secs(1);

/// Why the URL of a Redis is refused.
#[derive(Debug, thiserror::Error)]
pub enum AddressError {
    /// The text is not the URL of a Redis.
    #[error("must be redis://host:port or rediss://host:port")]
    NoAddress(#[source] RedisError),
    /// The URL contains a password. URLs are shown, logged and passed around, so they must not.
    #[error("must not contain a password: put it into a secret")]
    Password,
}

/// Creates a client of the Redis or Valkey at `redis://...` or, with TLS, `rediss://...`. The URL may contain a user
/// name but no password. This does not connect yet.
///
/// # Errors
/// [`AddressError`] if the text is not such a URL or contains a password.
pub fn parse_url(url: &str) -> Result<Client, AddressError> {
    // Installs the TLS provider that the rest of the program uses. An error means that one is already installed.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::open(url).map_err(AddressError::NoAddress)?;
    match client.get_connection_info().redis_settings().password() {
        Some(_) => Err(AddressError::Password),
        None => Ok(client),
    }
}

/// A source of the password of a Redis.
pub trait Password: Send + Sync {
    /// The password; None if the server asks for none.
    fn password(&self) -> impl Future<Output = Result<Option<String>, PasswordError>> + Send;
}

/// The password of Redis could not be read.
#[derive(Debug, thiserror::Error)]
#[error("the password of Redis could not be read")]
pub struct PasswordError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// For a Redis without a password.
impl Password for () {
    async fn password(&self) -> Result<Option<String>, PasswordError> {
        Ok(None)
    }
}

/// A future without its concrete type. The futures of the Redis client are nested too deep for the compiler inside a
/// function's handler.
type BoxedFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The connection to one server, with what is needed to open it.
pub(crate) struct RedisLink<P> {
    server: Client,
    password: P,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The client with the password; None before the password is read and after a refusal.
    client: Option<Client>,
    connection: Option<MultiplexedConnection>,
    down_until: Option<Instant>,
}

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("Redis failed less than a second ago")]
    Down,
    #[error("Redis did not answer in time")]
    Late,
    #[error(transparent)]
    PasswordError(#[from] PasswordError),
    #[error(transparent)]
    Redis(#[from] RedisError),
}

impl<P: Password> RedisLink<P> {
    pub(crate) fn new(server: Client, password: P) -> Self {
        Self { server, password, state: Mutex::default() }
    }

    /// Runs commands in one round trip. If the cached connection turns out to be closed, it runs them once more on a
    /// new connection. All commands of this crate may be repeated.
    ///
    /// # Errors
    /// [`StoreError`], after at most 250 ms, and one second more if the password is not cached. For a second after an
    /// error, calls fail at once.
    pub(crate) async fn run<T: FromRedisValue + Send>(
        &self,
        operation: &'static str,
        commands: &Pipeline,
    ) -> Result<T, StoreError> {
        if self.lock().down_until.is_some_and(|until| Instant::now() < until) {
            return Err(StoreError::Unavailable { operation, source: Box::new(Failure::Down) });
        }
        let client = match timeout(PASSWORD_TIMEOUT, self.client()).await {
            Ok(Ok(client)) => client,
            Ok(Err(failure)) => return Err(self.fail(operation, failure)),
            Err(_) => return Err(self.fail(operation, Failure::Late)),
        };
        let attempt: BoxedFuture<'_, Result<T, Failure>> = Box::pin(self.run_with_one_retry(&client, commands));
        let failure = match timeout(CALL_TIMEOUT, attempt).await {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(failure)) => failure,
            Err(_) => Failure::Late,
        };
        Err(self.fail(operation, failure))
    }

    /// Handles a failed call. Starts the time in which calls fail at once.
    fn fail(&self, operation: &'static str, failure: Failure) -> StoreError {
        let mut state = self.lock();
        // A connection that does not answer may be half open, so the next call opens a new one.
        state.connection = None;
        state.down_until = Some(Instant::now() + COOL_DOWN);
        if matches!(&failure, Failure::Redis(error) if is_refused(error)) {
            // The password may have been rotated.
            state.client = None;
            return StoreError::Refused { operation, source: Box::new(failure) };
        }
        StoreError::Unavailable { operation, source: Box::new(failure) }
    }

    async fn run_with_one_retry<T: FromRedisValue>(&self, client: &Client, commands: &Pipeline) -> Result<T, Failure> {
        let cached = self.lock().connection.clone();
        if let Some(mut connection) = cached {
            match commands.query_async(&mut connection).await {
                Err(error) if error.is_io_error() => tracing::info!("Redis closed the connection; reconnecting"),
                result => return Ok(result?),
            }
        }
        // `run` limits the whole call; these time-outs are not shorter.
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CALL_TIMEOUT))
            .set_response_timeout(Some(CALL_TIMEOUT));
        let mut connection = client.get_multiplexed_async_connection_with_config(&config).await?;
        self.lock().connection = Some(connection.clone());
        Ok(commands.query_async(&mut connection).await?)
    }

    /// The client with the password. Once the password is cached, no call waits for it.
    async fn client(&self) -> Result<Client, Failure> {
        let cached = self.lock().client.clone();
        if let Some(client) = cached {
            return Ok(client);
        }
        let password: BoxedFuture<'_, Result<Option<String>, PasswordError>> = Box::pin(self.password.password());
        let client = match password.await? {
            Some(password) => {
                let server = self.server.get_connection_info().clone();
                let settings = server.redis_settings().clone().set_password(password);
                Client::open(server.set_redis_settings(settings))?
            }
            None => self.server.clone(),
        };
        self.lock().client = Some(client.clone());
        Ok(client)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether Redis refuses the password or the permission. A retry does not help.
fn is_refused(error: &RedisError) -> bool {
    matches!(error.kind(), ErrorKind::AuthenticationFailed | ErrorKind::Server(ServerErrorKind::NoPerm))
}
