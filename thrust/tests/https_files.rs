//! The files of the operator's certificate: when they are of no use, and when they change.

mod support;

use std::path::Path;

use anyhow::Result;
use insta::assert_snapshot;
use support::{Authority, Backend, Client, Http2, Pair, Proxy, shown, variables};
use tempfile::TempDir;
use test_support::{run, wait_until};

fn write(path: &Path, text: &str) -> Result<()> {
    // As a whole, as tools that renew certificates do it.
    let aside = path.with_extension("new");
    std::fs::write(&aside, text)?;
    Ok(std::fs::rename(aside, path)?)
}

#[tokio::test]
async fn new_files_are_taken_up_and_connections_live_on() -> Result<()> {
    let (folder, authority) = (TempDir::new()?, Authority::new()?);
    let pair = Pair::write(&authority, folder.path())?;
    let trust = authority.trust()?;
    let backend = Backend::friendly().await?;
    let proxy = Proxy::start(&backend, &pair.variables(&[])?).await?;
    let https = proxy.https().await?;
    let old = trust.connect(https, "app.test", &["http/1.1"]).await?;
    let first = shown(&old);
    let mut old = Client::over(old);
    let h2 = trust.connect(https, "app.test", &["h2"]).await?;
    let mut h2 = Http2::over(h2).await?;
    let now = async || Ok::<_, anyhow::Error>(shown(&trust.connect(https, "app.test", &[]).await?));

    // The certificate alone does not fit the key.
    let [certificate, key] = authority.issue(&["app.test"])?;
    write(&pair.certificate, &certificate)?;
    let line = proxy.process.line_with("could not reload").await;
    assert!(line.contains("ERROR") && line.contains("tls.key"), "{line}");
    assert!(line.contains("another key"), "{line}");
    assert_eq!(now().await?, first);
    // With its key, it does.
    write(&pair.key, &key)?;
    let line = proxy.process.line_with("reloaded the certificate").await;
    assert!(line.contains("app.test"), "{line}");
    let second = now().await?;
    assert_ne!(second, first);
    // What is gone changes nothing.
    std::fs::remove_file(&pair.certificate)?;
    proxy.process.line_with("cannot be read").await;
    assert_eq!(now().await?, second);

    let [certificate, key] = authority.issue(&["app.test"])?;
    write(&pair.key, &key)?;
    write(&pair.certificate, &certificate)?;
    wait_until("the third certificate", || async {
        now().await.is_ok_and(|now| now != second)
    })
    .await;
    assert_ne!(now().await?, first);

    let answer = old.ask("GET", "/", &[]).await?;
    assert_eq!((answer.status, &*answer.text()), (200, "hello"));
    assert_eq!(h2.get("/").await?.status(), 200);
    let output = proxy.process.output();
    assert!(!output.contains("PRIVATE KEY"), "{output}");
    Ok(())
}

#[tokio::test]
async fn files_of_no_use_are_named_at_the_start() -> Result<()> {
    let (folder, authority) = (TempDir::new()?, Authority::new()?);
    let at = |name: &str| folder.path().join(name).display().to_string();
    let ([certificate, key], [_, other_key]) = (
        authority.issue(&["app.test"])?,
        authority.issue(&["app.test"])?,
    );
    let cut = certificate.get(..100).unwrap_or_default();
    for (name, text) in [
        ("tls.crt", &*certificate),
        ("tls.key", &key),
        ("other.key", &other_key),
        ("empty", ""),
        ("cut.crt", cut),
        ("cut.key", key.get(..60).unwrap_or_default()),
    ] {
        std::fs::write(folder.path().join(name), text)?;
    }
    let cases = [
        ("missing.crt", "tls.key"),
        ("tls.crt", "missing.key"),
        ("empty", "tls.key"),
        ("tls.crt", "empty"),
        ("cut.crt", "tls.key"),
        ("tls.crt", "cut.key"),
        ("tls.key", "tls.crt"),
        ("tls.crt", "other.key"),
        (".", "tls.key"),
    ];
    let mut said = Vec::new();
    for (certificate, key) in cases {
        let (certificate_path, key_path) = (at(certificate), at(key));
        let variables = variables(&[
            ("HTTPS_PORT", "0"),
            ("TLS_CERTIFICATE", &certificate_path),
            ("TLS_PRIVATE_KEY", &key_path),
        ]);
        let checked = run("thrust", &["check"], &variables).await?;
        let started = run("thrust", &[], &variables).await?;
        for ended in [&checked, &started] {
            assert_eq!(ended.code, Some(1), "{certificate} {key}: {ended:?}");
            assert!(!ended.stderr.contains("PRIVATE KEY-"), "{}", ended.stderr);
        }
        let error = |text: &str| {
            let lines = text.lines().skip_while(|line| !line.starts_with("error"));
            let text = lines.collect::<Vec<_>>().join("\n");
            text.replace(&folder.path().display().to_string(), "[folder]")
        };
        let (checked, started) = (error(&checked.stderr), error(&started.stderr));
        assert_eq!(checked, started, "{certificate} {key}");
        said.push(format!("# {certificate} {key}\n{checked}\n"));
    }
    assert_snapshot!(said.join("\n"));
    let mistakes = variables(&[("TLS_CERTIFICATE", &*at("tls.crt"))]);
    let ended = run("thrust", &["check"], &mistakes).await?;
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.contains("TLS_PRIVATE_KEY"), "{}", ended.stderr);
    Ok(())
}
