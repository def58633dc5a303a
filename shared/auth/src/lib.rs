//! Who is it? Verifies the Auth Service's tokens, and asks it what its users are called. Cryptography and HTTP stop
//! here.
//!
//! A [`Verifier`] has one source of keys: a JWKS address (RS256, ES256, EdDSA) or a shared secret (HS256). Which
//! algorithm a key is for is fixed by the key, never by the token (RFC 8725, section 3.1).
//!
//! An [`AuthService`] is the domain's `Directory`: it answers profiles, and keeps them for a few minutes. What it proves
//! itself by, where the Auth Service asks for that, is a [`Credential`].

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
