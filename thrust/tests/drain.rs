//! The end of the proxy while it is busy.

mod support;

use std::time::Instant;

use anyhow::Result;
use support::{Backend, Client, Frame, Frames, Http2, Proxy, SECOND, kind, soon};
use test_support::{Signal, wait_until};
use tokio::net::TcpStream;
use tokio::sync::watch;

const GET: &str = "GET / HTTP/1.1\r\nhost: app.test\r\n\r\n";
const UPGRADE: &str =
    "GET / HTTP/1.1\r\nhost: app.test\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n";

/// Begins to answer, and ends when it is told to; switches protocols where that is asked for.
async fn hesitant() -> Result<(Backend, watch::Sender<bool>)> {
    let (tell, told) = watch::channel(false);
    let backend = Backend::scripted(move |mut peer| {
        let mut told = told.clone();
        async move {
            while let Some(seen) = peer.request().await? {
                if seen.header("upgrade").is_some() {
                    peer.send("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n").await?;
                    peer.bytes().await?;
                    return Ok(());
                }
                if seen.line().contains("/fine") {
                    peer.send(support::ok("fine")).await?;
                    continue;
                }
                peer.send("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello").await?;
                told.wait_for(|told| *told).await?;
                peer.send("world").await?;
            }
            Ok(())
        }
    })
    .await?;
    Ok((backend, tell))
}

#[tokio::test]
async fn what_runs_ends_whole_and_nothing_new_begins() -> Result<()> {
    let (backend, tell) = hesitant().await?;
    let mut proxy =
        Proxy::start(&backend, &[("DRAIN_TIMEOUT", "60"), ("H2C_ENABLED", "1")]).await?;
    let mut busy = Client::connect(proxy.address).await?;
    busy.send(GET).await?;
    busy.head().await?;
    let mut idle = Client::connect(proxy.address).await?;
    idle.send(GET.replace("GET /", "GET /fine")).await?;
    assert_eq!(idle.response().await?.status, 200);
    let mut silent = Client::connect(proxy.address).await?;
    let mut http2 = Frames::connect(proxy.address).await?;
    http2.send(&Frame::get(1, "/")).await?;
    assert_eq!(http2.status(1).await?, Some(200));
    let mut tunnel = Client::connect(proxy.address).await?;
    tunnel.send(UPGRADE).await?;
    assert_eq!(tunnel.head().await?.status, 101);

    proxy.process.signal(Signal::TERM)?;
    idle.closed().await?;
    silent.closed().await?;
    wait_until("nobody to listen", || async {
        TcpStream::connect(proxy.address).await.is_err()
    })
    .await;
    soon("the word", async {
        while let Ok(Some(frame)) = http2.next().await {
            if frame.kind == kind::GOAWAY {
                break;
            }
            answer_ping(&mut http2, &frame).await;
        }
    })
    .await?;
    tell.send(true)?;
    assert_eq!(busy.exactly(10).await?, b"helloworld");
    busy.closed().await?;
    let mut body = Vec::new();
    while let Some(frame) = http2.next().await? {
        answer_ping(&mut http2, &frame).await;
        if frame.kind == kind::DATA {
            body.extend(frame.payload);
        }
    }
    assert!(body.ends_with(b"world"), "{body:?}");
    tunnel.closed().await?;
    assert_eq!(proxy.process.ended().await?.code(), Some(0));
    let output = proxy.process.output();
    assert!(output.contains("drained connections="), "{output}");
    assert!(!output.contains("WARN"), "{output}");
    Ok(())
}

/// The proxy asks whether all was received that was on its way, before it says which stream is the last.
async fn answer_ping(http2: &mut Frames, frame: &Frame) {
    if frame.kind == kind::PING && frame.flags == 0 {
        let pong = Frame::new(kind::PING, 1, 0, frame.payload.clone());
        let _ = http2.send(&pong).await;
    }
}

#[tokio::test]
async fn what_hangs_is_cut_off() -> Result<()> {
    let (backend, _tell) = hesitant().await?;
    let mut proxy = Proxy::start(&backend, &[("DRAIN_TIMEOUT", "1"), ("H2C_ENABLED", "1")]).await?;
    let mut busy = Client::connect(proxy.address).await?;
    busy.send(GET).await?;
    busy.head().await?;
    let mut http2 = Frames::connect(proxy.address).await?;
    http2.send(&Frame::get(1, "/")).await?;
    assert_eq!(http2.status(1).await?, Some(200));
    let began = Instant::now();
    proxy.process.signal(Signal::TERM)?;
    assert!(busy.exactly(10).await.is_err(), "it is not whole");
    http2.goaway().await?;
    assert_eq!(proxy.process.ended().await?.code(), Some(0));
    assert!(began.elapsed() > SECOND / 2);
    assert!(proxy.process.output().contains("were cut off"));
    Ok(())
}

/// A tunnel has no end to wait for, whatever carries it.
#[tokio::test]
async fn tunnels_hold_nothing_up() -> Result<()> {
    let (backend, _tell) = hesitant().await?;
    let more = [("DRAIN_TIMEOUT", "600"), ("H2C_ENABLED", "1")];
    let mut proxy = Proxy::start(&backend, &more).await?;
    let mut tunnel = Client::connect(proxy.address).await?;
    tunnel.send(UPGRADE).await?;
    assert_eq!(tunnel.head().await?.status, 101);
    let mut http2 = Http2::connect(proxy.address).await?;
    let request = http2.extended("/").await?;
    let (response, _up) = http2.begin(request, false).await?;
    let _response = soon("the answer", response).await??;
    proxy.process.signal(Signal::TERM)?;
    tunnel.closed().await?;
    assert_eq!(proxy.process.ended().await?.code(), Some(0));
    Ok(())
}

#[tokio::test]
async fn requests_that_wait_for_a_server_are_answered_at_once() -> Result<()> {
    let (_kept, nobody) = support::unused_port()?;
    let more = [
        ("TARGET_PORT", &*nobody),
        ("UPSTREAM_WAIT", "600"),
        ("DRAIN_TIMEOUT", "600"),
    ];
    let mut proxy = Proxy::run(&[], &more).await?;
    let mut client = Client::connect(proxy.address).await?;
    client.send(GET).await?;
    // The answer comes where the request had come before the signal; else the connection is closed.
    proxy.process.signal(Signal::TERM)?;
    if let Ok(answer) = client.response().await {
        assert_eq!(answer.status, 502);
    }
    assert_eq!(proxy.process.ended().await?.code(), Some(0));
    Ok(())
}
