use std::path::PathBuf;

use serde::Deserialize;

use crate::file::Section;
use crate::quantity::within;

/// The web process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Web {
    /// The address to listen on (`BIND`).
    pub bind: String,
    /// The port to listen on (`PORT`).
    pub port: u16,
    /// Event loops.
    pub threads: usize,
    /// Bytes that a request's body may have.
    pub max_body_size: usize,
    /// Whether browsers reach the process over HTTPS, through a proxy: cookies are then sent over nothing else.
    pub assume_ssl: bool,
    /// What the frontend's build made.
    pub assets_dir: PathBuf,
    /// The frontend's development server, where the page loads its modules from it.
    pub vite_url: Option<String>,
    /// Where the page finds the cable (`CABLE_URL`); by default the cable's port on the host that the page came from.
    pub cable_url: Option<String>,
}

/// A section of `web.yml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct File {
    #[serde(deserialize_with = "within::<1, 512, _, _>")]
    threads: usize,
    max_body_size: usize,
    assume_ssl: bool,
    assets_dir: PathBuf,
    vite_url: Option<String>,
}

impl Default for File {
    fn default() -> Self {
        Self {
            threads: 2,
            max_body_size: 64 * 1024,
            assume_ssl: false,
            assets_dir: "web/frontend/dist".into(),
            vite_url: None,
        }
    }
}

impl Section for File {
    const NAME: &'static str = "web";
}

impl File {
    pub(crate) fn resolve(self, bind: String, port: u16, cable_url: Option<String>) -> Web {
        Web {
            bind,
            port,
            threads: self.threads,
            max_body_size: self.max_body_size,
            assume_ssl: self.assume_ssl,
            assets_dir: self.assets_dir,
            vite_url: self.vite_url,
            cable_url,
        }
    }
}
