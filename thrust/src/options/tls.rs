use std::path::PathBuf;

use super::reader::Reader;

/// Where certificates come from.
#[derive(Clone, Debug)]
pub struct Tls {
    /// Certificate and key in files of the operator's.
    pub files: Option<CertificateFiles>,
    /// Certificates by ACME.
    pub acme: Option<Acme>,
}

/// A certificate with its chain, and its key, as PEM files.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "the names say it")]
pub struct CertificateFiles {
    pub certificate: PathBuf,
    pub private_key: PathBuf,
}

/// How to get certificates (RFC 8555).
#[derive(Clone, Debug)]
pub struct Acme {
    /// In lower case, at least one.
    pub domains: Vec<String>,
    /// URL of the directory.
    pub directory: String,
    /// PEM file of a private root.
    pub root: Option<PathBuf>,
    /// Key id and base64url key of an external account.
    pub external_account: Option<(String, String)>,
    /// Folder of certificates and account keys.
    pub storage: PathBuf,
}

impl Tls {
    pub(super) fn read(read: &mut Reader<'_>) -> Option<Self> {
        let (files, acme) = (CertificateFiles::read(read), Acme::read(read));
        (files.is_some() || acme.is_some()).then_some(Self { files, acme })
    }
}

impl CertificateFiles {
    fn read(read: &mut Reader<'_>) -> Option<Self> {
        match (
            read.optional("TLS_CERTIFICATE"),
            read.optional("TLS_PRIVATE_KEY"),
        ) {
            (Some(certificate), Some(private_key)) => Some(Self {
                certificate,
                private_key,
            }),
            (None, None) => None,
            _ => {
                read.problem(
                    "TLS_CERTIFICATE and TLS_PRIVATE_KEY: expected both or none, got one".into(),
                );
                None
            }
        }
    }
}

impl Acme {
    fn read(read: &mut Reader<'_>) -> Option<Self> {
        let domains: Vec<String> = read.get("TLS_DOMAIN");
        let domains: Vec<String> = domains.iter().map(|domain| domain.to_lowercase()).collect();
        for domain in &domains {
            if !is_domain(domain) {
                read.problem(format!(
                    "TLS_DOMAIN: expected domains such as app.example.com (in Punycode, without wildcards), got `{domain}`"
                ));
            }
        }
        let external_account = external_account(read);
        let acme = Self {
            domains,
            directory: read.get("ACME_DIRECTORY"),
            root: read.optional("ACME_CA"),
            external_account,
            storage: read.get("STORAGE_PATH"),
        };
        if !acme.directory.starts_with("https://") {
            let directory = &acme.directory;
            read.problem(format!(
                "ACME_DIRECTORY: expected an https:// address, got `{directory}`"
            ));
        }
        (!acme.domains.is_empty()).then_some(acme)
    }
}

fn external_account(read: &mut Reader<'_>) -> Option<(String, String)> {
    let (id, key) = (read.optional("EAB_KID"), read.optional("EAB_HMAC_KEY"));
    if id.is_some() != key.is_some() {
        read.problem("EAB_KID and EAB_HMAC_KEY: expected both or none, got one".into());
    }
    id.zip(key)
}

fn is_domain(domain: &str) -> bool {
    domain.len() <= 253
        && domain.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        })
}
