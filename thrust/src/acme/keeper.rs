use std::sync::Arc;
use std::time::{Duration, SystemTime};

use metrics::counter;
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use super::stored::Stored;
use super::{AcmeError, Issuer, Storage};

/// Keeps one domain's certificate fresh.
pub(super) struct Keeper {
    domain: String,
    storage: Storage,
    issuer: Arc<Issuer>,
    current: Option<Stored>,
}

impl Keeper {
    /// Puts the stored certificate to use, if there is one and its time is not over.
    pub(super) fn load(domain: String, storage: Storage, issuer: &Arc<Issuer>) -> Self {
        let mut keeper = Self {
            domain,
            storage,
            issuer: Arc::clone(issuer),
            current: None,
        };
        let stored = Stored::load(&keeper.storage, &keeper.domain);
        keeper.consider(stored);
        keeper
    }

    /// Renews it again and again.
    pub(super) async fn keep(mut self) {
        let mut failures = 0;
        loop {
            sleep(self.until_due()).await;
            if self.look_up().await {
                continue;
            }
            let renewed = self.renew().await;
            count(renewed.is_ok());
            match renewed {
                Ok(()) if !self.is_due() => failures = 0,
                // New, and to be renewed already: without a wait, that went on and on.
                Ok(()) => sleep(self.issuer.pace.longest_retry).await,
                Err(error) => {
                    failures += 1;
                    let wait = self.issuer.pace.after_failure(failures, &error);
                    self.report(&error, wait);
                    sleep(wait).await;
                }
            }
        }
    }

    fn until_due(&self) -> Duration {
        let Some(current) = self.current.as_ref().filter(|_| !self.is_due()) else {
            return Duration::ZERO;
        };
        let due = current.certificate.after(self.issuer.pace.renew_after);
        let left = due.duration_since(SystemTime::now()).unwrap_or_default();
        // Clocks are set, and machines sleep: never wait long.
        left.min(self.issuer.pace.check)
    }

    fn is_due(&self) -> bool {
        let (now, pace) = (SystemTime::now(), &self.issuer.pace);
        self.current.as_ref().is_none_or(|current| {
            !current.certificate.is_valid(now)
                || current.certificate.after(pace.renew_after) <= now
                || current.is_foreign(self.issuer.accounts.directory())
        })
    }

    /// Whether nothing is to be done, perhaps because another process with the same storage did it.
    async fn look_up(&mut self) -> bool {
        let (storage, domain) = (self.storage.clone(), self.domain.clone());
        let stored = spawn_blocking(move || Stored::load(&storage, &domain)).await;
        self.consider(stored.unwrap_or_else(|error| Err(error.into())));
        !self.is_due()
    }

    /// Uses what the storage holds, if it is better than what we have.
    fn consider(&mut self, stored: Result<Option<Stored>, AcmeError>) {
        match stored {
            Ok(Some(stored)) if self.is_better(&stored) => {
                self.accept(stored, "found a certificate in the storage");
            }
            Ok(_) => {}
            Err(error) => {
                let error = telemetry::chain(&error);
                tracing::warn!(
                    tls.domain = self.domain,
                    error,
                    "could not use the stored certificate"
                );
            }
        }
    }

    fn is_better(&self, stored: &Stored) -> bool {
        let directory = self.issuer.accounts.directory();
        let current = self.current.as_ref();
        stored.certificate.is_valid(SystemTime::now())
            && current.is_none_or(|current| {
                stored.certificate.not_after > current.certificate.not_after
                    && !stored.is_foreign(directory)
            })
    }

    async fn renew(&mut self) -> Result<(), AcmeError> {
        let directory = self.issuer.accounts.directory();
        let pem = self.issuer.issue(&self.domain).await?;
        let (stored, text) = Stored::issued(&self.storage, &self.domain, directory, &pem)?;
        if !stored.certificate.is_valid(SystemTime::now()) {
            return Err(AcmeError::NotValid);
        }
        self.accept(stored, "got a certificate");
        self.store(text).await;
        Ok(())
    }

    /// A full disk is no reason to ask for the certificate again and again: authorities do not give many.
    async fn store(&self, text: String) {
        let (storage, domain) = (self.storage.clone(), self.domain.clone());
        let stored = spawn_blocking(move || storage.write(&domain, &text)).await;
        if let Err(error) = stored.unwrap_or_else(|error| Err(error.into())) {
            tracing::error!(
                tls.domain = self.domain,
                error = telemetry::chain(&error),
                "could not store the certificate: the next start will have to get another"
            );
        }
    }

    fn accept(&mut self, stored: Stored, message: &str) {
        self.issuer
            .certificates
            .insert(&self.domain, &stored.certificate);
        tracing::info!(
            tls.domain = self.domain,
            tls.not_after = httpdate::fmt_http_date(stored.certificate.not_after),
            acme.directory = self.issuer.accounts.directory(),
            acme.other_directory = stored.is_foreign(self.issuer.accounts.directory()),
            "{message}"
        );
        self.current = Some(stored);
    }

    fn report(&self, error: &AcmeError, wait: Duration) {
        tracing::error!(
            tls.domain = self.domain,
            acme.directory = self.issuer.accounts.directory(),
            acme.retry_s = wait.as_secs(),
            error = telemetry::chain(error),
            "could not get a certificate: trying again later"
        );
    }
}

fn count(ok: bool) {
    let result = if ok { "ok" } else { "error" };
    counter!("thrust_certificate_renewals_total", "result" => result).increment(1);
}
