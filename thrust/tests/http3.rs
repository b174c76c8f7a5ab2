//! HTTP/3: the same service, over QUIC.

mod support;

use anyhow::{Context as _, Result};
use http::{Method, Request};
use support::{
    Backend, Client, Http2, Http3, Proxy, Seen, Trust, ask, collect, get, ok, pattern, soon,
};
use tempfile::TempDir;
use test_support::wait_until;

const ON: (&str, &str) = ("HTTP3", "1");
/// Codes with which connections and streams end (RFC 9114, section 8.1).
const NO_ERROR: u64 = 0x100;

async fn start(backend: &Backend, more: &[(&str, &str)]) -> Result<(Proxy, Trust, TempDir)> {
    let all: Vec<_> = [ON].iter().chain(more).copied().collect();
    Proxy::secure(backend, &all).await
}

fn answer(headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {headers}content-length: {length}\r\n\r\n{body}").into_bytes()
}

/// Answers of many kinds, by the path.
fn site(seen: &Seen) -> Vec<u8> {
    let line = seen.line().to_owned();
    let path = line.split(' ').nth(1).unwrap_or_default();
    match path {
        "/missing" => answer("404 Not Found\r\n", "not here"),
        "/nothing" => b"HTTP/1.1 204 No Content\r\n\r\n".to_vec(),
        "/head" => b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n".to_vec(),
        "/page" => answer(
            "200 OK\r\ncontent-type: text/html\r\n",
            &"<p>page</p>".repeat(500),
        ),
        "/kept" => answer(
            "200 OK\r\ncontent-type: text/html\r\ncache-control: public, max-age=60\r\netag: \"1\"\r\n",
            &"<p>kept</p>".repeat(500),
        ),
        _ => ok("hello"),
    }
}

#[tokio::test]
async fn it_is_the_same_service() -> Result<()> {
    let backend = Backend::answering(site).await?;
    let (proxy, trust, _folder) = start(&backend, &[("STATUS_PORT", "0")]).await?;
    let mut client = Http3::connect(&trust, proxy.https().await?).await?;
    let request = Request::get("https://app.test/a?b=c")
        .header("cookie", "a=1")
        .header("cookie", "b=2")
        .header("x-forwarded-for", "6.6.6.6");
    let answer = client.exchange(request.body(())?, "").await?;
    assert_eq!(
        (answer.status().as_u16(), &answer.body()[..]),
        (200, &b"hello"[..])
    );
    for header in ["date", "x-request-id", "x-cache"] {
        assert!(answer.headers().contains_key(header), "{header}");
    }
    assert_eq!(answer.headers()["content-length"], "5");
    let seen = backend.last();
    assert_eq!(seen.line(), "GET /a?b=c HTTP/1.1");
    assert_eq!(seen.headers("host"), ["app.test"]);
    assert_eq!(seen.headers("cookie"), ["a=1; b=2"]);
    assert_eq!(seen.headers("x-forwarded-for"), ["127.0.0.1"]);
    assert_eq!(seen.headers("x-forwarded-proto"), ["https"]);
    assert_eq!(
        (
            seen.header("transfer-encoding"),
            seen.header("content-length")
        ),
        (None, None)
    );
    let line = proxy.process.line_with("http.path=/a").await;
    assert!(line.contains("http.version=HTTP/3.0"), "{line}");
    assert!(line.contains("http.host=\"app.test\""), "{line}");
    let page = get(proxy.status().await?, "/metrics").await?.text();
    assert!(page.contains("\nthrust_connections 1\n"), "{page}");
    assert!(
        page.contains("thrust_requests_total{status=\"2xx\"} 1\n"),
        "{page}"
    );
    assert_eq!(client.get("/missing").await?.status(), 404);
    // The servers' pages of metrics are closed by this way, too.
    assert_eq!(client.get("/metrics").await?.status(), 404);
    Ok(())
}

#[tokio::test]
async fn answers_without_a_body() -> Result<()> {
    let backend = Backend::answering(site).await?;
    let (proxy, trust, _folder) = start(&backend, &[]).await?;
    let mut client = Http3::connect(&trust, proxy.https().await?).await?;
    client.get("/kept").await?;
    for path in ["/head", "/kept"] {
        let head = Request::head(format!("https://app.test{path}")).body(())?;
        let answer = client.exchange(head, "").await?;
        assert_eq!(
            (answer.status().as_u16(), answer.body().len()),
            (200, 0),
            "{path}"
        );
        assert!(answer.headers().contains_key("content-length"), "{path}");
    }
    let nothing = client.get("/nothing").await?;
    assert_eq!((nothing.status().as_u16(), nothing.body().len()), (204, 0));
    assert!(!nothing.headers().contains_key("content-length"));
    let known = Request::get("https://app.test/kept").header("if-none-match", "\"1\"");
    let same = client.exchange(known.body(())?, "").await?;
    assert_eq!((same.status().as_u16(), same.body().len()), (304, 0));
    Ok(())
}

#[tokio::test]
async fn answers_are_compressed_and_kept() -> Result<()> {
    let backend = Backend::answering(site).await?;
    let (proxy, trust, _folder) = start(&backend, &[]).await?;
    let mut client = Http3::connect(&trust, proxy.https().await?).await?;
    for (path, cache) in [("/page", "miss"), ("/kept", "miss"), ("/kept", "hit")] {
        let request = Request::get(format!("https://app.test{path}"));
        let request = request.header("accept-encoding", "gzip").body(())?;
        let answer = client.exchange(request, "").await?;
        assert_eq!(answer.headers()["x-cache"], cache, "{path}");
        if path == "/page" {
            assert_eq!(answer.headers()["content-encoding"], "gzip");
            assert!(answer.body().len() < 1000, "{} bytes", answer.body().len());
        }
    }
    // What one version of HTTP has kept, the others have.
    let stream = trust
        .connect(proxy.https().await?, "app.test", &["h2"])
        .await?;
    let answer = Http2::over(stream).await?.get("/kept").await?;
    assert_eq!(answer.headers()["x-cache"], "hit");
    Ok(())
}

#[tokio::test]
async fn the_others_tell_of_it() -> Result<()> {
    let backend = Backend::friendly().await?;
    let (proxy, trust, _folder) = start(&backend, &[]).await?;
    let https = proxy.https().await?;
    let expected = format!("h3=\":{}\"; ma=86400", https.port());
    let stream = trust.connect(https, "app.test", &["http/1.1"]).await?;
    let first = Client::over(stream).ask("GET", "/", &[]).await?;
    assert_eq!(first.header("alt-svc"), Some(&*expected));
    let stream = trust.connect(https, "app.test", &["h2"]).await?;
    let second = Http2::over(stream).await?.get("/").await?;
    assert_eq!(second.headers()["alt-svc"], *expected);
    let third = Http3::connect(&trust, https).await?.get("/").await?;
    assert!(!third.headers().contains_key("alt-svc"));
    let plain = ask(proxy.address, "GET", "/", &[]).await?;
    assert_eq!((plain.status, plain.header("alt-svc")), (301, None));

    let (proxy, trust, _folder) = Proxy::secure(&backend, &[]).await?;
    let https = proxy.https().await?;
    let stream = trust.connect(https, "app.test", &["http/1.1"]).await?;
    let first = Client::over(stream).ask("GET", "/", &[]).await?;
    assert_eq!(first.header("alt-svc"), None);
    // Nobody listens there, but the client of another test may have the port for a while.
    wait_until("the port to be free", || async {
        tokio::net::UdpSocket::bind(https).await.is_ok()
    })
    .await;
    Ok(())
}

#[tokio::test]
async fn large_bodies_pass() -> Result<()> {
    const LARGE: usize = 24 << 20;
    let backend = Backend::scripted(|mut peer| async move {
        while let Some(seen) = peer.request().await? {
            let body = if seen.body.is_empty() {
                pattern(LARGE)
            } else {
                seen.body
            };
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
            peer.send(head).await?;
            peer.send(body).await?;
        }
        Ok(())
    })
    .await?;
    let (proxy, trust, _folder) = start(&backend, &[]).await?;
    let mut client = Http3::connect(&trust, proxy.https().await?).await?;
    let down = client.get("/").await?;
    assert!(*down.body() == pattern(LARGE), "a download");
    let told = Request::post("https://app.test/").header("content-length", LARGE);
    for (request, framing) in [
        (told, "content-length"),
        (Request::post("https://app.test/"), "transfer-encoding"),
    ] {
        let up = client.exchange(request.body(())?, pattern(LARGE)).await?;
        assert!(
            *up.body() == pattern(LARGE),
            "an upload and a download by {framing}"
        );
        let seen = backend.last();
        assert!(seen.header(framing).is_some(), "{}", seen.head);
    }
    Ok(())
}

#[tokio::test]
async fn answers_come_bit_by_bit() -> Result<()> {
    let (tell, told) = tokio::sync::watch::channel(0);
    let backend = Backend::scripted(move |mut peer| {
        let mut told = told.clone();
        async move {
            peer.request().await?;
            peer.send("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n").await?;
            for round in 1..4 {
                told.wait_for(|told| *told >= round).await?;
                peer.send("6\r\nevent\n\r\n").await?;
            }
            peer.send("0\r\n\r\n").await
        }
    })
    .await?;
    let (proxy, trust, _folder) = start(&backend, &[]).await?;
    let mut client = Http3::connect(&trust, proxy.https().await?).await?;
    let mut stream = client
        .begin(Request::get("https://app.test/").body(())?)
        .await?;
    stream.finish().await?;
    assert_eq!(
        soon("the head", stream.recv_response()).await??.status(),
        200
    );
    for round in 1..4 {
        tell.send(round)?;
        let event = soon("an event", stream.recv_data())
            .await??
            .context("the end")?;
        assert_eq!(bytes::Buf::chunk(&event), b"event\n");
    }
    assert!(soon("the end", stream.recv_data()).await??.is_none());
    Ok(())
}

#[tokio::test]
async fn many_at_once() -> Result<()> {
    const REQUESTS: usize = 200;
    let (tell, told) = tokio::sync::watch::channel(false);
    let backend = Backend::scripted(move |mut peer| {
        let mut told = told.clone();
        async move {
            while let Some(seen) = peer.request().await? {
                told.wait_for(|told| *told).await?;
                peer.send(ok(seen.line())).await?;
            }
            Ok(())
        }
    })
    .await?;
    let (proxy, trust, _folder) = start(&backend, &[]).await?;
    let mut client = Http3::connect(&trust, proxy.https().await?).await?;
    let mut streams = Vec::new();
    for index in 0..REQUESTS {
        let request = Request::get(format!("https://app.test/{index}")).body(())?;
        let mut stream = client.begin(request).await?;
        stream.finish().await?;
        streams.push(stream);
    }
    wait_until("all requests", || async {
        backend.seen().len() == REQUESTS
    })
    .await;
    tell.send(true)?;
    for (index, stream) in streams.iter_mut().enumerate() {
        let answer = collect(stream).await?;
        assert_eq!(
            *answer.body(),
            format!("GET /{index} HTTP/1.1").into_bytes()
        );
    }
    Ok(())
}

#[tokio::test]
async fn a_server_that_dies_in_the_middle() -> Result<()> {
    let backend = Backend::scripted(|mut peer| async move {
        let seen = peer.request().await?.context("no request")?;
        let framing = if seen.line().contains("/length") {
            "content-length: 100\r\n\r\nhello"
        } else {
            "transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n"
        };
        peer.send(format!("HTTP/1.1 200 OK\r\n{framing}")).await
    })
    .await?;
    let (proxy, trust, _folder) = start(&backend, &[]).await?;
    let mut client = Http3::connect(&trust, proxy.https().await?).await?;
    for path in ["/length", "/chunks"] {
        let broken = client.get(path).await;
        let error = format!("{:#}", broken.err().context("it looked whole")?);
        // The server told half of it: that is reset, not ended.
        assert!(error.contains("H3_INTERNAL_ERROR"), "{path}: {error}");
    }
    let mut backend = backend;
    backend.stop().await;
    drop(proxy);
    let (proxy, trust, _folder) = start(&backend, &[("UPSTREAM_WAIT", "0")]).await?;
    let mut client = Http3::connect(&trust, proxy.https().await?).await?;
    assert_eq!(client.get("/").await?.status(), 502);
    Ok(())
}

#[tokio::test]
async fn what_a_client_leaves_is_left() -> Result<()> {
    let backend = Backend::scripted(|mut peer| async move {
        while peer.request().await?.is_some() {}
        Ok(())
    })
    .await?;
    let (proxy, trust, _folder) = start(&backend, &[("STATUS_PORT", "0")]).await?;
    let status = proxy.status().await?;
    let mut client = Http3::connect(&trust, proxy.https().await?).await?;
    let mut stream = client
        .begin(Request::get("https://app.test/").body(())?)
        .await?;
    stream.finish().await?;
    wait_until("the request", || async { backend.seen().len() == 1 }).await;
    // RFC 9114, section 4.1.1: the client wants the answer no more.
    stream.stop_sending(h3::error::Code::H3_REQUEST_CANCELLED);
    wait_until("the end of it", || async {
        let page = get(status, "/metrics").await.map(|page| page.text());
        page.is_ok_and(|page| page.contains("thrust_requests_in_flight 0\n"))
    })
    .await;
    let line = proxy.process.line_with("http.status=499").await;
    assert!(line.contains("HTTP/3.0"), "{line}");
    Ok(())
}

#[tokio::test]
async fn tunnels_are_refused() -> Result<()> {
    let backend = Backend::friendly().await?;
    let (proxy, trust, _folder) = start(&backend, &[]).await?;
    let mut client = Http3::connect(&trust, proxy.https().await?).await?;
    for protocol in [
        h3::ext::Protocol::WEB_TRANSPORT,
        h3::ext::Protocol::CONNECT_UDP,
    ] {
        let request = Request::builder()
            .method(Method::CONNECT)
            .uri("https://app.test/cable")
            .extension(protocol);
        let mut stream = client.begin(request.body(())?).await?;
        stream.finish().await?;
        assert_eq!(collect(&mut stream).await?.status(), 405);
    }
    assert_eq!(client.get("/").await?.status(), 200);
    assert_eq!(backend.seen().len(), 1);
    Ok(())
}

#[tokio::test]
async fn what_belongs_to_other_versions_is_malformed() -> Result<()> {
    let backend = Backend::friendly().await?;
    let (proxy, trust, _folder) = start(&backend, &[]).await?;
    let mut client = Http3::connect(&trust, proxy.https().await?).await?;
    for (name, value) in [
        ("connection", "close"),
        ("upgrade", "websocket"),
        ("transfer-encoding", "chunked"),
        ("te", "gzip"),
        ("content-length", "1, 2"),
        ("content-length", "+5"),
    ] {
        let request = Request::post("https://app.test/").header(name, value);
        let refused = client.exchange(request.body(())?, "hello").await;
        assert!(refused.is_err(), "{name}: {value}");
    }
    assert_eq!(client.get("/").await?.status(), 200);
    assert_eq!(backend.seen().len(), 1);
    Ok(())
}

/// A body and its length that differ: a server of HTTP/1.1 must not take a part of it for a whole request, or for two.
#[tokio::test]
async fn bodies_are_as_long_as_they_say() -> Result<()> {
    let backend = Backend::friendly().await?;
    let (proxy, trust, _folder) = start(&backend, &[]).await?;
    let mut client = Http3::connect(&trust, proxy.https().await?).await?;
    let second = "GET /second HTTP/1.1\r\nhost: app.test\r\n\r\n";
    for (length, body) in [(5, "hell"), (5, "hello!"), (100_000, "hello"), (5, second)] {
        let request = Request::post("https://app.test/").header("content-length", length);
        let answer = client.exchange(request.body(())?, body).await;
        let status = answer.ok().map(|answer| answer.status().as_u16());
        assert!(
            matches!(status, None | Some(400)),
            "{length}: {body}: {status:?}"
        );
    }
    let none = Request::post("https://app.test/").header("content-length", 0);
    client.exchange(none.body(())?, second).await?;
    assert_eq!(client.get("/").await?.status(), 200);
    let seen = backend.seen();
    assert!(
        seen.iter().all(|seen| !seen.line().contains("second")),
        "{seen:?}"
    );
    assert!(seen.iter().all(|seen| seen.body.is_empty()), "{seen:?}");
    client.quic.close(0_u32.into(), b"");
    Ok(())
}

/// A frame that breaks off in the middle is no end of a body.
#[tokio::test]
async fn bodies_that_break_off() -> Result<()> {
    let backend = Backend::friendly().await?;
    let (proxy, trust, _folder) = start(&backend, &[]).await?;
    let mut client = Http3::connect(&trust, proxy.https().await?).await?;
    // POST, https, / are in the static table; then :authority.
    let block = [&[0, 0, 0xd4, 0xd7, 0xc1, 0x50, 8][..], b"app.test"].concat();
    let length = u8::try_from(block.len())?;
    let headers = [&[1, length][..], &block].concat();
    let whole = [&headers[..], &[0, 5], b"hello"].concat();
    let (mut send, mut receive) = client.raw(&whole).await?;
    send.finish()?;
    soon("the answer", receive.read_to_end(1 << 20)).await??;
    assert_eq!(backend.last().body, b"hello");
    let seen = backend.seen().len();
    for cut in [whole.len() - 5, whole.len() - 1] {
        let (mut send, mut receive) = client.raw(&whole[..cut]).await?;
        send.finish()?;
        let _ = soon("the end", receive.read_to_end(1 << 20)).await?;
    }
    assert_eq!(client.get("/").await?.status(), 200);
    let bodies: Vec<_> = backend.seen().into_iter().skip(seen).collect();
    assert!(bodies.iter().all(|seen| seen.body.is_empty()), "{bodies:?}");
    Ok(())
}

#[tokio::test]
async fn it_closes_idle_connections_with_a_word() -> Result<()> {
    let backend = Backend::friendly().await?;
    let (proxy, trust, _folder) = start(&backend, &[("HTTP_IDLE_TIMEOUT", "2")]).await?;
    let https = proxy.https().await?;
    let unused = Http3::connect(&trust, https).await?;
    let mut used = Http3::connect(&trust, https).await?;
    assert_eq!(used.get("/").await?.status(), 200);
    assert_eq!(
        (used.closed().await?, unused.closed().await?),
        (NO_ERROR, NO_ERROR)
    );
    Ok(())
}

#[tokio::test]
async fn bytes_of_no_sense_harm_nobody() -> Result<()> {
    let backend = Backend::friendly().await?;
    let (proxy, trust, _folder) = start(&backend, &[]).await?;
    let https = proxy.https().await?;
    let socket = tokio::net::UdpSocket::bind("127.0.0.1:0").await?;
    for length in [0, 1, 20, 1200, 9000] {
        for first in [0, 0x40, 0x80, 0xc0, 0xff] {
            let mut bytes = pattern(length);
            if let Some(byte) = bytes.first_mut() {
                *byte = first;
            }
            socket.send_to(&bytes, https).await?;
        }
    }
    let client = Http3::connect(&trust, https).await?;
    for bytes in [
        &[0x07, 0][..],
        &[4, 0],
        &[0, 0],
        &[0x40, 0x41, 0],
        &[1, 2, 0xff, 0xff],
    ] {
        // It is reset, or the whole connection is.
        if let Ok((mut send, mut receive)) = client.raw(bytes).await {
            let _ = send.finish();
            let _ = soon("the end", receive.read_to_end(1 << 20)).await?;
        }
    }
    assert_eq!(
        Http3::connect(&trust, https)
            .await?
            .get("/")
            .await?
            .status(),
        200
    );
    assert_eq!(backend.seen().len(), 1);
    Ok(())
}
