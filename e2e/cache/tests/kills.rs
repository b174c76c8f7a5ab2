//! Processes are killed while they evict, as by a machine that runs out of memory.

use std::fs;

use anyhow::Result;
use cache_faults::{KEYS, MAX_SIZE, Progress, Scene, key, value};
use solid_cache::Cache;

const KILLS: usize = 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_leave_a_sound_file() -> Result<()> {
    let scene = Scene::new()?;
    let cache = scene.cache()?;
    for kill in 0..KILLS {
        let mut filling = scene.start(&["--first-level", "fill"])?;
        filling.line_with("ready").await;
        filling.kill().await?;
        let said = filling.output();
        assert_eq!(Progress::last(&said).wrong, 0, "{said}");
        assert_eq!(cache.check().await?, [""; 0], "after kill {kill}");
        assert_entries_are_right(&cache).await;
        let size = fs::metadata(scene.file())?.len();
        assert!(size <= MAX_SIZE + MAX_SIZE / 20, "{size} bytes");
    }
    assert!(cache.write_text("after", "all").await);
    assert_eq!(cache.read_text("after").await.as_deref(), Some("all"));
    Ok(())
}

async fn assert_entries_are_right(cache: &Cache) {
    let mut progress = Progress::default();
    for number in 0..KEYS {
        let found = cache.read_text(key(number)).await;
        progress.read(found.as_deref(), &value(number));
    }
    assert_eq!(progress.wrong, 0);
    assert!(progress.hits > 0, "all entries are gone");
    assert_eq!(cache.stats().failures, 0);
}
