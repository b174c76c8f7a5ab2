use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use deploy::{Engine, Project, run};
use test_support::Browser;

use crate::list::titles;
use crate::{FRONT, start};

pub(crate) async fn a_backup_brings_all_back(engine: &Engine, project: &Project<'_>) -> Result<()> {
    let before = titles().await?;
    project.compose(&["run", "--rm", "backup"]).await?;
    let browser = Browser::open(FRONT).await?;
    assert_eq!(browser.create("after the backup").await?.status(), 303);
    // As long as it takes on a busy machine: what counts is that none has to be killed.
    project.compose(&["stop", "--timeout=100"]).await?;
    for service in Project::SERVICES {
        let end = ".State.Status}} {{.State.ExitCode}} {{.State.OOMKilled";
        assert_eq!(
            project.inspect(service, end).await?,
            "exited 0 false",
            "{service}"
        );
    }
    project.compose(&["down"]).await?;
    run(&mut engine.docker(&["volume", "rm", "trifecta_storage"])).await?;
    let backup = newest(&project.volume("backups"))?;
    let backup = format!("/backups/{backup}");
    project
        .compose(&["run", "--rm", "restore", &backup])
        .await?;
    start(project).await?;
    let after = titles().await?;
    ensure!(after == before, "expected {before:?}, got {after:?}");
    Ok(())
}

fn newest(folder: &Path) -> Result<String> {
    let names = std::fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name()));
    let names: Result<Vec<_>> = names.collect();
    let newest = names?.into_iter().max().context("there is no backup")?;
    Ok(newest.to_string_lossy().into_owned())
}
