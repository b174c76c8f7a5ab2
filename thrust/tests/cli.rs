//! What the proxy says on the command line.

mod support;

use std::net::TcpListener;

use anyhow::Result;
use insta::assert_snapshot;
use support::{Proxy, variables};
use test_support::{Process, Signal, run};

#[tokio::test]
async fn help() -> Result<()> {
    assert_snapshot!(run("thrust", &["--help"], &Vec::new()).await?.stdout);
    Ok(())
}

#[tokio::test]
async fn version() -> Result<()> {
    let ended = run("thrust", &["--version"], &Vec::new()).await?;
    let expected = concat!("thrust ", env!("CARGO_PKG_VERSION"), "\n");
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), expected));
    Ok(())
}

#[tokio::test]
async fn valid_options_are_valid() -> Result<()> {
    let cases: &[&[(&str, &str)]] = &[
        &[],
        // Empty is as good as not set.
        &[("HTTP_PORT", ""), ("MAX_REQUEST_BODY", " ")],
        &[("HTTP_PORT", "8080"), ("H2C_ENABLED", "T"), ("DEBUG", "0")],
        &[("MAX_REQUEST_BODY", "1GB"), ("MAX_REQUEST_HEADERS", "8KB")],
        &[
            ("CABLE_PATH", "/"),
            ("HTTP_BIND", "::1"),
            ("UPSTREAM_WAIT", "0"),
        ],
        &[("HTTP_PORT", "no port"), ("THRUSTER_HTTP_PORT", "8080")],
    ];
    for case in cases {
        let variables = case
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into()));
        let ended = run("thrust", &["check"], &variables.collect()).await?;
        assert_eq!(ended.code, Some(0), "{case:?}: {}", ended.stderr);
        assert_eq!(ended.stdout, "The options are valid.\n", "{case:?}");
    }
    Ok(())
}

#[tokio::test]
async fn malformed_options_are_named_all_at_once() -> Result<()> {
    let variables = variables(&[
        ("HTTP_PORT", "80 80"),
        ("HTTP_BIND", "localhost"),
        ("THRUSTER_TARGET_PORT", "65536"),
        ("TARGET_PORT", "3000"),
        ("CABLE_PATH", "cable"),
        ("UPSTREAM_WAIT", "1.5"),
        ("HTTP_READ_TIMEOUT", "-1"),
        ("H2C_ENABLED", "yes"),
        ("CACHE_SIZE", "64M"),
        ("MAX_REQUEST_BODY", "99999999999999GB"),
        ("MAX_REQUEST_HEADERS", "1KB"),
        ("MAX_CONNECTIONS", "many"),
        ("TLS_DOMAIN", "app.example.com, *.example.com"),
        ("TLS_CERTIFICATE", "certificate.pem"),
        ("EAB_KID", "id"),
        ("ACME_DIRECTORY", "http://ca.test"),
        ("LOG_FORMAT", "xml"),
        ("RUST_LOG", "thrust=loud"),
    ]);
    let checked = run("thrust", &["check"], &variables).await?;
    assert_eq!(checked.code, Some(1));
    assert_snapshot!(checked.stderr);
    let started = run("thrust", &[], &variables).await?;
    assert_eq!((started.code, started.stderr), (Some(1), checked.stderr));
    Ok(())
}

#[tokio::test]
async fn the_prefix_wins() -> Result<()> {
    let more = [
        ("HTTP_BIND", "127.0.0.1"),
        ("THRUSTER_HTTP_BIND", "127.0.0.2"),
    ];
    let proxy = Proxy::run(&[], &more).await?;
    assert_eq!(proxy.address.ip().to_string(), "127.0.0.2");
    Ok(())
}

#[tokio::test]
async fn an_unknown_option_is_not_taken_for_one() -> Result<()> {
    let ended = run("thrust", &["--prot", "80"], &variables(&[])).await?;
    assert_ne!(ended.code, Some(0));
    assert!(ended.stderr.contains("--prot"), "{}", ended.stderr);
    Ok(())
}

#[tokio::test]
async fn a_port_in_use_is_told() -> Result<()> {
    let taken = TcpListener::bind("127.0.0.1:0")?;
    let port = taken.local_addr()?.port().to_string();
    let cases = [("HTTP_PORT", "STATUS_PORT"), ("STATUS_PORT", "HTTP_PORT")];
    for (name, other) in cases {
        let ended = run("thrust", &[], &variables(&[(name, &port), (other, "0")])).await?;
        let told = ended.stderr.replace(&port, "PORT");
        assert_eq!(ended.code, Some(1), "{name}");
        insta::with_settings!({ description => name }, {
            assert_snapshot!(format!("in_use_{name}"), told);
        });
    }
    Ok(())
}

#[tokio::test]
async fn signals_end_it_in_good_order() -> Result<()> {
    for signal in [Signal::TERM, Signal::INT] {
        let mut process = Process::start("thrust", &[], &variables(&[]))?;
        process.line_with("kind=\"http\"").await;
        process.signal(signal)?;
        assert_eq!(
            process.ended().await?.code(),
            Some(0),
            "{}",
            process.output()
        );
    }
    Ok(())
}

#[cfg(not(feature = "http3"))]
#[tokio::test]
async fn http3_that_is_not_built_in_is_told() -> Result<()> {
    let asked = variables(&[("HTTP3", "1"), ("TLS_DOMAIN", "app.example.com")]);
    let checked = run("thrust", &["check"], &asked).await?;
    assert_eq!(checked.code, Some(1));
    assert_snapshot!(checked.stderr);
    Ok(())
}
