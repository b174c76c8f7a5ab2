//! HTTPS with a certificate of the operator's.

mod support;

use std::time::Instant;

use anyhow::{Context as _, Result};
use http::Request;
use support::{Backend, Client, Http2, Proxy, SECOND, exchange, ok, protocol, soon};
use test_support::Signal;

const SWITCHED: &str = "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
    sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nsec-websocket-protocol: actioncable-v1-json\r\n\r\n";

#[tokio::test]
async fn the_client_chooses_the_protocol() -> Result<()> {
    let backend = Backend::friendly().await?;
    let (proxy, trust, _folder) = Proxy::secure(&backend, &[]).await?;
    let https = proxy.https().await?;
    for (offered, agreed) in [
        (&["h2", "http/1.1"][..], Some("h2")),
        (&["http/1.1", "h2"], Some("h2")),
        (&["h2"], Some("h2")),
        (&["http/1.1"], Some("http/1.1")),
        (&["spdy/3", "http/1.1"], Some("http/1.1")),
        (&[], None),
    ] {
        let stream = trust.connect(https, "app.test", offered).await?;
        assert_eq!(protocol(&stream), agreed, "{offered:?}");
        if agreed == Some("h2") {
            let answer = Http2::over(stream).await?.get("/").await?;
            assert_eq!(answer.status(), 200, "{offered:?}");
        } else {
            let answer = Client::over(stream).ask("GET", "/", &[]).await?;
            assert_eq!((answer.status, &*answer.text()), (200, "hello"));
        }
        assert_eq!(backend.last().header("host"), Some("app.test"));
        assert_eq!(backend.last().headers("x-forwarded-proto"), ["https"]);
    }
    for offered in [&["spdy/3"][..], &["acme-tls/1"]] {
        let refused = trust.connect(https, "app.test", offered).await;
        assert!(refused.is_err(), "{offered:?}");
    }
    // By address: the client names no server. Other names are the client's matter to refuse.
    let stream = trust.connect(https, "127.0.0.1", &[]).await?;
    assert_eq!(Client::over(stream).ask("GET", "/", &[]).await?.status, 200);
    let refused = trust.connect(https, "other.test", &[]).await.err();
    let refused = refused.context("it was taken")?.to_string();
    assert!(refused.contains("certificate"), "{refused}");
    Ok(())
}

#[tokio::test]
async fn what_clients_claim_is_not_believed() -> Result<()> {
    let claims = [
        "x-forwarded-for: 6.6.6.6",
        "x-forwarded-proto: http",
        "x-forwarded-host: evil.test",
    ];
    let backend = Backend::friendly().await?;
    for (more, expected) in [
        (&[][..], ["127.0.0.1", "https", "app.test"]),
        (
            &[("FORWARD_HEADERS", "true")],
            ["6.6.6.6, 127.0.0.1", "http", "evil.test"],
        ),
    ] {
        let (proxy, trust, _folder) = Proxy::secure(&backend, more).await?;
        let stream = trust.connect(proxy.https().await?, "app.test", &[]).await?;
        Client::over(stream).ask("GET", "/", &claims).await?;
        let names = ["x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"];
        for (name, expected) in names.into_iter().zip(expected) {
            assert_eq!(backend.last().headers(name), [expected], "{name} {more:?}");
        }
    }
    Ok(())
}

/// A handshake of TLS 1.1 as an old client begins it.
fn hello_of_tls_1_1() -> Vec<u8> {
    let rest = [&[7; 32][..], &[0, 0, 2, 0xc0, 0x13, 1, 0]].concat();
    [&[0x16, 3, 1, 0, 45, 1, 0, 0, 41, 3, 2][..], &rest].concat()
}

#[tokio::test]
async fn what_is_no_handshake_of_today_is_refused() -> Result<()> {
    let backend = Backend::friendly().await?;
    let (proxy, trust, _folder) = Proxy::secure(&backend, &[]).await?;
    let https = proxy.https().await?;
    let mut client = Client::connect(https).await?;
    client.send(hello_of_tls_1_1()).await?;
    // A fatal alert.
    let alert = client.exactly(7).await?;
    assert_eq!((alert[0], alert[5]), (21, 2), "{alert:?}");
    client.closed().await?;
    for bytes in [
        "GET / HTTP/1.1\r\nhost: app.test\r\n\r\n",
        "\0\0\0",
        "PRI * HTTP/2.0\r\n\r\n",
    ] {
        let mut client = Client::connect(https).await?;
        client.send([bytes, &" ".repeat(64)].concat()).await?;
        client.closed().await?;
    }
    let stream = trust.connect(https, "app.test", &["h2"]).await?;
    assert_eq!(Http2::over(stream).await?.get("/").await?.status(), 200);
    assert_eq!(backend.seen().len(), 1);
    // What speaks TLS to the other port learns that it does not.
    let answer = exchange(proxy.address, hello_of_tls_1_1()).await;
    assert!(answer.is_err() || answer.is_ok_and(|answer| answer.status == 400));
    Ok(())
}

#[tokio::test]
async fn slow_handshakes_are_cut() -> Result<()> {
    let backend = Backend::friendly().await?;
    let (proxy, trust, _folder) = Proxy::secure(&backend, &[("HTTP_READ_TIMEOUT", "1")]).await?;
    let https = proxy.https().await?;
    let began = Instant::now();
    let (mut silent, mut half) = (Client::connect(https).await?, Client::connect(https).await?);
    half.send(&hello_of_tls_1_1()[..20]).await?;
    // After the handshake the same holds for the head of a request.
    let mut slow = Client::over(trust.connect(https, "app.test", &[]).await?);
    slow.send("GET / HTTP/1.1\r\nhost: app").await?;
    silent.closed().await?;
    half.closed().await?;
    slow.closed().await?;
    assert!(began.elapsed() > SECOND / 2);
    Ok(())
}

#[tokio::test]
async fn websockets_come_by_both_protocols() -> Result<()> {
    let backend = Backend::scripted(|mut peer| async move {
        peer.request().await?;
        peer.send([SWITCHED, "hello"].concat()).await?;
        let bytes = peer.bytes().await?;
        peer.send(bytes).await
    })
    .await?;
    let (proxy, trust, _folder) = Proxy::secure(&backend, &[]).await?;
    let https = proxy.https().await?;
    let mut second = Http2::over(trust.connect(https, "app.test", &["h2"]).await?).await?;
    let request = second.extended("/cable").await?;
    let (response, mut up) = second.begin(request, false).await?;
    let response = soon("the tunnel", response).await??;
    assert_eq!(response.status(), 200);
    up.send_data("mine".into(), true)?;
    let body = support::whole(&mut response.into_body()).await?;
    assert_eq!(body, b"hellomine");
    assert_eq!(backend.last().headers("x-forwarded-proto"), ["https"]);

    let mut client = Client::over(trust.connect(https, "app.test", &["http/1.1"]).await?);
    let upgrade = "GET /cable HTTP/1.1\r\nhost: app.test\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
        sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    client.send([upgrade, "mine"].concat()).await?;
    assert_eq!(client.response().await?.status, 101);
    assert_eq!(client.until_closed().await?, b"hellomine");
    Ok(())
}

#[tokio::test]
async fn connections_end_in_good_order() -> Result<()> {
    let (tell, told) = tokio::sync::watch::channel(false);
    let backend = Backend::scripted(move |mut peer| {
        let mut told = told.clone();
        async move {
            while peer.request().await?.is_some() {
                told.wait_for(|told| *told).await?;
                peer.send(ok("hello")).await?;
            }
            Ok(())
        }
    })
    .await?;
    // Longer than this test waits: a handshake must not hold the end up.
    let patient = [("DRAIN_TIMEOUT", "600"), ("HTTP_READ_TIMEOUT", "600")];
    let (mut proxy, trust, _folder) = Proxy::secure(&backend, &patient).await?;
    let https = proxy.https().await?;
    let mut idle = Client::over(trust.connect(https, "app.test", &[]).await?);
    let mut silent = Client::connect(https).await?;
    let mut busy = Client::over(trust.connect(https, "app.test", &[]).await?);
    busy.send("GET / HTTP/1.1\r\nhost: app.test\r\n\r\n")
        .await?;
    let mut second = Http2::over(trust.connect(https, "app.test", &["h2"]).await?).await?;
    let request = Request::get("http://app.test/other").body(())?;
    let (response, _up) = second.begin(request, true).await?;
    test_support::wait_until("the requests", || async { backend.seen().len() == 2 }).await;
    proxy.process.signal(Signal::TERM)?;
    // With the goodbye of TLS: without it, the client would have an error.
    assert_eq!(idle.until_closed().await?, b"");
    silent.closed().await?;
    tell.send(true)?;
    assert_eq!(busy.response().await?.text(), "hello");
    assert_eq!(busy.until_closed().await?, b"");
    assert_eq!(soon("the answer", response).await??.status(), 200);
    drop(second);
    assert_eq!(proxy.process.ended().await?.code(), Some(0));
    Ok(())
}
