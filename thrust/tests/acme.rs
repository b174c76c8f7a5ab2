//! Certificates of an authority: the running proxy and Pebble, where that is installed.

#[path = "../src/acme/tests/pebble.rs"]
#[allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "it is a part of unit tests, where these are allowed"
)]
mod pebble;
mod support;

use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use anyhow::{Context as _, Result};
use pebble::{Pebble, Setup, free_port};
use support::{
    Authority, Backend, Client, Http2, Pair, Proxy, TlsStream, Trust, exchange, get, shown,
};
use tempfile::TempDir;
use test_support::wait_for;

const DOMAIN: &str = "app.test";

/// The proxy with its ports where `setup` says, or anywhere.
async fn start(
    backend: &Backend,
    (directory, root): (&str, &Path),
    storage: &Path,
    (http, https): (u16, u16),
) -> Result<Proxy> {
    let path = |path: &Path| path.display().to_string();
    let (root, storage) = (path(root), path(storage));
    let (http, https) = (http.to_string(), https.to_string());
    let variables = [
        ("HTTP_PORT", &*http),
        ("HTTPS_PORT", &https),
        ("TLS_DOMAIN", "app.test, WWW.app.test"),
        ("ACME_DIRECTORY", directory),
        ("ACME_CA", &root),
        ("STORAGE_PATH", &storage),
        ("STATUS_PORT", "0"),
    ];
    Proxy::start(backend, &variables).await
}

async fn until_certified(https: SocketAddr, domain: &str, trust: &Trust) -> TlsStream {
    let what = format!("a certificate for {domain}");
    wait_for(&what, || async {
        trust.connect(https, domain, &["h2"]).await.ok()
    })
    .await
}

fn mode(path: &Path) -> Result<u32> {
    Ok(std::fs::metadata(path)?.permissions().mode() & 0o777)
}

#[tokio::test]
async fn a_certificate_comes_by_tls_and_outlives_a_restart() -> Result<()> {
    let ports = (free_port(), free_port());
    let setup = Setup {
        // Nobody is there: the one way left is that by TLS.
        http: free_port(),
        tls: ports.1,
        ..Setup::default()
    };
    let Some(mut pebble) = Pebble::start(setup).await else {
        return Ok(());
    };
    let folder = TempDir::new()?;
    let storage = folder.path().join("deep/storage");
    let backend = Backend::friendly().await?;
    let (directory, root) = (pebble.directory(), pebble.root());
    let mut proxy = start(&backend, (&directory, &root), &storage, ports).await?;
    let trust = Trust::in_pem(&pebble.issuing_root().await)?;
    let https = proxy.https().await?;
    let stream = until_certified(https, DOMAIN, &trust).await;
    let first = shown(&stream);
    let answer = Http2::over(stream).await?.get("/").await?;
    assert_eq!(
        (answer.status().as_u16(), &**answer.body()),
        (200, &b"hello"[..])
    );
    assert_eq!(backend.last().headers("x-forwarded-proto"), ["https"]);
    let www = until_certified(https, "www.app.test", &trust).await;
    assert_ne!(shown(&www), first);
    for stranger in ["other.test", "127.0.0.1"] {
        let refused = trust.connect(https, stranger, &[]).await;
        assert!(refused.is_err(), "{stranger}");
    }
    for domain in [DOMAIN, "www.app.test"] {
        let file = storage.join(domain);
        let text = wait_for("the stored file", || async {
            std::fs::read_to_string(&file).ok()
        })
        .await;
        assert!(
            text.starts_with(&format!("Directory: {directory}\n")),
            "{domain}"
        );
    }
    assert_eq!(mode(&storage)?, 0o700);
    for file in std::fs::read_dir(&storage)? {
        let path = file?.path();
        assert_eq!(mode(&path)?, 0o600, "{}", path.display());
    }
    let status = proxy.status().await?;
    let metrics = wait_for("both to be counted", || async {
        let metrics = get(status, "/metrics").await.ok()?.text();
        let renewals = "thrust_certificate_renewals_total{result=\"ok\"} 2";
        metrics.contains(renewals).then_some(metrics)
    })
    .await;
    let until = "thrust_certificate_not_after_seconds{domain=\"app.test\"} ";
    assert!(metrics.contains(until), "{metrics}");
    let output = proxy.process.output();
    assert!(!output.contains("PRIVATE KEY"), "{output}");
    assert_eq!(proxy.process.stop().await?.code(), Some(0));

    pebble.stop();
    let proxy = start(&backend, (&directory, &root), &storage, (0, 0)).await?;
    let stream = trust.connect(proxy.https().await?, DOMAIN, &[]).await?;
    assert_eq!(shown(&stream), first, "at once");
    assert_eq!(Client::over(stream).ask("GET", "/", &[]).await?.status, 200);
    let output = proxy.process.output();
    assert!(!output.contains("could not get"), "{output}");
    Ok(())
}

#[tokio::test]
async fn a_certificate_comes_by_http_where_tls_leads_elsewhere() -> Result<()> {
    let ports = (free_port(), free_port());
    let setup = Setup {
        http: ports.0,
        tls: free_port(),
        ..Setup::default()
    };
    let Some(pebble) = Pebble::start(setup).await else {
        return Ok(());
    };
    let folder = TempDir::new()?;
    let backend = Backend::friendly().await?;
    let (directory, root) = (pebble.directory(), pebble.root());
    let proxy = start(&backend, (&directory, &root), folder.path(), ports).await?;
    let trust = Trust::in_pem(&pebble.issuing_root().await)?;
    let https = proxy.https().await?;
    let stream = until_certified(https, DOMAIN, &trust).await;
    let answer = Http2::over(stream).await?.get("/").await?;
    assert_eq!(answer.status(), 200);
    assert_eq!(
        backend.seen().len(),
        1,
        "the server hears nothing of the check"
    );
    Ok(())
}

#[tokio::test]
async fn without_an_authority_the_rest_works() -> Result<()> {
    let (folder, authority) = (TempDir::new()?, Authority::new()?);
    let pair = Pair::write(&authority, folder.path())?;
    let trust = authority.trust()?;
    let backend = Backend::friendly().await?;
    let directory = format!("https://localhost:{}/dir", free_port());
    let storage = folder.path().join("storage");
    let mut proxy = start(&backend, (&directory, &pair.certificate), &storage, (0, 0)).await?;
    let https = proxy.https().await?;
    let line = proxy.process.line_with("could not get a certificate").await;
    for part in ["ERROR", DOMAIN, &directory, "retry_s"] {
        assert!(line.contains(part), "{part}: {line}");
    }
    let refused = trust.connect(https, DOMAIN, &[]).await.err();
    refused.context("there is none")?;
    let port = https.port();
    for (host, status, location) in [
        (DOMAIN, 301, Some(format!("https://app.test:{port}/x"))),
        (
            "APP.test:80",
            301,
            Some(format!("https://APP.test:{port}/x")),
        ),
        (
            "www.app.test",
            301,
            Some(format!("https://www.app.test:{port}/x")),
        ),
        ("other.test", 421, None),
        ("127.0.0.1", 421, None),
        ("app.test.evil.test", 421, None),
        ("", 421, None),
    ] {
        let request = format!("GET /x HTTP/1.1\r\nhost: {host}\r\n\r\n");
        let answer = exchange(proxy.address, request).await?;
        assert_eq!(answer.status, status, "{host}");
        assert_eq!(answer.header("location"), location.as_deref(), "{host}");
    }
    for token in ["x", "", "../app.test", "%2e%2e/app.test"] {
        let path = format!("/.well-known/acme-challenge/{token}");
        let answer = get(proxy.address, &path).await?;
        assert_eq!(answer.status, 301, "{path}");
    }
    assert_eq!(backend.seen().len(), 0);
    assert_eq!(proxy.process.stop().await?.code(), Some(0));

    // An own certificate does meanwhile.
    let own = pair.variables(&[("TLS_DOMAIN", DOMAIN), ("ACME_DIRECTORY", &directory)])?;
    let path = storage.display().to_string();
    let own = [own, vec![("STORAGE_PATH", &*path)]].concat();
    let proxy = Proxy::start(&backend, &own).await?;
    let stream = trust.connect(proxy.https().await?, DOMAIN, &[]).await?;
    assert_eq!(Client::over(stream).ask("GET", "/", &[]).await?.status, 200);
    Ok(())
}
