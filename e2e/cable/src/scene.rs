use std::path::PathBuf;

use anyhow::{Result, ensure};
use tempfile::TempDir;
use test_support::{Process, Socket, Variables, production};
use tokio::sync::watch;

use crate::{Memory, Rails, STREAM};

const DATABASE: &str = "production_cable.sqlite3";

/// Where pages of the tests come from.
pub(crate) const ORIGIN: &str = "http://127.0.0.1:3000";

/// One cable process, and its file.
pub struct Scene {
    /// The process.
    pub cable: Process,
    folder: TempDir,
    variables: Variables,
    address: watch::Sender<Option<String>>,
}

impl Scene {
    /// Starts the process on a new file. `variables` add to the usual ones.
    ///
    /// # Errors
    /// When it cannot be started.
    pub async fn start(variables: &[(&str, &str)]) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let variables = production(folder.path(), variables);
        let cable = Process::start("cable", &[], &variables)?;
        let address = watch::Sender::new(Some(cable.address().await));
        Ok(Self {
            cable,
            folder,
            variables,
            address,
        })
    }

    /// Host and port of the process, and `None` while there is none. Each process has a port of its own: a port that is
    /// free for a while could be taken by anybody.
    pub fn addresses(&self) -> watch::Receiver<Option<String>> {
        self.address.subscribe()
    }

    /// Host and port of the process.
    pub fn address(&self) -> String {
        self.address.borrow().clone().unwrap_or_default()
    }

    /// The cable's file.
    pub fn file(&self) -> PathBuf {
        self.folder.path().join(DATABASE)
    }

    /// A process that commits messages.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub fn rails(&self) -> Result<Rails> {
        Rails::open(self.file())
    }

    /// Kills the process, without starting another one.
    ///
    /// # Errors
    /// When it has ended already.
    pub async fn kill(&mut self) -> Result<()> {
        self.address.send_replace(None);
        self.cable.kill().await
    }

    /// Starts a process after the end of the last one.
    ///
    /// # Errors
    /// When it cannot be started.
    pub async fn restart(&mut self) -> Result<()> {
        self.cable = self.successor().await?;
        Ok(())
    }

    /// Starts another process and stops the old one, which sends its clients there. Returns what the old one said.
    ///
    /// # Errors
    /// When the one cannot be started, or the other does not end well.
    pub async fn roll_over(&mut self) -> Result<String> {
        let new = self.successor().await?;
        let mut old = std::mem::replace(&mut self.cable, new);
        let status = old.stop().await?;
        ensure!(status.success(), "ended with {status}: {}", old.output());
        Ok(old.output())
    }

    async fn successor(&self) -> Result<Process> {
        let cable = Process::start("cable", &[], &self.variables)?;
        self.address.send_replace(Some(cable.address().await));
        Ok(cable)
    }

    /// A client without faults that is subscribed to [`STREAM`].
    ///
    /// # Errors
    /// When the cable refuses it.
    pub async fn bystander(&self) -> Result<Socket> {
        Socket::subscribe(&format!("ws://{}/cable", self.address()), ORIGIN).await
    }

    /// Has somebody do something, during which another client must get its messages. Its memory must never be more
    /// than `extra` kB above that before. Returns what came of it.
    ///
    /// # Errors
    /// When anything fails.
    pub async fn suffers<T>(
        &self,
        extra: u64,
        trouble: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let (rails, mut bystander) = (self.rails()?, self.bystander().await?);
        let before = Memory::of(&self.cable)?;
        let mut round = 0_u64;
        let outcome = {
            let mut trouble = std::pin::pin!(trouble);
            loop {
                let service = async {
                    round += 1;
                    let payload = format!("\"round {round}\"");
                    rails.broadcast(STREAM, vec![payload.clone()]).await?;
                    bystander.text_with(&payload).await
                };
                tokio::select! {
                    biased;
                    outcome = &mut trouble => break outcome?,
                    served = service => served?,
                };
            }
        };
        rails.broadcast(STREAM, vec!["\"after\"".into()]).await?;
        bystander.text_with("\"after\"").await?;
        let after = Memory::of(&self.cable)?;
        ensure!(
            after.peak.max(after.resident) < before.peak + extra,
            "{after:?}, before {before:?}"
        );
        Ok(outcome)
    }
}
