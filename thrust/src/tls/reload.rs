use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::Duration;

use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

use super::{Certificate, Certificates, FileError, load};
use crate::options::CertificateFiles;

const PERIOD: Duration = Duration::from_secs(1);

/// Takes up the operator's certificate whenever its files change, until the shutdown.
pub(crate) async fn reload(
    files: CertificateFiles,
    certificates: Certificates,
    shutdown: CancellationToken,
) {
    let mut watch = Watch::new(files, certificates);
    let watched = async {
        loop {
            watch.look().await;
            tokio::time::sleep(PERIOD).await;
        }
    };
    shutdown.run_until_cancelled(watched).await;
}

/// Looks at the files again and again: notices of file systems do not come from all of them (network folders,
/// Kubernetes' secrets).
pub(super) struct Watch {
    files: CertificateFiles,
    certificates: Certificates,
    /// The files in use. Unknown at first: they may have changed since the boot read them.
    used: Option<Stamp>,
    /// The files that the log says are of no use.
    logged: Option<Stamp>,
}

/// What tells that the files changed: when each was written, its length, its inode; `None` if it is not there.
type Stamp = [Option<(i64, i64, u64, u64)>; 2];

type Loaded = Result<Certificate, FileError>;

impl Watch {
    pub(super) fn new(files: CertificateFiles, certificates: Certificates) -> Self {
        Self {
            files,
            certificates,
            used: None,
            logged: None,
        }
    }

    pub(super) async fn look(&mut self) {
        match self.load().await {
            Some((stamp, Ok(certificate))) => {
                take(&certificate, &self.certificates);
                (self.used, self.logged) = (Some(stamp), None);
            }
            // Tried again each time, but said once: the other file may still be on its way.
            Some((stamp, Err(error))) if self.logged != Some(stamp) => {
                report(&error);
                self.logged = Some(stamp);
            }
            Some((_, Err(_))) | None => {}
        }
    }

    /// Loads the files if they are not those in use. The stamp is taken first: what is written after it is seen next
    /// time.
    async fn load(&self) -> Option<(Stamp, Loaded)> {
        let (files, used) = (self.files.clone(), self.used);
        let looked = spawn_blocking(move || {
            let stamp = [&files.certificate, &files.private_key].map(|path| stamp_of(path));
            (Some(stamp) != used).then(|| (stamp, load(&files)))
        });
        looked.await.unwrap_or_else(|error| {
            tracing::error!(error = %error, "could not look at the files of the certificate");
            None
        })
    }
}

fn stamp_of(path: &Path) -> Option<(i64, i64, u64, u64)> {
    let data = std::fs::metadata(path).ok()?;
    Some((data.mtime(), data.mtime_nsec(), data.len(), data.ino()))
}

fn take(certificate: &Certificate, certificates: &Certificates) {
    if certificates
        .own()
        .is_some_and(|own| certificate.is_same(&own))
    {
        return;
    }
    certificates.set_own(certificate);
    let not_after = httpdate::fmt_http_date(certificate.not_after);
    tracing::info!(
        tls.domain = certificate.domains.join(","),
        tls.not_after = not_after,
        "reloaded the certificate"
    );
}

fn report(error: &FileError) {
    tracing::error!(
        error = telemetry::chain(error),
        "could not reload the certificate: the last one stays in use"
    );
}
