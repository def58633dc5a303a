//! One connection to Redis that is made when it is first needed, and anew after it failed. Nobody waits for Redis longer
//! than [`CALL_TIMEOUT`].

use domain::ports::StoreError;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, ErrorKind, FromRedisValue, Pipeline, RedisError, ServerErrorKind};
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// The longest that one call may take, connecting included.
const CALL_TIMEOUT: Duration = Duration::from_millis(250);
/// The longest that reading the password may take, where it is not known yet.
const PASSWORD_TIMEOUT: Duration = Duration::from_secs(1);
/// For this long after a call failed, calls fail at once: many in one request wait no longer than one.
const COOL_DOWN: Duration = Duration::from_secs(1);

/// Why an address of a Redis is refused.
#[derive(Debug, thiserror::Error)]
pub enum AddressError {
    /// It is none.
    #[error("must be redis://host:port or rediss://host:port")]
    NoAddress(#[source] RedisError),
    /// Addresses are shown, logged and passed around.
    #[error("must hold no password: put it into a secret")]
    Password,
}

/// A client of the Redis or Valkey at `redis://...` or, with TLS, `rediss://...`; with a user name in it where it wants one,
/// and never a password. Nothing is connected yet.
///
/// # Errors
/// [`AddressError`].
pub fn parse_url(url: &str) -> Result<Client, AddressError> {
    // The TLS that the rest of the program uses; an error says that it is chosen already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::open(url).map_err(AddressError::NoAddress)?;
    match client.get_connection_info().redis_settings().password() {
        Some(_) => Err(AddressError::Password),
        None => Ok(client),
    }
}

/// Knows the password of a Redis.
pub trait Password: Send + Sync {
    /// The password; None where it asks for none.
    fn password(&self) -> impl Future<Output = Result<Option<String>, PasswordError>> + Send;
}

/// The password could not be read.
#[derive(Debug, thiserror::Error)]
#[error("the password of Redis could not be read")]
pub struct PasswordError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// It asks for none.
impl Password for () {
    async fn password(&self) -> Result<Option<String>, PasswordError> {
        Ok(None)
    }
}

/// A future whose type is not seen from outside. The clients' own are nested deeper than the compiler follows from a
/// function's handler on.
type BoxedFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The connection, if there is one, and what to connect with.
pub(crate) struct RedisLink<P> {
    server: Client,
    password: P,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The server's client, with the password in it.
    client: Option<Client>,
    connection: Option<MultiplexedConnection>,
    down_until: Option<Instant>,
}

/// Why a call was not answered.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("it failed a moment ago")]
    Down,
    #[error("it took too long")]
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

    /// Runs commands in one round trip, and once more on a new connection if the one at hand turns out to be closed:
    /// each of ours may be repeated.
    ///
    /// # Errors
    /// [`StoreError`], after 250 ms at most, and one second more where the password is not known yet; for a second after
    /// that, at once.
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
            Ok(Err(failure)) => return Err(self.failed(operation, failure)),
            Err(_) => return Err(self.failed(operation, Failure::Late)),
        };
        let trying: BoxedFuture<'_, Result<T, Failure>> = Box::pin(self.run_with_one_retry(&client, commands));
        let failure = match timeout(CALL_TIMEOUT, trying).await {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(failure)) => failure,
            Err(_) => Failure::Late,
        };
        Err(self.failed(operation, failure))
    }

    /// For a while, calls fail at once.
    fn failed(&self, operation: &'static str, failure: Failure) -> StoreError {
        let mut state = self.lock();
        // A connection that does not answer may be half open: the next call makes another.
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
        let at_hand = self.lock().connection.clone();
        if let Some(mut connection) = at_hand {
            match commands.query_async(&mut connection).await {
                Err(error) if error.is_io_error() => tracing::info!("connecting to Redis again"),
                result => return Ok(result?),
            }
        }
        // The limit of a call is set around all of it.
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CALL_TIMEOUT))
            .set_response_timeout(Some(CALL_TIMEOUT));
        let mut connection = client.get_multiplexed_async_connection_with_config(&config).await?;
        self.lock().connection = Some(connection.clone());
        Ok(commands.query_async(&mut connection).await?)
    }

    /// The server's client, with the password in it. Once the password is known, no call waits for it.
    async fn client(&self) -> Result<Client, Failure> {
        let known = self.lock().client.clone();
        if let Some(client) = known {
            return Ok(client);
        }
        let reading: BoxedFuture<'_, Result<Option<String>, PasswordError>> = Box::pin(self.password.password());
        let client = match reading.await? {
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

/// Whether Redis does not let us in: trying again does not help.
fn is_refused(error: &RedisError) -> bool {
    matches!(error.kind(), ErrorKind::AuthenticationFailed | ErrorKind::Server(ServerErrorKind::NoPerm))
}
