use anyhow::{Context as _, Result};
use test_support::{Process, Variables, production};

use super::file::CableFile;
use super::plain;

/// A running server of WebSockets.
pub(crate) struct Server {
    process: Process,
    address: String,
}

impl Server {
    /// The real `cable`, over this file. It only polls unless it may `watch` it.
    pub(crate) async fn cable(file: &CableFile, watch: bool) -> Result<Self> {
        let more = [(
            "DATABASE__CABLE__WATCH",
            if watch { "true" } else { "false" },
        )];
        let variables = production(&file.storage(), &more);
        Self::start("cable", &[], &variables).await
    }

    /// A server whose clients may subscribe to any stream of this file.
    pub(crate) async fn channels(file: &CableFile) -> Result<Self> {
        let path = file.path();
        let path = path.to_str().context("not UTF-8")?;
        Self::start("bench", &["cable-channels", path], &Vec::new()).await
    }

    /// A plain fan-out in memory.
    pub(crate) async fn plain(options: &plain::Options) -> Result<Self> {
        let arguments = options.arguments();
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        Self::start("bench", &arguments, &Vec::new()).await
    }

    async fn start(name: &str, arguments: &[&str], variables: &Variables) -> Result<Self> {
        let process = Process::start(name, arguments, variables)?;
        let address = process.address().await;
        Ok(Self { process, address })
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    pub(crate) fn id(&self) -> Result<u32> {
        self.process.id()
    }
}
