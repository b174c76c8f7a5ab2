//! The commands that look into the cache and clean it, against files beside which nothing runs.

use anyhow::Result;
use db::{Database, DatabaseConfig};
use insta::{assert_snapshot, with_settings};
use serde_json::Value;
use solid_cache::{Cache, Config};
use tempfile::TempDir;
use test_support::{Ended, Variables, production, run};

/// A production folder with an empty cache database.
struct Scene {
    folder: TempDir,
    variables: Variables,
    cache: Cache,
}

impl Scene {
    fn new(more: &[(&str, &str)]) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("production_cache.sqlite3");
        let database = Database::open(&DatabaseConfig::new(file), solid_cache::MIGRATIONS)?;
        let config = Config {
            namespace: Some("production".into()),
            ..Config::default()
        };
        Ok(Self {
            variables: production(folder.path(), more),
            cache: Cache::solid(database, config),
            folder,
        })
    }

    async fn write(&self, keys: &[&str]) {
        for key in keys {
            assert!(self.cache.write_text(key, "milk").await);
        }
    }

    async fn run(&self, arguments: &[&str]) -> Result<Ended> {
        let arguments = [&["cache"], arguments].concat();
        run("worker", &arguments, &self.variables).await
    }

    async fn says(&self, arguments: &[&str]) -> Result<String> {
        Ok(self.run(arguments).await?.said())
    }

    async fn refuses(&self, arguments: &[&str], code: i32) -> Result<String> {
        Ok(self.run(arguments).await?.refused(code))
    }

    async fn json(&self, arguments: &[&str]) -> Result<Value> {
        Ok(serde_json::from_str(&self.says(arguments).await?)?)
    }
}

/// Times, sizes and with them the widths of columns differ from run to run.
macro_rules! assert_said {
    ($said:expr) => {
        let said = $said;
        with_settings!({filters => vec![
            (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "[time]"),
            (r"\d+(\.\d)? (B|KiB)\b", "[size]"),
            (r"/\S*/production_cache", "[folder]/production_cache"),
            (r" {2,}", "  "),
        ]}, { assert_snapshot!(said) });
    };
}

#[tokio::test]
async fn help() -> Result<()> {
    for command in [
        &["cache"][..],
        &["cache", "stats"],
        &["cache", "get"],
        &["cache", "delete"],
        &["cache", "clear"],
        &["cache", "check"],
        &["cache", "vacuum"],
    ] {
        let arguments = [command, &["--help"]].concat();
        let ended = run("worker", &arguments, &Vec::new()).await?;
        assert_snapshot!(format!("help_{}", command.join("_")), ended.stdout);
    }
    Ok(())
}

#[tokio::test]
async fn an_entry_is_shown_and_deleted() -> Result<()> {
    let scene = Scene::new(&[])?;
    scene.write(&["todos/open"]).await;
    assert_said!(scene.says(&["get", "todos/open"]).await?);
    let stored = ["get", "--raw", "production:todos/open", "--json"];
    let entry = scene.json(&stored).await?;
    assert_eq!(entry["key"], "production:todos/open");
    assert_eq!(entry["value"], "milk");
    assert_eq!(
        scene.says(&["delete", "todos/open", "gone"]).await?,
        "Deleted `todos/open`.\n`gone` is not there.\n"
    );
    assert_said!(scene.refuses(&["get", "todos/open"], 1).await?);
    Ok(())
}

#[tokio::test]
async fn the_stats_tell_of_entries_and_room() -> Result<()> {
    let scene = Scene::new(&[])?;
    scene.write(&["a", "b"]).await;
    assert_said!(scene.says(&["stats"]).await?);
    let stats = scene.json(&["stats", "--json"]).await?;
    assert_eq!(stats[0]["entries"], 2);
    assert_eq!(stats[0]["max_size"], 256 << 20);
    Ok(())
}

#[tokio::test]
async fn many_are_deleted_at_once() -> Result<()> {
    let scene = Scene::new(&[])?;
    scene.write(&["todos/1", "todos/2", "lists/1"]).await;
    assert_eq!(
        scene.says(&["delete", "--prefix", "todos/"]).await?,
        "Deleted 2 entries whose key begins with `todos/`.\n"
    );
    assert_eq!(
        scene.says(&["delete", "--tag", "none"]).await?,
        "Deleted 0 entries with the tag `none`.\n"
    );
    assert_eq!(scene.says(&["clear"]).await?, "Cleared 1 entry.\n");
    assert_eq!(scene.says(&["clear"]).await?, "Cleared 0 entries.\n");
    Ok(())
}

#[tokio::test]
async fn a_sound_cache_is_checked_and_vacuumed() -> Result<()> {
    let scene = Scene::new(&[])?;
    scene.write(&["a"]).await;
    assert_eq!(scene.says(&["check"]).await?, "The cache is sound.\n");
    let said = scene.says(&["vacuum"]).await?;
    assert!(
        said.starts_with("Vacuumed: ") && said.ends_with(" now.\n"),
        "{said}"
    );
    Ok(())
}

#[tokio::test]
async fn damage_is_told_with_exit_code_1() -> Result<()> {
    let scene = Scene::new(&[])?;
    scene.write(&["a"]).await;
    let file = scene.folder.path().join("production_cache.sqlite3");
    let database = Database::open(&DatabaseConfig::new(file), db::NO_MIGRATIONS)?;
    database
        .write(|connection| {
            let scribble = "UPDATE solid_cache_entries SET value = x'00'";
            diesel::RunQueryDsl::execute(diesel::sql_query(scribble), connection)
        })
        .await?;
    assert_said!(scene.refuses(&["check"], 1).await?);
    Ok(())
}

#[tokio::test]
async fn each_database_is_told_of() -> Result<()> {
    let databases = [
        ("CACHE__DATABASES__0", "cache"),
        ("CACHE__DATABASES__1", "cache_2"),
    ];
    let scene = Scene::new(&databases)?;
    assert_said!(scene.refuses(&["stats"], 1).await?);
    let file = scene.folder.path().join("production_cache_2.sqlite3");
    Database::open(&DatabaseConfig::new(file), solid_cache::MIGRATIONS)?;
    assert_said!(scene.says(&["stats"]).await?);
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_done_is_said() -> Result<()> {
    let scene = Scene::new(&[])?;
    assert_said!(scene.refuses(&["get", "gone", "--raw"], 1).await?);
    assert_said!(scene.refuses(&["delete"], 2).await?);
    assert_said!(scene.refuses(&["delete", "--prefix", ""], 2).await?);
    Ok(())
}

#[tokio::test]
async fn memory_is_out_of_reach() -> Result<()> {
    let scene = Scene::new(&[("CACHE__ADAPTER", "memory_store")])?;
    assert_said!(scene.refuses(&["stats"], 1).await?);
    Ok(())
}

#[tokio::test]
async fn where_there_is_no_file_nothing_is_cached() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let variables = production(folder.path(), &[]);
    let ended = run("worker", &["cache", "stats"], &variables).await?;
    assert_eq!(ended.code, Some(1));
    assert_said!(ended.stderr);
    assert!(!folder.path().join("production_cache.sqlite3").exists());
    Ok(())
}
