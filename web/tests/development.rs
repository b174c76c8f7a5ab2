//! Development mode: one web process performs the jobs, keeps the cache and serves the sockets.

use std::path::Path;

use anyhow::Result;
use reqwest::Method;
use test_support::{Browser, Process, Socket, Variables, production};

fn development(storage: &Path, more: &[(&str, &str)]) -> Variables {
    let development = [("APP_ENV", "development"), ("SECRET_KEY_BASE", "")];
    production(storage, &[&development, more].concat())
}

#[tokio::test]
async fn one_process_does_everything() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut web = Process::start("web", &[], &development(folder.path(), &[]))?;
    let address = web.address().await;
    let browser = Browser::open(&format!("http://{address}")).await?;
    let html = browser
        .request(Method::GET, "/todos")?
        .send()
        .await?
        .text()
        .await?;
    assert!(
        html.contains(r#"<meta name="action-cable-url" content="/cable">"#),
        "{html}"
    );

    let mut socket = Socket::subscribe(
        &format!("ws://{address}/cable"),
        &format!("http://{address}"),
    )
    .await?;
    assert_eq!(browser.create("all in one").await?.status(), 303);
    socket.text_with("all in one").await?;

    let mut files: Vec<_> = std::fs::read_dir(folder.path())?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| !name.ends_with("-wal") && !name.ends_with("-shm"))
        .collect();
    files.sort();
    assert_eq!(
        files,
        [
            ".trifecta.lock",
            "development.sqlite3",
            "development_secret_key_base"
        ]
    );
    assert_eq!(web.stop().await?.code(), Some(0));
    Ok(())
}

#[tokio::test]
async fn pages_load_their_modules_from_vite_where_it_runs() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let vite = [("WEB__VITE_URL", "http://127.0.0.1:5173/")];
    let web = Process::start("web", &[], &development(folder.path(), &vite))?;
    let browser = Browser::open(&format!("http://{}", web.address().await)).await?;
    let html = browser
        .request(Method::GET, "/todos")?
        .send()
        .await?
        .text()
        .await?;
    for module in [
        "@react-refresh",
        "@vite/client",
        "src/entrypoints/inertia.tsx",
    ] {
        assert!(
            html.contains(&format!("\"http://127.0.0.1:5173/{module}\"")),
            "{html}"
        );
    }
    Ok(())
}
