use std::fs;
use std::path::{Path, PathBuf};

use db::RESTORE_JOURNAL;
use serde::{Deserialize, Serialize};

use super::{Restored, stage};
use crate::manifest::Manifest;
use crate::{Error, Store, disk};

/// What is put in place. It lies beside the first store, and names stores, not files: the next attempt may see the folder
/// under another path.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Journal {
    /// The name of the backup.
    backup: String,
    /// The stores whose files are ready. Those of the others are only moved aside.
    stores: Vec<String>,
    /// The folder, beside each file, into which goes what was there before.
    replaced: String,
}

impl Journal {
    /// That of a restore that was cut short.
    pub(super) fn find(stores: &[Store]) -> Result<Option<Self>, Error> {
        let path = place(stores);
        if !path.exists() {
            return Ok(None);
        }
        let text = fs::read(&path).map_err(Error::io("could not read", &path))?;
        let journal = serde_json::from_slice(&text);
        journal
            .map(Some)
            .map_err(|error| Error::io("could not read", &path)(error.into()))
    }

    /// From now on the files that are ready are the valid ones.
    pub(super) fn write(
        manifest: &Manifest,
        staged: Vec<String>,
        moment: &str,
        stores: &[Store],
    ) -> Result<Self, Error> {
        let journal = Self {
            backup: manifest.name.clone(),
            stores: staged,
            replaced: format!("replaced-{moment}"),
        };
        for store in stores {
            disk::sync_folder(disk::folder(&store.path))?;
        }
        disk::write(
            &place(stores),
            &serde_json::to_vec(&journal).unwrap_or_default(),
        )?;
        Ok(journal)
    }

    /// Puts in place what is not there yet.
    pub(super) fn finish(self, stores: &[Store]) -> Result<Restored, Error> {
        for store in stores {
            self.put_in_place(store)?;
        }
        for store in stores {
            disk::sync_folder(disk::folder(&store.path))?;
        }
        let path = place(stores);
        fs::remove_file(&path).map_err(Error::io("could not remove", &path))?;
        disk::sync_folder(disk::folder(&path))?;
        Ok(Restored {
            name: self.backup.clone(),
            replaced: self.replaced(stores),
            stores: self.stores,
            was_begun: true,
        })
    }

    fn put_in_place(&self, store: &Store) -> Result<(), Error> {
        let (staged, path) = (stage::place(store), &store.path);
        let is_ready = self.stores.contains(&store.name);
        if is_ready && !staged.exists() {
            // It was done before all was cut short.
            return Ok(());
        }
        self.move_aside(path)?;
        if is_ready {
            fs::rename(&staged, path).map_err(Error::io("could not write", path))?;
        }
        Ok(())
    }

    fn move_aside(&self, path: &Path) -> Result<(), Error> {
        let folder = self.folder(path);
        for suffix in [""].iter().chain(&disk::COMPANIONS) {
            let from = disk::with_suffix(path, suffix);
            if !from.exists() {
                continue;
            }
            fs::create_dir_all(&folder).map_err(Error::io("could not make the folder", &folder))?;
            let to = folder.join(from.file_name().unwrap_or_default());
            fs::rename(&from, &to).map_err(Error::io("could not move", &from))?;
        }
        if folder.exists() {
            disk::sync_folder(&folder)?;
        }
        Ok(())
    }

    fn folder(&self, path: &Path) -> PathBuf {
        disk::folder(path).join(&self.replaced)
    }

    fn replaced(&self, stores: &[Store]) -> Vec<PathBuf> {
        let mut folders: Vec<_> = stores
            .iter()
            .map(|store| self.folder(&store.path))
            .collect();
        folders.sort_unstable();
        folders.dedup();
        folders.retain(|folder| folder.exists());
        folders
    }
}

fn place(stores: &[Store]) -> PathBuf {
    let first = stores.first().map_or(Path::new(""), |store| &store.path);
    disk::folder(first).join(RESTORE_JOURNAL)
}
