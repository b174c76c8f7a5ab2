//! The proxy with a command behind it.

mod support;

use std::net::TcpListener;
use std::time::Duration;

use anyhow::Result;
use support::{Backend, Client, Proxy, get, ok, unused_port, variables};
use test_support::{Signal, run, wait_until};

/// Goes on for as long as the proxy is there, so that a test that fails leaves nothing behind.
const WAIT: &str = "while kill -0 $PPID 2>/dev/null; do sleep 0.05; done";

/// A script that says when it has begun, and what it got.
fn script(traps: &str) -> [String; 3] {
    let text = format!("{traps}\necho started with PORT=$PORT\n{WAIT}");
    ["/bin/sh".into(), "-c".into(), text]
}

async fn start(script: &[String; 3], more: &[(&str, &str)]) -> Result<Proxy> {
    let command = script.each_ref().map(String::as_str);
    let proxy = Proxy::run(&command, more).await?;
    proxy.process.line_with("started with PORT=").await;
    Ok(proxy)
}

#[tokio::test]
async fn it_gets_the_port_and_the_streams() -> Result<()> {
    let script = "echo out PORT=$PORT ARGUMENTS=$*; echo err >&2; cat; exit 0";
    let cases: [&[&str]; 2] = [
        &["/bin/sh", "-c", script, "sh", "a b", "--help"],
        &["--", "/bin/sh", "-c", script, "sh", "a b", "--help"],
    ];
    for command in cases {
        let variables = variables(&[("TARGET_PORT", "4321"), ("PORT", "1")]);
        let ended = run("thrust", command, &variables).await?;
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        let lines: Vec<&str> = ended.stdout.lines().collect();
        assert!(
            lines.contains(&"out PORT=4321 ARGUMENTS=a b --help"),
            "{lines:?}"
        );
        assert!(
            ended.stderr.lines().any(|line| line == "err"),
            "{}",
            ended.stderr
        );
    }
    Ok(())
}

#[tokio::test]
async fn its_exit_code_is_passed_on() -> Result<()> {
    let cases = [
        ("exit 0", 0),
        ("exit 3", 3),
        ("kill -KILL $$", 128 + 9),
        ("kill -TERM $$", 128 + 15),
    ];
    for (script, code) in cases {
        let ended = run("thrust", &["/bin/sh", "-c", script], &variables(&[])).await?;
        assert_eq!(ended.code, Some(code), "{script}: {}", ended.stdout);
    }
    Ok(())
}

#[tokio::test]
async fn signals_are_passed_on_and_its_end_is_awaited() -> Result<()> {
    let script =
        script("trap 'echo got TERM; sleep 0.2; exit 7' TERM; trap 'echo got INT; exit 8' INT");
    for (signal, name, code) in [(Signal::TERM, "TERM", 7), (Signal::INT, "INT", 8)] {
        let mut process = start(&script, &[]).await?.process;
        process.signal(signal)?;
        assert_eq!(
            process.ended().await?.code(),
            Some(code),
            "{}",
            process.output()
        );
        assert!(process.output().contains(&format!("got {name}")));
    }
    Ok(())
}

#[tokio::test]
async fn a_second_signal_does_not_wait_for_the_requests() -> Result<()> {
    let backend = Backend::scripted(|mut peer| async move {
        peer.request().await?;
        std::future::pending().await
    })
    .await?;
    let port = backend.port();
    let script = script("trap 'exit 7' TERM");
    let more = [("TARGET_PORT", &*port), ("DRAIN_TIMEOUT", "600")];
    let Proxy {
        mut process,
        address,
    } = start(&script, &more).await?;
    let mut client = Client::connect(address).await?;
    client
        .send("GET / HTTP/1.1\r\nhost: app.test\r\n\r\n")
        .await?;
    wait_until("the request", || async { backend.seen().len() == 1 }).await;
    process.signal(Signal::TERM)?;
    process.line_with("stopping").await;
    process.signal(Signal::TERM)?;
    assert_eq!(
        process.ended().await?.code(),
        Some(7),
        "{}",
        process.output()
    );
    Ok(())
}

#[tokio::test]
async fn a_command_that_cannot_be_started_is_told() -> Result<()> {
    for command in [&["/nowhere/web"][..], &["/etc"], &["checks"]] {
        let ended = run("thrust", command, &variables(&[])).await?;
        assert_eq!(ended.code, Some(1), "{}", ended.stderr);
        let told = format!("error: could not start `{}`: ", command[0]);
        assert!(ended.stderr.contains(&told), "{}", ended.stderr);
        assert!(
            ended.stderr.contains("hint: give a program"),
            "{}",
            ended.stderr
        );
    }
    Ok(())
}

#[tokio::test]
async fn it_is_not_started_where_the_port_is_taken() -> Result<()> {
    let taken = TcpListener::bind("127.0.0.1:0")?;
    let port = taken.local_addr()?.port().to_string();
    let command = ["/bin/sh", "-c", "echo it runs"];
    let ended = run("thrust", &command, &variables(&[("HTTP_PORT", &port)])).await?;
    assert_eq!(ended.code, Some(1));
    assert!(
        ended.stderr.contains("could not listen"),
        "{}",
        ended.stderr
    );
    assert_eq!(ended.stdout, "");
    Ok(())
}

#[tokio::test]
async fn requests_wait_while_it_boots() -> Result<()> {
    let mut backend = Backend::friendly().await?;
    backend.stop().await;
    let port = backend.port();
    let script = script("");
    let command = script.each_ref().map(String::as_str);
    let proxy = Proxy::run(&command, &[("TARGET_PORT", &port)]).await?;
    let requests = (0..3).map(|_| get(proxy.address, "/"));
    let boot = async {
        // So that the requests find nobody; that it were too short would only make the test say less.
        tokio::time::sleep(Duration::from_millis(300)).await;
        backend.start_again(|_| ok("booted")).await
    };
    let (answers, booted) = tokio::join!(futures_util::future::join_all(requests), boot);
    booted?;
    for answer in answers {
        assert_eq!(answer?.text(), "booted");
    }
    Ok(())
}

#[tokio::test]
async fn without_a_cable_port_all_goes_to_the_command() -> Result<()> {
    let backend = Backend::friendly().await?;
    let (port, script) = (backend.port(), script(""));
    let command = script.each_ref().map(String::as_str);
    let proxy = Proxy::run(&command, &[("TARGET_PORT", &port)]).await?;
    assert_eq!(get(proxy.address, "/cable").await?.status, 200);
    let (_kept, nobody) = unused_port()?;
    let more = [
        ("TARGET_PORT", &*port),
        ("CABLE_PORT", &nobody),
        ("UPSTREAM_WAIT", "0"),
    ];
    let proxy = Proxy::run(&command, &more).await?;
    assert_eq!(get(proxy.address, "/cable").await?.status, 502);
    Ok(())
}
