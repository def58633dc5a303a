//! Who is it? Verifies the Auth Service's tokens. Cryptography and HTTP stop here.
//!
//! A [`Verifier`] has one source of keys: a JWKS address (RS256, ES256, EdDSA) or a shared secret (HS256). Which
//! algorithm a key is for is fixed by the key, never by the token (RFC 8725, section 3.1).

mod cache;
mod jwks;
mod keys;
mod secret;
mod verifier;

pub use jwks::JwksEndpoint;
pub use keys::{FetchError, FetchKeys, Key, KeySet};
pub use secret::SharedSecret;
pub use verifier::{Identity, Rules, Verifier, VerifyError};
