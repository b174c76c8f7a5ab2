//! Connections that become tunnels.

mod support;

use anyhow::Result;
use bytes::Bytes;
use support::{Backend, Client, Http2, Peer, Proxy, SECOND, exchange, ok, soon};
use test_support::wait_for;
use tokio::io::AsyncWriteExt as _;

const UPGRADE: &str = "GET /cable?x HTTP/1.1\r\nhost: app.test\r\nconnection: keep-alive, Upgrade\r\nupgrade: websocket\r\n\
    origin: http://app.test\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    sec-websocket-protocol: actioncable-v1-json\r\n\r\n";
const SWITCHED: &str = "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
    sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nsec-websocket-protocol: actioncable-v1-json\r\n\r\n";

/// Switches, says hello in the same breath, and echoes.
async fn echo(mut peer: Peer) -> Result<()> {
    if peer.request().await?.is_none() {
        return Ok(());
    }
    peer.send([SWITCHED, "hello"].concat()).await?;
    loop {
        let bytes = peer.bytes().await?;
        if bytes.is_empty() {
            break;
        }
        peer.send(bytes).await?;
    }
    peer.send("bye").await
}

/// A client whose connection has become a tunnel.
async fn open(proxy: &Proxy) -> Result<Client> {
    let mut client = Client::connect(proxy.address).await?;
    client.send(UPGRADE).await?;
    assert_eq!(client.head().await?.status, 101);
    Ok(client)
}

#[tokio::test]
async fn bytes_pass_both_ways_until_each_side_has_ended() -> Result<()> {
    let backend = Backend::scripted(echo).await?;
    let proxy = Proxy::start(&backend, &[("H2C_ENABLED", "1")]).await?;
    let mut client = Client::connect(proxy.address).await?;
    // In the same breath, too.
    client.send([UPGRADE, "first"].concat()).await?;
    let answer = client.response().await?;
    assert_eq!(answer.status, 101);
    assert_eq!(answer.header("upgrade"), Some("websocket"));
    assert_eq!(
        answer
            .header("connection")
            .map(str::to_lowercase)
            .as_deref(),
        Some("upgrade")
    );
    assert_eq!(
        answer.header("sec-websocket-accept"),
        Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
    );
    assert_eq!(
        answer.header("sec-websocket-protocol"),
        Some("actioncable-v1-json")
    );
    let seen = backend.last();
    assert_eq!(seen.line(), "GET /cable?x HTTP/1.1");
    for (name, value) in [
        ("connection", "Upgrade"),
        ("upgrade", "websocket"),
        ("origin", "http://app.test"),
        ("host", "app.test"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("x-forwarded-for", "127.0.0.1"),
    ] {
        assert_eq!(seen.headers(name), [value], "{name}");
    }
    assert_eq!(client.exactly(10).await?, b"hellofirst");
    client.send("second").await?;
    assert_eq!(client.exactly(6).await?, b"second");
    client.stream.shutdown().await?;
    assert_eq!(client.until_closed().await?, b"bye");
    Ok(())
}

#[tokio::test]
async fn the_server_may_end_first() -> Result<()> {
    let backend = Backend::scripted(|mut peer| async move {
        peer.request().await?;
        peer.send([SWITCHED, "bye"].concat()).await?;
        peer.stream.shutdown().await?;
        assert_eq!(peer.bytes().await?, b"late");
        Ok(())
    })
    .await?;
    let proxy = Proxy::start(&backend, &[]).await?;
    let mut client = open(&proxy).await?;
    assert_eq!(client.until_closed().await?, b"bye");
    client.send("late").await?;
    Ok(())
}

#[tokio::test]
async fn a_refusal_is_passed_on() -> Result<()> {
    let refusal = "HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno";
    let backend = Backend::answering(move |_| refusal.into()).await?;
    let proxy = Proxy::start(&backend, &[("H2C_ENABLED", "1")]).await?;
    let mut client = Client::connect(proxy.address).await?;
    for _ in 0..2 {
        client.send(UPGRADE).await?;
        let answer = client.response().await?;
        assert_eq!((answer.status, answer.text()), (403, "no".into()));
    }
    let mut http2 = Http2::connect(proxy.address).await?;
    let request = http2.extended("/cable?x").await?;
    let answer = http2.exchange(request, "").await?;
    assert_eq!(
        (answer.status().as_u16(), &answer.body()[..]),
        (403, &b"no"[..])
    );
    Ok(())
}

/// Clients that offer HTTP/2 so, such as Java's, send their body at once.
#[tokio::test]
async fn an_offer_with_a_body_is_declined() -> Result<()> {
    let backend = Backend::answering(|_| ok("hello")).await?;
    let proxy = Proxy::start(&backend, &[]).await?;
    let text = "POST / HTTP/1.1\r\nhost: app.test\r\nconnection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\n\
        http2-settings: AAMAAABk\r\ncontent-length: 5\r\n\r\nhello";
    assert_eq!(exchange(proxy.address, text).await?.status, 200);
    let seen = backend.last();
    assert_eq!(
        (seen.header("upgrade"), seen.header("http2-settings")),
        (None, None)
    );
    assert_eq!(seen.body, b"hello");
    Ok(())
}

#[tokio::test]
async fn by_http2_it_is_an_extended_connect() -> Result<()> {
    let backend = Backend::scripted(echo).await?;
    let limits = [
        ("HTTP_READ_TIMEOUT", "2"),
        ("HTTP_IDLE_TIMEOUT", "2"),
        ("HTTP_WRITE_TIMEOUT", "2"),
        ("UPSTREAM_TIMEOUT", "2"),
    ];
    let more = [&limits[..], &[("H2C_ENABLED", "1")]].concat();
    let proxy = Proxy::start(&backend, &more).await?;
    let mut http2 = Http2::connect(proxy.address).await?;
    let request = http2.extended("/cable?x").await?;
    let (response, mut up) = http2.begin(request, false).await?;
    let response = soon("the answer", response).await??;
    assert_eq!(response.status(), 200);
    let header = |name| {
        response
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    assert_eq!(
        header("sec-websocket-protocol"),
        Some("actioncable-v1-json")
    );
    for name in ["sec-websocket-accept", "connection", "upgrade"] {
        assert_eq!(header(name), None, "{name}");
    }
    let seen = backend.last();
    assert_eq!(seen.line(), "GET /cable?x HTTP/1.1");
    assert_eq!(seen.headers("sec-websocket-version"), ["13"]);
    assert_eq!(seen.headers("origin"), ["http://app.test"]);
    assert_eq!(seen.headers("host"), ["app.test"]);
    assert_eq!(seen.header("sec-websocket-key").map(str::len), Some(24));
    let mut down = response.into_body();
    let mut got = Vec::new();
    for part in ["hello", "first", "second"] {
        if part != "hello" {
            // It lives longer than all limits, which are for other connections.
            tokio::time::sleep(SECOND * 5 / 2).await;
            up.send_data(Bytes::from(part), false)?;
        }
        got.extend(part.bytes());
        let mut so_far = Vec::new();
        while so_far.len() < part.len() {
            let data = soon("bytes", down.data()).await?;
            so_far.extend(
                data.transpose()?
                    .ok_or_else(|| anyhow::anyhow!("the tunnel ended before {part}"))?,
            );
        }
        assert_eq!(so_far, part.as_bytes());
    }
    up.send_data(Bytes::new(), true)?;
    let rest = soon("the end", down.data()).await?.transpose()?;
    assert_eq!(rest.as_deref(), Some(&b"bye"[..]));
    Ok(())
}

#[tokio::test]
async fn a_slow_reader_does_not_fill_the_memory() -> Result<()> {
    let (tell, told) = tokio::sync::watch::channel(0_usize);
    let backend = Backend::scripted(move |mut peer| {
        let tell = tell.clone();
        async move {
            peer.request().await?;
            peer.send(SWITCHED).await?;
            let chunk = vec![0; 1 << 20];
            for _ in 0..200 {
                peer.send(&chunk).await?;
                tell.send_modify(|sent| *sent += 1);
            }
            Ok(())
        }
    })
    .await?;
    let proxy = Proxy::start(&backend, &[("H2C_ENABLED", "1")]).await?;
    let before = proxy.memory()?;
    let _client = open(&proxy).await?;
    let mut http2 = Http2::connect(proxy.address).await?;
    let request = http2.extended("/cable?x").await?;
    let (response, _up) = http2.begin(request, false).await?;
    let _response = soon("the answer", response).await??;
    // Until nothing more is taken of the servers.
    let mut last = (0, std::time::Instant::now());
    wait_for("the servers to be held up", || {
        let sent = *told.borrow();
        if sent != last.0 {
            last = (sent, std::time::Instant::now());
        }
        let is_still = last.1.elapsed() > SECOND;
        async move { is_still.then_some(()) }
    })
    .await;
    assert!(*told.borrow() < 100, "{} MB were taken", *told.borrow());
    let grown = proxy.memory()?.saturating_sub(before);
    assert!(grown < 16 << 20, "the proxy grew by {grown} bytes");
    Ok(())
}
