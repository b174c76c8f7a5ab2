//! Requests of HTTP/2 that would be two of HTTP/1.1 (RFC 9113, section 10.3).

mod support;

use anyhow::Result;
use support::{Backend, Frame, Frames, Proxy, get, kind};

const GET: [(&str, &str); 4] = [
    (":method", "GET"),
    (":scheme", "http"),
    (":path", "/"),
    (":authority", "app.test"),
];

/// A GET with other or more fields.
fn fields<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let replaced = |name: &str| more.iter().any(|(other, _)| *other == name);
    let kept = GET
        .into_iter()
        .filter(|(name, _)| !name.starts_with(':') || !replaced(name));
    // Pseudo fields come first.
    let (pseudo, rest): (Vec<_>, Vec<_>) = more.iter().partition(|(name, _)| name.starts_with(':'));
    kept.chain(pseudo).chain(rest).collect()
}

async fn exchange(proxy: &Proxy, frames: &[Frame]) -> Result<Option<u16>> {
    let mut connection = Frames::connect(proxy.address).await?;
    for frame in frames {
        connection.send(frame).await?;
    }
    connection.status(1).await
}

#[tokio::test]
async fn heads_that_are_not_of_http2_are_refused() -> Result<()> {
    let backend = Backend::friendly().await?;
    let proxy = Proxy::start(&backend, &[("H2C_ENABLED", "1")]).await?;
    let plain = exchange(&proxy, &[Frame::head(1, &GET, true)]).await?;
    assert_eq!((plain, backend.seen().len()), (Some(200), 1));
    let cases: &[&[(&str, &str)]] = &[
        &[("connection", "close")],
        &[("transfer-encoding", "chunked")],
        &[("keep-alive", "timeout=5")],
        &[("proxy-connection", "keep-alive")],
        &[("upgrade", "websocket")],
        &[("te", "gzip")],
        &[("X-Upper", "1")],
        &[("x y", "1")],
        &[("x:y", "1")],
        &[("", "1")],
        &[("x", "a\r\nsmuggled: 1")],
        &[("x", "a\nb")],
        &[("x", "a\rb")],
        &[("x", "a\0b")],
        &[("x\r\nsmuggled", "1")],
        &[(":method", "GET / HTTP/1.1\r\nhost: evil.test\r\n\r\nGET")],
        &[(":method", "")],
        &[(
            ":path",
            "/ HTTP/1.1\r\nhost: evil.test\r\n\r\nGET /smuggled",
        )],
        &[(":path", "/a b")],
        &[(":path", "")],
        &[(":path", "no/slash")],
        &[(":authority", "user@app.test")],
        &[(":authority", "app.test/path")],
        &[(":authority", "app.test\r\nx: y")],
        &[("host", "evil.test")],
        &[("host", "app.test"), ("host", "app.test")],
        &[(":unknown", "1")],
        &[(":status", "200")],
        &[(":method", "CONNECT")],
        &[(":method", "TRACE")],
        &[("content-length", "5")],
        &[("content-length", "x")],
        &[("content-length", "0"), ("content-length", "5")],
    ];
    for case in cases {
        let status = exchange(&proxy, &[Frame::head(1, &fields(case), true)]).await?;
        let seen = backend.seen();
        let is_refused = status.is_none_or(|status| (400..500).contains(&status));
        assert!(is_refused, "{case:?}: {status:?}");
        assert_eq!(seen.len(), 1, "{case:?}: {status:?}, {:#?}", seen.last());
    }
    let twice = [GET[0], GET[1], GET[2], (":path", "/smuggled"), GET[3]];
    let late = [
        GET[0],
        GET[1],
        GET[2],
        GET[3],
        ("x", "1"),
        (":path", "/smuggled"),
    ];
    for fields in [&twice[..], &late, &GET[1..], &GET[..2]] {
        let status = exchange(&proxy, &[Frame::head(1, fields, true)]).await?;
        assert!(
            status.is_none_or(|status| status == 400),
            "{fields:?}: {status:?}"
        );
        assert_eq!(backend.seen().len(), 1, "{fields:?}");
    }
    assert_eq!(get(proxy.address, "/").await?.status, 200);
    Ok(())
}

/// The server must not be left with the beginning of a body that is followed by another request.
#[tokio::test]
async fn bodies_of_another_length_than_told_are_refused() -> Result<()> {
    let backend = Backend::friendly().await?;
    let proxy = Proxy::start(&backend, &[("H2C_ENABLED", "1")]).await?;
    let smuggled = "GET /smuggled HTTP/1.1\r\nhost: app.test\r\n\r\n";
    for (told, body) in [
        ("0", smuggled),
        ("5", smuggled),
        ("100", "hello"),
        ("100000", "hello"),
    ] {
        let fields = fields(&[(":method", "POST"), ("content-length", told)]);
        let frames = [
            Frame::head(1, &fields, false),
            Frame::new(kind::DATA, 1, 1, body),
        ];
        let status = exchange(&proxy, &frames).await?;
        assert!(
            status.is_none_or(|status| status == 400),
            "{told}: {status:?}"
        );
        get(proxy.address, "/").await?;
        let seen = backend.seen();
        assert!(
            seen.iter().all(|seen| !seen.line().contains("smuggled")),
            "{told}: {seen:#?}"
        );
        assert!(
            seen.iter().all(|seen| seen.body.is_empty()),
            "{told}: {seen:#?}"
        );
    }
    Ok(())
}
