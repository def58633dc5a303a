//! From a token to a user, or to the reason why not.

use crate::cache::KeyCache;
use crate::keys::{FetchError, FetchKeys, Key};
use domain::ids::UserId;
use domain::timestamp::Timestamp;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, Validation, decode, decode_header};
use serde::Deserialize;

/// The longest token that is looked at.
const MAX_TOKEN_BYTES: usize = 8 * 1024;
/// How far the Auth Service's clock may be ahead of ours, in seconds: for `nbf`. `exp` has no leeway.
const LEEWAY: u64 = 5;

/// What a token must say beside `sub` and `exp`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rules {
    /// The only `iss` that is accepted, where one is configured.
    pub issuer: Option<String>,
    /// An `aud` that must be among the token's, where one is configured.
    pub audience: Option<String>,
}

/// A user, and until when the token says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The token's `sub`.
    pub user: UserId,
    /// The token's `exp`.
    pub exp: Timestamp,
}

/// Why there is no identity.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The token is not to be trusted. The reason is for the log, and says nothing of the token's content.
    #[error("the token is refused: {0}")]
    Refused(&'static str),
    /// Whether it is cannot be told, as the keys could not be had.
    #[error(transparent)]
    NoKeys(#[from] FetchError),
}

/// Verifies tokens.
pub struct Verifier<F> {
    keys: KeyCache<F>,
    rules: Rules,
}

impl<F: FetchKeys> Verifier<F> {
    /// A verifier with keys of this source.
    pub fn new(source: F, rules: Rules) -> Self {
        Self { keys: KeyCache::new(source), rules }
    }

    /// Fetches the keys before they are needed. Failing to is no error yet.
    pub async fn warm(&self, now: Timestamp) {
        self.keys.refetch(now).await;
    }

    /// Who the token speaks for.
    ///
    /// # Errors
    /// [`VerifyError`].
    pub async fn verify(&self, token: &str, now: Timestamp) -> Result<Identity, VerifyError> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(VerifyError::Refused("too long"));
        }
        let header = decode_header(token).map_err(|error| VerifyError::Refused(reason(error.kind())))?;
        if header.crit.is_some() {
            return Err(VerifyError::Refused("it has a crit header, and no extension is understood"));
        }
        let kid = header.kid.as_deref();
        let key = self.keys.key(kid, now).await?.ok_or(VerifyError::Refused("no key of this name"))?;
        match self.check(token, &key, now) {
            // A shared secret has no name by which a new one could be told from the old.
            Err(VerifyError::Refused(WRONG_SIGNATURE))
                if key.algorithm == Algorithm::HS256 && self.keys.refetch(now).await =>
            {
                let key = self.keys.key(kid, now).await?.ok_or(VerifyError::Refused("no key of this name"))?;
                self.check(token, &key, now)
            }
            checked => checked,
        }
    }

    fn check(&self, token: &str, key: &Key, now: Timestamp) -> Result<Identity, VerifyError> {
        #[derive(Deserialize)]
        struct Claims {
            sub: String,
            exp: f64,
        }
        let validation = self.validation(key.algorithm);
        let claims = decode::<Claims>(token, &key.decoding, &validation);
        let Claims { sub, exp } = claims.map_err(|error| VerifyError::Refused(reason(error.kind())))?.claims;
        // NumericDate may have a fraction (RFC 7519, section 2); a saturating cast keeps absurd ones in range.
        #[allow(clippy::cast_possible_truncation)]
        let exp = Timestamp::from_seconds(exp.floor() as i64);
        if exp <= now {
            return Err(VerifyError::Refused(EXPIRED));
        }
        let user = UserId::parse(sub).map_err(|_invalid| VerifyError::Refused("its sub is not a user id"))?;
        Ok(Identity { user, exp })
    }

    /// One key, one algorithm, one validation.
    fn validation(&self, algorithm: Algorithm) -> Validation {
        let mut validation = Validation::new(algorithm);
        validation.leeway = LEEWAY;
        validation.validate_nbf = true;
        let mut required = vec!["exp", "sub"];
        if let Some(issuer) = &self.rules.issuer {
            validation.set_issuer(&[issuer]);
            required.push("iss");
        }
        match &self.rules.audience {
            Some(audience) => {
                validation.set_audience(&[audience]);
                required.push("aud");
            }
            None => validation.validate_aud = false,
        }
        validation.set_required_spec_claims(&required);
        validation
    }
}

const WRONG_SIGNATURE: &str = "its signature is wrong";
const MALFORMED: &str = "it is no well-formed token";
const EXPIRED: &str = "it has expired";

fn reason(kind: &ErrorKind) -> &'static str {
    match kind {
        ErrorKind::InvalidSignature => WRONG_SIGNATURE,
        ErrorKind::ExpiredSignature => EXPIRED,
        ErrorKind::ImmatureSignature => "it is not valid yet",
        ErrorKind::InvalidIssuer => "its issuer is another",
        ErrorKind::InvalidAudience => "its audience is another",
        ErrorKind::InvalidAlgorithm | ErrorKind::InvalidAlgorithmName => "its algorithm is not the key's",
        ErrorKind::MissingRequiredClaim(_) => "a required claim is missing",
        _ => MALFORMED,
    }
}

#[cfg(test)]
mod tests;
