use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

use super::{Certificate, Certificates, FileError, load};
use crate::options::CertificateFiles;

const PERIOD: Duration = Duration::from_secs(1);
/// File systems tell the time in steps, the coarsest of two seconds.
const STEP: i64 = 2;

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
    /// The files in use. Unknown at first, for they may have changed since the boot read them; and for as long as they are so
    /// new that a further change would have the same time.
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
            Some((now, stamp, Ok(certificate))) => {
                take(&certificate, &self.certificates);
                self.used = is_settled(&stamp, now).then_some(stamp);
                self.logged = None;
            }
            // Tried again each time, but said once: the other file may still be on its way.
            Some((_, stamp, Err(error))) if self.logged != Some(stamp) => {
                report(&error);
                self.logged = Some(stamp);
            }
            Some((_, _, Err(_))) | None => {}
        }
    }

    /// Loads the files if they are not those in use. The stamp is taken first: what is written after it is seen next
    /// time.
    async fn load(&self) -> Option<(SystemTime, Stamp, Loaded)> {
        let (files, used) = (self.files.clone(), self.used);
        let looked = spawn_blocking(move || {
            let now = SystemTime::now();
            let stamp = [&files.certificate, &files.private_key].map(|path| stamp_of(path));
            (Some(stamp) != used).then(|| (now, stamp, load(&files)))
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

/// Whether what is written from now on has a later time.
fn is_settled(stamp: &Stamp, now: SystemTime) -> bool {
    let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
    let mut written = stamp.iter().flatten().map(|(seconds, ..)| *seconds);
    written.all(|seconds| seconds < now.saturating_sub(STEP))
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
