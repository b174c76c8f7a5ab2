use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::tls::CertificateError;

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AcmeError {
    #[error("STORAGE_PATH: could not {action} `{}`: may this user do so, and is there space?", path.display())]
    Storage {
        action: &'static str,
        path: PathBuf,
        source: io::Error,
    },
    #[error("ACME_CA: expected a PEM file with the root certificate of the authority at `{}`", path.display())]
    Root {
        path: PathBuf,
        source: instant_acme::Error,
    },
    #[error(
        "expected the system's root certificates, to trust the authority by: is the package `ca-certificates` \
         installed? A private authority's root goes into ACME_CA"
    )]
    NoRoots(#[source] instant_acme::Error),
    #[error("EAB_HMAC_KEY: expected base64url, as the authority gave it")]
    ExternalAccountKey,
    #[error("expected an account in `{}`: if it is broken, remove it to get a new one", path.display())]
    Account {
        path: PathBuf,
        source: serde_json::Error,
    },
    #[error("ACME_DIRECTORY: could not reach the authority at `{directory}`")]
    Unreachable {
        directory: String,
        source: instant_acme::Error,
    },
    #[error(
        "the authority gave no account at `{directory}`: does it want EAB_KID and EAB_HMAC_KEY?"
    )]
    NoAccount {
        directory: String,
        source: instant_acme::Error,
    },
    #[error("the authority broke off the order")]
    Order(#[from] instant_acme::Error),
    #[error(
        "the authority could not see that the domain is this server's ({reasons}): do its DNS records lead here, \
         and are the ports 443 and 80 open?"
    )]
    Refused { reasons: String },
    #[error("the authority did not end the order within {} s", after.as_secs())]
    TooSlow { after: Duration },
    #[error("could not make the certificate that answers the authority")]
    Challenge(#[from] rcgen::Error),
    #[error("could not use the certificate that answers the authority")]
    ChallengeKey(#[from] rustls::Error),
    #[error("the certificate in `{}` cannot be used", path.display())]
    Unusable {
        path: PathBuf,
        source: CertificateError,
    },
    #[error("the certificate in `{}` is for {domains:?}, not for the domain", path.display())]
    OtherDomain { path: PathBuf, domains: Vec<String> },
    #[error(
        "the authority gave a certificate that is not valid now: is the clock of this machine right?"
    )]
    NotValid,
    #[error("a task of the storage was lost")]
    Lost(#[from] tokio::task::JoinError),
}

impl AcmeError {
    /// Whether the authority says that it was asked too often.
    pub(super) fn is_rate_limit(&self) -> bool {
        self.has_type("rateLimited")
    }

    /// Whether only a nonce was old: the next try is likely to go well.
    pub(super) fn is_bad_nonce(&self) -> bool {
        self.has_type("badNonce")
    }

    /// Whether the authority has no such account, or no longer.
    pub(super) fn is_unknown_account(&self) -> bool {
        self.has_type("accountDoesNotExist")
    }

    /// How long the authority asked to wait.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Order(instant_acme::Error::Timeout(Some(at))) => {
                Some(at.saturating_duration_since(Instant::now()))
            }
            _ => None,
        }
    }

    fn has_type(&self, name: &str) -> bool {
        let (Self::Order(source) | Self::NoAccount { source, .. }) = self else {
            return false;
        };
        let instant_acme::Error::Api(problem) = source else {
            return false;
        };
        let kind = problem.r#type.as_deref().unwrap_or_default();
        kind.strip_prefix("urn:ietf:params:acme:error:") == Some(name)
    }
}
