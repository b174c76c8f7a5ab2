use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use crate::tls::Certificate;

/// An authority of the test's own.
pub(crate) struct Root(CertifiedIssuer<'static, KeyPair>);

/// PEM texts.
pub(crate) struct Pair {
    pub(crate) chain: String,
    pub(crate) key: String,
}

impl Root {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params
            .distinguished_name
            .push(DnType::CommonName, "A test's root");
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    pub(crate) fn trust(&self) -> Arc<RootCertStore> {
        trust(&self.pem())
    }

    pub(crate) fn issue(&self, domain: &str) -> Pair {
        self.issue_for_years(domain, 2020, 2099)
    }

    /// From new year's day to new year's day.
    pub(crate) fn issue_for_years(&self, domain: &str, from: i32, to: i32) -> Pair {
        let mut params = CertificateParams::new([domain.to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(from, 1, 1);
        params.not_after = rcgen::date_time_ymd(to, 1, 1);
        let key = KeyPair::generate().unwrap();
        Pair {
            chain: params.signed_by(&key, &self.0).unwrap().pem(),
            key: key.serialize_pem(),
        }
    }
}

impl Pair {
    pub(crate) fn certificate(&self) -> Certificate {
        Certificate::parse(self.chain.as_bytes(), self.key.as_bytes()).unwrap()
    }
}

pub(crate) fn trust(pem: &str) -> Arc<RootCertStore> {
    let mut roots = RootCertStore::empty();
    let root = CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
    roots.add(root).unwrap();
    Arc::new(roots)
}
