mod manifest;

use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use manifest::Manifest;
use sha2::{Digest as _, Sha256};

/// Where the page's modules come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Assets {
    /// Files that the frontend's build made, with hashed names.
    Built {
        version: String,
        scripts: Vec<String>,
        /// What the scripts import: a browser that knows loads all at once, not one after the other.
        preloads: Vec<String>,
        styles: Vec<String>,
    },
    /// The frontend's development server.
    Vite { url: String },
}

/// Why there are no assets.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AssetsError {
    /// The build's manifest cannot be read.
    #[error("the frontend is not built: could not read `{}`", path.display())]
    NotBuilt {
        /// The manifest.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The build's manifest is not what Vite writes.
    #[error("`{}` is not a Vite manifest with the entry `{}`", path.display(), Assets::ENTRY)]
    Malformed {
        /// The manifest.
        path: PathBuf,
    },
}

impl Assets {
    /// The module from which the page starts.
    pub(crate) const ENTRY: &'static str = "src/entrypoints/inertia.tsx";

    pub(crate) fn find(settings: &settings::Web) -> Result<Self, AssetsError> {
        match &settings.vite_url {
            Some(url) => Ok(Self::Vite {
                url: url.trim_end_matches('/').to_owned(),
            }),
            None => Self::built(&settings.assets_dir),
        }
    }

    /// Changes when any asset does: a hash of the manifest, which names them all by their own hashes.
    pub(crate) fn version(&self) -> &str {
        match self {
            Self::Built { version, .. } => version,
            Self::Vite { .. } => "development",
        }
    }

    fn built(folder: &Path) -> Result<Self, AssetsError> {
        let path = folder.join(".vite/manifest.json");
        let json = std::fs::read(&path).map_err(|source| AssetsError::NotBuilt {
            path: path.clone(),
            source,
        })?;
        let manifest: Manifest = serde_json::from_slice(&json).unwrap_or_default();
        let chunks = manifest
            .chunks_of(Self::ENTRY)
            .ok_or(AssetsError::Malformed { path })?;
        let hash = Sha256::digest(&json);
        Ok(Self::Built {
            version: HEXLOWER.encode(&hash[..8]),
            scripts: vec![chunks.entry],
            preloads: chunks.imports,
            styles: chunks.styles,
        })
    }
}
