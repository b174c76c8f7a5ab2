//! Frames that no client should send, one connection each: the end is the right one, the memory stays, and others are
//! served meanwhile.

use anyhow::{Context as _, Result};
use cable_faults::{Closed, IDENTIFIER, Raw, Scene, frame, header};
use serde_json::json;
use tokio::io::AsyncWriteExt as _;

const MB: usize = 1024 * 1024;
const TEXT: u8 = 0x81;
const BINARY: u8 = 0x82;
const TEXT_TO_BE_CONTINUED: u8 = 0x01;
const CONTINUATION: u8 = 0x00;
const LAST_CONTINUATION: u8 = 0x80;
const PING: u8 = 0x89;
/// The first bit that is reserved for extensions: that of a compressed message.
const COMPRESSED: u8 = 0x40;
const TOO_LONG: &str = r#"{"type":"disconnect","reason":"invalid_request","reconnect":true}"#;

/// How the server ends the connection of a client that sends these bytes.
async fn ending(scene: &Scene, bytes: Vec<u8>) -> Result<Closed> {
    let mut raw = Raw::open(&scene.address()).await?;
    raw.write.write_all(&bytes).await?;
    raw.read.closed().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_breach_has_its_end() -> Result<()> {
    let scene = Scene::start(&[]).await?;
    let half = "x".repeat(40_000);
    let unmasked = vec![TEXT, 2, b'{', b'}'];
    for (what, bytes, last, code) in [
        (
            "64 MB announced",
            header(TEXT, 64 * MB as u64),
            TOO_LONG,
            1009,
        ),
        ("64 KB and a byte", header(TEXT, 65_537), TOO_LONG, 1009),
        (
            "two halves that are too long together",
            [
                frame(TEXT_TO_BE_CONTINUED, half.as_bytes()),
                frame(LAST_CONTINUATION, half.as_bytes()),
            ]
            .concat(),
            TOO_LONG,
            1009,
        ),
        (
            "halves without end",
            [
                frame(TEXT_TO_BE_CONTINUED, half.as_bytes()),
                frame(CONTINUATION, half.as_bytes()),
            ]
            .concat(),
            TOO_LONG,
            1009,
        ),
        ("no UTF-8", frame(TEXT, b"\"\xff\""), "", 1007),
        (
            "no UTF-8 in two halves",
            [
                frame(TEXT_TO_BE_CONTINUED, b"\xc3"),
                frame(LAST_CONTINUATION, b"\x28"),
            ]
            .concat(),
            "",
            1007,
        ),
        (
            "a compressed frame",
            frame(TEXT | COMPRESSED, b"\x02\x00"),
            "",
            1002,
        ),
        ("a reserved bit", frame(TEXT | 0x10, b"{}"), "", 1002),
        ("no mask", unmasked, "", 1002),
        ("an unknown kind of frame", frame(0x83, b"{}"), "", 1002),
        (
            "a continuation of nothing",
            frame(LAST_CONTINUATION, b"{}"),
            "",
            1002,
        ),
        ("a long ping", frame(PING, &[0; 126]), "", 1002),
    ] {
        let closed = ending(&scene, bytes).await?;
        let expected = Closed {
            last: last.into(),
            code: Some(code),
        };
        assert_eq!(closed, expected, "{what}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_compressed_for_who_offers_it() -> Result<()> {
    let scene = Scene::start(&[]).await?;
    let mut raw = Raw::connect(&scene.address()).await?;
    let head = raw.upgrade(&scene.address()).await?;
    assert!(head.starts_with("HTTP/1.1 101"), "{head}");
    assert!(
        !head.to_lowercase().contains("sec-websocket-extensions"),
        "{head}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn long_messages_take_no_memory() -> Result<()> {
    let scene = Scene::start(&[]).await?;
    let frames = async {
        for first in [TEXT, TEXT_TO_BE_CONTINUED, BINARY, PING] {
            let mut raw = Raw::open(&scene.address()).await?;
            // The server need not take it all.
            let long = frame(first, &vec![b'x'; 64 * MB]);
            raw.write.write_all(&long).await.ok();
            raw.read.closed().await?;
        }
        let mut raw = Raw::open(&scene.address()).await?;
        let parts = frame(CONTINUATION, &[b'x'; 1024]).repeat(64 * 1024);
        raw.write
            .write_all(&frame(TEXT_TO_BE_CONTINUED, b"x"))
            .await?;
        raw.write.write_all(&parts).await.ok();
        raw.read.closed().await?;
        Ok(())
    };
    scene.suffers(16 * 1024, frames).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_comes_in_a_thousand_parts_at_most() -> Result<()> {
    let scene = Scene::start(&[]).await?;
    let parts = |count: usize| {
        let parts = frame(CONTINUATION, b" ").repeat(count - 1);
        [frame(TEXT_TO_BE_CONTINUED, b" "), parts].concat()
    };
    let mut raw = Raw::open(&scene.address()).await?;
    let command = json!({ "command": "subscribe", "identifier": IDENTIFIER }).to_string();
    let last = frame(LAST_CONTINUATION, command.as_bytes());
    raw.write.write_all(&[parts(1_000), last].concat()).await?;
    raw.read.text_with("confirm_subscription").await?;
    let closed = ending(&scene, parts(1_001)).await?;
    assert_eq!((&*closed.last, closed.code), (TOO_LONG, Some(1009)));
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_in_parts_with_pings_between_is_a_message() -> Result<()> {
    let scene = Scene::start(&[]).await?;
    let mut raw = Raw::open(&scene.address()).await?;
    let text = json!({ "command": "subscribe", "identifier": IDENTIFIER }).to_string();
    let (start, end) = text.as_bytes().split_at(30);
    let frames = [
        frame(TEXT_TO_BE_CONTINUED, start),
        frame(PING, b"?"),
        frame(LAST_CONTINUATION, end),
    ];
    for byte in frames.concat() {
        raw.write.write_all(&[byte]).await?;
    }
    // The server may ping the client meanwhile.
    let pong = loop {
        let (opcode, payload) = raw.read.frame().await?.context("the connection ended")?;
        if opcode != 1 {
            break (opcode, payload);
        }
        let text = String::from_utf8_lossy(&payload);
        assert!(!text.contains("confirm_subscription"), "before the pong");
    };
    assert_eq!(pong, (0xA, b"?".to_vec()));
    raw.read.text_with("confirm_subscription").await
}
