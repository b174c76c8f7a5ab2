//! Files that the server names in `X-Sendfile`, sent in its answer's place.

mod support;

use std::fs::File;
use std::path::Path;
use std::time::{Duration, SystemTime};

use anyhow::Result;
use support::{Backend, Client, Proxy, Response, ask, pattern};
use tempfile::TempDir;

/// More than the proxy takes for what is on its way, and much less than with a large file in it.
const MEMORY: u64 = 20 << 20;
const LARGE: usize = 20 << 20;
const DAY: Duration = Duration::from_hours(24);

/// A server whose answers name the file of the request's path in `folder`; `more` are lines of its headers.
async fn naming(folder: &Path, more: &'static str) -> Result<Backend> {
    let folder = folder.display().to_string();
    Backend::answering(move |request| {
        let path = request.line().split(' ').nth(1).unwrap_or_default();
        format!("HTTP/1.1 200 OK\r\nx-sendfile: {folder}{path}\r\n{more}content-length: 7\r\n\r\nignored").into_bytes()
    })
    .await
}

async fn start(folder: &TempDir, more: &'static str) -> Result<(Backend, Proxy)> {
    let backend = naming(folder.path(), more).await?;
    let root = folder.path().display().to_string();
    let proxy = Proxy::start(&backend, &[("X_SENDFILE_ROOT", &root)]).await?;
    Ok((backend, proxy))
}

fn write(folder: &TempDir, name: &str, content: impl AsRef<[u8]>, age: Duration) -> Result<()> {
    let path = folder.path().join(name);
    std::fs::write(&path, content)?;
    let file = File::options().write(true).open(path)?;
    // A day back at least, so that no two of them differ by the moment only.
    Ok(file.set_modified(SystemTime::now() - DAY - age)?)
}

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.header(name).unwrap_or_default()
}

#[tokio::test]
async fn a_file_takes_the_place_of_the_answer() -> Result<()> {
    let folder = TempDir::new()?;
    let files = [
        ("/page.html", "text/html"),
        ("/style.css", "text/css"),
        ("/photo.JPG", "image/jpeg"),
        ("/without-an-extension", "application/octet-stream"),
        ("/empty.txt", "text/plain"),
    ];
    for (path, _) in files {
        let content = if path == "/empty.txt" { "" } else { path };
        write(&folder, path.trim_start_matches('/'), content, DAY)?;
    }
    let (backend, proxy) = start(&folder, "").await?;
    for (path, kind) in files {
        let claims = ["x-sendfile-type: X-Accel-Redirect", "x-accel-mapping: /=/"];
        let whole = ask(proxy.address, "GET", path, &claims).await?;
        let seen = backend.last();
        assert_eq!(seen.headers("x-sendfile-type"), ["X-Sendfile"], "{path}");
        assert_eq!(seen.header("x-accel-mapping"), None, "{path}");
        let expected = if path == "/empty.txt" { "" } else { path };
        assert_eq!((whole.status, &*whole.text()), (200, expected), "{path}");
        assert_eq!(header(&whole, "content-type"), kind, "{path}");
        assert_eq!(whole.header("x-sendfile"), None, "{path}");
        assert_eq!(header(&whole, "accept-ranges"), "bytes", "{path}");
        assert!(header(&whole, "etag").starts_with('"'), "{}", whole.head);
        let modified = httpdate::parse_http_date(header(&whole, "last-modified"))?;
        assert!(modified < SystemTime::now() - DAY, "{}", whole.head);

        let head = ask(proxy.address, "HEAD", path, &[]).await?;
        assert_eq!(head.status, 200, "{path}");
        for name in ["content-type", "content-length", "etag", "last-modified"] {
            assert_eq!(head.header(name), whole.header(name), "{path}: {name}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn what_the_server_says_of_it_stands() -> Result<()> {
    let folder = TempDir::new()?;
    write(&folder, "a.txt", "the file", DAY)?;
    let said = "content-type: text/x-own; charset=utf-8\r\netag: \"own\"\r\n\
        last-modified: Thu, 01 Jan 2015 00:00:00 GMT\r\nset-cookie: a=1\r\nset-cookie: b=2\r\n\
        content-disposition: attachment\r\ncache-control: private\r\ncontent-encoding: gzip\r\n\
        x-accel-redirect: /secret\r\n";
    let (_backend, proxy) = start(&folder, said).await?;
    let answer = ask(proxy.address, "GET", "/a.txt", &[]).await?;
    assert_eq!((answer.status, &*answer.text()), (200, "the file"));
    for (name, value) in [
        ("content-type", Some("text/x-own; charset=utf-8")),
        ("etag", Some("\"own\"")),
        ("last-modified", Some("Thu, 01 Jan 2015 00:00:00 GMT")),
        ("content-disposition", Some("attachment")),
        ("cache-control", Some("private")),
        // These were of the answer that is not sent.
        ("content-length", Some("8")),
        ("content-encoding", None),
        ("x-accel-redirect", None),
    ] {
        assert_eq!(answer.header(name), value, "{name}");
    }
    assert_eq!(answer.head.matches("set-cookie").count(), 2);
    let own = ["if-none-match: \"own\""];
    let answer = ask(proxy.address, "GET", "/a.txt", &own).await?;
    assert_eq!(answer.status, 304);
    Ok(())
}

#[tokio::test]
async fn conditions_and_ranges_are_judged_by_the_file() -> Result<()> {
    let folder = TempDir::new()?;
    write(&folder, "a.bin", "0123456789", DAY)?;
    let (_backend, proxy) = start(&folder, "").await?;
    let whole = ask(proxy.address, "GET", "/a.bin", &[]).await?;
    let (tag, time) = (header(&whole, "etag"), header(&whole, "last-modified"));
    let (range, all, old) = (
        "range: bytes=2-4",
        "0123456789",
        "Thu, 01 Jan 2015 00:00:00 GMT",
    );
    let none_match = format!("if-none-match: \"other\", W/{tag}");
    let none_match_other = "if-none-match: \"other\"";
    let since = format!("if-modified-since: {time}");
    let since_old = format!("if-modified-since: {old}");
    let if_tag = format!("if-range: {tag}");
    let if_weak = format!("if-range: W/{tag}");
    let if_time = format!("if-range: {time}");
    let if_old = format!("if-range: {old}");
    let cases: &[(&[&str], u16, &str, Option<&str>)] = &[
        (&[&none_match], 304, "", None),
        (&["if-none-match: *"], 304, "", None),
        (&[none_match_other], 200, all, None),
        (&[&since], 304, "", None),
        (&[&since_old], 200, all, None),
        (&[none_match_other, &since], 200, all, None),
        (&[range], 206, "234", Some("bytes 2-4/10")),
        (&["range: bytes=7-"], 206, "789", Some("bytes 7-9/10")),
        (&["range: bytes=-2"], 206, "89", Some("bytes 8-9/10")),
        (&["range: bytes=5-99"], 206, "56789", Some("bytes 5-9/10")),
        (&["range: bytes=-99"], 206, all, Some("bytes 0-9/10")),
        (&["range: bytes=10-"], 416, "", Some("bytes */10")),
        (&["range: bytes=-0"], 416, "", Some("bytes */10")),
        (&["range: bytes=4-2"], 200, all, None),
        (&["range: bytes=0-0,2-3"], 200, all, None),
        (&["range: lines=1-2"], 200, all, None),
        (&[range, &if_tag], 206, "234", Some("bytes 2-4/10")),
        (&[range, &if_time], 206, "234", Some("bytes 2-4/10")),
        (&[range, &if_weak], 200, all, None),
        (&[range, "if-range: \"other\""], 200, all, None),
        (&[range, &if_old], 200, all, None),
        (&[range, &none_match], 304, "", None),
    ];
    for (headers, status, body, content_range) in cases {
        let answer = ask(proxy.address, "GET", "/a.bin", headers).await?;
        assert_eq!(
            (answer.status, &*answer.text()),
            (*status, *body),
            "{headers:?}"
        );
        assert_eq!(
            answer.header("content-range"),
            *content_range,
            "{headers:?}"
        );
        if *status == 304 {
            assert_eq!(answer.header("etag"), Some(tag), "{headers:?}");
            assert!(matches!(answer.header("content-length"), None | Some("10")));
        }
        let head = ask(proxy.address, "HEAD", "/a.bin", headers).await?;
        let post = ask(proxy.address, "POST", "/a.bin", headers).await?;
        assert_eq!((post.status, &*post.text()), (200, all), "POST {headers:?}");
        let same = if *status == 304 { 304 } else { 200 };
        // Only GET has parts (RFC 9110, 14.2).
        assert_eq!(head.status, same, "HEAD {headers:?}");
    }
    Ok(())
}

#[tokio::test]
async fn the_page_of_an_error_stays_one() -> Result<()> {
    let folder = TempDir::new()?;
    write(&folder, "404.html", "not there", DAY)?;
    let path = folder.path().join("404.html").display().to_string();
    for (said, status) in [(404, 404), (503, 503), (201, 200), (206, 200)] {
        let head = format!("HTTP/1.1 {said} So\r\nx-sendfile: {path}\r\ncontent-length: 0\r\n\r\n");
        let backend = Backend::answering(move |_| head.clone().into_bytes()).await?;
        let root = folder.path().display().to_string();
        let proxy = Proxy::start(&backend, &[("X_SENDFILE_ROOT", &root)]).await?;
        let answer = ask(proxy.address, "GET", "/", &[]).await?;
        assert_eq!(
            (answer.status, &*answer.text()),
            (status, "not there"),
            "{said}"
        );
        let expected = if status == 200 { 206 } else { status };
        let answer = ask(proxy.address, "GET", "/", &["range: bytes=0-2"]).await?;
        assert_eq!(answer.status, expected, "{said}");
    }
    Ok(())
}

#[tokio::test]
async fn large_files_are_not_held() -> Result<()> {
    let folder = TempDir::new()?;
    write(&folder, "large.bin", pattern(LARGE), DAY)?;
    let (_backend, proxy) = start(&folder, "").await?;
    ask(proxy.address, "HEAD", "/large.bin", &[]).await?;
    let before = proxy.memory()?;
    let mut clients = Vec::new();
    for _ in 0..4 {
        let mut client = Client::connect(proxy.address).await?;
        client
            .send("GET /large.bin HTTP/1.1\r\nhost: app.test\r\n\r\n")
            .await?;
        client.head().await?;
        clients.push(client);
    }
    let expected = pattern(LARGE);
    for mut client in clients {
        assert!(client.exactly(LARGE).await? == expected, "it differs");
    }
    let grown = proxy.memory()?.saturating_sub(before);
    assert!(grown < MEMORY, "the proxy grew by {grown} bytes");
    Ok(())
}
