use std::fmt::Write;
use std::io::Read;
use std::time::Duration;

use super::*;
use crate::encoding::Encoding;

fn encoding_cache() -> Cache {
    Cache::new(
        options::Cache {
            capacity: 64 << 20,
            max_item_size: 1 << 20,
        },
        ON,
    )
}

fn script() -> String {
    let mut script = String::new();
    for number in 0..2000 {
        writeln!(
            script,
            "function f{number}() {{ return {}; }}",
            number * 7919
        )
        .unwrap();
    }
    script
}

fn decode(seen: &Seen) -> Vec<u8> {
    let mut plain = Vec::new();
    match seen.header("content-encoding") {
        "br" => brotli::BrotliDecompress(&mut &seen.body[..], &mut plain).unwrap(),
        "gzip" => drop(
            flate2::read::GzDecoder::new(&seen.body[..])
                .read_to_end(&mut plain)
                .unwrap(),
        ),
        "zstd" => plain = zstd::decode_all(&seen.body[..]).unwrap(),
        _ => plain = seen.body.to_vec(),
    }
    plain
}

/// Asks until the better form is there.
async fn best(cache: &Cache, fake: &Fake, accepted: &str, encoding: Encoding) -> Seen {
    let mut last = get(cache, fake, "/", &[("accept-encoding", accepted)]).await;
    for _ in 0..2000 {
        let seen = get(cache, fake, "/", &[("accept-encoding", accepted)]).await;
        assert_eq!(decode(&seen), script().as_bytes());
        assert!(
            ["hit", "miss"].contains(&seen.outcome()) && seen.header("vary") == "Accept-Encoding"
        );
        // What is encoded anew each time is never at the same place, while the last is still held.
        let is_stored = seen.body.as_ptr() == last.body.as_ptr();
        if is_stored && seen.header("content-encoding") == encoding.name() {
            return seen;
        }
        last = seen;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("it is encoded anew each time");
}

#[tokio::test]
async fn forms_are_made_once_and_as_small_as_they_get() {
    let (cache, fake) = (
        encoding_cache(),
        Fake::new(|_| answer(200, &[MINUTE, ("etag", "\"a\"")], script())),
    );
    for (accepted, coding, encoding) in [
        ("gzip, deflate, br, zstd", "br", Encoding::Brotli),
        ("zstd, gzip", "zstd", Encoding::Zstd),
        ("gzip", "gzip", Encoding::Gzip),
    ] {
        let before = cache.bytes();
        let seen = best(&cache, &fake, accepted, encoding).await;
        assert_eq!(
            (seen.header("content-encoding"), seen.header("etag")),
            (coding, "W/\"a\"")
        );
        assert_eq!(seen.header("content-length"), seen.body.len().to_string());
        assert!(!seen.headers.contains_key("accept-ranges"));
        assert!(cache.bytes() >= before + seen.body.len() as u64, "{coding}");
        let again = get(&cache, &fake, "/", &[("accept-encoding", accepted)]).await;
        assert_eq!(
            again.body.as_ptr(),
            seen.body.as_ptr(),
            "the bytes are shared"
        );
        let tag = get(
            &cache,
            &fake,
            "/",
            &[("accept-encoding", accepted), ("if-none-match", "W/\"a\"")],
        )
        .await;
        assert_eq!(
            (tag.status.as_u16(), tag.header("etag"), tag.header("vary")),
            (304, "W/\"a\"", "Accept-Encoding")
        );
    }
    let plain = get(&cache, &fake, "/", &[]).await;
    assert_eq!(
        (plain.header("etag"), plain.header("vary"), plain.body.len()),
        ("\"a\"", "Accept-Encoding", script().len())
    );
    assert_eq!(fake.count(), 1);
}

#[tokio::test]
async fn a_miss_is_encoded_on_the_way_and_stored_plain() {
    let (cache, fake) = (
        encoding_cache(),
        Fake::new(|_| answer(200, &[MINUTE], script())),
    );
    let seen = get(&cache, &fake, "/", &[("accept-encoding", "gzip")]).await;
    assert_eq!(
        (seen.outcome(), seen.header("content-encoding")),
        ("miss", "gzip")
    );
    assert_eq!(decode(&seen), script().as_bytes());
    let seen = get(&cache, &fake, "/", &[]).await;
    assert_eq!(
        (seen.outcome(), &seen.body[..]),
        ("hit", script().as_bytes())
    );
}

#[tokio::test]
async fn what_the_upstream_encoded_is_served_as_it_is() {
    let headers = &[
        MINUTE,
        ("content-encoding", "br"),
        ("vary", "accept-encoding"),
        ("etag", "\"a\""),
    ];
    let (cache, fake) = (
        encoding_cache(),
        Fake::new(|_| answer(200, headers, vec![b'x'; 5000])),
    );
    for outcome in ["miss", "hit"] {
        let seen = get(&cache, &fake, "/", &[("accept-encoding", "gzip, br")]).await;
        assert_eq!(
            (
                seen.outcome(),
                seen.header("content-encoding"),
                seen.body.len()
            ),
            (outcome, "br", 5000)
        );
        assert_eq!(seen.header("etag"), "\"a\"");
    }
    assert_eq!(fake.last()["accept-encoding"], "br, gzip");
}

#[tokio::test]
async fn what_is_not_stored_is_encoded_too() {
    let (cache, fake) = (
        encoding_cache(),
        Fake::new(|_| answer(200, &[("vary", "Origin")], script())),
    );
    let seen = get(&cache, &fake, "/", &[("accept-encoding", "zstd")]).await;
    assert_eq!(
        (seen.outcome(), seen.header("content-encoding")),
        ("miss", "zstd")
    );
    assert_eq!(decode(&seen), script().as_bytes());
    let off = Cache::new(
        options::Cache {
            capacity: 0,
            max_item_size: 0,
        },
        ON,
    );
    let seen = get(&off, &fake, "/", &[("accept-encoding", "br")]).await;
    assert_eq!(
        (seen.outcome(), seen.header("content-encoding")),
        ("bypass", "br")
    );
}

#[tokio::test]
async fn the_guard_holds_for_hits() {
    let guarding = options::Compression {
        disable_on_auth: true,
        ..ON
    };
    let cache = Cache::new(
        options::Cache {
            capacity: 64 << 20,
            max_item_size: 1 << 20,
        },
        guarding,
    );
    let fake = Fake::new(|_| answer(200, &[MINUTE], script()));
    for _ in 0..2 {
        let seen = get(
            &cache,
            &fake,
            "/",
            &[("accept-encoding", "gzip"), ("cookie", "a=b")],
        )
        .await;
        assert_eq!(
            (seen.header("content-encoding"), seen.header("vary")),
            ("", "Accept-Encoding")
        );
        let seen = get(&cache, &fake, "/", &[("accept-encoding", "gzip")]).await;
        assert_eq!(seen.header("content-encoding"), "gzip");
    }
}

#[tokio::test(start_paused = true)]
async fn a_304_keeps_the_forms() {
    let (cache, fake) = (
        encoding_cache(),
        Fake::new(|_| answer(200, &[MINUTE, ("etag", "\"a\"")], script())),
    );
    let accept = ("accept-encoding", "gzip");
    let form = best(&cache, &fake, "gzip", Encoding::Gzip).await;
    tokio::time::advance(Duration::from_secs(70)).await;
    fake.set(|_| answer(304, &[MINUTE, ("etag", "\"a\""), ("x-a", "2")], ""));
    let seen = get(&cache, &fake, "/", &[accept]).await;
    assert_eq!(
        (seen.outcome(), seen.header("etag"), seen.header("x-a")),
        ("revalidated", "W/\"a\"", "2")
    );
    assert_eq!(seen.body.as_ptr(), form.body.as_ptr());
}

#[tokio::test]
async fn what_is_encoded_for_some_is_not_sent_to_all() {
    let (cache, fake) = (
        encoding_cache(),
        Fake::new(|_| answer(200, &[MINUTE, ("content-encoding", "br")], "encoded")),
    );
    get(&cache, &fake, "/", &[("accept-encoding", "br")]).await;
    fake.set(|_| answer(200, &[MINUTE], "plain"));
    assert_eq!(get(&cache, &fake, "/", &[]).await.body, "plain");
}
