//! Requests that two servers could read in two ways (RFC 9112, section 11.2).

mod support;

use anyhow::Result;
use support::Fate::{self, Broken, Last, Passed, Refused};
use support::check;

/// Must never be one.
const SMUGGLED: &str = "GET /smuggled HTTP/1.1\r\nhost: app.test\r\n\r\n";

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
        // The coding wins, and what follows is not read any more (RFC 9112, section 6.1).
        (
            "content-length: 15\r\ntransfer-encoding: chunked",
            CHUNKS,
            Last("hello"),
        ),
        (
            "transfer-encoding: chunked\r\ncontent-length: 3",
            CHUNKS,
            Last("hello"),
        ),
        (
            "transfer-encoding: chunked\r\ncontent-length: x",
            CHUNKS,
            Last("hello"),
        ),
        (
            "transfer_encoding: chunked\r\ncontent-length: 15",
            CHUNKS,
            Passed(CHUNKS),
        ),
    ])
    .await
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
        let hosts = hosts.iter().fold(String::new(), |hosts, host| {
            hosts + "host: " + host + "\r\n"
        });
        format!("GET {address} HTTP/1.1\r\n{hosts}\r\n")
    };
    let refused = [
        get("/", &[]),
        get("/", &["app.test", "app.test"]),
        get("/", &["app.test", "evil.test"]),
        get("/", &["user@app.test"]),
        get("/", &["app.test/path"]),
        get("/", &["::1"]),
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
