use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, QueryResult, SqliteConnection};
use rustix::fs::{Access, access};

use crate::error::is_busy;
use crate::folder_lock::FolderLock;
use crate::{DatabaseConfig, DbError, space};

/// Opens one connection with the pragmas that Rails sets, and makes the file a WAL file if it is not one yet.
pub(crate) fn open(config: &DatabaseConfig) -> Result<SqliteConnection, DbError> {
    let failed = |reason: String| DbError::Open {
        path: config.path.clone(),
        reason,
    };
    make_folder(config)?;
    writable(&config.path).map_err(failed)?;
    let url = config
        .path
        .to_str()
        .ok_or_else(|| failed("its name is not UTF-8".into()))?;
    let mut connection = establish(url).map_err(|error| failed(error.to_string()))?;
    let pragmas = format!(
        "PRAGMA busy_timeout = 1000; PRAGMA journal_mode = WAL; {}",
        pragmas(config)
    );
    patiently(|| {
        if config.auto_vacuum {
            give_back_if_new(&mut connection)?;
        }
        connection.batch_execute(&pragmas)
    })
    .map_err(|error| failed(error.to_string()))?;
    Ok(connection)
}

/// Opens one connection while nobody moves the file away: halfway it would put its own `-wal` beside the next one.
pub(crate) fn open_late(config: &DatabaseConfig) -> Result<SqliteConnection, DbError> {
    let _lock = FolderLock::for_opening(config)?;
    open(config)
}

/// Makes the file's folder if it is missing. A new one is on the disk when this returns.
pub(crate) fn make_folder(config: &DatabaseConfig) -> Result<(), DbError> {
    let path = folder(&config.path);
    if path.is_dir() {
        return Ok(());
    }
    let make = || {
        fs::create_dir_all(path)?;
        fs::File::open(folder(path))?.sync_all()
    };
    make().map_err(|error: std::io::Error| DbError::Open {
        path: config.path.clone(),
        reason: error.to_string(),
    })
}

/// The folder that the file is in.
pub(crate) fn folder(path: &Path) -> &Path {
    path.parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

/// Makes a new file one that can give back pages. In an existing one the pragma would take the write lock for nothing.
fn give_back_if_new(connection: &mut SqliteConnection) -> QueryResult<()> {
    if space::number(connection, "PRAGMA page_count")? == 0 {
        connection.batch_execute(space::INCREMENTAL)?;
    }
    Ok(())
}

/// SQLite opens a file that it may not write without a word, and fails at the first write.
fn writable(path: &Path) -> Result<(), String> {
    let refused = |what: &'static str| {
        move |error| format!("{what} cannot be written: {}", std::io::Error::from(error))
    };
    if path.exists() {
        access(path, Access::WRITE_OK).map_err(refused("the file"))?;
    }
    access(folder(path), Access::WRITE_OK).map_err(refused("its folder"))
}

#[allow(
    clippy::disallowed_methods,
    reason = "this is the one place that opens SQLite"
)]
pub(crate) fn establish(url: &str) -> diesel::ConnectionResult<SqliteConnection> {
    SqliteConnection::establish(url)
}

/// How long opening a file waits for other processes that open or migrate it: a start may take longer than a write.
pub(crate) const START_PATIENCE: Duration = Duration::from_secs(15);

/// The writer waits for locks by itself (see `transaction`).
pub(crate) const NO_BUSY_HANDLER: &str = "PRAGMA busy_timeout = 0;";

/// The pragmas of a connection of the reading pool. It cannot write by mistake.
pub(crate) fn reader_pragmas(config: &DatabaseConfig) -> String {
    format!(
        "PRAGMA busy_timeout = {}; PRAGMA query_only = ON; {}",
        config.timeout.as_millis(),
        pragmas(config)
    )
}

fn pragmas(config: &DatabaseConfig) -> String {
    format!(
        "PRAGMA synchronous = {};
         PRAGMA foreign_keys = ON;
         PRAGMA mmap_size = 134217728;
         PRAGMA journal_size_limit = 67108864;
         PRAGMA cache_size = 2000;
         PRAGMA temp_store = MEMORY;",
        config.synchronous.pragma(),
    )
}

/// Runs `work` again while it says that the file is locked: several processes may turn a new file into a WAL file at
/// the same moment, and SQLite does not wait for that lock by itself.
fn patiently<T>(mut work: impl FnMut() -> QueryResult<T>) -> QueryResult<T> {
    let deadline = Instant::now() + START_PATIENCE;
    loop {
        match work() {
            Err(error) if is_busy(&error) && Instant::now() < deadline => {
                std::thread::sleep(Duration::from_millis(1));
            }
            outcome => return outcome,
        }
    }
}
