use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::Duration;

use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

use super::files::FileError;
use super::{Certificate, Certificates, load};
use crate::options::CertificateFiles;

const PERIOD: Duration = Duration::from_secs(1);

/// Takes up the operator's certificate whenever its files change, until the shutdown.
pub(crate) async fn reload(
    files: CertificateFiles,
    certificates: Certificates,
    shutdown: CancellationToken,
) {
    let watched = watch(&files, &certificates, PERIOD);
    shutdown.run_until_cancelled(watched).await;
}

/// Looks at the files again and again: notices of file systems do not come from all of them (network folders,
/// Kubernetes' secrets).
pub(super) async fn watch(files: &CertificateFiles, certificates: &Certificates, period: Duration) {
    // Empty at first: the files may have changed since the boot read them.
    let (mut used, mut logged) = (None, None);
    loop {
        let (stamp, loaded) = look(files, used).await;
        match loaded {
            None => {}
            Some(Ok(certificate)) => {
                take(&certificate, certificates);
                (used, logged) = (stamp, None);
            }
            // Tried again each time, but said once: the other file may still be on its way.
            Some(Err(error)) => {
                if logged.replace(stamp) != Some(stamp) {
                    report(&error);
                }
            }
        }
        tokio::time::sleep(period).await;
    }
}

/// What tells that a file changed: when it was written, its length, its inode.
type Stamp = [(i64, i64, u64, u64); 2];

type Look = (Option<Stamp>, Option<Result<Certificate, FileError>>);

/// Loads the files if they are not those in use. The stamp is taken first: what is written after it is seen next time.
async fn look(files: &CertificateFiles, used: Option<Stamp>) -> Look {
    let files = files.clone();
    let looked = spawn_blocking(move || {
        let stamp = stamp(&files);
        let changed = stamp.is_none() || stamp != used;
        (stamp, changed.then(|| load(&files)))
    });
    looked.await.unwrap_or_else(|error| {
        tracing::error!(error = %error, "could not look at the files of the certificate");
        (None, None)
    })
}

fn stamp(files: &CertificateFiles) -> Option<Stamp> {
    Some([stamp_of(&files.certificate)?, stamp_of(&files.private_key)?])
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
