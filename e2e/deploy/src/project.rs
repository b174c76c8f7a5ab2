use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use test_support::wait_until;

use crate::{Engine, run};

/// The suite under docker compose.
pub struct Project<'a> {
    engine: &'a Engine,
    folder: PathBuf,
}

impl<'a> Project<'a> {
    /// The services.
    pub const SERVICES: [&'static str; 4] = ["web", "worker", "cable", "thrust"];

    /// That of a folder with `compose.yaml`; `variables` go into its `.env`.
    ///
    /// # Errors
    /// When that cannot be written.
    pub fn new(engine: &'a Engine, folder: &Path, variables: &[(&str, &str)]) -> Result<Self> {
        let this = Self {
            engine,
            folder: folder.to_owned(),
        };
        this.set(variables)?;
        Ok(this)
    }

    /// Writes the `.env`.
    ///
    /// # Errors
    /// When that fails.
    pub fn set(&self, variables: &[(&str, &str)]) -> Result<()> {
        let lines = variables
            .iter()
            .map(|(name, value)| format!("{name}={value}\n"));
        let usual = "COMPOSE_PROJECT_NAME=trifecta\n".to_owned();
        let text: String = std::iter::once(usual).chain(lines).collect();
        Ok(std::fs::write(self.folder.join(".env"), text)?)
    }

    /// Runs `docker compose`.
    ///
    /// # Errors
    /// When it fails; with all that it said.
    pub async fn compose(&self, arguments: &[&str]) -> Result<String> {
        let mut compose = self.engine.docker(&["compose"]);
        compose.args(arguments).current_dir(&self.folder);
        run(&mut compose).await
    }

    /// What the engine knows of a service's container.
    ///
    /// # Errors
    /// When it knows none.
    pub async fn inspect(&self, service: &str, what: &str) -> Result<String> {
        let format = format!("{{{{{what}}}}}");
        let container = format!("trifecta-{service}-1");
        let mut inspect = self.engine.docker(&["inspect", "--format", &format]);
        run(inspect.arg(&container)).await
    }

    /// Kills the main process of a service, and waits until the engine has started another and that is well.
    ///
    /// # Errors
    /// When it cannot be killed.
    pub async fn kill(&self, service: &str) -> Result<()> {
        let restarts = self.inspect(service, ".RestartCount").await?;
        let pid = self.inspect(service, ".State.Pid").await?;
        self.engine.kill(pid.parse().context("a pid")?).await?;
        wait_until(&format!("{service} is started again"), || async {
            let state = ".RestartCount}} {{.State.Health.Status";
            let state = self.inspect(service, state).await;
            state.is_ok_and(|state| {
                state.ends_with(" healthy") && !state.starts_with(&format!("{restarts} "))
            })
        })
        .await;
        Ok(())
    }

    /// Where the files of a volume are.
    pub fn volume(&self, name: &str) -> PathBuf {
        let volumes = self.engine.folder().join("data/volumes");
        volumes.join(format!("trifecta_{name}/_data"))
    }
}
