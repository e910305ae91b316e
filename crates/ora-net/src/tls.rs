//! Whom to trust: the system's authorities, a registry's own, its pins.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use ora_core::{PinnedCertificate, Sha256, TlsOptions};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_name,
    },
    crypto::CryptoProvider,
    server::ParsedCertificate,
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject};

use crate::{NetConfig, NetError};

/// Certificate authorities, read from the system once and only when a connection needs them.
#[derive(Debug, Default)]
pub(crate) struct Authorities {
    general: OnceLock<Vec<CertificateDer<'static>>>,
}

impl Authorities {
    /// The authorities of every connection: the system's, or those of `SSL_CERT_FILE`, and the configured ones.
    pub(crate) fn general(&self, config: &NetConfig) -> Result<&[CertificateDer<'static>], NetError> {
        if let Some(certificates) = self.general.get() {
            return Ok(certificates);
        }
        let mut certificates = match &config.ssl_cert_file {
            Some(path) => {
                let file = std::fs::read(path).map_err(|source| NetError::File { path: path.clone(), source })?;
                parse_pem(&file, "SSL_CERT_FILE")?
            }
            // What cannot be read among the system's certificates cannot vouch for anybody; the rest still can.
            None => rustls_native_certs::load_native_certs().certs,
        };
        for pem in &config.extra_ca_pem {
            certificates.extend(parse_pem(pem.as_bytes(), "a configured authority")?);
        }
        Ok(self.general.get_or_init(|| certificates))
    }
}

/// Certificates of a PEM text; at least one.
pub(crate) fn parse_pem(text: &[u8], what: &str) -> Result<Vec<CertificateDer<'static>>, NetError> {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text).collect();
    let certificates = certificates.map_err(|error| NetError::TlsSetup(format!("{what} is no PEM: {error}")))?;
    if certificates.is_empty() {
        return Err(NetError::TlsSetup(format!("{what} holds no certificate")));
    }
    Ok(certificates)
}

/// The TLS configuration of connections under these options.
pub(crate) fn client_config(
    general: &[CertificateDer<'static>],
    options: &TlsOptions,
) -> Result<Arc<ClientConfig>, NetError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(general.iter().cloned());
    for pem in &options.extra_ca_pem {
        roots.add_parsable_certificates(parse_pem(pem.as_bytes(), "the registry's authority")?);
    }
    let inner = if roots.is_empty() {
        None
    } else {
        let builder = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
        Some(builder.build().map_err(|error| NetError::TlsSetup(error.to_string()))?)
    };
    let verifier = Verifier {
        inner,
        certificate: options.certificate_sha256,
        public_key: options.public_key_sha256,
        provider: Arc::clone(&provider),
        seen: Mutex::new(None),
        look_only: false,
    };
    build(provider, Arc::new(verifier))
}

/// A configuration that lets a handshake through to see the certificate, and the place where it then is. Nothing may be sent
/// on such a connection.
pub(crate) fn looking_config() -> Result<(Arc<ClientConfig>, Arc<Verifier>), NetError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = Arc::new(Verifier {
        inner: None,
        certificate: None,
        public_key: None,
        provider: Arc::clone(&provider),
        seen: Mutex::new(None),
        look_only: true,
    });
    Ok((build(provider, Arc::clone(&verifier))?, verifier))
}

fn build(provider: Arc<CryptoProvider>, verifier: Arc<Verifier>) -> Result<Arc<ClientConfig>, NetError> {
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| NetError::TlsSetup(error.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// Verifies as usual, then holds the certificate against the pins. A certificate that fits every pin needs no authority that
/// vouches for it, since the user named it; its dates and its host must be right all the same.
#[derive(Debug)]
pub(crate) struct Verifier {
    inner: Option<Arc<WebPkiServerVerifier>>,
    certificate: Option<Sha256>,
    public_key: Option<Sha256>,
    provider: Arc<CryptoProvider>,
    seen: Mutex<Option<CertificateDer<'static>>>,
    look_only: bool,
}

impl Verifier {
    /// The certificate of the last handshake.
    pub(crate) fn seen(&self) -> Option<CertificateDer<'static>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn pins_fit(&self, certificate: &CertificateDer<'_>) -> Result<bool, rustls::Error> {
        if self.certificate.is_none() && self.public_key.is_none() {
            return Ok(false);
        }
        let shown = pinned(certificate)?;
        let fits = self.certificate.is_none_or(|pin| pin == shown.certificate_sha256)
            && self.public_key.is_none_or(|pin| pin == shown.public_key_sha256);
        if fits { Ok(true) } else { Err(rustls::Error::General("the certificate is not the pinned one".to_owned())) }
    }
}

/// The digests of a certificate and its key.
pub(crate) fn pinned(certificate: &CertificateDer<'_>) -> Result<PinnedCertificate, rustls::Error> {
    let parsed = ParsedCertificate::try_from(certificate)?;
    Ok(PinnedCertificate {
        certificate_sha256: Sha256::of(certificate),
        public_key_sha256: Sha256::of(&parsed.subject_public_key_info()),
    })
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(end_entity.clone().into_owned());
        if self.look_only {
            return Ok(ServerCertVerified::assertion());
        }
        let pinned = self.pins_fit(end_entity)?;
        let unknown = || rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer);
        let verdict = match &self.inner {
            Some(inner) => inner.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now),
            None => Err(unknown()),
        };
        match verdict {
            // Without any authority nobody looked at the dates, so there the pin alone is not enough.
            Err(error) if pinned && self.inner.is_some() && is_unknown_issuer(&error) => {
                verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
                Ok(ServerCertVerified::assertion())
            }
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// Whether the only complaint is that nobody known vouches for the certificate. The dates are looked at before that.
fn is_unknown_issuer(error: &rustls::Error) -> bool {
    match error {
        rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer) => true,
        // A self-signed certificate that calls itself an authority.
        rustls::Error::InvalidCertificate(CertificateError::Other(other)) => {
            other.to_string().contains("CaUsedAsEndEntity")
        }
        _ => false,
    }
}
