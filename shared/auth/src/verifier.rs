//! Verifies a token: returns the user, or the reason for the refusal.

use crate::cache::KeyCache;
use crate::keys::{FetchError, FetchKeys, Key};
use domain::ids::UserId;
use domain::timestamp::Timestamp;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, Validation, decode, decode_header};
use serde::Deserialize;

/// Longer tokens are refused without parsing.
const MAX_TOKEN_BYTES: usize = 8 * 1024;
/// How many seconds the Auth Service's clock may be ahead of ours. It applies to `nbf`; `exp` has no leeway.
const LEEWAY: u64 = 5;
/// The media types that a token's `typ` may name: a JWT of no particular kind (RFC 7519, section 5.1) and an access
/// token (RFC 9068, section 2.1).
const TOKEN_TYPES: [&str; 2] = ["jwt", "at+jwt"];

/// Required claims of a token, in addition to `sub` and `exp`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rules {
    /// The required `iss`; None accepts any.
    pub issuer: Option<String>,
    /// A value that must be in the token's `aud`; None accepts any.
    pub audience: Option<String>,
}

/// The user of a valid token, and when the token expires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The token's `sub`.
    pub user: UserId,
    /// The token's `exp`.
    pub exp: Timestamp,
}

/// Why a token gives no identity.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The token is not valid. The reason is for the log and contains nothing of the token.
    #[error("the token is refused: {0}")]
    Refused(&'static str),
    /// The token cannot be checked, because the keys could not be fetched.
    #[error(transparent)]
    NoKeys(#[from] FetchError),
}

/// Verifies tokens with the keys of one source.
pub struct Verifier<F> {
    keys: KeyCache<F>,
    rules: Rules,
}

impl<F: FetchKeys> Verifier<F> {
    /// Creates a verifier with the keys of this source.
    pub fn new(source: F, rules: Rules) -> Self {
        Self { keys: KeyCache::new(source), rules }
    }

    /// Fetches the keys before they are needed. If this fails, a later call fetches them.
    pub async fn warm(&self, now: Timestamp) {
        self.keys.refetch(now).await;
    }

    /// Verifies a token and returns its user.
    ///
    /// # Errors
    /// [`VerifyError`] if the token is not valid or cannot be checked.
    pub async fn verify(&self, token: &str, now: Timestamp) -> Result<Identity, VerifyError> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(VerifyError::Refused("it is too long"));
        }
        let header = decode_header(token).map_err(|error| VerifyError::Refused(reason(error.kind())))?;
        if header.crit.is_some() {
            return Err(VerifyError::Refused("it has a crit header, but no extension is supported"));
        }
        if !header.typ.as_deref().is_none_or(is_token_type) {
            return Err(VerifyError::Refused(OTHER_TYPE));
        }
        let kid = header.kid.as_deref();
        let key = self.keys.key(kid, now).await?.ok_or(VerifyError::Refused("no key has its key id"))?;
        match self.check(token, &key, now) {
            // A shared secret has no key id, so a rotation shows only as a wrong signature.
            Err(VerifyError::Refused(WRONG_SIGNATURE))
                if key.algorithm == Algorithm::HS256 && self.keys.refetch(now).await =>
            {
                let key = self.keys.key(kid, now).await?.ok_or(VerifyError::Refused("no key has its key id"))?;
                self.check(token, &key, now)
            }
            result => result,
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

    /// The validation for the only algorithm of a key.
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

/// Whether a token of this `typ` can be an access token. The issuer may sign tokens of other kinds with the same key, for
/// example logout tokens, security events or DPoP proofs. Those name their kind, and their rules differ (RFC 8725,
/// sections 3.11 and 3.12). Most issuers give access tokens `JWT` or no `typ`, so both are accepted.
fn is_token_type(typ: &str) -> bool {
    // The type of a media type ignores case, and `application/` may be left out (RFC 7515, section 4.1.9).
    let (prefix, subtype) = typ.split_once('/').unwrap_or(("application", typ));
    prefix.eq_ignore_ascii_case("application") && TOKEN_TYPES.iter().any(|known| subtype.eq_ignore_ascii_case(known))
}

const OTHER_TYPE: &str = "its typ names another kind of token than an access token";
const WRONG_SIGNATURE: &str = "its signature is wrong";
const MALFORMED: &str = "it is not a well-formed token";
const EXPIRED: &str = "it has expired";

fn reason(kind: &ErrorKind) -> &'static str {
    match kind {
        ErrorKind::InvalidSignature => WRONG_SIGNATURE,
        ErrorKind::ExpiredSignature => EXPIRED,
        ErrorKind::ImmatureSignature => "it is not valid yet",
        ErrorKind::InvalidIssuer => "its issuer is not the configured one",
        ErrorKind::InvalidAudience => "its audience is not the configured one",
        ErrorKind::InvalidAlgorithm | ErrorKind::InvalidAlgorithmName => "its algorithm is not the key's",
        ErrorKind::MissingRequiredClaim(_) => "a required claim is missing",
        _ => MALFORMED,
    }
}

#[cfg(test)]
mod tests;
