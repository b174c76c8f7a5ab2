//! Requests that two servers could read in two ways (RFC 9112, section 11.2).

mod support;

use std::net::SocketAddr;

use anyhow::Result;
use support::{Backend, Client, Proxy};

/// Comes behind each request. It is the next one where the proxy has read that to its end, and no other request is.
const NEXT: &str = "GET /next HTTP/1.1\r\nhost: app.test\r\nconnection: close\r\n\r\n";
/// Must never be one.
const SMUGGLED: &str = "GET /smuggled HTTP/1.1\r\nhost: app.test\r\n\r\n";

/// What the proxy may do with a request.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fate {
    /// Refused with this status, and the server hears nothing.
    Refused(u16),
    /// The same, but the server may have seen the beginning.
    Broken(u16),
    /// Passed on as one request with this body.
    Passed(&'static str),
}
use Fate::{Broken, Passed, Refused};

/// Sends the bytes and `NEXT`; the statuses of what came back until the proxy closed the connection.
async fn statuses(address: SocketAddr, request: &str) -> Result<Vec<u16>> {
    let mut client = Client::connect(address).await?;
    client.send([request, NEXT].concat()).await?;
    let mut all = Vec::new();
    while let Ok(answer) = client.response().await {
        all.push(answer.status);
    }
    Ok(all)
}

async fn check(cases: &[(&str, Fate)]) -> Result<()> {
    let backend = Backend::friendly().await?;
    let proxy = Proxy::start(&backend, &[("HTTP_READ_TIMEOUT", "1")]).await?;
    for (request, fate) in cases {
        let before = backend.seen().len();
        let statuses = statuses(proxy.address, request).await?;
        let seen = backend.seen().split_off(before);
        let told = format!("{request:?}: {statuses:?}, {seen:#?}");
        assert!(
            seen.iter().all(|seen| !seen.line().contains("/smuggled")),
            "{told}"
        );
        match fate {
            Refused(status) => {
                assert_eq!(statuses, [*status], "{told}");
                assert!(seen.is_empty(), "{told}");
            }
            Broken(status) => {
                assert_eq!(statuses, [*status], "{told}");
                assert!(
                    seen.len() <= 1 && seen.iter().all(|seen| seen.body.is_empty()),
                    "{told}"
                );
            }
            Passed(body) => {
                assert_eq!(statuses, [200, 200], "{told}");
                assert_eq!(seen.len(), 2, "{told}");
                assert!(seen[1].line().contains("/next"), "{told}");
                assert_eq!(String::from_utf8_lossy(&seen[0].body), *body, "{told}");
                let framings = seen[0].headers("content-length").len()
                    + seen[0].headers("transfer-encoding").len();
                assert!(framings <= 1, "{told}");
                assert_eq!(seen[0].headers("host").len(), 1, "{told}");
                assert!(
                    !seen[0]
                        .head
                        .replace("\r\n", "")
                        .contains(['\r', '\n', '\0']),
                    "{told}"
                );
            }
        }
    }
    Ok(())
}

/// A POST with these lines in its head, and this behind it.
fn post(lines: &str, rest: &str) -> String {
    format!("POST / HTTP/1.1\r\nhost: app.test\r\n{lines}\r\n\r\n{rest}")
}

async fn check_posts(cases: &[(&str, &str, Fate)]) -> Result<()> {
    let cases: Vec<(String, Fate)> = cases
        .iter()
        .map(|(lines, rest, fate)| (post(lines, rest), *fate))
        .collect();
    let cases: Vec<(&str, Fate)> = cases.iter().map(|(text, fate)| (&**text, *fate)).collect();
    check(&cases).await
}

#[tokio::test]
async fn lengths() -> Result<()> {
    check_posts(&[
        ("content-length: 5", "hello", Passed("hello")),
        (
            "content-length: 5\r\ncontent-length: 5",
            "hello",
            Passed("hello"),
        ),
        (
            "content-length: 5\r\ncontent-length: 6",
            "hello!",
            Refused(400),
        ),
        (
            "content-length: 0\r\ncontent-length: 44",
            SMUGGLED,
            Refused(400),
        ),
        ("content-length: 5, 6", "hello!", Refused(400)),
        ("content-length: 5, 5", "hello", Refused(400)),
        ("content-length: +5", "hello", Refused(400)),
        ("content-length: -5", "hello", Refused(400)),
        ("content-length: 5 5", "hello", Refused(400)),
        ("content-length: 0x5", "hello", Refused(400)),
        ("content-length: 5;a", "hello", Refused(400)),
        ("content-length: ", "", Refused(400)),
        (
            "content-length: 99999999999999999999",
            "hello",
            Refused(400),
        ),
        ("content-length : 5", "hello", Refused(400)),
        ("content-length\0: 5", "hello", Refused(400)),
        ("x: 1\r\n content-length: 5", "hello", Refused(400)),
    ])
    .await
}

#[tokio::test]
async fn codings() -> Result<()> {
    const CHUNKS: &str = "5\r\nhello\r\n0\r\n\r\n";
    check_posts(&[
        ("transfer-encoding: chunked", CHUNKS, Passed("hello")),
        ("Transfer-Encoding: Chunked", CHUNKS, Passed("hello")),
        ("transfer-encoding: xchunked", CHUNKS, Refused(400)),
        ("transfer-encoding: chunked, gzip", CHUNKS, Refused(400)),
        ("transfer-encoding: gzip, chunked", CHUNKS, Refused(501)),
        ("transfer-encoding: chunked, chunked", CHUNKS, Refused(501)),
        (
            "transfer-encoding: chunked\r\ntransfer-encoding: chunked",
            CHUNKS,
            Refused(501),
        ),
        (
            "transfer-encoding: chunked\r\ntransfer-encoding: identity",
            CHUNKS,
            Refused(400),
        ),
        ("transfer-encoding: identity", CHUNKS, Refused(400)),
        ("transfer-encoding: \"chunked\"", CHUNKS, Refused(400)),
        ("transfer-encoding: ", CHUNKS, Refused(400)),
        // Blanks around a value are none of it.
        ("transfer-encoding:\tchunked \t", CHUNKS, Passed("hello")),
        ("transfer-encoding: \u{b}chunked", CHUNKS, Refused(400)),
        ("transfer-encoding: chunked\r", CHUNKS, Refused(400)),
        ("x: y\rtransfer-encoding: chunked", CHUNKS, Refused(400)),
        ("transfer-encoding : chunked", CHUNKS, Refused(400)),
        ("transfer-encoding\t: chunked", CHUNKS, Refused(400)),
        (" transfer-encoding: chunked", CHUNKS, Refused(400)),
        ("transfer-encoding:\r\n chunked", CHUNKS, Refused(400)),
        (
            "transfer_encoding: chunked\r\ncontent-length: 15",
            CHUNKS,
            Passed(CHUNKS),
        ),
    ])
    .await
}

/// The coding wins, and what follows is not read any more (RFC 9112, section 6.1).
#[tokio::test]
async fn both_length_and_coding() -> Result<()> {
    let rest = format!("0\r\n\r\n{SMUGGLED}");
    let backend = Backend::friendly().await?;
    let proxy = Proxy::start(&backend, &[]).await?;
    let heads = [
        "content-length: 6\r\ntransfer-encoding: chunked",
        "transfer-encoding: chunked\r\ncontent-length: 6",
        "content-length: 49\r\ntransfer-encoding: chunked",
    ];
    for head in heads {
        let before = backend.seen().len();
        let statuses = statuses(proxy.address, &post(head, &rest)).await?;
        let seen = backend.seen().split_off(before);
        assert_eq!(statuses, [200], "{head}: {seen:#?}");
        assert_eq!(seen.len(), 1, "{head}: {seen:#?}");
        assert_eq!(seen[0].header("content-length"), None, "{head}: {seen:#?}");
    }
    Ok(())
}

#[tokio::test]
async fn chunks() -> Result<()> {
    let head = "transfer-encoding: chunked";
    check_posts(&[
        (head, "5;a=\"b\"\r\nhello\r\n0\r\n\r\n", Passed("hello")),
        (head, "0005\r\nhello\r\n0\r\nx: y\r\n\r\n", Passed("hello")),
        (head, "FFFFFFFFFFFFFFFFF\r\nhello\r\n0\r\n\r\n", Broken(400)),
        (head, "100000005\r\nhello\r\n0\r\n\r\n", Broken(408)),
        (head, "-5\r\nhello\r\n0\r\n\r\n", Broken(400)),
        (head, "+5\r\nhello\r\n0\r\n\r\n", Broken(400)),
        (head, "0x5\r\nhello\r\n0\r\n\r\n", Broken(400)),
        (head, "\r\nhello\r\n0\r\n\r\n", Broken(400)),
        (head, "5\r\nhelloXX0\r\n\r\n", Broken(400)),
        (head, "5\r\nhello0\r\n\r\n", Broken(400)),
        (head, "5;a\nhello\r\n0\r\n\r\n", Broken(400)),
        (head, "5\nhello\n0\n\n", Broken(400)),
        (head, "5\rXhello\r\n0\r\n\r\n", Broken(400)),
    ])
    .await
}

#[tokio::test]
async fn heads() -> Result<()> {
    check(&[
        (
            "GET / HTTP/1.1\r\nhost: app.test\r\nx: a\0b\r\n\r\n",
            Refused(400),
        ),
        (
            "GET / HTTP/1.1\r\nhost: app.test\r\nx: a\rb: c\r\n\r\n",
            Refused(400),
        ),
        (
            "GET / HTTP/1.1\r\nhost: app.test\r\nx y: a\r\n\r\n",
            Refused(400),
        ),
        (
            "GET / HTTP/1.1\r\nhost: app.test\r\n: a\r\n\r\n",
            Refused(400),
        ),
        (
            "GET / HTTP/1.1\r\nhost: app.test\r\nno colon\r\n\r\n",
            Refused(400),
        ),
        (
            "GET / HTTP/1.1\r\nhost: app.test\r\nx: a\r\n b\r\n\r\n",
            Refused(400),
        ),
        // A bare line feed may end a line (RFC 9112, section 2.2); it goes on as a whole line end.
        ("GET / HTTP/1.1\nhost: app.test\n\n", Passed("")),
        ("GET  / HTTP/1.1\r\nhost: app.test\r\n\r\n", Refused(400)),
        ("GET /  HTTP/1.1\r\nhost: app.test\r\n\r\n", Refused(400)),
        ("GET / x HTTP/1.1\r\nhost: app.test\r\n\r\n", Refused(400)),
        ("GET\t/ HTTP/1.1\r\nhost: app.test\r\n\r\n", Refused(400)),
        ("GET / HTTP/1.2\r\nhost: app.test\r\n\r\n", Refused(400)),
        ("GET / http/1.1\r\nhost: app.test\r\n\r\n", Refused(400)),
        ("GET / HTTP/1.1 \r\nhost: app.test\r\n\r\n", Refused(400)),
        ("GET /\r\n\r\n", Refused(400)),
        (
            "GET / HTTP/1.0\r\nhost: app.test\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
            Refused(400),
        ),
        (
            "CONNECT app.test:80 HTTP/1.1\r\nhost: app.test:80\r\n\r\n",
            Refused(405),
        ),
        ("TRACE / HTTP/1.1\r\nhost: app.test\r\n\r\n", Refused(405)),
        (
            "GET app.test/ HTTP/1.1\r\nhost: app.test\r\n\r\n",
            Refused(400),
        ),
        ("\r\nGET / HTTP/1.1\r\nhost: app.test\r\n\r\n", Passed("")),
    ])
    .await
}

#[tokio::test]
async fn hosts() -> Result<()> {
    let get = |address: &str, hosts: &[&str]| {
        let hosts: String = hosts
            .iter()
            .map(|host| format!("host: {host}\r\n"))
            .collect();
        format!("GET {address} HTTP/1.1\r\n{hosts}\r\n")
    };
    let refused = [
        get("/", &[]),
        get("/", &["app.test", "app.test"]),
        get("/", &["app.test", "evil.test"]),
        get("/", &["user@app.test"]),
        get("/", &["app.test/path"]),
        get("/", &["app.test, evil.test"]),
        get("/", &["app.test evil.test"]),
        get("/", &["app.test?x"]),
        get("/", &["app.test#x"]),
        get("/", &["app.test\\x"]),
        get("http://evil.test/", &["app.test"]),
        get("http://user@app.test/", &["app.test"]),
        get("http://user@app.test/", &["user@app.test"]),
    ];
    let passed = [
        get("/", &["app.test:8080"]),
        get("/", &["[::1]:8080"]),
        get("http://app.test/", &["app.test"]),
        get("http://APP.test/", &["app.test"]),
    ];
    let refused = refused.iter().map(|text| (&**text, Refused(400)));
    let passed = passed.iter().map(|text| (&**text, Passed("")));
    check(&refused.chain(passed).collect::<Vec<_>>()).await
}
