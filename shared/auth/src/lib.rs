//! Token verification: JWT, JWKS, shared secret.
