use std::io::{Read, Write};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use futures_util::{FutureExt, StreamExt, stream};
use http::StatusCode;
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use tokio::sync::mpsc;

use super::*;
use crate::body::BodyError;

const ON: Compression = Compression {
    gzip: true,
    brotli: true,
    zstd: true,
    disable_on_auth: false,
    jitter: 32,
};

fn text(length: usize) -> Bytes {
    let line = (0_usize..)
        .flat_map(|number| format!("line {number} of the text, {}\n", number * 7919).into_bytes());
    line.take(length).collect()
}

fn decode(coding: &str, mut bytes: &[u8]) -> Result<Vec<u8>> {
    let mut plain = Vec::new();
    match coding {
        "gzip" => flate2::read::GzDecoder::new(bytes)
            .read_to_end(&mut plain)
            .map(drop)?,
        "zstd" => plain = zstd::decode_all(bytes)?,
        "br" => brotli::BrotliDecompress(&mut bytes, &mut plain)?,
        _ => anyhow::bail!("{coding}"),
    }
    Ok(plain)
}

fn client(headers: &[(&'static str, &str)]) -> Client {
    let request = headers
        .iter()
        .fold(Request::builder(), |request, (name, value)| {
            request.header(*name, *value)
        });
    Client::of(&request.body(()).unwrap())
}

fn response(headers: &[(&'static str, &str)], body: Body) -> Response<Body> {
    let response = headers
        .iter()
        .fold(Response::builder(), |response, (name, value)| {
            response.header(*name, *value)
        });
    response.body(body).unwrap()
}

fn html() -> Response<Body> {
    response(&[("content-type", "text/html")], text(5000).into())
}

fn coding(response: &Response<Body>) -> &str {
    response
        .headers()
        .get("content-encoding")
        .map_or("identity", |value| value.to_str().unwrap())
}

#[test]
fn negotiates_by_weight_and_then_by_preference() {
    let table = [
        ("gzip, deflate, br, zstd", "zstd", "br"),
        ("gzip, br", "br", "br"),
        ("gzip", "gzip", "gzip"),
        ("x-gzip", "gzip", "gzip"),
        ("GZIP;Q=0.5", "gzip", "gzip"),
        ("br;q=0.5, gzip;q=0.8", "gzip", "gzip"),
        ("br;q=0.001, gzip;q=0", "br", "br"),
        ("*", "zstd", "br"),
        ("*;q=0", "identity", "identity"),
        ("gzip;q=0, *", "zstd", "br"),
        ("zstd;q=0, br;q=0, *;q=0.1", "gzip", "gzip"),
        ("identity", "identity", "identity"),
        ("identity, gzip;q=0.5", "identity", "identity"),
        ("identity;q=0.5, gzip", "gzip", "gzip"),
        ("identity;q=0", "identity", "identity"),
        ("gzip;q=2, br;q=x, zstd;q=0.1234", "identity", "identity"),
        ("gzip ; q=0.4 , br ; q=0.3", "gzip", "gzip"),
        ("deflate, compress", "identity", "identity"),
        ("", "identity", "identity"),
    ];
    for (accepted, fast, small) in table {
        let client = client(&[("accept-encoding", accepted)]);
        let name = |preference| {
            client
                .choose(ON, preference)
                .map_or("identity", Encoding::name)
        };
        assert_eq!(
            (name(&Preference::FAST), name(&Preference::SMALL)),
            (fast, small),
            "{accepted}"
        );
    }
    assert_eq!(client(&[]).choose(ON, &Preference::FAST), None);
}

#[test]
fn uses_only_the_codings_that_are_on() {
    let all = client(&[("accept-encoding", "gzip, br, zstd")]);
    let chosen = |options| all.choose(options, &Preference::FAST);
    assert_eq!(
        chosen(Compression { zstd: false, ..ON }),
        Some(Encoding::Brotli)
    );
    assert_eq!(
        chosen(Compression {
            zstd: false,
            brotli: false,
            ..ON
        }),
        Some(Encoding::Gzip)
    );
    let off = Compression {
        gzip: false,
        zstd: false,
        brotli: false,
        ..ON
    };
    let response = encode(off, &all, html());
    assert!(!response.headers().contains_key("vary") && coding(&response) == "identity");
}

#[test]
fn normalizes_what_a_client_accepts() {
    let normal = |accepted: &str| {
        client(&[("accept-encoding", accepted)])
            .accepts
            .normalized()
    };
    assert_eq!(normal("gzip, deflate, br, zstd").unwrap(), "br, gzip, zstd");
    assert_eq!(normal("zstd;q=0.2,gzip;q=0.9").unwrap(), "gzip, zstd");
    assert_eq!(normal("br").unwrap(), "br");
    assert_eq!(normal("br, zstd").unwrap(), "br, zstd");
    assert_eq!(normal("deflate"), None);
}

#[test]
fn compresses_what_gains_by_it() {
    let table = [
        ("text/html; charset=utf-8", true),
        ("application/json", true),
        ("text/javascript", true),
        ("image/svg+xml", true),
        ("application/wasm", true),
        ("font/ttf", true),
        ("application/octet-stream", true),
        ("text/vnd.turbo-stream.html", true),
        ("Image/PNG", false),
        ("image/jpeg", false),
        ("video/mp4", false),
        ("audio/ogg", false),
        ("font/woff2", false),
        ("application/zip", false),
        ("application/gzip", false),
        ("text/event-stream", false),
        ("application/grpc+proto", false),
    ];
    for (content_type, expected) in table {
        let response = response(&[("content-type", content_type)], text(2000).into());
        let is = is_compressible(response.status(), response.headers(), Some(2000));
        assert_eq!(is, expected, "{content_type}");
    }
}

#[test]
fn leaves_alone_what_must_stay_as_it_is() {
    let all = client(&[("accept-encoding", "gzip, br, zstd")]);
    let table: &[&[(&str, &str)]] = &[
        &[("content-encoding", "br")],
        &[("content-range", "bytes 0-1999/5000")],
        &[("cache-control", "public, No-Transform")],
    ];
    for headers in table {
        let response = encode(ON, &all, response(headers, text(2000).into()));
        assert_eq!(
            response.body().in_memory(),
            Some(&text(2000)),
            "{headers:?}"
        );
        assert!(!response.headers().contains_key("vary"), "{headers:?}");
    }
    assert_eq!(
        coding(&encode(ON, &all, response(&[], text(1023).into()))),
        "identity"
    );
    assert_eq!(
        coding(&encode(ON, &all, response(&[], text(1024).into()))),
        "zstd"
    );
    for status in [204, 205, 206, 304] {
        let mut response = html();
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        assert_eq!(coding(&encode(ON, &all, response)), "identity", "{status}");
    }
    let head = Client {
        is_head: true,
        ..all
    };
    assert_eq!(coding(&encode(ON, &head, html())), "identity");
}

#[test]
fn makes_the_headers_those_of_the_encoded_form() {
    let all = client(&[("accept-encoding", "gzip")]);
    let headers = [
        ("etag", "\"abc\""),
        ("accept-ranges", "bytes"),
        ("vary", "Origin"),
        ("content-length", "5000"),
    ];
    let response = encode(ON, &all, response(&headers, text(5000).into()));
    let headers = response.headers();
    assert_eq!(headers["content-encoding"], "gzip");
    assert_eq!(headers["etag"], "W/\"abc\"");
    assert!(!headers.contains_key("accept-ranges"));
    assert_eq!(
        headers.get_all("vary").iter().collect::<Vec<_>>(),
        ["Origin", "Accept-Encoding"]
    );
    let length = response.body().in_memory().unwrap().len();
    assert_eq!(headers["content-length"], length.to_string().as_str());
}

#[test]
fn tells_caches_of_the_choice_even_where_nothing_was_chosen() {
    let plain = encode(ON, &client(&[]), html());
    assert_eq!(
        (coding(&plain), &plain.headers()["vary"]),
        ("identity", &"Accept-Encoding".parse().unwrap())
    );
    let known = response(&[("vary", "Accept-Encoding, Origin")], text(2000).into());
    let known = encode(ON, &client(&[]), known);
    assert_eq!(known.headers().get_all("vary").iter().count(), 1);
    let already_weak = response(&[("etag", "W/\"a\"")], text(2000).into());
    let already_weak = encode(ON, &client(&[("accept-encoding", "br")]), already_weak);
    assert_eq!(already_weak.headers()["etag"], "W/\"a\"");
}

#[test]
fn guards_what_belongs_to_one_visitor() {
    let guarding = Compression {
        disable_on_auth: true,
        ..ON
    };
    let accept = ("accept-encoding", "gzip");
    for name in ["cookie", "authorization", "x-csrf-token"] {
        let client = client(&[accept, (name, "x")]);
        assert_eq!(
            coding(&encode(guarding, &client, html())),
            "identity",
            "{name}"
        );
        assert_eq!(coding(&encode(ON, &client, html())), "gzip", "{name}");
    }
    let table = [
        ("set-cookie", "a=b", "identity"),
        ("cache-control", "max-age=0, private", "identity"),
        ("cache-control", "Private=\"x\"", "identity"),
        ("cache-control", "no-store", "identity"),
        ("vary", "Origin, Cookie", "identity"),
        ("cache-control", "max-age=0, public", "gzip"),
    ];
    for (name, value, expected) in table {
        let response = response(&[(name, value)], text(2000).into());
        assert_eq!(
            coding(&encode(guarding, &client(&[accept]), response)),
            expected,
            "{name}: {value}"
        );
    }
}

#[test]
fn what_is_encoded_decodes_to_the_same() -> Result<()> {
    for encoding in Encoding::ALL {
        for level in [Level::Fast, Level::Small] {
            for length in [0, 1, 1024, 70_000, 300_000] {
                let plain = text(length);
                let encoded = encode_whole(encoding, level, &plain, 0)?;
                assert_eq!(
                    decode(encoding.name(), &encoded)?,
                    plain,
                    "{encoding:?} {level:?} {length}"
                );
            }
        }
    }
    Ok(())
}

#[test]
fn noise_of_any_length_is_skipped_by_decoders() -> Result<()> {
    let plain = text(3000);
    for encoding in Encoding::ALL {
        let mut lengths = std::collections::BTreeSet::new();
        for most in (0..64).chain([255, 256, 257, 1000]) {
            let encoded = encode_whole(encoding, Level::Fast, &plain, most)?;
            assert_eq!(
                decode(encoding.name(), &encoded)?,
                plain,
                "{encoding:?} {most}"
            );
            lengths.insert(encoded.len());
        }
        assert!(lengths.len() > 30, "{encoding:?}");
    }
    Ok(())
}

#[test]
fn the_gzip_tool_takes_the_noise() -> Result<()> {
    for most in [0, 1, 32, 500] {
        let mut gzip = Command::new("gzip")
            .arg("-t")
            .stdin(Stdio::piped())
            .spawn()?;
        let encoded = encode_whole(Encoding::Gzip, Level::Fast, &text(5000), most)?;
        gzip.stdin.take().context("no stdin")?.write_all(&encoded)?;
        ensure!(gzip.wait()?.success(), "{most}");
    }
    Ok(())
}

#[tokio::test]
async fn streams_decode_to_the_same() -> Result<()> {
    for accepted in ["gzip", "br", "zstd"] {
        for (length, piece) in [(1_000_000, 1_000_000), (500_000, 333), (10, 1)] {
            let plain = text(length);
            let pieces: Vec<Bytes> = plain.chunks(piece).map(Bytes::copy_from_slice).collect();
            let frames = stream::iter(pieces).map(|piece| Ok::<_, BodyError>(Frame::data(piece)));
            let response = response(&[], Body::stream(StreamBody::new(frames)));
            let response = encode(ON, &client(&[("accept-encoding", accepted)]), response);
            assert_eq!(coding(&response), accepted);
            assert!(!response.headers().contains_key("content-length"));
            let encoded = response
                .into_body()
                .collect()
                .await
                .map_err(|error| anyhow::anyhow!(error))?
                .to_bytes();
            assert_eq!(decode(accepted, &encoded)?, plain, "{accepted} {length}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_large_body_in_memory_is_streamed() -> Result<()> {
    let response = encode(
        ON,
        &client(&[("accept-encoding", "zstd")]),
        response(&[], text(600_000).into()),
    );
    assert!(response.body().in_memory().is_none());
    let encoded = response
        .into_body()
        .collect()
        .await
        .map_err(|error| anyhow::anyhow!(error))?
        .to_bytes();
    assert_eq!(decode("zstd", &encoded)?, text(600_000));
    Ok(())
}

#[tokio::test]
async fn a_slow_stream_is_not_held_back() -> Result<()> {
    for accepted in ["gzip", "br", "zstd"] {
        let (sender, mut receiver) = mpsc::unbounded_channel::<Bytes>();
        let frames = stream::poll_fn(move |context| receiver.poll_recv(context))
            .map(|piece| Ok::<_, BodyError>(Frame::data(piece)));
        let response = response(&[], Body::stream(StreamBody::new(frames)));
        let mut body = encode(ON, &client(&[("accept-encoding", accepted)]), response).into_body();
        let (mut encoded, mut plain) = (Vec::new(), Vec::new());
        for word in ["one ", "two ", "three "] {
            sender.send(word.into())?;
            plain.extend_from_slice(word.as_bytes());
            let frame = body
                .frame()
                .now_or_never()
                .context("it is held back")?
                .context("it ended")?;
            encoded.extend(
                frame
                    .map_err(|error| anyhow::anyhow!(error))?
                    .into_data()
                    .unwrap_or_default(),
            );
            assert_eq!(decoded_so_far(accepted, &encoded), plain, "{accepted}");
            assert!(body.frame().now_or_never().is_none(), "{accepted}");
        }
        drop(sender);
        encoded.extend(
            body.collect()
                .await
                .map_err(|error| anyhow::anyhow!(error))?
                .to_bytes(),
        );
        assert_eq!(decode(accepted, &encoded)?, plain);
    }
    Ok(())
}

fn decoded_so_far(coding: &str, bytes: &[u8]) -> Vec<u8> {
    let reader: Box<dyn Read + '_> = match coding {
        "gzip" => Box::new(flate2::read::GzDecoder::new(bytes)),
        "br" => Box::new(brotli::Decompressor::new(bytes, 4096)),
        _ => Box::new(zstd::Decoder::new(bytes).unwrap()),
    };
    // The end is missing, which is an error once all is read.
    std::io::BufReader::new(reader)
        .bytes()
        .map_while(Result::ok)
        .collect()
}

#[tokio::test]
async fn a_body_that_breaks_off_stays_broken_off() {
    let frames = stream::iter([Ok(Frame::data(text(2000))), Err(BodyError::from("gone"))]);
    let response = response(&[], Body::stream(StreamBody::new(frames)));
    let body = encode(ON, &client(&[("accept-encoding", "gzip")]), response).into_body();
    assert_eq!(body.collect().await.unwrap_err().to_string(), "gone");
}
