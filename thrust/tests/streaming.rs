//! Bodies that come bit by bit, and those that break off.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use anyhow::{Result, ensure};
use http::Request;
use support::{Backend, Client, Http2, Proxy, SECOND, get, ok, pattern, soon, whole};
use test_support::wait_until;

const LARGE: usize = 20 << 20;
/// More than the proxy takes at rest, and much less than with a large body in it.
const MEMORY: u64 = 20 << 20;

#[tokio::test]
async fn large_bodies_pass_without_being_held() -> Result<()> {
    let backend = Backend::scripted(|mut peer| async move {
        while let Some(seen) = peer.request().await? {
            let length = seen.body.len().max(LARGE);
            peer.send(format!(
                "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n"
            ))
            .await?;
            peer.send(pattern(LARGE)).await?;
        }
        Ok(())
    })
    .await?;
    let proxy = Proxy::start(&backend, &[("H2C_ENABLED", "1")]).await?;
    get(proxy.address, "/warm").await?;
    let before = proxy.memory()?;
    let mut client = Client::connect(proxy.address).await?;
    let head = format!("POST / HTTP/1.1\r\nhost: app.test\r\ncontent-length: {LARGE}\r\n\r\n");
    client.send(head).await?;
    client.send(pattern(LARGE)).await?;
    let answer = client.response().await?;
    ensure!(answer.body == pattern(LARGE), "the download differs");
    ensure!(backend.last().body == pattern(LARGE), "the upload differs");

    client
        .send("POST / HTTP/1.1\r\nhost: app.test\r\ntransfer-encoding: chunked\r\n\r\n")
        .await?;
    for part in pattern(LARGE).chunks(1 << 20) {
        client.send(format!("{:x}\r\n", part.len())).await?;
        client.send(part).await?;
        client.send("\r\n").await?;
    }
    client.send("0\r\n\r\n").await?;
    ensure!(
        client.response().await?.body == pattern(LARGE),
        "the download differs"
    );
    ensure!(
        backend.last().body == pattern(LARGE),
        "the chunked upload differs"
    );

    let mut client = Http2::connect(proxy.address).await?;
    let request = Request::post("http://app.test/").body(())?;
    let answer = client.exchange(request, pattern(LARGE)).await?;
    ensure!(
        *answer.body() == pattern(LARGE),
        "the download by HTTP/2 differs"
    );
    ensure!(
        backend.last().body == pattern(LARGE),
        "the upload by HTTP/2 differs"
    );
    let grown = proxy.memory()?.saturating_sub(before);
    assert!(grown < MEMORY, "the proxy grew by {grown} bytes");
    Ok(())
}

#[tokio::test]
async fn a_client_that_waits_for_the_word_gets_it() -> Result<()> {
    let backend = Backend::friendly().await?;
    let proxy = Proxy::start(&backend, &[]).await?;
    let mut client = Client::connect(proxy.address).await?;
    let head =
        "POST / HTTP/1.1\r\nhost: app.test\r\ncontent-length: 5\r\nexpect: 100-continue\r\n\r\n";
    client.send(head).await?;
    assert_eq!(client.head().await?.status, 100);
    client.send("hello").await?;
    assert_eq!(client.response().await?.status, 200);
    assert_eq!(backend.last().body, b"hello");
    Ok(())
}

#[tokio::test]
async fn events_arrive_as_they_are_sent_and_for_long() -> Result<()> {
    let (tell, told) = tokio::sync::watch::channel(0);
    let backend = Backend::scripted(move |mut peer| {
        let mut told = told.clone();
        async move {
            peer.request().await?;
            peer.send("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n").await?;
            for number in 1..=2 {
                told.wait_for(|said| *said >= number).await?;
                peer.send(format!("9\r\ndata: {number}\n\n\r\n")).await?;
            }
            peer.send("0\r\n\r\n").await
        }
    })
    .await?;
    let limits = [
        ("HTTP_WRITE_TIMEOUT", "2"),
        ("HTTP_READ_TIMEOUT", "2"),
        ("HTTP_IDLE_TIMEOUT", "2"),
        ("UPSTREAM_TIMEOUT", "2"),
        ("H2C_ENABLED", "1"),
    ];
    let proxy = Proxy::start(&backend, &limits).await?;
    let mut client = Client::connect(proxy.address).await?;
    client
        .send("GET / HTTP/1.1\r\nhost: app.test\r\n\r\n")
        .await?;
    let mut http2 = Http2::connect(proxy.address).await?;
    let (response, _stream) = http2
        .begin(Request::get("http://app.test/").body(())?, true)
        .await?;
    assert_eq!(client.head().await?.status, 200);
    let mut body = soon("the head", response).await??.into_body();
    for number in 1..=2 {
        // Longer than each of the limits.
        tokio::time::sleep(SECOND.mul_f32(2.2)).await;
        tell.send(number)?;
        let event = format!("data: {number}\n\n").into_bytes();
        assert_eq!(client.chunk().await?, event);
        let data = soon("an event", body.data()).await?.transpose()?;
        assert_eq!(data.unwrap_or_default(), event);
    }
    assert!(client.chunk().await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn a_response_that_breaks_off_does_not_look_whole() -> Result<()> {
    let backend = Backend::scripted(|mut peer| async move {
        while let Some(seen) = peer.request().await? {
            let broken = match seen.line().split(' ').nth(1) {
                Some("/length") => "content-length: 100\r\n\r\nhello",
                Some("/chunked") => "transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n",
                Some("/chunk") => "transfer-encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n",
                _ => {
                    peer.send(ok("whole")).await?;
                    continue;
                }
            };
            peer.send(format!("HTTP/1.1 200 OK\r\n{broken}")).await?;
            break;
        }
        Ok(())
    })
    .await?;
    let proxy = Proxy::start(&backend, &[("H2C_ENABLED", "1")]).await?;
    for path in ["/length", "/chunked", "/chunk"] {
        let mut client = Client::connect(proxy.address).await?;
        client
            .send(format!("GET {path} HTTP/1.1\r\nhost: app.test\r\n\r\n"))
            .await?;
        let answer = client.response().await;
        assert!(answer.is_err(), "{path}: {answer:?}");
        let mut http2 = Http2::connect(proxy.address).await?;
        let answer = http2.get(path).await;
        assert!(answer.is_err(), "{path} by HTTP/2: {answer:?}");
        assert_eq!(http2.get("/").await?.body(), b"whole", "{path}");
        assert_eq!(get(proxy.address, "/").await?.text(), "whole", "{path}");
    }
    Ok(())
}

#[tokio::test]
async fn a_client_that_leaves_is_left_by_the_server() -> Result<()> {
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let backend = Backend::scripted(move |mut peer| {
        let tell = tell.clone();
        async move {
            peer.request().await?;
            peer.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n")
                .await?;
            // The end of the connection is all that can still come.
            let _ = peer.request().await;
            Ok(tell.send(())?)
        }
    })
    .await?;
    let proxy = Proxy::start(&backend, &[("H2C_ENABLED", "1")]).await?;
    let mut client = Client::connect(proxy.address).await?;
    client
        .send("GET / HTTP/1.1\r\nhost: app.test\r\n\r\n")
        .await?;
    assert_eq!(client.head().await?.status, 200);
    drop(client);
    soon("the end at the server", told.recv()).await?;
    let mut http2 = Http2::connect(proxy.address).await?;
    let (response, stream) = http2
        .begin(Request::get("http://app.test/").body(())?, true)
        .await?;
    let response = soon("the head", response).await??;
    drop((response, stream));
    soon("the end at the server", told.recv()).await?;
    assert_eq!(http2.sender.current_max_send_streams(), 250);
    Ok(())
}

#[tokio::test]
async fn an_answer_may_come_before_the_end_of_the_request() -> Result<()> {
    let backend = Backend::scripted(|mut peer| async move {
        peer.head().await?;
        peer.send("HTTP/1.1 413 Too Large\r\ncontent-length: 3\r\nconnection: close\r\n\r\nno!")
            .await?;
        peer.bytes().await.map(drop)
    })
    .await?;
    let proxy = Proxy::start(&backend, &[]).await?;
    let mut client = Client::connect(proxy.address).await?;
    client
        .send("POST / HTTP/1.1\r\nhost: app.test\r\ncontent-length: 1000000\r\n\r\nhello")
        .await?;
    let answer = client.response().await?;
    assert_eq!((answer.status, answer.text()), (413, "no!".into()));
    Ok(())
}

#[tokio::test]
async fn a_stream_that_nobody_reads_lets_go_of_its_server_and_harms_no_other() -> Result<()> {
    const LARGE: usize = 64 << 20;
    let cut = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&cut);
    let backend = Backend::scripted(move |mut peer| {
        let cut = Arc::clone(&seen);
        async move {
            while let Some(request) = peer.request().await? {
                if request.line().contains("/small") {
                    peer.send(ok("small")).await?;
                    continue;
                }
                let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {LARGE}\r\n\r\n");
                peer.send(head).await?;
                if peer.send(pattern(LARGE)).await.is_err() {
                    cut.store(true, Relaxed);
                }
            }
            Ok(())
        }
    })
    .await?;
    let variables = [("HTTP_WRITE_TIMEOUT", "1"), ("H2C_ENABLED", "1")];
    let proxy = Proxy::start(&backend, &variables).await?;
    let mut client = Http2::connect(proxy.address).await?;
    let request = Request::get("http://app.test/large").body(())?;
    let (response, _) = client.begin(request, true).await?;
    let mut unread = response.await?.into_body();
    wait_until("the server to be let go", || async { cut.load(Relaxed) }).await;
    assert_eq!(client.get("/small").await?.body(), b"small");
    let outcome = whole(&mut unread).await;
    assert!(outcome.is_err(), "the stream must not look whole");
    Ok(())
}
