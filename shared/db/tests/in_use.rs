//! Who has files open, and who may not.

use db::{Database, DatabaseConfig, DbError, NO_MIGRATIONS, RESTORE_JOURNAL, TakenOver};
use diesel::connection::SimpleConnection as _;

#[tokio::test]
async fn files_that_are_open_cannot_be_taken_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.sqlite3");
    let paths = [path.clone()];
    let database = Database::open(&DatabaseConfig::new(&path), NO_MIGRATIONS).unwrap();
    let clone = database.clone();
    drop(database);
    assert!(TakenOver::try_take(&paths).unwrap().is_err());
    drop(clone);
    let taken = TakenOver::try_take(&paths).unwrap().ok().unwrap();
    assert!(
        TakenOver::try_take(&paths).unwrap().is_err(),
        "by two at once"
    );
    drop(taken);
    Database::open(&DatabaseConfig::new(&path), NO_MIGRATIONS).unwrap();
}

/// A process that is being started has copies of all descriptors until it is the program that it is to be.
#[test]
fn files_are_free_once_they_are_closed_though_processes_start_meanwhile() {
    use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.sqlite3");
    let config = DatabaseConfig::new(&path);
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !over.load(Relaxed) {
                    std::process::Command::new("true").status().unwrap();
                }
            });
        }
        let is_free = (0..100).all(|_| {
            drop(Database::open(&config, NO_MIGRATIONS).unwrap());
            TakenOver::try_take(std::slice::from_ref(&path))
                .unwrap()
                .is_ok()
        });
        over.store(true, Relaxed);
        assert!(is_free);
    });
}

#[test]
fn a_program_that_knows_no_such_lock_is_noticed_and_named() {
    use std::io::{BufRead as _, BufReader, Write as _};
    use std::process::{Command, Stdio};

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.sqlite3");
    drop(Database::open(&DatabaseConfig::new(&path), NO_MIGRATIONS).unwrap());
    // What SQLite's own locks look like to others.
    let script = format!(
        "import fcntl, sys\nfile = open('{}', 'r+b')\nfcntl.lockf(file, fcntl.LOCK_SH, 510, 0x40000002)\nprint('locked', flush=True)\nsys.stdin.read()",
        path.display()
    );
    let python = Command::new("python3")
        .args(["-c", &script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let Ok(mut python) = python else {
        println!("skipped: python3 is not installed");
        return;
    };
    let mut line = String::new();
    BufReader::new(python.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let holders = TakenOver::try_take(&[path]).unwrap().err().unwrap();
    assert_eq!(holders.len(), 1, "{holders:?}");
    assert_eq!(holders[0].pid, python.id());
    assert!(holders[0].name.starts_with("python"), "{holders:?}");
    python.stdin.take().unwrap().flush().unwrap();
    python.wait().unwrap();
}

#[tokio::test]
async fn files_beside_a_restore_that_was_cut_short_are_not_opened() {
    let folder = tempfile::tempdir().unwrap();
    let config = DatabaseConfig::new(folder.path().join("x.sqlite3"));
    let database = Database::open(&config, NO_MIGRATIONS).unwrap();
    database
        .write(|c| c.batch_execute("CREATE TABLE t (x)"))
        .await
        .unwrap();
    drop(database);
    std::fs::write(folder.path().join(RESTORE_JOURNAL), "{}").unwrap();
    let error = Database::open(&config, NO_MIGRATIONS).unwrap_err();
    assert!(matches!(error, DbError::HalfRestored { .. }), "{error:?}");
}
