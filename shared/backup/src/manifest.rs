use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use db::Inspection;
use serde::{Deserialize, Serialize};

use crate::{Error, Store, disk};

/// The file that says what else is in the folder.
pub(crate) const MANIFEST: &str = "manifest.json";
/// Rises when an older program could not read it any more.
const FORMAT: u32 = 1;

/// What a backup says of itself. It holds no setting and no secret.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Manifest {
    /// Of this file.
    pub format: u32,
    /// The version of the program that made it.
    pub program: String,
    /// The name of the folder.
    pub name: String,
    /// When the files were so, in UTC.
    pub made_at: String,
    /// The machine.
    pub host: String,
    /// `APP_ENV`.
    pub environment: String,
    /// The files.
    pub files: Vec<Copied>,
}

/// A copy of one file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Copied {
    /// The name of the store.
    pub store: String,
    /// The name of the file in the folder.
    pub file: String,
    /// Its size.
    pub bytes: u64,
    /// Its hash, in hex.
    pub sha256: String,
    /// The newest migration.
    pub migration: Option<String>,
    /// How many rows the main tables have.
    pub rows: BTreeMap<String, i64>,
    /// What names the state of the file to clients.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epoch: Option<String>,
}

impl Manifest {
    /// An empty one of this program's format.
    pub(crate) fn new(name: String, made_at: String, program: &str, environment: &str) -> Self {
        let host = rustix::system::uname()
            .nodename()
            .to_string_lossy()
            .into_owned();
        Self {
            format: FORMAT,
            program: program.to_owned(),
            name,
            made_at,
            host,
            environment: environment.to_owned(),
            files: Vec::new(),
        }
    }

    /// Reads that of a backup.
    pub(crate) fn read(folder: &Path) -> Result<Self, Error> {
        let no_backup = |reason: String| Error::NoBackup {
            path: folder.to_owned(),
            reason,
        };
        let text = fs::read(folder.join(MANIFEST));
        let text =
            text.map_err(|error| no_backup(format!("its {MANIFEST} cannot be read: {error}")))?;
        let manifest: Self = serde_json::from_slice(&text)
            .map_err(|error| no_backup(format!("its {MANIFEST} makes no sense: {error}")))?;
        if manifest.format > FORMAT {
            return Err(no_backup(format!(
                "its format is {}, and this program knows {FORMAT}",
                manifest.format
            )));
        }
        let odd = manifest
            .files
            .iter()
            .find(|copied| copied.file != file_name(&copied.store));
        match odd {
            Some(copied) => Err(no_backup(format!(
                "it calls the file of `{}` `{}`",
                copied.store, copied.file
            ))),
            None => Ok(manifest),
        }
    }

    /// Bytes of all files.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|copied| copied.bytes).sum()
    }
}

impl Copied {
    /// Looks at a copy, all of it. Returns what is wrong with it, too.
    pub(crate) fn describe(path: &Path, store: &Store) -> Result<(Self, Vec<String>), Error> {
        let inspection = Inspection::open(path)?;
        let problems = inspection.problems()?;
        if !problems.is_empty() {
            return Ok((Self::empty(store), problems));
        }
        let rows = store
            .tables
            .iter()
            .map(|&table| Ok((table.to_owned(), inspection.rows(table)?)));
        let epoch = store
            .epoch
            .map(|epoch| inspection.text(epoch.query))
            .transpose()?;
        let copied = Self {
            bytes: fs::metadata(path)
                .map_err(Error::io("could not read", path))?
                .len(),
            sha256: disk::sha256(path)?,
            migration: inspection.migration()?,
            rows: rows.collect::<Result<_, Error>>()?,
            epoch: epoch.flatten(),
            ..Self::empty(store)
        };
        Ok((copied, problems))
    }

    fn empty(store: &Store) -> Self {
        Self {
            store: store.name.clone(),
            file: file_name(&store.name),
            bytes: 0,
            sha256: String::new(),
            migration: None,
            rows: BTreeMap::new(),
            epoch: None,
        }
    }
}

/// A name from the settings must not lead out of the folder.
pub(crate) fn file_name(store: &str) -> String {
    format!("{}.sqlite3", store.replace(['/', '\0'], "_"))
}
