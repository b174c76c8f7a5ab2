use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::Arc;

use diesel_migrations::EmbeddedMigrations;

use crate::folder_lock::{FolderLock, is_missing};
use crate::foreign::{Foreign, Generation};
use crate::meters::Meters;
use crate::readers::Readers;
use crate::start_over::remove_leftovers;
use crate::writer::{self, Writer};
use crate::{DatabaseConfig, DbError, connection, migrations};

/// The connections to one file: what a [`crate::Database`] changes for others when the file is made anew.
pub(crate) struct OpenFile {
    pub(crate) writer: Writer,
    pub(crate) readers: Readers,
    /// Device and inode.
    identity: Option<(u64, u64)>,
}

impl OpenFile {
    pub(crate) fn open(
        config: &Arc<DatabaseConfig>,
        migrations: EmbeddedMigrations,
        generation: &Arc<Generation>,
    ) -> Result<Self, DbError> {
        connection::make_folder(config)?;
        let lock = FolderLock::for_opening(config)?;
        Self::open_locked(&lock, config, migrations, generation)
    }

    /// Opens the file while the folder is locked.
    pub(crate) fn open_locked(
        lock: &FolderLock,
        config: &Arc<DatabaseConfig>,
        migrations: EmbeddedMigrations,
        generation: &Arc<Generation>,
    ) -> Result<Self, DbError> {
        if lock.is_alone() && is_missing(&config.path) {
            remove_leftovers(config)?;
        }
        let mut connection = writer::open(config)?;
        migrations::run(&mut connection, config, migrations)?;
        let foreign = Foreign::new(Arc::clone(generation));
        let meters = Meters::of(&config.path);
        Ok(Self {
            writer: Writer::new(connection, Arc::clone(config), foreign, meters.clone()),
            readers: Readers::new(config, meters)?,
            identity: identity(&config.path),
        })
    }

    /// Whether it still lies at `path`.
    pub(crate) fn is_at(&self, path: &Path) -> bool {
        identity(path) == self.identity
    }
}

/// Looks at the folder's entry only: to open the file would drop SQLite's locks.
fn identity(path: &Path) -> Option<(u64, u64)> {
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.dev(), metadata.ino()))
}
