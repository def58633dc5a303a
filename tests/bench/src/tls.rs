//! TLS for the stand-ins, with a root of this run.

use std::{path::PathBuf, sync::Arc};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use tempfile::TempDir;
use tokio_rustls::TlsAcceptor;

use crate::Error;

/// The stand-ins' certificate, and a file with the root that signed it.
pub(crate) struct Tls {
    acceptor: TlsAcceptor,
    directory: TempDir,
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls").field("directory", &self.directory).finish_non_exhaustive()
    }
}

impl Tls {
    pub(crate) fn new() -> Result<Self, Error> {
        let failed = |error: &dyn std::fmt::Display| Error(format!("cannot make a certificate: {error}"));
        let named = |names: Vec<String>| CertificateParams::new(names).map_err(|error| failed(&error));
        let key_pair = || KeyPair::generate().map_err(|error| failed(&error));
        let (mut authority, authority_key) = (named(Vec::new())?, key_pair()?);
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let root = authority.self_signed(&authority_key).map_err(|error| failed(&error))?.pem();
        let (server, key) = (named(vec!["127.0.0.1".to_owned()])?, key_pair()?);
        let issuer = Issuer::new(authority, authority_key);
        let certificate = server.signed_by(&key, &issuer).map_err(|error| failed(&error))?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| failed(&error))?
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .map_err(|error| failed(&error))?;
        let directory = tempfile::tempdir().map_err(Error::io("create a directory"))?;
        let tls = Self { acceptor: TlsAcceptor::from(Arc::new(config)), directory };
        std::fs::write(tls.root_file(), root).map_err(Error::io("write the root certificate"))?;
        Ok(tls)
    }

    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        self.acceptor.clone()
    }

    /// The file with the root, for `SSL_CERT_FILE`. It is deleted with this value.
    pub(crate) fn root_file(&self) -> PathBuf {
        self.directory.path().join("root.pem")
    }
}
