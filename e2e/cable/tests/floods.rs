//! Clients that ask for too much, or do not read what they get: they are bounded, and others are served meanwhile.

use anyhow::{Context as _, Result};
use cable_faults::{IDENTIFIER, Raw, Scene, frame};
use serde_json::json;
use tokio::io::AsyncWriteExt as _;

const TEXT: u8 = 0x81;
const PING: u8 = 0x89;
const PONG: u8 = 0xA;
const YES: &[u8] = br#""confirm_subscription"}"#;
const NO: &[u8] = br#""reject_subscription"}"#;
const TOO_SLOW: &str = r#"{"type":"disconnect","reason":"too_slow","reconnect":true}"#;
/// What one connection may take: its queue of 4 MiB, and its buffers.
const ONE_CLIENT: u64 = 8 * 1024;
/// Frames in one write.
const CHUNK: usize = 1_000;

fn command(command: &str, identifier: &str) -> Vec<u8> {
    let text = json!({ "command": command, "identifier": identifier }).to_string();
    frame(TEXT, text.as_bytes())
}

fn subscribe(number: usize) -> Vec<u8> {
    command(
        "subscribe",
        &json!({ "channel": "TodosChannel", "number": number }).to_string(),
    )
}

fn subscribe_to_nothing(number: usize) -> Vec<u8> {
    command(
        "subscribe",
        &json!({ "channel": "None", "number": number }).to_string(),
    )
}

/// Sends so many frames, and reads on after some of them until there is an answer to each that counts.
async fn ask(
    scene: &Scene,
    times: usize,
    frame: impl Fn(usize) -> Vec<u8>,
    mut counts: impl FnMut(u8, &[u8]) -> bool,
) -> Result<()> {
    let mut raw = Raw::open(&scene.address()).await?;
    for chunk in 0..times / CHUNK {
        let frames: Vec<u8> = (chunk * CHUNK..(chunk + 1) * CHUNK)
            .flat_map(&frame)
            .collect();
        raw.write.write_all(&frames).await?;
        let mut left = CHUNK;
        while left > 0 {
            let (opcode, payload) = raw.read.frame().await?.context("it was cut off")?;
            left -= usize::from(counts(opcode, &payload));
        }
    }
    Ok(())
}

/// Sends so many frames without reading any answer, then reads why it was cut off. Nothing comes where the system gave
/// the connection up, as it does after half a minute.
async fn flood(
    scene: &Scene,
    times: usize,
    frame: impl Fn(usize) -> Vec<u8>,
) -> Result<Option<String>> {
    let mut raw = Raw::open(&scene.address()).await?;
    for chunk in 0..times / CHUNK {
        let frames: Vec<u8> = (chunk * CHUNK..(chunk + 1) * CHUNK)
            .flat_map(&frame)
            .collect();
        if raw.write.write_all(&frames).await.is_err() {
            return Ok(None);
        }
    }
    let closed = raw.read.closed().await?;
    Ok(closed.code.map(|_| closed.last))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_million_subscriptions_are_a_thousand() -> Result<()> {
    const MILLION: usize = 1_000_000;
    let scene = Scene::start(&[]).await?;
    let (mut confirmed, mut rejected) = (0, 0);
    let asking = ask(&scene, MILLION, subscribe, |_, answer| {
        let (is_yes, is_no) = (answer.ends_with(YES), answer.ends_with(NO));
        confirmed += usize::from(is_yes);
        rejected += usize::from(is_no);
        is_yes || is_no
    });
    scene.suffers(2 * ONE_CLIENT, asking).await?;
    assert_eq!((confirmed, rejected), (1_000, MILLION - 1_000));
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pings_are_answered_without_end() -> Result<()> {
    const PINGS: usize = 200_000;
    let scene = Scene::start(&[]).await?;
    let asking = ask(
        &scene,
        PINGS,
        |_| frame(PING, b"?"),
        |opcode, _| opcode == PONG,
    );
    scene.suffers(ONE_CLIENT, asking).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nonsense_is_ignored_without_end() -> Result<()> {
    const FRAMES: usize = 200_000;
    let scene = Scene::start(&[]).await?;
    let kinds = ["{", "[[[[", "\"command\"", "{\"command\":{}}", "\u{0}", ""];
    let asking = async {
        let mut raw = Raw::open(&scene.address()).await?;
        for number in 0..FRAMES / CHUNK {
            let text = kinds[number % kinds.len()].as_bytes();
            raw.write
                .write_all(&frame(TEXT, text).repeat(CHUNK))
                .await?;
        }
        raw.write
            .write_all(&command("subscribe", IDENTIFIER))
            .await?;
        raw.read.text_with("confirm_subscription").await
    };
    scene.suffers(ONE_CLIENT, asking).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_reads_no_answers_is_cut_off() -> Result<()> {
    let scene = Scene::start(&[]).await?;
    let floods = async {
        for reason in [
            flood(&scene, 200_000, subscribe_to_nothing).await?,
            flood(&scene, 200_000, |_| frame(PING, &[b'?'; 100])).await?,
        ] {
            assert!(
                reason.as_deref().is_none_or(|reason| reason == TOO_SLOW),
                "{reason:?}"
            );
        }
        Ok(())
    };
    scene.suffers(2 * ONE_CLIENT, floods).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_reads_no_messages_is_cut_off() -> Result<()> {
    const CLIENTS: u64 = 5;
    const MESSAGES: usize = 400;
    let scene = Scene::start(&[("ANYCABLE_PUBLIC_STREAMS", "true")]).await?;
    let rails = scene.rails()?;
    let silence = async {
        let mut clients = Vec::new();
        for _ in 0..CLIENTS {
            let mut raw = Raw::open(&scene.address()).await?;
            raw.write
                .write_all(&command(
                    "subscribe",
                    r#"{"channel":"$pubsub","stream_name":"long"}"#,
                ))
                .await?;
            clients.push(raw);
        }
        let long = format!("\"{}\"", "x".repeat(64 * 1024));
        for _ in 0..MESSAGES {
            rails.broadcast("long", vec![long.clone()]).await?;
        }
        for mut client in clients {
            assert_eq!(client.read.closed().await?.last, TOO_SLOW);
        }
        Ok(())
    };
    scene.suffers(CLIENTS * ONE_CLIENT, silence).await
}
