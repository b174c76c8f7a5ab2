use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use deploy::{Project, has_program, run};
use reqwest::redirect;
use test_support::{Browser, Socket};
use tokio::process::Command;

use crate::{FRONT, SECRET, USER, start, variables};

const SECURE_FRONT: &str = "https://127.0.0.1:8443";
const CABLE: &str = "ws://127.0.0.1:8080/cable";

/// Page, assets and socket at the published port.
pub(crate) async fn one_origin_serves_all() -> Result<()> {
    let browser = Browser::open(FRONT).await?;
    let page = browser.request(reqwest::Method::GET, "/todos")?;
    let page = page.send().await?.text().await?;
    let script = page
        .split('"')
        .find(|text| text.starts_with("/assets/") && text.contains(".js"));
    let script = script.context("no script in the page")?;
    let script = browser
        .request(reqwest::Method::GET, script)?
        .send()
        .await?;
    assert_eq!(script.status(), 200);
    ensure!(
        page.contains(r#""action-cable-url" content="/cable""#),
        "{page}"
    );

    let mut socket = Socket::subscribe(CABLE, FRONT).await?;
    assert_eq!(browser.create("seen by all").await?.status(), 303);
    socket.text_with("seen by all").await?;
    let other = Socket::open(CABLE, Some("http://elsewhere.example")).await;
    ensure!(other.is_err(), "a page from elsewhere has a socket");
    Ok(())
}

/// With a certificate of one's own, and the secret from a file.
pub(crate) async fn it_serves_https(folder: &Path, project: &Project<'_>) -> Result<()> {
    if !has_program("openssl") {
        eprintln!("SKIPPED: openssl is not installed, nothing is tested with HTTPS");
        return Ok(());
    }
    let mut make = Command::new("openssl");
    make.args([
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
    ])
    .args([
        "-keyout",
        "key.pem",
        "-out",
        "certificate.pem",
        "-subj",
        "/CN=localhost",
    ])
    .args(["-addext", "subjectAltName=IP:127.0.0.1"])
    .current_dir(folder);
    run(&mut make).await?;
    std::fs::write(folder.join("secret"), SECRET)?;
    let mut give = Command::new("chown");
    run(give
        .arg(USER)
        .args(["key.pem", "certificate.pem", "secret"])
        .current_dir(folder))
    .await?;
    project.set(&variables(&[
        ("SECRET_KEY_BASE", ""),
        ("SECRET_KEY_BASE_FILE", "./secret"),
        ("TLS_CERTIFICATE", "./certificate.pem"),
        ("TLS_PRIVATE_KEY", "./key.pem"),
        ("ASSUME_SSL", "true"),
        ("ALLOWED_ORIGINS", ""),
        (
            "COMPOSE_FILE",
            "compose.yaml:compose.secret.yaml:compose.certificate.yaml",
        ),
    ]))?;
    start(project).await?;
    let client = reqwest::Client::builder()
        .redirect(redirect::Policy::none())
        .build()?;
    let plain = client.get(format!("{FRONT}/todos")).send().await?;
    assert_eq!(plain.status(), 301);
    let curl = [
        "--silent",
        "--show-error",
        "--fail",
        "--include",
        "--cacert",
    ];
    let mut page = Command::new("curl");
    page.args(curl).arg(folder.join("certificate.pem"));
    let page = run(page.arg(format!("{SECURE_FRONT}/todos"))).await?;
    ensure!(page.starts_with("HTTP/2 200"), "{page}");
    ensure!(
        page.to_lowercase().contains("; secure"),
        "cookies go by HTTP, too: {page}"
    );
    project.compose(&["down", "--volumes"]).await.map(drop)
}
