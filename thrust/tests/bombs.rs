//! Bodies that are tiny as they come and huge when they are unpacked. Nobody unpacks them here.

mod support;

use std::io::Write as _;

use anyhow::Result;
use flate2::Compression;
use flate2::write::GzEncoder;
use support::{Backend, Client, Proxy, Seen, ask};

/// What a bomb unpacks to.
const HUGE: usize = 256 << 20;
/// More than the proxy takes at rest, and much less than what is in a bomb.
const MEMORY: u64 = 60 << 20;
const HEADS: [&str; 2] = [
    "cache-control: private",
    "cache-control: public, max-age=60",
];

fn bomb() -> Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    let zeros = vec![0; 1 << 20];
    for _ in 0..HUGE / zeros.len() {
        encoder.write_all(&zeros)?;
    }
    Ok(encoder.finish()?)
}

/// The server sends a bomb, kept or passing; and clients take it that do not read its encoding, or like others better.
#[tokio::test]
async fn answers_are_passed_as_they_came() -> Result<()> {
    let bomb = bomb()?;
    assert!(bomb.len() < 1 << 20, "it fits into the cache");
    let packed = bomb.clone();
    let backend = Backend::answering(move |seen: &Seen| {
        let kept = usize::from(seen.line().contains("/kept"));
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-encoding: gzip\r\n{}\r\ncontent-length: {}\r\n\r\n",
            HEADS[kept],
            packed.len()
        );
        [head.as_bytes(), &packed].concat()
    })
    .await?;
    let proxy = Proxy::start(&backend, &[]).await?;
    for path in ["/passing", "/kept", "/kept"] {
        for accepted in ["gzip", "br, zstd", "identity", "gzip;q=0, *;q=0"] {
            let accept = format!("accept-encoding: {accepted}");
            let answer = ask(proxy.address, "GET", path, &[&accept]).await?;
            assert_eq!(answer.header("content-encoding"), Some("gzip"), "{path}");
            assert!(
                answer.body == bomb,
                "{path} for {accepted}: other bytes than the server's"
            );
        }
    }
    is_small(&proxy)
}

/// A client uploads a bomb: the server gets its few bytes, and `Content-Encoding` with them.
#[tokio::test]
async fn requests_are_passed_as_they_came() -> Result<()> {
    let bomb = bomb()?;
    let backend = Backend::friendly().await?;
    // Its limit is that of the bytes that come: what the server makes of them is the server's matter.
    let proxy = Proxy::start(&backend, &[("MAX_REQUEST_BODY", "1MB")]).await?;
    let mut client = Client::connect(proxy.address).await?;
    let head = format!(
        "POST / HTTP/1.1\r\nhost: app.test\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n",
        bomb.len()
    );
    client.send([head.as_bytes(), &bomb].concat()).await?;
    assert_eq!(client.response().await?.status, 200);
    let seen = backend.last();
    assert_eq!(seen.header("content-encoding"), Some("gzip"));
    assert!(seen.body == bomb, "other bytes than the client's");
    is_small(&proxy)
}

fn is_small(proxy: &Proxy) -> Result<()> {
    let memory = proxy.memory()?;
    assert!(memory < MEMORY, "the proxy takes {memory} bytes");
    Ok(())
}
