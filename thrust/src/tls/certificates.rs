use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use arc_swap::ArcSwapOption;
use metrics::gauge;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::{ACME, Certificate, Held, Table, normal};

/// The certificates in use. A clone shares them.
#[derive(Clone, Default)]
pub(crate) struct Certificates {
    /// By domain, of an authority.
    issued: Table<Arc<CertifiedKey>>,
    /// Of the operator's files.
    own: Arc<ArcSwapOption<CertifiedKey>>,
    /// By domain, for an authority that checks it.
    challenges: Table<Arc<CertifiedKey>>,
}

impl Certificates {
    /// Uses a certificate for one domain. Connections that are there keep theirs.
    pub(crate) fn insert(&self, domain: &str, certificate: &Certificate) {
        self.issued.insert(domain, Arc::clone(&certificate.key));
        measure(domain, certificate);
    }

    /// Uses a certificate for all domains that have none.
    pub(crate) fn set_own(&self, certificate: &Certificate) {
        self.own.store(Some(Arc::clone(&certificate.key)));
        if let Some(domain) = certificate.domains.first() {
            measure(domain, certificate);
        }
    }

    pub(crate) fn own(&self) -> Option<Arc<CertifiedKey>> {
        self.own.load_full()
    }

    pub(crate) fn challenge(&self, domain: &str, answer: CertifiedKey) -> Held<Arc<CertifiedKey>> {
        self.challenges.hold(domain, Arc::new(answer))
    }

    pub(crate) fn choose(&self, name: Option<&str>, challenged: bool) -> Option<Arc<CertifiedKey>> {
        let name = name.map(normal);
        if challenged {
            return self.challenges.get(&name?);
        }
        name.and_then(|name| self.issued.get(&name))
            .or_else(|| self.own())
    }
}

fn measure(domain: &str, certificate: &Certificate) {
    let not_after = certificate.not_after.duration_since(SystemTime::UNIX_EPOCH);
    gauge!("thrust_certificate_not_after_seconds", "domain" => domain.to_owned())
        .set(not_after.unwrap_or_default().as_secs_f64());
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        // RFC 8737: an authority that checks a domain offers this and nothing else.
        let challenged = hello.alpn().is_some_and(|offered| offered.eq([ACME]));
        self.choose(hello.server_name(), challenged)
    }
}

impl fmt::Debug for Certificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificates").finish_non_exhaustive()
    }
}
