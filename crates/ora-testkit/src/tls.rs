//! Certificates made for one test: an authority, and what it signs.

use std::sync::Arc;

use ora_core::Sha256;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, PublicKeyData, date_time_ymd};
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer};

/// When a certificate holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Validity {
    /// Now, whatever the year.
    Now,
    /// It ended in 2001.
    Expired,
    /// It begins in 3000.
    NotYet,
}

impl Validity {
    fn apply(self, params: &mut CertificateParams) {
        let (from, to) = match self {
            Self::Now => (2000, 4000),
            Self::Expired => (2000, 2001),
            Self::NotYet => (3000, 4000),
        };
        params.not_before = date_time_ymd(from, 1, 1);
        params.not_after = date_time_ymd(to, 1, 1);
    }
}

/// A certificate authority of its own.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}

impl Authority {
    /// A fresh authority nobody else knows.
    pub fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "Ora test authority");
        Validity::Now.apply(&mut params);
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// The authority's certificate, PEM.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// A server certificate for these names and addresses.
    pub fn issue(&self, names: &[&str]) -> Identity {
        self.issue_with(names, Validity::Now)
    }

    /// A server certificate with a chosen validity.
    pub fn issue_with(&self, names: &[&str], validity: Validity) -> Identity {
        let key = KeyPair::generate().unwrap();
        let certificate = params(names, validity).signed_by(&key, &self.issuer).unwrap();
        Identity::new(certificate.der().clone(), &key)
    }
}

/// A server's certificate with its key.
pub struct Identity {
    certificate: CertificateDer<'static>,
    key: Vec<u8>,
    public_key: Vec<u8>,
}

impl Identity {
    /// A certificate that vouches only for itself.
    pub fn self_signed(names: &[&str]) -> Self {
        let key = KeyPair::generate().unwrap();
        let certificate = params(names, Validity::Now).self_signed(&key).unwrap();
        Self::new(certificate.der().clone(), &key)
    }

    /// The same, and it calls itself an authority, as `openssl req -x509` makes them.
    pub fn self_signed_authority(names: &[&str], validity: Validity) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = params(names, validity);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self::new(params.self_signed(&key).unwrap().der().clone(), &key)
    }

    fn new(certificate: CertificateDer<'static>, key: &KeyPair) -> Self {
        Self { certificate, key: key.serialize_der(), public_key: key.subject_public_key_info() }
    }

    /// SHA-256 of the certificate, DER.
    pub fn certificate_sha256(&self) -> Sha256 {
        Sha256::of(&self.certificate)
    }

    /// SHA-256 of the public key (`SubjectPublicKeyInfo`, DER).
    pub fn public_key_sha256(&self) -> Sha256 {
        Sha256::of(&self.public_key)
    }

    pub(crate) fn server_config(&self) -> Arc<rustls::ServerConfig> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![self.certificate.clone()], PrivatePkcs8KeyDer::from(self.key.clone()).into())
            .unwrap();
        Arc::new(config)
    }
}

fn params(names: &[&str], validity: Validity) -> CertificateParams {
    let mut params = CertificateParams::new(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()).unwrap();
    params.distinguished_name.push(DnType::CommonName, "Ora test server");
    validity.apply(&mut params);
    params
}
