use super::{AcmeError, Storage};
use crate::tls::Certificate;

/// Stands before the PEM sections, where their readers skip it.
const DIRECTORY: &str = "Directory: ";

/// A certificate as the storage holds it.
#[derive(Clone)]
pub(super) struct Stored {
    pub(super) certificate: Certificate,
    /// Whose it is. Thruster did not say so.
    directory: Option<String>,
}

impl Stored {
    pub(super) fn load(storage: &Storage, domain: &str) -> Result<Option<Self>, AcmeError> {
        let text = storage.read(domain)?;
        text.map(|text| Self::parse(storage, domain, &text))
            .transpose()
    }

    /// Reads a new certificate, and says what to keep of it.
    pub(super) fn issued(
        storage: &Storage,
        domain: &str,
        directory: &str,
        pem: &str,
    ) -> Result<(Self, String), AcmeError> {
        let text = format!("{DIRECTORY}{directory}\n{pem}");
        Ok((Self::parse(storage, domain, &text)?, text))
    }

    /// Whether it is from another directory than this.
    pub(super) fn is_foreign(&self, directory: &str) -> bool {
        self.directory
            .as_deref()
            .is_some_and(|from| from != directory)
    }

    fn parse(storage: &Storage, domain: &str, text: &str) -> Result<Self, AcmeError> {
        let path = || storage.path(domain);
        let certificate =
            Certificate::parse(text.as_bytes(), text.as_bytes()).map_err(|source| {
                AcmeError::Unusable {
                    path: path(),
                    source,
                }
            })?;
        if !certificate.domains.iter().any(|name| name == domain) {
            let domains = certificate.domains;
            return Err(AcmeError::OtherDomain {
                path: path(),
                domains,
            });
        }
        let directory = text.lines().find_map(|line| line.strip_prefix(DIRECTORY));
        Ok(Self {
            certificate,
            directory: directory.map(str::to_owned),
        })
    }
}
