//! Another program holds the write lock and does not let go.

use std::fs;
use std::sync::mpsc::channel;

use anyhow::{Context as _, Result};
use cache_faults::{Scene, end, stop};
use test_support::Process;

/// What a caller is told, who is told nothing more.
const TOLD: &str = "another process held the write lock";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_held_lock_holds_nobody_up() -> Result<()> {
    let scene = Scene::new()?;
    let filling = scene.start(&["fill", "--pause", "1"])?;
    let reading = scene.start(&["read-loop"])?;
    filling.line_with("ready").await;

    let database = scene.settings().database()?;
    let (release, released) = channel::<()>();
    let (locked, is_locked) = tokio::sync::oneshot::channel();
    let held = tokio::spawn(async move {
        let hold = database.write(move |_| {
            locked.send(()).ok();
            // Ends when the sender is dropped.
            released.recv().ok();
            Ok(())
        });
        hold.await
    });
    is_locked.await?;
    // Each refused write waits for a tenth of a second, and so does the beat: this takes about ten seconds.
    scene
        .gets_on(&filling, "refused writes", |now| now.refused)
        .await;
    reads(&scene, [&filling, &reading]).await;
    // Whoever comes now computes for himself.
    fs::write(scene.gate(), "")?;
    let said = end(fetch(&scene, "100")?).await?;
    assert!(said.contains("computing"), "{said}");
    assert!(!held.is_finished());

    drop(release);
    held.await??;
    scene.gets_on(&filling, "writes", |now| now.written).await;
    reads(&scene, [&filling, &reading]).await;
    let patience = "30000";
    assert!(end(fetch(&scene, patience)?).await?.contains("computing"));
    assert!(!end(fetch(&scene, patience)?).await?.contains("computing"));
    let filling = stop(filling).await?;
    assert_eq!(filling.matches(TOLD).count(), 1, "{filling}");
    stop(reading).await?;
    assert_eq!(scene.cache()?.check().await?, [""; 0]);
    Ok(())
}

fn fetch(scene: &Scene, timeout: &str) -> Result<Process> {
    let gate = scene.gate();
    let gate = gate.to_str().context("a name in UTF-8")?;
    scene.start(&["--timeout", timeout, "fetch", "report", gate])
}

async fn reads(scene: &Scene, processes: [&Process; 2]) {
    for process in processes {
        scene.gets_on(process, "hits", |now| now.hits).await;
    }
}
