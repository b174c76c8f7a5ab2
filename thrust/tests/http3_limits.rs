//! HTTP/3: what a client may take of the proxy, and how both end.

mod support;

use std::net::{Ipv4Addr, TcpListener, UdpSocket};

use anyhow::{Context as _, Result};
use bytes::Bytes;
use http::Request;
use insta::assert_snapshot;
use support::{
    Authority, Backend, Http3, Pair, Proxy, Trust, collect, get, ok, pattern, soon, variables,
};
use tempfile::TempDir;
use test_support::{Signal, run, wait_until};

const ON: (&str, &str) = ("HTTP3", "1");
/// Codes with which connections and streams end (RFC 9114, section 8.1).
const NO_ERROR: u64 = 0x100;
const EXCESSIVE_LOAD: u64 = 0x107;
/// More than the proxy takes at rest, and much less than a flood brings.
const MEMORY: u64 = 70 << 20;

async fn start(backend: &Backend, more: &[(&str, &str)]) -> Result<(Proxy, Trust, TempDir)> {
    let all: Vec<_> = [ON].iter().chain(more).copied().collect();
    Proxy::secure(backend, &all).await
}

/// Others are served, and there is no more memory than there should be.
async fn is_well(proxy: &Proxy, trust: &Trust) -> Result<()> {
    let mut client = Http3::connect(trust, proxy.https().await?).await?;
    assert_eq!(client.get("/").await?.status(), 200);
    let memory = proxy.memory()?;
    assert!(memory < MEMORY, "the proxy takes {memory} bytes");
    Ok(())
}

#[tokio::test]
async fn large_bodies() -> Result<()> {
    let backend = Backend::friendly().await?;
    let (proxy, trust, _folder) = start(&backend, &[("MAX_REQUEST_BODY", "1KB")]).await?;
    let mut client = Http3::connect(&trust, proxy.https().await?).await?;
    for (length, status) in [(1024, 200), (1025, 413), (1 << 20, 413)] {
        let told = Request::post("https://app.test/").header("content-length", length);
        for request in [told, Request::post("https://app.test/")] {
            let answer = client.exchange(request.body(())?, pattern(length)).await?;
            assert_eq!(answer.status(), status, "{length} bytes");
        }
    }
    assert!(backend.seen().iter().all(|seen| seen.body.len() <= 1024));
    Ok(())
}

#[tokio::test]
async fn large_heads() -> Result<()> {
    let backend = Backend::friendly().await?;
    let (proxy, trust, _folder) = start(&backend, &[("MAX_REQUEST_HEADERS", "8KB")]).await?;
    let mut client = Http3::connect(&trust, proxy.https().await?).await?;
    for (length, status) in [(7000, 200), (9000, 431), (60_000, 431)] {
        // The client would keep to the limit that it is told; a server has to look itself.
        let block = [
            &[0, 0, 0xd1, 0xd7, 0xc1, 0x50, 8][..],
            b"app.test",
            &[0x21, b'x', 0x7f],
            &number(length - 0x7f),
            &vec![b'y'; length],
        ]
        .concat();
        let head = [
            &[1, 0x80][..],
            &u32::try_from(block.len())?.to_be_bytes()[1..],
        ]
        .concat();
        let (mut send, mut receive) = client.raw(&[&head, &block[..]].concat()).await?;
        send.finish()?;
        let answer = soon("the answer", receive.read_to_end(1 << 20)).await??;
        // The status is the first field: 200 by its index in the static table, others as they are written.
        let field = if status == 200 { 0xd9 } else { 0x5f };
        assert!(
            answer.starts_with(&[1]) && answer[..8].contains(&field),
            "{length} bytes: {answer:02x?}"
        );
    }
    assert_eq!(client.get("/").await?.status(), 200);
    assert_eq!(backend.seen().len(), 2);
    Ok(())
}

/// A number as QPACK goes on with one that does not fit into its prefix.
fn number(rest: usize) -> Vec<u8> {
    let [low, high, ..] = rest.to_le_bytes();
    let more = high << 1 | low >> 7;
    if rest >= 1 << 14 {
        let most = (rest >> 14).to_le_bytes()[0];
        return vec![low | 0x80, more | 0x80, most];
    }
    vec![low | 0x80, more & 0x7f]
}

/// Frames say how long they are: nobody keeps them because of that.
#[tokio::test]
async fn frames_without_an_end() -> Result<()> {
    let backend = Backend::friendly().await?;
    let (proxy, trust, _folder) = start(&backend, &[]).await?;
    // A head, and a kind of frame that nobody knows: each says that it is as long as can be.
    for kind in [1, 0x21] {
        let client = Http3::connect(&trust, proxy.https().await?).await?;
        let endless = [&[kind, 0xff][..], &[255; 7]].concat();
        let (mut send, _receive) = client.raw(&endless).await?;
        let piece = vec![0; 1 << 20];
        let sends = async {
            for _ in 0..256 {
                if send.write_all(&piece).await.is_err() {
                    return true;
                }
            }
            false
        };
        assert!(
            soon("the end of the stream", sends).await?,
            "all of it was taken"
        );
    }
    is_well(&proxy, &trust).await
}

/// Answers, but to requests for `/slow` only when the proxy has closed the connection.
async fn slow_at_times() -> Result<Backend> {
    Backend::scripted(|mut peer| async move {
        while let Some(seen) = peer.request().await? {
            if seen.line().contains("/slow") {
                peer.request().await?;
            }
            peer.send(ok("hello")).await?;
        }
        Ok(())
    })
    .await
}

/// The client wants an answer no more.
fn leave(stream: &mut support::Http3Stream) {
    stream.stop_sending(h3::error::Code::H3_REQUEST_CANCELLED);
    stream.stop_stream(h3::error::Code::H3_REQUEST_CANCELLED);
}

/// CVE-2023-44487.
#[tokio::test]
async fn requests_that_are_left_at_once() -> Result<()> {
    const REQUESTS: usize = 20_000;
    let backend = slow_at_times().await?;
    let (proxy, trust, _folder) = start(&backend, &[("LOG_REQUESTS", "0")]).await?;
    let mut client = Http3::connect(&trust, proxy.https().await?).await?;
    let flood = async {
        for _ in 0..REQUESTS {
            let request = Request::get("https://app.test/slow").body(())?;
            let Ok(mut stream) = client.sender.send_request(request).await else {
                break;
            };
            leave(&mut stream);
        }
        anyhow::Ok(())
    };
    soon("the end of the flood", flood).await??;
    assert_eq!(client.closed().await?, EXCESSIVE_LOAD);
    let seen = backend.seen();
    let slow = seen.iter().filter(|seen| seen.line().contains("/slow"));
    let slow = slow.count();
    assert!(slow < 1_000, "the server got {slow} of {REQUESTS} requests");
    is_well(&proxy, &trust).await
}

/// A page is left whose images were on their way: that is no flood.
#[tokio::test]
async fn browsers_leave_requests() -> Result<()> {
    let backend = slow_at_times().await?;
    let (proxy, trust, _folder) = start(&backend, &[]).await?;
    let mut client = Http3::connect(&trust, proxy.https().await?).await?;
    for _ in 0..3 {
        let mut streams = Vec::new();
        for _ in 0..30 {
            let request = Request::get("https://app.test/slow").body(())?;
            streams.push(client.begin(request).await?);
        }
        for mut stream in streams {
            leave(&mut stream);
        }
        assert_eq!(client.get("/").await?.status(), 200);
    }
    Ok(())
}

#[tokio::test]
async fn connections() -> Result<()> {
    let backend = Backend::friendly().await?;
    for limit in ["MAX_CONNECTIONS", "MAX_CONNECTIONS_PER_CLIENT"] {
        let more = [(limit, "2"), ("STATUS_PORT", "0")];
        let (proxy, trust, _folder) = start(&backend, &more).await?;
        let https = proxy.https().await?;
        let mut held = Vec::new();
        for _ in 0..2 {
            let mut client = Http3::connect(&trust, https).await?;
            assert_eq!(client.get("/").await?.status(), 200, "{limit}");
            held.push(client);
        }
        assert!(Http3::connect(&trust, https).await.is_err(), "{limit}");
        // They are the same places as for the other versions.
        assert!(
            trust.connect(https, "app.test", &["h2"]).await.is_err(),
            "{limit}"
        );
        let client = held.pop().context("none is held")?;
        client.quic.close(0x100_u32.into(), b"");
        wait_until("a place", || async {
            Http3::connect(&trust, https).await.is_ok()
        })
        .await;
    }
    Ok(())
}

#[tokio::test]
async fn requests() -> Result<()> {
    let backend = Backend::friendly().await?;
    let (proxy, trust, _folder) = start(&backend, &[("MAX_REQUESTS_PER_CLIENT", "2")]).await?;
    let mut client = Http3::connect(&trust, proxy.https().await?).await?;
    let mut refused = None;
    for _ in 0..100 {
        let answer = client.get("/").await?;
        if answer.status() != 200 {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.context("all were taken")?;
    assert_eq!(refused.status(), 429);
    assert_eq!(refused.headers()["retry-after"], "1");
    assert!(!refused.headers().contains_key("connection"));
    Ok(())
}

/// All of these wait for a limit, so they wait together.
#[tokio::test]
async fn slow_clients() -> Result<()> {
    let backend = Backend::friendly().await?;
    let (proxy, trust, _folder) = start(&backend, &[("HTTP_READ_TIMEOUT", "1")]).await?;
    let client = Http3::connect(&trust, proxy.https().await?).await?;
    let half_a_head = async {
        let (_send, mut receive) = client.raw(&[1, 100, 0, 0]).await?;
        let _ = soon("the end of the stream", receive.read_to_end(1 << 20)).await?;
        anyhow::Ok(())
    };
    let half_a_body = async {
        let mut client = Http3::connect(&trust, proxy.https().await?).await?;
        let request = Request::post("https://app.test/").header("content-length", 100);
        let mut stream = client.begin(request.body(())?).await?;
        stream.send_data(Bytes::from_static(b"hello")).await?;
        assert_eq!(collect(&mut stream).await?.status(), 408);
        anyhow::Ok(())
    };
    let no_body_at_all = async {
        let mut client = Http3::connect(&trust, proxy.https().await?).await?;
        let request = Request::post("https://app.test/").body(())?;
        let mut stream = client.begin(request).await?;
        assert!(collect(&mut stream).await.is_err());
        anyhow::Ok(())
    };
    tokio::try_join!(half_a_head, half_a_body, no_body_at_all)?;
    assert!(backend.seen().is_empty());
    Ok(())
}

#[tokio::test]
async fn clients_that_take_nothing() -> Result<()> {
    const LARGE: usize = 64 << 20;
    let backend = Backend::scripted(|mut peer| async move {
        peer.request().await?;
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {LARGE}\r\n\r\n");
        peer.send(head).await?;
        peer.send(pattern(LARGE)).await
    })
    .await?;
    let limits = [("HTTP_WRITE_TIMEOUT", "1"), ("STATUS_PORT", "0")];
    let (proxy, trust, _folder) = start(&backend, &limits).await?;
    let status = proxy.status().await?;
    let mut client = Http3::connect(&trust, proxy.https().await?).await?;
    let request = Request::get("https://app.test/").body(())?;
    let mut stream = client.begin(request).await?;
    stream.finish().await?;
    let in_flight = |count: u32| async move {
        let page = get(status, "/metrics").await.map(|page| page.text());
        page.is_ok_and(|page| page.contains(&format!("thrust_requests_in_flight {count}\n")))
    };
    wait_until("the request", || async { backend.seen().len() == 1 }).await;
    wait_until("the end of it", || in_flight(0)).await;
    assert!(collect(&mut stream).await.is_err());
    Ok(())
}

#[tokio::test]
async fn it_takes_up_new_certificates() -> Result<()> {
    let backend = Backend::friendly().await?;
    let (folder, first, second) = (TempDir::new()?, Authority::new()?, Authority::new()?);
    let pair = Pair::write(&first, folder.path())?;
    let proxy = Proxy::start(&backend, &pair.variables(&[ON])?).await?;
    let https = proxy.https().await?;
    let mut client = Http3::connect(&first.trust()?, https).await?;
    assert_eq!(client.get("/").await?.status(), 200);
    assert!(Http3::connect(&second.trust()?, https).await.is_err());
    Pair::write(&second, folder.path())?;
    proxy.process.line_with("reloaded the certificate").await;
    assert!(Http3::connect(&first.trust()?, https).await.is_err());
    let mut other = Http3::connect(&second.trust()?, https).await?;
    assert_eq!(other.get("/").await?.status(), 200);
    // Who is there keeps what it has.
    assert_eq!(client.get("/").await?.status(), 200);
    Ok(())
}

#[tokio::test]
async fn connections_end_in_good_order() -> Result<()> {
    let (tell, told) = tokio::sync::watch::channel(false);
    let backend = Backend::scripted(move |mut peer| {
        let mut told = told.clone();
        async move {
            while let Some(seen) = peer.request().await? {
                if seen.line().contains("/slow") {
                    told.wait_for(|told| *told).await?;
                }
                peer.send(ok(&"hello".repeat(100_000))).await?;
            }
            Ok(())
        }
    })
    .await?;
    let (mut proxy, trust, _folder) = start(&backend, &[("DRAIN_TIMEOUT", "600")]).await?;
    let https = proxy.https().await?;
    let mut idle = Http3::connect(&trust, https).await?;
    idle.get("/").await?;
    let mut busy = Http3::connect(&trust, https).await?;
    let request = Request::get("https://app.test/slow").body(())?;
    let mut stream = busy.begin(request).await?;
    stream.finish().await?;
    wait_until("the request", || async { backend.seen().len() == 2 }).await;
    proxy.process.signal(Signal::TERM)?;
    assert_eq!(idle.closed().await?, NO_ERROR);
    // The busy one was told, too: it takes no more requests, and ends the one that runs.
    wait_until("the word", || async {
        let request = Request::get("https://app.test/late").body(()).ok();
        let Some(request) = request else { return false };
        busy.sender.clone().send_request(request).await.is_err()
    })
    .await;
    tell.send(true)?;
    let answer = collect(&mut stream).await?;
    assert_eq!(answer.body().len(), 500_000);
    assert_eq!(busy.closed().await?, NO_ERROR);
    assert_eq!(proxy.process.ended().await?.code(), Some(0));
    Ok(())
}

#[tokio::test]
async fn without_tls_there_is_none() -> Result<()> {
    let checked = run("thrust", &["check"], &variables(&[ON])).await?;
    assert_eq!(checked.code, Some(1));
    assert_snapshot!(checked.stderr);
    let started = run("thrust", &[], &variables(&[ON])).await?;
    assert_eq!((started.code, started.stderr), (Some(1), checked.stderr));
    Ok(())
}

#[tokio::test]
async fn a_port_in_use_is_told() -> Result<()> {
    let (folder, authority) = (TempDir::new()?, Authority::new()?);
    let pair = Pair::write(&authority, folder.path())?;
    let (_taken, port) = taken_for_datagrams()?;
    let more = pair.variables(&[ON])?;
    let more: Vec<_> = more.into_iter().chain([("HTTPS_PORT", &*port)]).collect();
    let ended = run("thrust", &[], &variables(&more)).await?;
    assert_eq!(ended.code, Some(1));
    assert_snapshot!(ended.stderr.replace(&port, "PORT"));
    Ok(())
}

/// A port that is free for connections and not for datagrams, out of the range that the system gives to other tests.
fn taken_for_datagrams() -> Result<(UdpSocket, String)> {
    let from = 20_000 + u16::try_from(std::process::id() % 10_000)?;
    let taken = (from..32_000).find_map(|port| {
        let address = (Ipv4Addr::LOCALHOST, port);
        TcpListener::bind(address).ok()?;
        Some((UdpSocket::bind(address).ok()?, port.to_string()))
    });
    taken.context("no port is free")
}
