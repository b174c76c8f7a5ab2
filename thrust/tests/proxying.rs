//! Requests and responses on their way through the proxy.

mod support;

use anyhow::Result;
use http::{Method, Request};
use support::{Backend, Client, Http2, Proxy, Seen, exchange, get, ok};

/// A whole request with these lines in its head.
fn request(line: &str, headers: &[&str], body: &str) -> String {
    let mut text = format!("{line} HTTP/1.1\r\nhost: app.test\r\n");
    for header in headers {
        text += header;
        text += "\r\n";
    }
    text + "\r\n" + body
}

#[tokio::test]
async fn requests_arrive_as_they_were_sent() -> Result<()> {
    let backend = Backend::friendly().await?;
    let proxy = Proxy::start(&backend, &[]).await?;
    let chunked = "5\r\nhello\r\n6;x=y\r\n world\r\n0\r\n\r\n";
    let cases: [(&str, &[&str], &str, &str); 9] = [
        ("GET /", &[], "", ""),
        ("GET /a%20b/../c//d?x=1&x=%2F&y", &[], "", ""),
        ("DELETE /items/1", &["x-one: 1", "x-two: a, b"], "", ""),
        ("OPTIONS *", &[], "", ""),
        ("POST /items", &["content-length: 5"], "hello", "hello"),
        ("PATCH /items", &["content-length: 0"], "", ""),
        (
            "POST /items",
            &["transfer-encoding: chunked"],
            chunked,
            "hello world",
        ),
        (
            "GET /search",
            &["transfer-encoding: chunked"],
            chunked,
            "hello world",
        ),
        (
            "BREW /pot",
            &["content-length: 5", "expect: 100-continue"],
            "hello",
            "hello",
        ),
    ];
    for (line, headers, body, expected) in cases {
        let answer = exchange(proxy.address, request(line, headers, body)).await?;
        assert_eq!(
            (answer.status, answer.text()),
            (200, "hello".into()),
            "{line}"
        );
        let seen = backend.last();
        assert_eq!(seen.line(), format!("{line} HTTP/1.1"));
        assert_eq!(String::from_utf8(seen.body.clone())?, expected, "{line}");
        assert_eq!(seen.headers("host"), ["app.test"], "{line}");
        for header in headers.iter().filter(|header| header.starts_with("x-")) {
            assert!(seen.head.contains(header), "{line}: {}", seen.head);
        }
    }
    Ok(())
}

#[tokio::test]
async fn the_address_may_be_absolute() -> Result<()> {
    let backend = Backend::friendly().await?;
    let proxy = Proxy::start(&backend, &[]).await?;
    exchange(proxy.address, request("GET http://app.test/x?y", &[], "")).await?;
    assert_eq!(backend.last().line(), "GET /x?y HTTP/1.1");
    exchange(proxy.address, request("GET http://app.test?y", &[], "")).await?;
    assert_eq!(backend.last().line(), "GET /?y HTTP/1.1");
    Ok(())
}

#[tokio::test]
async fn headers_of_one_connection_stay_there() -> Result<()> {
    let response = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: x-mine\r\nx-mine: 1\r\n\
        keep-alive: timeout=5\r\nproxy-authenticate: Basic\r\nx-theirs: 2\r\nset-cookie: a=1\r\nset-cookie: b=2\r\n\r\n";
    let backend = Backend::answering(move |_| response.into()).await?;
    let proxy = Proxy::start(&backend, &[]).await?;
    let headers = [
        "Connection: x-mine, keep-alive",
        "Connection: x-other",
        "X-Mine: 1",
        "X-Other: 1",
        "Keep-Alive: timeout=5",
        "Proxy-Connection: keep-alive",
        "Proxy-Authorization: Basic x",
        "TE: trailers",
        "Upgrade: nothing",
        "X-Theirs: 2",
    ];
    let answer = exchange(proxy.address, request("GET /", &headers, "")).await?;
    let names = [
        "connection",
        "x-mine",
        "x-other",
        "keep-alive",
        "proxy-connection",
        "proxy-authorization",
        "te",
        "upgrade",
        "proxy-authenticate",
    ];
    let seen = backend.last();
    for name in names {
        assert_eq!((name, seen.header(name)), (name, None));
        assert_eq!((name, answer.header(name)), (name, None));
    }
    assert_eq!(seen.header("x-theirs"), Some("2"));
    assert_eq!(answer.header("x-theirs"), Some("2"));
    assert_eq!(answer.head.matches("set-cookie:").count(), 2);
    Ok(())
}

/// `Connection` must not take away what the proxy itself says.
#[tokio::test]
async fn a_client_cannot_have_the_proxys_own_headers_removed() -> Result<()> {
    let backend = Backend::friendly().await?;
    let proxy = Proxy::start(&backend, &[("FORWARD_HEADERS", "0")]).await?;
    let connection = "Connection: host, x-forwarded-for, x-forwarded-proto, x-forwarded-host, x-request-start, x-sendfile-type, content-length";
    let text = request("POST /", &[connection, "content-length: 5"], "hello");
    assert_eq!(exchange(proxy.address, text).await?.status, 200);
    let seen = backend.last();
    let names = [
        "host",
        "x-forwarded-for",
        "x-forwarded-proto",
        "x-forwarded-host",
        "x-request-start",
        "x-sendfile-type",
    ];
    for name in names {
        assert!(seen.header(name).is_some(), "{name}: {}", seen.head);
    }
    assert_eq!(seen.body, b"hello");
    Ok(())
}

#[tokio::test]
async fn the_client_is_told_to_the_server() -> Result<()> {
    let backend = Backend::friendly().await?;
    let trusting = Proxy::start(&backend, &[]).await?;
    let strict = Proxy::start(&backend, &[("FORWARD_HEADERS", "0")]).await?;
    let claims = [
        "X-Forwarded-For: 1.2.3.4",
        "X-Forwarded-For: 5.6.7.8, 9.9.9.9",
        "X-Forwarded-Proto: https",
        "X-Forwarded-Host: other.test",
        "Forwarded: for=1.2.3.4",
        "X-Real-IP: 1.2.3.4",
    ];
    let none = |seen: &Seen| {
        assert_eq!(seen.headers("x-forwarded-for"), ["127.0.0.1"]);
        assert_eq!(seen.headers("x-forwarded-proto"), ["http"]);
        assert_eq!(seen.headers("x-forwarded-host"), ["app.test"]);
        assert_eq!(
            (seen.header("forwarded"), seen.header("x-real-ip")),
            (None, None)
        );
        let start = seen.header("x-request-start").unwrap_or_default();
        let start = start.strip_prefix("t=").unwrap_or_default();
        assert!(start.len() == 13 && start.parse::<u64>().is_ok(), "{start}");
    };
    exchange(strict.address, request("GET /", &claims, "")).await?;
    none(&backend.last());
    exchange(trusting.address, request("GET /", &[], "")).await?;
    none(&backend.last());
    exchange(trusting.address, request("GET /", &claims, "")).await?;
    let seen = backend.last();
    let chain = "1.2.3.4, 5.6.7.8, 9.9.9.9, 127.0.0.1";
    assert_eq!(seen.headers("x-forwarded-for"), [chain]);
    assert_eq!(seen.headers("x-forwarded-proto"), ["https"]);
    assert_eq!(seen.headers("x-forwarded-host"), ["other.test"]);
    assert_eq!(seen.headers("forwarded"), ["for=1.2.3.4"]);
    Ok(())
}

#[tokio::test]
async fn a_client_cannot_ask_for_files() -> Result<()> {
    let backend = Backend::friendly().await?;
    for (enabled, expected) in [("1", Some("X-Sendfile")), ("0", None)] {
        let proxy = Proxy::start(&backend, &[("X_SENDFILE_ENABLED", enabled)]).await?;
        let headers = [
            "X-Sendfile-Type: X-Accel-Redirect",
            "X-Accel-Mapping: /=/etc/",
            "X-Accel-Redirect: /etc/passwd",
        ];
        exchange(proxy.address, request("GET /", &headers, "")).await?;
        let seen = backend.last();
        assert_eq!(seen.header("x-sendfile-type"), expected);
        assert_eq!(
            (
                seen.header("x-accel-mapping"),
                seen.header("x-accel-redirect")
            ),
            (None, None)
        );
    }
    Ok(())
}

#[tokio::test]
async fn by_http2_it_is_the_same_request() -> Result<()> {
    let backend = Backend::friendly().await?;
    let proxy = Proxy::start(&backend, &[("H2C_ENABLED", "true")]).await?;
    let mut client = Http2::connect(proxy.address).await?;
    let request = Request::builder()
        .method(Method::POST)
        .uri("http://app.test/items?x=1")
        .header("cookie", "a=1")
        .header("cookie", "b=2")
        .header("x-theirs", "2");
    let answer = client.exchange(request.body(())?, "hello").await?;
    assert_eq!(
        (answer.status().as_u16(), &answer.body()[..]),
        (200, &b"hello"[..])
    );
    let seen = backend.last();
    assert_eq!(seen.line(), "POST /items?x=1 HTTP/1.1");
    assert_eq!(seen.headers("host"), ["app.test"]);
    assert_eq!(seen.headers("cookie"), ["a=1; b=2"]);
    assert_eq!(seen.header("x-theirs"), Some("2"));
    assert_eq!(seen.body, b"hello");
    let plain = get(proxy.address, "/").await?;
    assert_eq!(plain.status, 200);
    Ok(())
}

#[tokio::test]
async fn without_h2c_it_is_not_spoken() -> Result<()> {
    let backend = Backend::friendly().await?;
    let proxy = Proxy::start(&backend, &[]).await?;
    let preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    let mut client = Client::connect(proxy.address).await?;
    client.send(preface).await?;
    client.closed().await?;
    assert!(backend.seen().is_empty());
    Ok(())
}

#[tokio::test]
async fn responses_without_a_body_stay_so() -> Result<()> {
    let backend = Backend::answering(|seen| match seen.line().split(' ').nth(1) {
        Some("/204") => "HTTP/1.1 204 No Content\r\n\r\n".into(),
        Some("/304") => "HTTP/1.1 304 Not Modified\r\netag: \"x\"\r\n\r\n".into(),
        _ if seen.line().starts_with("HEAD") => {
            "HTTP/1.1 200 OK\r\ncontent-length: 1234\r\n\r\n".into()
        }
        _ => ok(""),
    })
    .await?;
    let proxy = Proxy::start(&backend, &[]).await?;
    // On one connection: a byte too many would be the beginning of the next response.
    let mut client = Client::connect(proxy.address).await?;
    let cases = [
        ("GET", "/204", 204, None),
        ("GET", "/304", 304, None),
        ("HEAD", "/", 200, Some("1234")),
        ("GET", "/", 200, Some("0")),
    ];
    for (method, path, status, length) in cases {
        client
            .send(request(&format!("{method} {path}"), &[], ""))
            .await?;
        let answer = client.response_to(method).await?;
        assert_eq!(answer.status, status);
        assert_eq!(answer.header("content-length"), length, "{}", answer.head);
    }
    Ok(())
}
