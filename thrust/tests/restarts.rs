//! Servers that stop and start again behind the proxy, and requests that they took with them.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

use anyhow::{Result, ensure};
use http::Request;
use support::{Backend, Client, Http2, Proxy, SECOND, Seen, exchange, get, ok};
use tokio::sync::RwLock;

/// As a server in good order stops: each answer says that its connection ends, and then nobody listens.
#[tokio::test]
async fn no_request_fails_while_the_server_starts_again() -> Result<()> {
    let stopping = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&stopping);
    let answer = move |seen: &Seen| {
        let close = if told.load(Relaxed) {
            "connection: close\r\n"
        } else {
            ""
        };
        let length = seen.body.len();
        let mut bytes =
            format!("HTTP/1.1 200 OK\r\n{close}content-length: {length}\r\n\r\n").into_bytes();
        bytes.extend(&seen.body);
        bytes
    };
    let mut backend = Backend::answering(answer.clone()).await?;
    let proxy = Proxy::start(&backend, &[("H2C_ENABLED", "1")]).await?;
    let (address, over) = (proxy.address, AtomicBool::new(false));
    let answered = AtomicUsize::new(0);
    // No connection may be on its way while the server stops listening: nobody could tell what became of its request.
    let turns = RwLock::new(());
    let load = |text: &'static str| {
        let (over, answered, turns) = (&over, &answered, &turns);
        async move {
            let mut client = Client::connect(address).await?;
            while !over.load(Relaxed) {
                let _turn = turns.read().await;
                client.send(text).await?;
                let answer = client.response().await?;
                ensure!(answer.status == 200, "{text}: {}", answer.status);
                answered.fetch_add(1, Relaxed);
            }
            Ok(())
        }
    };
    let by_http2 = async {
        let mut client = Http2::connect(address).await?;
        while !over.load(Relaxed) {
            let _turn = turns.read().await;
            let request = Request::post("http://app.test/").body(())?;
            let answer = client.exchange(request, "hello").await?;
            ensure!(answer.body() == b"hello", "{}", answer.status());
        }
        Ok(())
    };
    let restarts = async {
        for _ in 0..2 {
            stopping.store(true, Relaxed);
            let all_turns = turns.write().await;
            backend.stop_listening().await;
            drop(all_turns);
            backend.finish().await?;
            stopping.store(false, Relaxed);
            tokio::time::sleep(SECOND).await;
            backend.start_again(answer.clone()).await?;
            let before = answered.load(Relaxed);
            test_support::wait_until("answers", || async {
                answered.load(Relaxed) > before + 100
            })
            .await;
        }
        over.store(true, Relaxed);
        Ok(())
    };
    let get = "GET / HTTP/1.1\r\nhost: app.test\r\n\r\n";
    let post = "POST / HTTP/1.1\r\nhost: app.test\r\ncontent-length: 5\r\n\r\nhello";
    tokio::try_join!(
        load(get),
        load(get),
        load(post),
        load(post),
        by_http2,
        restarts
    )?;
    Ok(())
}

/// A server that takes so many requests with it before it answers.
async fn dying(times: usize) -> Result<Backend> {
    let left = Arc::new(AtomicUsize::new(times));
    Backend::answering(move |seen| {
        let dies = !seen.line().contains("/fine")
            && left
                .fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1))
                .is_ok();
        if dies { Vec::new() } else { ok("hello") }
    })
    .await
}

#[tokio::test]
async fn what_a_server_took_with_it_is_sent_again_if_it_may_be() -> Result<()> {
    let large = "x".repeat(100_000);
    let body = "content-length: 5\r\n\r\nhello";
    let key = "idempotency-key: 1\r\ncontent-length: 5\r\n\r\nhello";
    let too_large = format!("content-length: 100000\r\n\r\n{large}");
    let cases = [
        ("GET", "\r\n", 200, 2),
        ("HEAD", "\r\n", 200, 2),
        ("PUT", body, 200, 2),
        ("DELETE", "\r\n", 200, 2),
        ("POST", body, 502, 1),
        ("PATCH", body, 502, 1),
        ("BREW", body, 502, 1),
        ("POST", key, 200, 2),
        // It is not kept, so it cannot be sent again.
        ("PUT", &too_large, 502, 1),
    ];
    for is_kept in [false, true] {
        for (method, rest, status, times) in cases {
            let backend = dying(1).await?;
            let proxy = Proxy::start(&backend, &[]).await?;
            let told = format!("{method} on a connection that is kept: {is_kept}");
            let mut client = Client::connect(proxy.address).await?;
            if is_kept {
                client
                    .send("GET /fine HTTP/1.1\r\nhost: app.test\r\n\r\n")
                    .await?;
                client.response().await?;
            }
            client
                .send(format!("{method} / HTTP/1.1\r\nhost: app.test\r\n{rest}"))
                .await?;
            assert_eq!(client.response_to(method).await?.status, status, "{told}");
            let seen = backend.seen();
            let seen: Vec<&Seen> = seen
                .iter()
                .filter(|seen| !seen.line().contains("/fine"))
                .collect();
            assert_eq!(seen.len(), times, "{told}");
            assert!(
                seen.iter()
                    .all(|other| other.body == seen[0].body && other.head == seen[0].head),
                "{told}: {seen:#?}"
            );
        }
    }
    Ok(())
}

#[tokio::test]
async fn what_a_server_dies_of_is_not_sent_for_ever() -> Result<()> {
    let backend = dying(usize::MAX).await?;
    let proxy = Proxy::start(&backend, &[]).await?;
    for _ in 0..3 {
        get(proxy.address, "/fine").await?;
    }
    assert_eq!(get(proxy.address, "/").await?.status, 502);
    let seen = backend.seen();
    let fatal = seen
        .iter()
        .filter(|seen| seen.line() == "GET / HTTP/1.1")
        .count();
    // Once on a connection that was kept, and thrice on new ones.
    assert!((3..=4).contains(&fatal), "{fatal} times");
    assert_eq!(get(proxy.address, "/fine").await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn requests_stop_waiting_in_time() -> Result<()> {
    let (_kept, nobody) = support::unused_port()?;
    let proxy = Proxy::run(&[], &[("TARGET_PORT", &nobody), ("UPSTREAM_WAIT", "1")]).await?;
    let began = std::time::Instant::now();
    assert_eq!(get(proxy.address, "/").await?.status, 502);
    assert!(began.elapsed() > SECOND / 2, "it did not wait");
    let text = "POST / HTTP/1.1\r\nhost: app.test\r\ncontent-length: 5\r\n\r\nhello";
    assert_eq!(exchange(proxy.address, text).await?.status, 502);
    Ok(())
}
