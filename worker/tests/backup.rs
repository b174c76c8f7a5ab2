//! The commands that make, list, verify and restore backups, beside files that nothing has open.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use db::{Database, DatabaseConfig, EmbeddedMigrations, Inspection};
use diesel::connection::SimpleConnection as _;
use insta::{assert_snapshot, with_settings};
use tempfile::TempDir;
use test_support::{Ended, Variables, production, run};

const FILES: [(&str, EmbeddedMigrations); 4] = [
    ("production", app::MIGRATIONS),
    ("production_queue", solid_queue::MIGRATIONS),
    ("production_cable", solid_cable::MIGRATIONS),
    ("production_cache", solid_cache::MIGRATIONS),
];

/// The files of a suite that is not running, and a folder for backups.
struct Scene {
    folder: TempDir,
    variables: Variables,
}

impl Scene {
    async fn new() -> Result<Self> {
        let scene = Self::empty()?;
        for (name, migrations) in FILES {
            let path = scene.storage().join(format!("{name}.sqlite3"));
            Database::open(&DatabaseConfig::new(path), migrations)?;
        }
        scene.todo("milk").await?;
        Ok(scene)
    }

    fn empty() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let variables = production(&folder.path().join("storage"), &[]);
        Ok(Self { folder, variables })
    }

    fn storage(&self) -> PathBuf {
        self.folder.path().join("storage")
    }

    fn backups(&self) -> PathBuf {
        self.folder.path().join("backups")
    }

    async fn todo(&self, title: &str) -> Result<()> {
        let insert = format!(
            "INSERT INTO todos (title, created_at, updated_at) VALUES ('{title}', '2026-01-01 00:00:00', '2026-01-01 00:00:00')"
        );
        self.execute("production", insert).await
    }

    async fn execute(&self, file: &str, statements: String) -> Result<()> {
        let path = self.storage().join(format!("{file}.sqlite3"));
        let database = Database::open(&DatabaseConfig::new(path), db::NO_MIGRATIONS)?;
        Ok(database
            .write(move |c| c.batch_execute(&statements))
            .await?)
    }

    /// What a query on a file of the storage folder answers.
    fn text(&self, file: &str, query: &str) -> Result<String> {
        let copy = Inspection::open(&self.storage().join(format!("{file}.sqlite3")))?;
        copy.text(query)?.context("a row")
    }

    async fn run(&self, arguments: &[&str]) -> Result<Ended> {
        run("worker", arguments, &self.variables).await
    }

    async fn says(&self, arguments: &[&str]) -> Result<String> {
        Ok(self.run(arguments).await?.said())
    }

    async fn refuses(&self, arguments: &[&str], code: i32) -> Result<String> {
        Ok(self.run(arguments).await?.refused(code))
    }

    /// Makes a backup, and returns its folder.
    async fn backup(&self, options: &[&str]) -> Result<PathBuf> {
        let folder = self.backups().display().to_string();
        let said = self
            .says(&[&["backup", folder.as_str()], options].concat())
            .await?;
        let path = said
            .split([' ', ':'])
            .nth(1)
            .context("it names the folder")?;
        Ok(path.into())
    }

    async fn restore(&self, backup: &Path, options: &[&str]) -> Result<Ended> {
        let backup = backup.display().to_string();
        self.run(&[&["restore", backup.as_str()], options].concat())
            .await
    }
}

fn names(folder: &Path) -> Result<Vec<String>> {
    let entries = fs::read_dir(folder)?;
    let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    let mut names: Vec<_> = names.collect::<Result<_>>()?;
    names.sort();
    Ok(names)
}

/// Times, sizes and folders differ from run to run.
macro_rules! assert_said {
    ($said:expr) => {
        let said = $said;
        with_settings!({filters => vec![
            (r"\d{8}T\d{6}\.\d{3}Z", "[backup]"),
            (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "[time]"),
            (r"\d+\.\d [KM]iB", "[size]"),
            (r"\d+\.\d ms", "[duration]"),
            (r" {2,}(\S)", "  $1"),
            (r"made on \S+", "made on [host]"),
            (r"process \d+", "process [pid]"),
            (r"[0-9a-f]{64}", "[hash]"),
            (r"/\S*/(storage|backups)", "[folder]/$1"),
        ]}, { assert_snapshot!(said) });
    };
}

#[tokio::test]
async fn help() -> Result<()> {
    for command in ["backup", "backups", "verify", "restore", "renew"] {
        let ended = run("worker", &[command, "--help"], &Vec::new()).await?;
        assert_snapshot!(format!("help_{command}"), ended.stdout);
    }
    Ok(())
}

#[tokio::test]
async fn a_backup_is_made_listed_and_verified() -> Result<()> {
    let scene = Scene::new().await?;
    let folder = scene.backups().display().to_string();
    assert_said!(scene.says(&["backup", &folder]).await?);
    assert_said!(scene.says(&["backups", &folder]).await?);
    assert_said!(scene.says(&["backups", &folder, "--verify"]).await?);
    let name = names(&scene.backups())?.pop().context("one backup")?;
    let path = scene.backups().join(name);
    assert_said!(scene.says(&["verify", &path.display().to_string()]).await?);
    assert_eq!(
        names(&path)?,
        [
            "cable.sqlite3",
            "cache.sqlite3",
            "manifest.json",
            "primary.sqlite3",
            "queue.sqlite3"
        ],
        "each database is one file, also after it was looked at"
    );
    Ok(())
}

#[tokio::test]
async fn a_backup_holds_no_secret() -> Result<()> {
    let scene = Scene::new().await?;
    let secret = scene
        .variables
        .iter()
        .find(|(name, _)| name == "SECRET_KEY_BASE");
    let secret = &secret.context("it is set")?.1;
    let backup = scene.backup(&[]).await?;
    for name in names(&backup)? {
        let content = fs::read(backup.join(&name))?;
        let has_secret = content
            .windows(secret.len())
            .any(|part| part == secret.as_bytes());
        assert!(!has_secret, "{name}");
    }
    Ok(())
}

#[tokio::test]
async fn only_the_newest_are_kept_and_nothing_else_is_touched() -> Result<()> {
    let scene = Scene::new().await?;
    let first = scene.backup(&[]).await?;
    let second = scene.backup(&["--without-cache"]).await?;
    // What looks like a backup, and is none; what was cut short; what somebody else keeps there.
    let strange = scene.backups().join("20000101T000000.000Z");
    let partial = scene.backups().join(".20000101T000000.000Z.partial");
    for folder in [&strange, &partial] {
        fs::create_dir(folder)?;
        fs::write(folder.join("primary.sqlite3"), "half of it")?;
    }
    fs::write(scene.backups().join("notes"), "mine")?;
    let third = scene.backup(&["--keep", "2"]).await?;
    assert!(!first.exists() && second.exists() && third.exists());
    assert!(strange.exists() && !partial.exists());
    assert!(scene.backups().join("notes").exists());
    let fourth = scene.backup(&["--keep", "1"]).await?;
    assert!(!second.exists() && !third.exists() && fourth.exists());
    Ok(())
}

#[tokio::test]
async fn damage_to_a_backup_is_told() -> Result<()> {
    let scene = Scene::new().await?;
    let backup = scene.backup(&[]).await?;
    let path = backup.display().to_string();
    let file = backup.join("queue.sqlite3");
    let sound = fs::read(&file)?;
    let mut flipped = sound.clone();
    flipped[5000] ^= 1;
    fs::write(&file, &flipped)?;
    assert_said!(scene.refuses(&["verify", &path], 1).await?);
    fs::write(&file, &sound[..4096])?;
    fs::remove_file(backup.join("cable.sqlite3"))?;
    assert_said!(scene.refuses(&["verify", &path], 1).await?);
    assert_said!(scene.refuses(&["restore", &path, "--force"], 1).await?);
    assert_said!(
        scene
            .run(&["backups", &scene.backups().display().to_string()])
            .await?
            .stdout
    );
    fs::remove_file(backup.join("manifest.json"))?;
    assert_said!(scene.refuses(&["verify", &path], 1).await?);
    Ok(())
}

#[tokio::test]
async fn a_backup_is_restored_into_an_empty_folder() -> Result<()> {
    let scene = Scene::new().await?;
    let epoch = scene.text("production", "SELECT epoch FROM todos_snapshot")?;
    let numbering = scene.text("production_cable", "SELECT epoch FROM trifecta_cable_state")?;
    let backup = scene.backup(&["--without-cache"]).await?;
    fs::remove_dir_all(scene.storage())?;
    let ended = scene.restore(&backup, &[]).await?;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert_said!(ended.stdout);
    assert_eq!(scene.text("production", "SELECT title FROM todos")?, "milk");
    assert_ne!(
        scene.text("production", "SELECT epoch FROM todos_snapshot")?,
        epoch
    );
    assert_ne!(
        scene.text("production_cable", "SELECT epoch FROM trifecta_cable_state")?,
        numbering
    );
    assert_eq!(
        names(&scene.storage())?,
        [
            ".trifecta.lock",
            "production.sqlite3",
            "production_cable.sqlite3",
            "production_queue.sqlite3"
        ]
    );
    Ok(())
}

#[tokio::test]
async fn what_is_there_is_moved_aside_and_only_if_told_to() -> Result<()> {
    let scene = Scene::new().await?;
    let backup = scene.backup(&["--without-cache"]).await?;
    scene.todo("bread").await?;
    fs::write(scene.storage().join("production_queue.sqlite3-wal"), "")?;
    let refused = scene.restore(&backup, &[]).await?;
    assert_eq!(refused.code, Some(1));
    assert_said!(refused.stderr);
    let ended = scene.restore(&backup, &["--force"]).await?;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert_said!(ended.stdout);
    assert_eq!(
        scene.text("production", "SELECT max(title) FROM todos")?,
        "milk"
    );
    let all = names(&scene.storage())?;
    let replaced = all
        .iter()
        .find(|name| name.starts_with("replaced-"))
        .context("it is there")?;
    assert_eq!(
        names(&scene.storage().join(replaced))?,
        [
            "production.sqlite3",
            "production_cable.sqlite3",
            "production_cache.sqlite3",
            "production_queue.sqlite3",
            "production_queue.sqlite3-wal"
        ],
        "the cache may know what has not happened yet"
    );
    let old = Inspection::open(&scene.storage().join(replaced).join("production.sqlite3"))?;
    assert_eq!(old.rows("todos")?, 2);
    Ok(())
}

#[tokio::test]
async fn nothing_is_restored_under_a_running_process() -> Result<()> {
    let scene = Scene::new().await?;
    let backup = scene.backup(&[]).await?;
    let path = scene.storage().join("production_queue.sqlite3");
    let open = Database::open(&DatabaseConfig::new(path), solid_queue::MIGRATIONS)?;
    let refused = scene.restore(&backup, &["--force"]).await?;
    assert_eq!(refused.code, Some(1));
    assert!(
        refused
            .stderr
            .contains(&format!("(process {})", std::process::id())),
        "{}",
        refused.stderr
    );
    assert!(
        refused.stderr.contains("hint: stop web, worker and cable"),
        "{}",
        refused.stderr
    );
    drop(open);
    assert_eq!(scene.restore(&backup, &["--force"]).await?.code, Some(0));
    Ok(())
}

#[tokio::test]
async fn a_restore_that_was_cut_short_is_finished() -> Result<()> {
    let scene = Scene::new().await?;
    let backup = scene.backup(&[]).await?;
    scene.todo("bread").await?;
    // As a crash leaves it: two files are in place, the others are ready, and the journal is there.
    let name = backup
        .file_name()
        .context("a name")?
        .to_string_lossy()
        .into_owned();
    let aside = scene.storage().join("replaced-20261127T000000.000Z");
    fs::create_dir(&aside)?;
    for (at, (store, file)) in [
        ("primary", ""),
        ("queue", "_queue"),
        ("cable", "_cable"),
        ("cache", "_cache"),
    ]
    .iter()
    .enumerate()
    {
        let target = scene.storage().join(format!("production{file}.sqlite3"));
        let staged = scene
            .storage()
            .join(format!("production{file}.sqlite3.staged"));
        fs::copy(backup.join(format!("{store}.sqlite3")), &staged)?;
        if at < 2 {
            fs::rename(&target, aside.join(format!("production{file}.sqlite3")))?;
            fs::rename(&staged, &target)?;
        }
    }
    let journal = format!(
        r#"{{"backup":"{name}","stores":["primary","queue","cable","cache"],"replaced":"replaced-20261127T000000.000Z"}}"#
    );
    fs::write(scene.storage().join(db::RESTORE_JOURNAL), journal)?;

    assert_said!(scene.refuses(&["status"], 1).await?);
    assert_said!(scene.refuses(&["start"], 1).await?);
    let folder = scene.backups().display().to_string();
    assert_said!(scene.refuses(&["backup", &folder], 1).await?);
    let ended = scene.restore(&backup, &[]).await?;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert_said!(ended.stdout);
    assert_eq!(
        scene.text("production", "SELECT max(title) FROM todos")?,
        "milk"
    );
    assert_eq!(names(&aside)?.len(), 4);
    scene.says(&["status"]).await?;
    Ok(())
}

#[tokio::test]
async fn files_that_came_by_other_means_get_new_epochs() -> Result<()> {
    let scene = Scene::new().await?;
    let epoch = scene.text("production", "SELECT epoch FROM todos_snapshot")?;
    fs::remove_file(scene.storage().join("production_cache.sqlite3"))?;
    assert_said!(scene.says(&["renew"]).await?);
    assert_ne!(
        scene.text("production", "SELECT epoch FROM todos_snapshot")?,
        epoch
    );
    fs::remove_dir_all(scene.storage())?;
    assert_said!(scene.refuses(&["renew"], 1).await?);
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_done_is_said() -> Result<()> {
    let scene = Scene::empty()?;
    let folder = scene.backups().display().to_string();
    assert_said!(scene.refuses(&["backup", &folder], 1).await?);
    assert_said!(
        scene
            .refuses(&["backup", &folder, "--keep", "0"], 2)
            .await?
    );
    assert_said!(scene.refuses(&["backups", &folder], 1).await?);
    fs::create_dir(scene.backups())?;
    assert_said!(scene.says(&["backups", &folder]).await?);
    assert_said!(scene.refuses(&["restore", &folder], 1).await?);
    assert!(!scene.storage().join("production.sqlite3").exists());
    Ok(())
}

#[tokio::test]
async fn a_file_that_is_damaged_makes_no_backup() -> Result<()> {
    let scene = Scene::new().await?;
    let break_it = "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET rootpage = 3 WHERE name = 'index_todos_on_created_at'";
    scene.execute("production", break_it.into()).await?;
    let folder = scene.backups().display().to_string();
    let said = scene.refuses(&["backup", &folder], 1).await?;
    assert!(said.contains("the primary database is damaged"), "{said}");
    assert_eq!(names(&scene.backups())?, Vec::<String>::new());
    Ok(())
}

#[tokio::test]
async fn a_backup_that_an_older_program_cannot_work_with_is_not_restored() -> Result<()> {
    let scene = Scene::new().await?;
    let newer = "CREATE TABLE trifecta_breaking_migrations (version text PRIMARY KEY NOT NULL);
        INSERT INTO trifecta_breaking_migrations VALUES ('29990101000000');
        INSERT INTO __diesel_schema_migrations (version) VALUES ('29990101000000');";
    scene.execute("production_cable", newer.into()).await?;
    let backup = scene.backup(&[]).await?;
    fs::remove_dir_all(scene.storage())?;
    let refused = scene.restore(&backup, &[]).await?;
    assert_eq!(refused.code, Some(1));
    assert_said!(refused.stderr);
    assert_eq!(names(&scene.storage())?, [".trifecta.lock"]);
    Ok(())
}
