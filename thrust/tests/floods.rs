//! Clients that speak HTTP/2 to wear the proxy out.

mod support;

use anyhow::Result;
use support::{Backend, Frame, Frames, Http2, Proxy, get, kind, soon};

/// More than the proxy takes at rest, and much less than a flood brings.
const MEMORY: u64 = 60 << 20;

async fn start() -> Result<(Backend, Proxy)> {
    let backend = Backend::scripted(|mut peer| async move {
        while let Some(seen) = peer.request().await? {
            if seen.line().contains("/slow") {
                // Until the proxy closes the connection.
                peer.request().await?;
            }
            peer.send(support::ok("hello")).await?;
        }
        Ok(())
    })
    .await?;
    let more = [("H2C_ENABLED", "1"), ("LOG_REQUESTS", "0")];
    let proxy = Proxy::start(&backend, &more).await?;
    Ok((backend, proxy))
}

/// Sends frames until the proxy ends the connection or all were sent; whether it said that it ends.
async fn flood(
    proxy: &Proxy,
    first: Vec<Frame>,
    frames: impl Iterator<Item = Vec<u8>>,
) -> Result<bool> {
    let mut connection = Frames::connect(proxy.address).await?;
    for frame in first {
        connection.send(&frame).await?;
    }
    let (reader, mut writer) = connection.stream.into_split();
    let sends = async {
        for bytes in frames {
            if tokio::io::AsyncWriteExt::write_all(&mut writer, &bytes)
                .await
                .is_err()
            {
                break;
            }
        }
        writer
    };
    let reads = async {
        let mut bytes = tokio::io::BufReader::new(reader);
        let mut said = false;
        while let Some(frame) = Frames::read_from(&mut bytes).await {
            said |= frame.kind == kind::GOAWAY;
        }
        said
    };
    let (_writer, said) = soon("the end of the connection", async {
        tokio::join!(sends, reads)
    })
    .await?;
    Ok(said)
}

/// Others are served, and there is no more memory than there should be.
async fn is_well(proxy: &Proxy) -> Result<()> {
    assert_eq!(get(proxy.address, "/").await?.text(), "hello");
    assert_eq!(
        Http2::connect(proxy.address).await?.get("/").await?.body(),
        b"hello"
    );
    let memory = proxy.memory()?;
    assert!(memory < MEMORY, "the proxy takes {memory} bytes");
    Ok(())
}

/// CVE-2023-44487.
#[tokio::test]
async fn requests_that_are_reset_at_once() -> Result<()> {
    const REQUESTS: u32 = 20_000;
    let (backend, proxy) = start().await?;
    let frames = (0..REQUESTS).map(|index| {
        let stream = index * 2 + 1;
        let reset = Frame::new(kind::RST_STREAM, 0, stream, 8_u32.to_be_bytes());
        [Frame::get(stream, "/slow").bytes(), reset.bytes()].concat()
    });
    let (said, others) = tokio::join!(flood(&proxy, Vec::new(), frames), async {
        for _ in 0..20 {
            assert_eq!(get(proxy.address, "/").await?.text(), "hello");
        }
        anyhow::Ok(())
    });
    others?;
    assert!(said?, "it ends with a word");
    let seen = backend.seen();
    let slow = seen
        .iter()
        .filter(|seen| seen.line().contains("/slow"))
        .count();
    assert!(slow < 1_000, "the server got {slow} of {REQUESTS} requests");
    is_well(&proxy).await
}

/// CVE-2024-27316.
#[tokio::test]
async fn heads_without_an_end() -> Result<()> {
    let (backend, proxy) = start().await?;
    let block = support::hpack(&[("x", &"y".repeat(8_000))]);
    for block in [block, Vec::new()] {
        let first = Frame::new(kind::HEADERS, 0, 1, support::hpack(&[(":method", "GET")]));
        let frames =
            std::iter::repeat_n(Frame::new(kind::CONTINUATION, 0, 1, block).bytes(), 100_000);
        flood(&proxy, vec![first], frames).await?;
        is_well(&proxy).await?;
    }
    assert!(
        backend
            .seen()
            .iter()
            .all(|seen| seen.line() == "GET / HTTP/1.1")
    );
    Ok(())
}

/// A small head that HPACK makes a huge one of.
#[tokio::test]
async fn heads_that_grow_when_they_are_unpacked() -> Result<()> {
    let (backend, proxy) = start().await?;
    // A field of 4,000 bytes goes to the dynamic table, and is then named ten thousand times by a byte.
    let mut block = support::hpack(&[
        (":method", "GET"),
        (":scheme", "http"),
        (":path", "/huge"),
        (":authority", "a"),
    ]);
    let field = support::hpack(&[("x", &"y".repeat(4_000))]);
    block.push(0x40);
    block.extend(&field[1..]);
    block.extend(std::iter::repeat_n(0xbe, 10_000));
    let mut connection = Frames::connect(proxy.address).await?;
    connection
        .send(&Frame::new(kind::HEADERS, 0x4 | 0x1, 1, block))
        .await?;
    let status = connection.status(1).await?;
    assert!(status.is_none_or(|status| status == 431), "{status:?}");
    is_well(&proxy).await?;
    assert!(
        backend
            .seen()
            .iter()
            .all(|seen| !seen.line().contains("/huge"))
    );
    Ok(())
}

/// CVE-2019-9512 and 9515: each wants an answer, which the client does not read.
#[tokio::test]
async fn questions_whose_answers_are_not_read() -> Result<()> {
    let (_backend, proxy) = start().await?;
    let ping = Frame::new(kind::PING, 0, 0, [0; 8]);
    let settings = Frame::new(kind::SETTINGS, 0, 0, []);
    let mut held = Vec::new();
    for frame in [ping, settings] {
        let mut connection = Frames::connect(proxy.address).await?;
        let many = frame.bytes().repeat(10_000);
        for _ in 0..50 {
            // The proxy stops reading, or ends the connection.
            let sent = tokio::io::AsyncWriteExt::write_all(&mut connection.stream, &many);
            match tokio::time::timeout(support::SECOND / 4, sent).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) | Err(_) => break,
            }
        }
        is_well(&proxy).await?;
        held.push(connection);
    }
    Ok(())
}

/// More at once than is allowed are refused, and do not reach the server.
#[tokio::test]
async fn requests_at_once() -> Result<()> {
    let (backend, proxy) = start().await?;
    let mut connection = Frames::connect(proxy.address).await?;
    for index in 0..400 {
        connection.send(&Frame::get(index * 2 + 1, "/slow")).await?;
    }
    assert_eq!(connection.status(799).await?, None);
    test_support::wait_until("the others", || async { backend.seen().len() >= 250 }).await;
    assert_eq!(backend.seen().len(), 250);
    is_well(&proxy).await
}
