//! The disk fails for a while.

use anyhow::Result;
use cache_faults::{Progress, Scene, stop};
use queue_faults::WriteError;
use test_support::Process;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_writes_and_no_reads() -> Result<()> {
    survives(WriteError::NoSpace, "database or disk is full").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broken_disk_refuses_writes_and_no_reads() -> Result<()> {
    survives(WriteError::Io, "disk I/O error").await
}

async fn survives(error: WriteError, says: &str) -> Result<()> {
    let (scene, control) = Scene::with_faults()?;
    let filling = scene.start(&["fill", "--pause", "1"])?;
    let reading = scene.start(&["read-loop"])?;
    filling.line_with("ready").await;
    reads(&scene, [&filling, &reading]).await;

    control.fail_writes(error)?;
    scene
        .gets_on(&filling, "refused writes", |now| now.refused)
        .await;
    let before = Progress::last(&filling.output());
    reads(&scene, [&filling, &reading]).await;
    scene
        .gets_on(&filling, "refused writes", |now| now.refused)
        .await;
    let after = Progress::last(&filling.output());
    assert_eq!(before.written, after.written, "written on a bad disk");

    control.heal_writes()?;
    scene.gets_on(&filling, "writes", |now| now.written).await;
    reads(&scene, [&filling, &reading]).await;
    let (filling, reading) = (stop(filling).await?, stop(reading).await?);
    assert_eq!(filling.matches(says).count(), 1, "{filling}");
    assert!(reading.matches(says).count() <= 1, "{reading}");
    assert_eq!(scene.cache()?.check().await?, [""; 0]);
    Ok(())
}

async fn reads(scene: &Scene, processes: [&Process; 2]) {
    for process in processes {
        scene.gets_on(process, "hits", |now| now.hits).await;
    }
}
