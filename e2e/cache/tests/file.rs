//! The file is deleted or damaged under running processes.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt as _;

use anyhow::Result;
use cache_faults::{Scene, stop};
use test_support::Process;

const PAGE: usize = 4096;
/// Pages that are left alone: SQLite would not open the file without them.
const SOUND: u64 = 8;

const HEALED: &str = "the cache goes on with a new file";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_file_is_made_anew_for_all() -> Result<()> {
    let scene = Scene::new()?;
    let old = start(&scene, "a", "b")?;
    works(&scene, &old).await;
    // The file last: as soon as it is gone a new one may be there, with companions of its own.
    for companion in ["-wal", "-shm", ""] {
        fs::remove_file(format!("{}{companion}", scene.file().display()))?;
    }
    old.line_with(HEALED).await;
    works(&scene, &old).await;
    let new = start(&scene, "b", "a")?;
    old.line_with("heard").await;
    new.line_with("heard").await;
    let (old, new) = (stop(old).await?, stop(new).await?);
    assert_eq!(old.matches(HEALED).count(), 1, "{old}");
    assert!(!new.contains(HEALED), "{new}");
    assert_eq!(scene.cache()?.check().await?, [""; 0]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_file_is_made_anew_for_all() -> Result<()> {
    let scene = Scene::new()?;
    // The end of the last process puts all that is in the `-wal` into the file.
    let filling = scene.start(&["fill"])?;
    filling.line_with("ready").await;
    stop(filling).await?;
    let reading = scene.start(&["read-loop"])?;
    scene.gets_on(&reading, "hits", |now| now.hits).await;
    let writing = start(&scene, "a", "b")?;
    works(&scene, &writing).await;

    damage(&scene)?;
    reading.line_with(HEALED).await;
    writing.line_with(HEALED).await;
    works(&scene, &writing).await;
    scene.gets_on(&reading, "hits", |now| now.hits).await;
    let new = start(&scene, "b", "a")?;
    writing.line_with("heard").await;
    new.line_with("heard").await;
    for said in [stop(reading).await?, stop(writing).await?] {
        assert_eq!(said.matches(HEALED).count(), 1, "{said}");
    }
    let new = stop(new).await?;
    assert!(!new.contains(HEALED), "{new}");
    assert_eq!(scene.cache()?.check().await?, [""; 0]);
    Ok(())
}

/// A process of this name that waits to hear of the other.
fn start(scene: &Scene, name: &str, other: &str) -> Result<Process> {
    let arguments = ["fill", "--pause", "1", "--name", name, "--hear", other];
    scene.start(&[&["--first-level"][..], &arguments].concat())
}

/// Waits until it wrote and read some more.
async fn works(scene: &Scene, process: &Process) {
    scene.gets_on(process, "writes", |now| now.written).await;
    scene.gets_on(process, "hits", |now| now.hits).await;
}

/// Overwrites every other page, with a byte that no text consists of: even who reads meanwhile reads no wrong text.
fn damage(scene: &Scene) -> Result<()> {
    let file = OpenOptions::new().write(true).open(scene.file())?;
    let pages = file.metadata()?.len() / u64::try_from(PAGE)?;
    assert!(pages > 2 * SOUND);
    for page in (SOUND..pages).step_by(2) {
        file.write_all_at(&[0xa5; PAGE], page * u64::try_from(PAGE)?)?;
    }
    Ok(())
}
