use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rustls::crypto::ring;
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{Error, InconsistentKeys};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer as _;
use x509_parser::time::ASN1Time;

/// A certificate with its chain and key, and what it says of itself.
#[derive(Clone)]
pub(crate) struct Certificate {
    pub(crate) key: Arc<CertifiedKey>,
    pub(crate) not_before: SystemTime,
    pub(crate) not_after: SystemTime,
    /// The domains, in lower case.
    pub(crate) domains: Vec<String>,
}

/// Why a certificate or its key are of no use.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CertificateError {
    #[error(
        "expected a PEM section `CERTIFICATE`, found none: is it the file with the certificate?"
    )]
    NoCertificate,
    #[error("expected a certificate in PEM, with its chain after it, got something else: {0}")]
    Certificate(String),
    #[error(
        "expected a PEM section `PRIVATE KEY`, `EC PRIVATE KEY` or `RSA PRIVATE KEY`, found none: is it the file \
         with the key, without a passphrase?"
    )]
    NoKey,
    #[error(
        "expected a private key (ECDSA, Ed25519, or RSA of 2048 bits or more), got another: {0}"
    )]
    Key(String),
    #[error("expected the key of the certificate, got another key: do the two belong together?")]
    Mismatch,
}

impl Certificate {
    /// Reads a certificate with its chain, and its key, from two PEM texts, which may be the same.
    pub(crate) fn parse(chain: &[u8], key: &[u8]) -> Result<Self, CertificateError> {
        let chain = parse_chain(chain)?;
        let key = parse_key(key)?;
        let (_, leaf) = chain
            .first()
            .ok_or(CertificateError::NoCertificate)
            .map(|leaf| X509Certificate::from_der(leaf))?
            .map_err(unreadable)?;
        let validity = leaf.validity();
        let (not_before, not_after) = (time(validity.not_before), time(validity.not_after));
        let domains = domains(&leaf)?;
        Ok(Self {
            key: Arc::new(certify(chain, key)?),
            not_before,
            not_after,
            domains,
        })
    }

    /// Whether its time has come and is not over.
    pub(crate) fn is_valid(&self, now: SystemTime) -> bool {
        (self.not_before..self.not_after).contains(&now)
    }

    /// When this share of its life is over.
    pub(crate) fn after(&self, share: f64) -> SystemTime {
        let life = self.not_after.duration_since(self.not_before);
        self.not_before + life.unwrap_or_default().mul_f64(share)
    }

    pub(crate) fn is_same(&self, other: &CertifiedKey) -> bool {
        self.key.cert == other.cert
    }
}

fn parse_chain(text: &[u8]) -> Result<Vec<CertificateDer<'static>>, CertificateError> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text).collect();
    chain.map_err(|error| match error {
        // The error's own text would list the bytes of the marker.
        pem::Error::MissingSectionEnd { .. } => unreadable("a section has no END line"),
        error => unreadable(error),
    })
}

fn parse_key(text: &[u8]) -> Result<PrivateKeyDer<'static>, CertificateError> {
    PrivateKeyDer::from_pem_slice(text).map_err(|error| match error {
        pem::Error::NoItemsFound => CertificateError::NoKey,
        // Never the error's text: it may quote the line.
        _ => CertificateError::Key("it is no PEM".to_owned()),
    })
}

fn certify(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<CertifiedKey, CertificateError> {
    CertifiedKey::from_der(chain, key, &ring::default_provider()).map_err(|error| match error {
        Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => CertificateError::Mismatch,
        Error::InvalidCertificate(_) => unreadable(error),
        Error::General(what) => CertificateError::Key(what),
        error => CertificateError::Key(error.to_string()),
    })
}

fn domains(leaf: &X509Certificate<'_>) -> Result<Vec<String>, CertificateError> {
    let names = leaf.subject_alternative_name().map_err(unreadable)?;
    let names = names.map(|names| names.value.general_names.as_slice());
    let domains = names
        .unwrap_or_default()
        .iter()
        .filter_map(|name| match name {
            GeneralName::DNSName(name) => Some(super::normal(name)),
            _ => None,
        });
    Ok(domains.collect())
}

fn unreadable(error: impl std::fmt::Display) -> CertificateError {
    CertificateError::Certificate(error.to_string())
}

fn time(time: ASN1Time) -> SystemTime {
    let seconds = u64::try_from(time.timestamp()).unwrap_or_default();
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}
