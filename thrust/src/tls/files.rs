use std::io;
use std::path::{Path, PathBuf};

use super::{Certificate, CertificateError};
use crate::options::CertificateFiles;

/// Why the operator's certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FileError {
    #[error("{variable}: expected a PEM file at `{}`, which cannot be read: does it exist, and may this user read it?", path.display())]
    Unreadable {
        variable: &'static str,
        path: PathBuf,
        source: io::Error,
    },
    #[error("{variable}: `{}` cannot be used", path.display())]
    Unusable {
        variable: &'static str,
        path: PathBuf,
        source: CertificateError,
    },
}

/// Reads the operator's certificate.
pub(crate) fn load(files: &CertificateFiles) -> Result<Certificate, FileError> {
    let chain = read("TLS_CERTIFICATE", &files.certificate)?;
    let key = read("TLS_PRIVATE_KEY", &files.private_key)?;
    Certificate::parse(&chain, &key).map_err(|source| unusable(files, source))
}

fn read(variable: &'static str, path: &Path) -> Result<Vec<u8>, FileError> {
    std::fs::read(path).map_err(|source| FileError::Unreadable {
        variable,
        path: path.to_owned(),
        source,
    })
}

fn unusable(files: &CertificateFiles, source: CertificateError) -> FileError {
    let (variable, path) = match source {
        CertificateError::NoCertificate | CertificateError::Certificate(_) => {
            ("TLS_CERTIFICATE", &files.certificate)
        }
        CertificateError::NoKey | CertificateError::Key(_) | CertificateError::Mismatch => {
            ("TLS_PRIVATE_KEY", &files.private_key)
        }
    };
    FileError::Unusable {
        variable,
        path: path.clone(),
        source,
    }
}
