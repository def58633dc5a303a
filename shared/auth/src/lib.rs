//! Verifies the tokens of the Auth Service, and looks up users' profiles there. The API of this crate exposes neither
//! cryptography nor HTTP.
//!
//! A [`Verifier`] has one source of keys: the URL of a JWKS (RS256, ES256, EdDSA) or a shared secret (HS256). The key
//! decides the algorithm, never the token (RFC 8725, section 3.1).
//!
//! An [`AuthService`] implements the domain's `Directory`: it returns profiles and caches them for a few minutes. If
//! the Auth Service asks for a credential, it sends a [`Credential`].

mod cache;
mod credential;
mod directory;
#[cfg(test)]
mod fakes;
mod http;
mod jwks;
mod keys;
mod secret;
mod verifier;

pub use credential::Credential;
pub use directory::{AddressError, AuthService};
pub use jwks::JwksEndpoint;
pub use keys::{FetchError, FetchKeys, Key, KeySet};
pub use secret::{Secret, SharedSecret};
pub use verifier::{Identity, Rules, Verifier, VerifyError};
