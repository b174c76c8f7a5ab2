//! Connections between two requests.

mod support;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::Result;
use support::{Backend, Client, Frame, Frames, Http2, Proxy, SECOND, kind};
use test_support::PATIENCE;

const HEAD: &str = "GET / HTTP/1.1\r\nhost: app.test\r\n";

#[tokio::test]
async fn idle_connections() -> Result<()> {
    let backend = Backend::friendly().await?;
    let proxy = Proxy::start(
        &backend,
        &[("HTTP_IDLE_TIMEOUT", "1"), ("H2C_ENABLED", "1")],
    )
    .await?;
    let mut silent = Client::connect(proxy.address).await?;
    // The time is that between two requests, not that of the connection.
    let mut kept = kept_for(proxy.address, SECOND * 2).await?;
    silent.closed().await?;
    kept.closed().await?;
    let mut http2 = Http2::connect(proxy.address).await?;
    assert_eq!(http2.get("/").await?.status(), 200);
    assert!(http2.ended().await?.is_ok(), "it ends in good order");
    Ok(())
}

/// A connection that was asked for so long, and never idle for a second. Where the machine stood still for as long, that says
/// nothing of the proxy, and another connection is asked.
async fn kept_for(address: SocketAddr, time: Duration) -> Result<Client> {
    let began = Instant::now();
    loop {
        let mut last = Instant::now();
        let (mut client, end) = (Client::connect(address).await?, last + time);
        let broken = loop {
            let now = Instant::now();
            match client.ask("GET", "/", &[]).await {
                Ok(answer) => assert_eq!(answer.status, 200),
                Err(error) => break error,
            }
            if now > end {
                return Ok(client);
            }
            last = now;
            tokio::time::sleep(SECOND / 10).await;
        };
        if last.elapsed() < SECOND || began.elapsed() > PATIENCE {
            return Err(broken);
        }
    }
}

/// A head that begins late in the idle time has its own time.
#[tokio::test]
async fn a_head_that_has_begun_is_awaited() -> Result<()> {
    let backend = Backend::friendly().await?;
    let proxy = Proxy::start(&backend, &[("HTTP_IDLE_TIMEOUT", "2")]).await?;
    let mut client = Client::connect(proxy.address).await?;
    client.send(HEAD).await?;
    tokio::time::sleep(SECOND * 3).await;
    client.send("\r\n").await?;
    assert_eq!(client.response().await?.status, 200);
    Ok(())
}

/// What else comes by HTTP/2 is no head, and the end is told, so that no request is lost.
#[tokio::test]
async fn by_http2_the_idle_time_is_the_same() -> Result<()> {
    let backend = Backend::friendly().await?;
    let limits = [
        ("HTTP_READ_TIMEOUT", "1"),
        ("HTTP_IDLE_TIMEOUT", "5"),
        ("H2C_ENABLED", "1"),
    ];
    let proxy = Proxy::start(&backend, &limits).await?;
    let mut connection = Frames::connect(proxy.address).await?;
    connection.send(&Frame::get(1, "/")).await?;
    assert_eq!(connection.status(1).await?, Some(200));
    connection
        .send(&Frame::new(kind::PING, 0, 0, [0; 8]))
        .await?;
    tokio::time::sleep(SECOND * 2).await;
    connection.send(&Frame::get(3, "/")).await?;
    assert!(connection.answered(3).await?, "it was closed too early");
    assert!(connection.goaway().await?, "it was closed without a word");
    Ok(())
}
