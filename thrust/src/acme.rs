//! Certificates by ACME (RFC 8555): gets them from an authority, keeps them in a folder, renews them in time.

mod account;
mod challenges;
mod error;
mod keeper;
mod order;
mod pace;
mod storage;
mod stored;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::options::Acme;
use crate::tls::Certificates;
use account::Accounts;
pub(crate) use challenges::Challenges;
pub(crate) use error::AcmeError;
use keeper::Keeper;
use order::Issuer;
use pace::Pace;
use storage::Storage;

/// How many domains are seen to at once.
const ORDERS: usize = 8;

/// Puts the certificates of the storage to use and returns. Those that are missing or old are got in the background,
/// until the shutdown.
///
/// # Errors
/// When the options cannot be followed, whatever the authority says.
pub(crate) fn start(
    options: Acme,
    certificates: Certificates,
    challenges: Challenges,
    shutdown: CancellationToken,
) -> Result<JoinHandle<()>, AcmeError> {
    start_at(Pace::default(), options, certificates, challenges, shutdown)
}

fn start_at(
    pace: Pace,
    options: Acme,
    certificates: Certificates,
    challenges: Challenges,
    shutdown: CancellationToken,
) -> Result<JoinHandle<()>, AcmeError> {
    // The client of the authority asks for the process's provider. An error only says that there is one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let domains = options.domains.clone();
    let storage = Storage::open(&options.storage)?;
    let issuer = Arc::new(Issuer {
        at_once: Semaphore::new(ORDERS),
        accounts: Accounts::new(options, storage.clone())?,
        certificates,
        challenges,
        pace,
    });
    let keepers = domains
        .into_iter()
        .map(|domain| Keeper::load(domain, storage.clone(), &issuer));
    let keepers: Vec<Keeper> = keepers.collect();
    Ok(tokio::spawn(async move {
        shutdown.run_until_cancelled(keep(keepers)).await;
    }))
}

async fn keep(keepers: Vec<Keeper>) {
    let mut tasks: JoinSet<()> = keepers.into_iter().map(Keeper::keep).collect();
    // They end by a bug only, and then the others go on.
    while let Some(ended) = tasks.join_next().await {
        if let Err(error) = ended {
            tracing::error!(error = %error, "a domain's certificate is not kept fresh any more");
        }
    }
}
