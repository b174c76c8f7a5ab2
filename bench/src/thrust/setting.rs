//! What the proxies have to do.

use std::path::PathBuf;

use anyhow::Result;
use serde::Serialize;
use tempfile::TempDir;

use super::backend::Backend;
use super::certificate::Certificate;
use super::script;
use crate::folder;

/// What clients speak with a proxy. It speaks HTTP/1.1 with its backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Protocol {
    Http1,
    Http2Tls,
}

/// Where requests go to, and the files that it takes.
pub(crate) struct Setting {
    pub(crate) backend: Backend,
    pub(crate) certificate: Certificate,
    /// Those who serve files themselves find them here, compressed before.
    pub(crate) public: PathBuf,
    _folder: TempDir,
}

impl Setting {
    pub(crate) async fn create() -> Result<Self> {
        let folder = folder::temporary()?;
        let public = folder.path().join("public");
        script::write_into(&public)?;
        Ok(Self {
            backend: Backend::start().await?,
            certificate: Certificate::create(folder.path())?,
            public,
            _folder: folder,
        })
    }
}
