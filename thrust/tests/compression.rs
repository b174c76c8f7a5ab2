//! Compressed answers, kept or on their way.

mod support;

use std::io::Write;

use anyhow::{Context as _, Result, bail};
use http::Request;
use support::{Backend, Client, Http2, Proxy, Response, Seen, ask, soon};
use test_support::wait_for;

fn page() -> String {
    let lines: Vec<String> = (0..2000).map(|number| format!("<p>{number}</p>")).collect();
    lines.join("\n")
}

fn answer(headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let length = body.len();
    let head = format!("HTTP/1.1 200 OK\r\n{headers}content-length: {length}\r\n\r\n");
    [head.as_bytes(), body].concat()
}

/// Pages with the headers of the path's kind.
fn pages(request: &Seen) -> Vec<u8> {
    let kind = request.line().split(['/', ' ']).nth(2);
    let headers = match kind.unwrap_or_default() {
        "public" => {
            "content-type: text/html\r\ncache-control: public, max-age=60\r\netag: \"1\"\r\n"
        }
        "cookie" => "content-type: text/html\r\nset-cookie: a=1\r\n",
        "private" => "content-type: text/html\r\ncache-control: private\r\n",
        "image" => "content-type: image/png\r\n",
        "encoded" => "content-type: text/html\r\ncontent-encoding: other\r\n",
        "fixed" => "content-type: text/html\r\ncache-control: no-transform\r\n",
        "events" => "content-type: text/event-stream\r\n",
        "small" => return answer("content-type: text/html\r\n", "small"),
        _ => "content-type: text/html\r\n",
    };
    answer(headers, page())
}

fn coding(response: &Response) -> &str {
    response.header("content-encoding").unwrap_or_default()
}

/// What writes the decoded bytes to a vector as they come.
enum Decoder {
    Brotli(Box<brotli::DecompressorWriter<Vec<u8>>>),
    Zstd(zstd::stream::write::Decoder<'static, Vec<u8>>),
    Gzip(Box<flate2::write::GzDecoder<Vec<u8>>>),
    Plain(Vec<u8>),
}

impl Decoder {
    fn new(coding: &str) -> Result<Self> {
        Ok(match coding {
            "br" => Self::Brotli(Box::new(brotli::DecompressorWriter::new(Vec::new(), 4096))),
            "zstd" => Self::Zstd(zstd::stream::write::Decoder::new(Vec::new())?),
            "gzip" => Self::Gzip(Box::new(flate2::write::GzDecoder::new(Vec::new()))),
            "" => Self::Plain(Vec::new()),
            other => bail!("what is {other}?"),
        })
    }

    /// Takes more bytes; all that was decoded so far.
    fn take(&mut self, bytes: &[u8]) -> Result<&[u8]> {
        Ok(match self {
            Self::Brotli(decoder) => {
                decoder.write_all(bytes)?;
                decoder.flush()?;
                decoder.get_ref()
            }
            Self::Zstd(decoder) => {
                decoder.write_all(bytes)?;
                decoder.flush()?;
                decoder.get_ref()
            }
            Self::Gzip(decoder) => {
                decoder.write_all(bytes)?;
                decoder.flush()?;
                decoder.get_ref()
            }
            Self::Plain(decoded) => {
                decoded.extend(bytes);
                decoded
            }
        })
    }
}

fn decoded(response: &Response) -> Result<String> {
    let mut decoder = Decoder::new(coding(response))?;
    Ok(String::from_utf8(decoder.take(&response.body)?.to_vec())?)
}

#[tokio::test]
async fn each_client_gets_what_it_reads() -> Result<()> {
    let backend = Backend::answering(pages).await?;
    let proxy = Proxy::start(&backend, &[]).await?;
    for (accepted, fast, small) in [
        ("br", "br", "br"),
        ("zstd", "zstd", "zstd"),
        ("gzip", "gzip", "gzip"),
        ("gzip, deflate, br, zstd", "zstd", "br"),
        ("gzip;q=1, br;q=0.5", "gzip", "gzip"),
        ("identity", "", ""),
    ] {
        let accept = format!("accept-encoding: {accepted}");
        let passing = ask(proxy.address, "GET", "/page", &[&accept]).await?;
        assert_eq!(coding(&passing), fast, "{accepted}");
        assert_eq!(decoded(&passing)?, page(), "{accepted}");
        assert_eq!(
            passing.header("vary"),
            Some("Accept-Encoding"),
            "{accepted}"
        );
        // The kept answer is compressed beside the requests: whoever comes before that is served, too.
        let kept = wait_for("the small form", || async {
            let answer = ask(proxy.address, "GET", "/public", &[&accept])
                .await
                .ok()?;
            assert_eq!(decoded(&answer).ok()?, page(), "{accepted}");
            let is_ready = answer.header("content-length").is_some();
            (is_ready && coding(&answer) == small).then_some(answer)
        })
        .await;
        assert_eq!(kept.header("vary"), Some("Accept-Encoding"), "{accepted}");
        let tag = if small.is_empty() { "\"1\"" } else { "W/\"1\"" };
        assert_eq!(kept.header("etag"), Some(tag), "{accepted}");
    }
    let fetched = backend.seen();
    let public = fetched
        .iter()
        .filter(|seen| seen.line().contains("/public"));
    assert_eq!(public.count(), 1);
    Ok(())
}

#[tokio::test]
async fn not_all_is_compressed() -> Result<()> {
    let backend = Backend::answering(pages).await?;
    let off: &[(&str, &str)] = &[("GZIP_COMPRESSION_ENABLED", "false")];
    let guarded: &[(&str, &str)] = &[("GZIP_COMPRESSION_DISABLE_ON_AUTH", "true")];
    let gzip_only: &[(&str, &str)] = &[
        ("BROTLI_COMPRESSION_ENABLED", "false"),
        ("ZSTD_COMPRESSION_ENABLED", "false"),
    ];
    let all = "accept-encoding: gzip, br, zstd";
    let signed_in = "cookie: session=1";
    for (options, requests) in [
        (
            &[][..],
            &[
                ("/page", "", "zstd"),
                ("/page", signed_in, "zstd"),
                ("/cookie", "", "zstd"),
                ("/image", "", ""),
                ("/encoded", "", "other"),
                ("/fixed", "", ""),
                ("/events", "", ""),
                ("/small", "", ""),
            ][..],
        ),
        (gzip_only, &[("/page", "", "gzip"), ("/public", "", "gzip")]),
        (
            off,
            &[("/page", "", ""), ("/public", "", ""), ("/public", "", "")],
        ),
        (
            guarded,
            &[
                ("/page", "", "zstd"),
                ("/page", signed_in, ""),
                ("/page", "authorization: Basic eDp5", ""),
                ("/cookie", "", ""),
                ("/private", "", ""),
                ("/public", signed_in, ""),
                ("/public", signed_in, ""),
            ],
        ),
    ] {
        let proxy = Proxy::start(&backend, options).await?;
        for (path, header, expected) in requests {
            let header = if header.is_empty() {
                "x-none: 1"
            } else {
                header
            };
            let answer = ask(proxy.address, "GET", path, &[all, header]).await?;
            assert_eq!(coding(&answer), *expected, "{path} {header} {options:?}");
            if expected.is_empty() && *path != "/small" {
                assert_eq!(answer.text(), page(), "{path} {header} {options:?}");
            }
        }
    }
    Ok(())
}

/// What the server has compressed itself is kept for those who read it, and passes as it is.
#[tokio::test]
async fn the_servers_own_forms_are_kept_apart() -> Result<()> {
    let headers =
        "content-type: text/css\r\ncache-control: public, max-age=60\r\nvary: accept-encoding\r\n";
    let backend = Backend::answering(move |request| {
        let accepted = request.header("accept-encoding").unwrap_or_default();
        if accepted.contains("br") {
            answer(&format!("{headers}content-encoding: br\r\n"), "as Brotli")
        } else {
            answer(headers, "plain")
        }
    })
    .await?;
    let proxy = Proxy::start(&backend, &[]).await?;
    for (round, outcome) in ["miss", "hit"].into_iter().enumerate() {
        for (accepted, coding_then, body) in [
            ("gzip, br", "br", "as Brotli"),
            ("br;q=1,gzip;q=0.8", "br", "as Brotli"),
            ("gzip", "", "plain"),
            ("", "", "plain"),
        ] {
            let accept = format!("accept-encoding: {accepted}");
            let answer = ask(proxy.address, "GET", "/", &[&accept]).await?;
            assert_eq!(
                (coding(&answer), &*answer.text()),
                (coding_then, body),
                "{accepted}"
            );
            // Another spelling of the same is no other variant.
            let outcome = if accepted.contains("q=") {
                "hit"
            } else {
                outcome
            };
            assert_eq!(
                answer.header("x-cache"),
                Some(outcome),
                "{accepted} {round}"
            );
        }
    }
    assert_eq!(backend.seen().len(), 3);
    Ok(())
}

#[tokio::test]
async fn a_slow_page_arrives_as_it_is_written() -> Result<()> {
    let (tell, told) = tokio::sync::watch::channel(0);
    let backend = Backend::scripted(move |mut peer| {
        let mut told = told.clone();
        async move {
            peer.request().await?;
            peer.send(
                "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ntransfer-encoding: chunked\r\n\r\n",
            )
            .await?;
            for number in 1..=3 {
                told.wait_for(|said| *said >= number).await?;
                peer.send(format!("6\r\npart {number}\r\n")).await?;
            }
            peer.send("0\r\n\r\n").await
        }
    })
    .await?;
    let proxy = Proxy::start(&backend, &[("H2C_ENABLED", "1")]).await?;
    for coding in ["br", "zstd", "gzip"] {
        tell.send(0)?;
        let mut client = Client::connect(proxy.address).await?;
        let request = format!(
            "GET /{coding} HTTP/1.1\r\nhost: app.test\r\naccept-encoding: {coding}\r\n\r\n"
        );
        client.send(request).await?;
        let head = client.head().await?;
        assert_eq!(head.header("content-encoding"), Some(coding));
        let mut http2 = Http2::connect(proxy.address).await?;
        let request = Request::get(format!("http://app.test/{coding}/2"));
        let request = request.header("accept-encoding", coding).body(())?;
        let (response, _up) = http2.begin(request, true).await?;
        let mut stream = soon("the head", response).await??.into_body();
        let (mut first, mut second) = (Decoder::new(coding)?, Decoder::new(coding)?);
        for (number, expected) in [
            (1, "part 1"),
            (2, "part 1part 2"),
            (3, "part 1part 2part 3"),
        ] {
            tell.send(number)?;
            while first.take(b"")? != expected.as_bytes() {
                first.take(&client.chunk().await?)?;
            }
            while second.take(b"")? != expected.as_bytes() {
                let data = soon("data", stream.data()).await?.context("it ended")??;
                stream.flow_control().release_capacity(data.len())?;
                second.take(&data)?;
            }
        }
        while !client.chunk().await?.is_empty() {}
    }
    Ok(())
}
