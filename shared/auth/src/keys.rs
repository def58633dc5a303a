//! The keys that tokens are verified with.

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use std::error::Error as StdError;
use std::future::Future;

/// A key and the only algorithm for which it is used.
#[derive(Clone)]
pub struct Key {
    /// The `kid` of the JWK; None for a shared secret.
    pub id: Option<String>,
    pub(crate) algorithm: Algorithm,
    pub(crate) decoding: DecodingKey,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Key").field("id", &self.id).field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

/// The current keys of a source.
#[derive(Debug, Clone, Default)]
pub struct KeySet(Vec<Key>);

impl KeySet {
    /// The minimum length of a shared secret: the length of the hash (RFC 7518, section 3.2).
    pub const MIN_SECRET_BYTES: usize = 32;

    /// A set with the key of a shared secret.
    ///
    /// # Errors
    /// [`FetchError`] if the secret is shorter than [`KeySet::MIN_SECRET_BYTES`].
    pub fn of_secret(secret: &[u8]) -> Result<Self, FetchError> {
        if secret.len() < Self::MIN_SECRET_BYTES {
            return Err(FetchError(format!("the secret has fewer than {} bytes", Self::MIN_SECRET_BYTES).into()));
        }
        Ok(Self(vec![Key { id: None, algorithm: Algorithm::HS256, decoding: DecodingKey::from_secret(secret) }]))
    }

    /// The keys of a JWKS that can verify signatures with RS256, ES256 or EdDSA. Other keys are skipped.
    pub fn of_jwks(jwks: &JwkSet) -> Self {
        Self(jwks.keys.iter().filter_map(verifying_key).collect())
    }

    /// The key for a token with this `kid`. A set with one key also serves a token without `kid`.
    pub(crate) fn find(&self, kid: Option<&str>) -> Option<&Key> {
        match (self.0.as_slice(), kid) {
            ([only], None) => Some(only),
            ([only], Some(_)) if only.id.is_none() => Some(only),
            (keys, Some(kid)) => keys.iter().find(|key| key.id.as_deref() == Some(kid)),
            _ => None,
        }
    }

    /// Whether the set has no keys.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn verifying_key(jwk: &Jwk) -> Option<Key> {
    if !matches!(jwk.common.public_key_use, None | Some(PublicKeyUse::Signature)) {
        return None;
    }
    let algorithm = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => Algorithm::RS256,
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => Algorithm::ES256,
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => Algorithm::EdDSA,
        _ => return None,
    };
    let declared = match jwk.common.key_algorithm {
        None => algorithm,
        Some(KeyAlgorithm::RS256) => Algorithm::RS256,
        Some(KeyAlgorithm::ES256) => Algorithm::ES256,
        Some(KeyAlgorithm::EdDSA) => Algorithm::EdDSA,
        Some(_) => return None,
    };
    let decoding = DecodingKey::from_jwk(jwk).ok()?;
    (declared == algorithm).then(|| Key { id: jwk.common.key_id.clone(), algorithm, decoding })
}

/// A source of keys.
pub trait FetchKeys: Send + Sync {
    /// Fetches the current keys.
    fn fetch(&self) -> impl Future<Output = Result<KeySet, FetchError>> + Send;
}

/// The keys could not be fetched.
#[derive(Debug, thiserror::Error)]
#[error("the keys could not be fetched")]
pub struct FetchError(#[source] pub Box<dyn StdError + Send + Sync>);
