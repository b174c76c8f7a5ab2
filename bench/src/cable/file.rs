use std::path::PathBuf;
use std::time::Duration;

use action_cable::{Cable, Stream};
use anyhow::Result;
use db::{Database, DatabaseConfig};
use solid_cable::{Config, SolidCable};
use tempfile::TempDir;
use tokio::time::sleep;

use super::bare::Bare;
use super::message::{Message, pause};
use crate::folder;

/// The cable file of a suite in a folder of its own, which goes with it.
pub(crate) struct CableFile {
    folder: TempDir,
}

impl CableFile {
    /// With the tables, and no rows.
    pub(crate) fn create() -> Result<Self> {
        let file = Self {
            folder: folder::temporary()?,
        };
        std::fs::create_dir_all(file.storage())?;
        file.open()?;
        Ok(file)
    }

    pub(crate) fn storage(&self) -> PathBuf {
        self.folder.path().join("storage")
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.storage().join("production_cable.sqlite3")
    }

    pub(crate) fn solid_cable(&self) -> Result<SolidCable> {
        Ok(SolidCable::new(self.open()?, Config::default()))
    }

    /// SQLite without us.
    pub(crate) fn bare(&self) -> Result<Bare> {
        Bare::open(&self.path())
    }

    /// Messages as another process than the server's broadcasts them.
    pub(crate) fn broadcaster(&self, stream: &str) -> Result<Broadcaster> {
        Ok(Broadcaster {
            cable: self.solid_cable()?.cable(),
            stream: stream.to_owned(),
        })
    }

    fn open(&self) -> Result<Database> {
        let config = DatabaseConfig::new(self.path());
        Ok(Database::open(&config, solid_cable::MIGRATIONS)?)
    }
}

/// Broadcasts to one stream.
pub(crate) struct Broadcaster {
    cable: Cable,
    stream: String,
}

impl Broadcaster {
    /// So many messages of so many bytes, one about `every` so often.
    pub(crate) async fn broadcast(
        &self,
        messages: usize,
        size: usize,
        every: Duration,
    ) -> Result<()> {
        for _ in 0..messages {
            sleep(pause(every)).await;
            let stream = Stream::<Message>::new(self.stream.clone());
            self.cable.broadcast(stream, &Message::new(size)).await?;
        }
        Ok(())
    }
}
