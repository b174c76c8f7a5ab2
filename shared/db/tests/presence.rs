//! Who lives, as others see it.

use db::{Database, DatabaseConfig, NO_MIGRATIONS, forget_presence, is_present};

#[tokio::test]
async fn a_presence_lasts_as_long_as_its_database() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.sqlite3");
    let database = Database::open(&DatabaseConfig::new(&path), NO_MIGRATIONS).unwrap();
    let name = database.presence().unwrap().to_owned();
    assert_eq!(database.clone().presence(), Some(name.as_str()));
    assert_eq!(is_present(&path, &name), Some(true));
    drop(database);
    assert_eq!(is_present(&path, &name), None, "it is cleared away");
}

#[test]
fn a_file_that_nobody_locks_is_of_a_dead_process() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.sqlite3");
    let left = folder.path().join(".trifecta.process-0af1");
    std::fs::write(&left, "").unwrap();
    assert_eq!(is_present(&path, "0af1"), Some(false));
    forget_presence(&path, "0af1");
    assert!(!left.exists());
    assert_eq!(is_present(&path, "../0af1"), None);
    assert_eq!(is_present(&path, ""), None);
}
