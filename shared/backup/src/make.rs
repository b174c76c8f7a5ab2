use std::path::{Path, PathBuf};
use std::time::Duration;

use db::{Cut, Timestamp};

use crate::manifest::{Copied, MANIFEST, Manifest, file_name};
use crate::shelf::Shelf;
use crate::{Error, Store, disk, name, rotate};

/// How long to wait for the locks of all files.
const PATIENCE: Duration = Duration::from_mins(1);

/// What to copy, and where to.
pub struct Request<'a> {
    /// The folder of backups. It is made if need be.
    pub folder: &'a Path,
    /// The files.
    pub stores: &'a [Store],
    /// Of the program that asks.
    pub version: &'a str,
    /// `APP_ENV`.
    pub environment: &'a str,
    /// How many backups to keep. All, without it.
    pub keep: Option<usize>,
}

/// A backup that is complete.
#[derive(Debug)]
pub struct Made {
    /// Its folder.
    pub path: PathBuf,
    /// What is in it.
    pub manifest: Manifest,
    /// How long writers were held up: from the first lock to the last.
    pub held: Duration,
    /// The part of it in which all locks were held.
    pub all_held: Duration,
    /// The names of the older ones that were removed.
    pub removed: Vec<String>,
}

/// Copies all files as of one moment, checks the copies, and removes the oldest backups. Blocks the thread.
///
/// # Errors
/// Why it could not be done. There is no new backup then, and all old ones are there.
pub fn make(request: &Request<'_>) -> Result<Made, Error> {
    let missing = request.stores.iter().find(|store| !store.path.exists());
    if let Some(store) = missing {
        return Err(Error::Missing {
            store: store.name.clone(),
            path: store.path.clone(),
        });
    }
    let shelf = Shelf::open(request.folder)?;
    let paths: Vec<_> = request
        .stores
        .iter()
        .map(|store| store.path.clone())
        .collect();
    let cut = Cut::take(&paths, PATIENCE)?;
    let moment = Timestamp::now();
    let name = name::of(moment);
    let mut manifest = Manifest::new(
        name.clone(),
        moment.to_string(),
        request.version,
        request.environment,
    );
    if let Err(error) = write(&shelf, &cut, request.stores, &mut manifest) {
        shelf.abandon(&name);
        return Err(error);
    }
    let (held, all_held) = (cut.held, cut.all_held);
    drop(cut);
    let path = shelf.complete(&name)?;
    let removed = rotate::rotate(&shelf, request.folder, &name, request.keep)?;
    Ok(Made {
        path,
        manifest,
        held,
        all_held,
        removed,
    })
}

fn write(shelf: &Shelf, cut: &Cut, stores: &[Store], manifest: &mut Manifest) -> Result<(), Error> {
    let folder = shelf.begin(&manifest.name)?;
    for (at, store) in stores.iter().enumerate() {
        let target = folder.join(file_name(&store.name));
        cut.copy(at, &target)?;
        let (copied, problems) = Copied::describe(&target, store)?;
        if !problems.is_empty() {
            return Err(Error::Damaged {
                store: store.name.clone(),
                problems,
            });
        }
        manifest.files.push(copied);
    }
    let text = serde_json::to_vec_pretty(manifest).unwrap_or_default();
    disk::write(&folder.join(MANIFEST), &text)
}
