use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::{Browser, Process};

const SECRET: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// The three processes on four fresh files, each on a port of its own.
pub struct Suite {
    /// The HTTP process.
    pub web: Process,
    /// The process that performs jobs.
    pub worker: Process,
    /// The WebSocket process.
    pub cable: Process,
    web_address: String,
    cable_address: String,
    folder: tempfile::TempDir,
    variables: Vec<(String, String)>,
}

impl Suite {
    /// Starts the suite in production mode. `variables` add to the usual ones.
    ///
    /// # Errors
    /// When a process cannot be started.
    pub async fn start(variables: &[(&str, &str)]) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let variables = Self::variables(folder.path(), variables);
        let start = |name| start(name, &variables);
        let (web, worker, cable) = (start("web")?, start("worker")?, start("cable")?);
        let (web_address, cable_address) = (web.address().await, cable.address().await);
        worker.line_with("process.kind=\"Worker\"").await;
        Ok(Self {
            web,
            worker,
            cable,
            web_address,
            cable_address,
            folder,
            variables,
        })
    }

    fn variables(folder: &Path, more: &[(&str, &str)]) -> Vec<(String, String)> {
        let storage = folder.join("storage").display().to_string();
        let usual = [
            ("APP_ENV", "production"),
            ("STORAGE_DIR", &storage),
            ("SECRET_KEY_BASE", SECRET),
            ("PORT", "0"),
            ("CABLE_PORT", "0"),
            ("ALLOWED_ORIGINS", "http://127.0.0.1:*"),
            ("RUST_LOG", "info"),
        ];
        usual
            .iter()
            .chain(more)
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    /// Starts the named process again after its end. The web and cable processes keep their ports.
    ///
    /// # Errors
    /// When it cannot be started.
    pub async fn restart(&mut self, name: &str) -> Result<()> {
        let port = |address: &str| address.rsplit(':').next().unwrap_or_default().to_owned();
        let mut variables = self.variables.clone();
        variables.push(("PORT".into(), port(&self.web_address)));
        variables.push(("CABLE_PORT".into(), port(&self.cable_address)));
        let process = start(name, &variables)?;
        let ready = if name == "worker" {
            "process.kind=\"Worker\""
        } else {
            "address="
        };
        process.line_with(ready).await;
        match name {
            "web" => self.web = process,
            "worker" => self.worker = process,
            _ => self.cable = process,
        }
        Ok(())
    }

    /// `http://host:port` of the web process.
    pub fn url(&self) -> String {
        format!("http://{}", self.web_address)
    }

    /// `ws://host:port/cable` of the cable process.
    pub fn cable_url(&self) -> String {
        format!("ws://{}/cable", self.cable_address)
    }

    /// The folder of the four files.
    pub fn storage(&self) -> PathBuf {
        self.folder.path().join("storage")
    }

    /// A new browser that has loaded the page.
    ///
    /// # Errors
    /// When the page does not load.
    pub async fn browser(&self) -> Result<Browser> {
        Browser::open(&self.url()).await
    }
}

fn start(name: &str, variables: &[(String, String)]) -> Result<Process> {
    let variables: Vec<_> = variables
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    Process::start(name, &[], &variables, &root()?)
}

/// The root of the workspace, where `config/` is.
fn root() -> Result<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .context("the workspace has a root")?;
    Ok(root.to_owned())
}
