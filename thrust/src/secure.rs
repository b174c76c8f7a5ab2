use std::sync::Arc;

use rustls::ServerConfig;
use telemetry::{Failure, chain};
use tokio_util::sync::CancellationToken;

use crate::acme::{self, Challenges};
use crate::handlers::https::Https;
use crate::options::Tls;
use crate::tls::{self, Certificates};

/// HTTPS: its certificates, and what keeps them valid.
pub(crate) struct Secure {
    pub(crate) config: Arc<ServerConfig>,
    challenges: Challenges,
    /// The hosts that are served; empty where the operator's own certificate says it.
    domains: Vec<String>,
}

impl Secure {
    /// Takes up the certificates that are there, and keeps them up to date until `shutdown`. Must be called within a
    /// runtime.
    ///
    /// # Errors
    /// When a file of the operator's cannot be used, or the storage.
    pub(crate) fn start(options: &Tls, shutdown: &CancellationToken) -> Result<Self, Failure> {
        let certificates = Certificates::default();
        let challenges = Challenges::default();
        if let Some(files) = &options.files {
            certificates.set_own(&tls::load(files)?);
            let reload = tls::reload(files.clone(), certificates.clone(), shutdown.clone());
            tokio::spawn(reload);
        }
        if let Some(options) = &options.acme {
            let (certificates, challenges) = (certificates.clone(), challenges.clone());
            acme::start(options.clone(), certificates, challenges, shutdown.clone())?;
        }
        let config = Arc::new(tls::server_config(certificates, true)?);
        let acme = options.acme.as_ref().filter(|_| options.files.is_none());
        let domains = acme.map(|acme| acme.domains.clone()).unwrap_or_default();
        Ok(Self {
            config,
            challenges,
            domains,
        })
    }

    /// What answers requests without TLS. `port` is that for HTTPS.
    pub(crate) fn without_tls(&self, port: u16) -> Https {
        Https::new(self.challenges.clone(), port, self.domains.clone())
    }
}

/// Whether the certificates of the operator's could be used.
pub(crate) fn check(options: &Tls) -> Result<(), Failure> {
    if let Some(files) = &options.files {
        tls::load(files).map_err(|error| Failure::new(chain(&error)))?;
    }
    Ok(())
}
