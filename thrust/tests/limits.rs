//! What a client may take of the proxy: bytes, time, connections.

mod support;

use std::time::Instant;

use anyhow::Result;
use http::Request;
use support::{Backend, Client, Http2, Proxy, SECOND, exchange, get, pattern};
use test_support::wait_until;

const HEAD: &str = "GET / HTTP/1.1\r\nhost: app.test\r\n";

#[tokio::test]
async fn large_bodies() -> Result<()> {
    let backend = Backend::friendly().await?;
    let proxy = Proxy::start(
        &backend,
        &[("MAX_REQUEST_BODY", "1KB"), ("H2C_ENABLED", "1")],
    )
    .await?;
    let post = |lines: &str, body: &str| {
        format!("POST / HTTP/1.1\r\nhost: app.test\r\n{lines}\r\n\r\n{body}")
    };
    let (fits, not) = ("x".repeat(1024), "x".repeat(1025));
    let chunked = |body: &str| {
        let (a, b) = body.split_at(body.len() / 2);
        format!("{:x}\r\n{a}\r\n{:x}\r\n{b}\r\n0\r\n\r\n", a.len(), b.len())
    };
    let cases = [
        (post("content-length: 1024", &fits), 200),
        (post("content-length: 1025", &not), 413),
        // Not even a byte has to come.
        (post("content-length: 99999999999", ""), 413),
        (
            post("content-length: 1025\r\nexpect: 100-continue", ""),
            413,
        ),
        (post("transfer-encoding: chunked", &chunked(&fits)), 200),
        (post("transfer-encoding: chunked", &chunked(&not)), 413),
    ];
    for (request, status) in cases {
        let told: String = request.chars().take(90).collect();
        assert_eq!(
            exchange(proxy.address, &request).await?.status,
            status,
            "{told}"
        );
    }
    for (body, status) in [(fits, 200), (not, 413)] {
        let mut client = Http2::connect(proxy.address).await?;
        let length = body.len();
        let told = Request::post("http://app.test/").header("content-length", length);
        let untold = Request::post("http://app.test/");
        for request in [told, untold] {
            let answer = client.exchange(request.body(())?, body.clone()).await?;
            assert_eq!(answer.status(), status, "{length} bytes by HTTP/2");
        }
    }
    assert!(backend.seen().iter().all(|seen| seen.body.len() <= 1024));
    Ok(())
}

#[tokio::test]
async fn large_heads() -> Result<()> {
    let backend = Backend::friendly().await?;
    let proxy = Proxy::start(
        &backend,
        &[("MAX_REQUEST_HEADERS", "8KB"), ("H2C_ENABLED", "1")],
    )
    .await?;
    let long = "x".repeat(9000);
    let cases = [
        (format!("{HEAD}x: {}\r\n\r\n", "x".repeat(7000)), 200),
        (format!("{HEAD}x: {long}\r\n\r\n"), 431),
        (format!("{HEAD}{long}: x\r\n\r\n"), 431),
        (format!("{HEAD}x: {long}"), 431),
        (format!("{HEAD}{}\r\n", "x: y\r\n".repeat(101)), 431),
        (
            format!("GET /{long} HTTP/1.1\r\nhost: app.test\r\n\r\n"),
            431,
        ),
        (format!("{long} / HTTP/1.1\r\nhost: app.test\r\n\r\n"), 431),
    ];
    for (request, status) in cases {
        let told: String = request.chars().take(60).collect();
        assert_eq!(
            exchange(proxy.address, &request).await?.status,
            status,
            "{told}"
        );
    }
    let mut client = Http2::connect(proxy.address).await?;
    let large = Request::get("http://app.test/")
        .header("x", long)
        .body(())?;
    let answer = client.exchange(large, "").await;
    assert!(
        answer.as_ref().is_ok_and(|answer| answer.status() == 431),
        "{answer:?}"
    );
    assert_eq!(client.get("/").await?.status(), 200);
    assert_eq!(backend.seen().len(), 2);
    Ok(())
}

/// All of these wait for a limit, so they wait together.
#[tokio::test]
async fn slow_clients() -> Result<()> {
    let backend = Backend::friendly().await?;
    let proxy = Proxy::start(
        &backend,
        &[("HTTP_READ_TIMEOUT", "2"), ("H2C_ENABLED", "1")],
    )
    .await?;
    let address = proxy.address;
    let trickle = async {
        let mut client = Client::connect(address).await?;
        client.send(HEAD).await?;
        let began = Instant::now();
        // A byte now and then does not help.
        while client.send("x").await.is_ok() && began.elapsed() < SECOND * 10 {
            tokio::time::sleep(SECOND / 10).await;
        }
        client.closed().await?;
        assert!(
            began.elapsed() < SECOND * 9,
            "a head may come slowly for ever"
        );
        anyhow::Ok(())
    };
    let half_a_body = |framing: &'static str| async move {
        let mut client = Client::connect(address).await?;
        client
            .send(format!(
                "POST / HTTP/1.1\r\nhost: app.test\r\n{framing}\r\n\r\n5\r\nhello\r\n"
            ))
            .await?;
        let answer = client.response().await?;
        assert_eq!(answer.status, 408, "{framing}");
        client.closed().await
    };
    let by_http2 = async {
        let mut client = Http2::connect(address).await?;
        let request = Request::post("http://app.test/").header("content-length", 100);
        let (response, _stream) = client.begin(request.body(())?, false).await?;
        assert_eq!(response.await?.status(), 408);
        anyhow::Ok(())
    };
    let fast_enough = async {
        let mut client = Client::connect(address).await?;
        client
            .send("POST / HTTP/1.1\r\nhost: app.test\r\ncontent-length: 5000\r\n\r\n")
            .await?;
        for _ in 0..40 {
            client.send([b'x'; 125]).await?;
            tokio::time::sleep(SECOND / 10).await;
        }
        assert_eq!(client.response().await?.status, 200);
        anyhow::Ok(())
    };
    let half_a_preface = async {
        let mut client = Client::connect(address).await?;
        client.send("PRI * HTTP/2.0\r\n").await?;
        client.closed().await
    };
    tokio::try_join!(
        trickle,
        half_a_body("content-length: 100"),
        half_a_body("transfer-encoding: chunked"),
        by_http2,
        fast_enough,
        half_a_preface
    )?;
    Ok(())
}

#[tokio::test]
async fn clients_that_take_nothing() -> Result<()> {
    const LARGE: usize = 64 << 20;
    let backend = Backend::scripted(|mut peer| async move {
        peer.request().await?;
        peer.send(format!(
            "HTTP/1.1 200 OK\r\ncontent-length: {LARGE}\r\n\r\n"
        ))
        .await?;
        peer.send(pattern(LARGE)).await
    })
    .await?;
    let limits = [
        ("HTTP_WRITE_TIMEOUT", "1"),
        ("STATUS_PORT", "0"),
        ("H2C_ENABLED", "1"),
    ];
    let proxy = Proxy::start(&backend, &limits).await?;
    let status = proxy.status().await?;
    let connections = |count: u32| async move {
        let page = get(status, "/metrics").await.map(|page| page.text());
        page.is_ok_and(|page| page.contains(&format!("\nthrust_connections {count}\n")))
    };
    let mut client = Client::connect(proxy.address).await?;
    client.send(format!("{HEAD}\r\n")).await?;
    // Its connection lasts for a second, which nobody may happen to see; the request was there for ever.
    wait_until("the request", || async { backend.seen().len() == 1 }).await;
    wait_until("the end of the connection", || connections(0)).await;
    drop(client);
    Ok(())
}

#[tokio::test]
async fn connections() -> Result<()> {
    let backend = Backend::friendly().await?;
    for (limit, label) in [
        ("MAX_CONNECTIONS", "all"),
        ("MAX_CONNECTIONS_PER_CLIENT", "client"),
    ] {
        let proxy = Proxy::start(&backend, &[(limit, "2"), ("STATUS_PORT", "0")]).await?;
        let status = proxy.status().await?;
        let counted = |label: &'static str| async move {
            let page = get(status, "/metrics").await?.text();
            let series = format!("thrust_connections_refused_total{{limit=\"{label}\"}} ");
            let mut counts = page.lines().filter_map(|line| line.strip_prefix(&series));
            anyhow::Ok(counts.next().map(str::to_owned))
        };
        // They are there before anybody was refused, so that a graph begins at 0.
        for label in ["all", "client"] {
            assert_eq!(counted(label).await?.as_deref(), Some("0"), "{label}");
        }
        let mut held = Vec::new();
        for _ in 0..2 {
            let mut client = Client::connect(proxy.address).await?;
            client.send(format!("{HEAD}\r\n")).await?;
            assert_eq!(client.response().await?.status, 200, "{limit}");
            held.push(client);
        }
        Client::connect(proxy.address).await?.closed().await?;
        let all = [counted("all").await?, counted("client").await?];
        let expected = ["all", "client"].map(|other| u8::from(other == label).to_string());
        assert_eq!(all.map(Option::unwrap_or_default), expected, "{limit}");
        held.pop();
        wait_until("a place", || async {
            get(proxy.address, "/")
                .await
                .is_ok_and(|answer| answer.status == 200)
        })
        .await;
    }
    Ok(())
}

#[tokio::test]
async fn requests() -> Result<()> {
    let backend = Backend::friendly().await?;
    let proxy = Proxy::start(
        &backend,
        &[("MAX_REQUESTS_PER_CLIENT", "2"), ("H2C_ENABLED", "1")],
    )
    .await?;
    let mut client = Client::connect(proxy.address).await?;
    let mut refused = None;
    for _ in 0..100 {
        client.send(format!("{HEAD}\r\n")).await?;
        let answer = client.response().await?;
        if answer.status != 200 {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.expect("all were taken");
    assert!(
        backend.seen().len() >= 6,
        "three seconds' worth may come at once"
    );
    assert_eq!(
        (refused.status, refused.header("retry-after")),
        (429, Some("1"))
    );
    wait_until("the next request to be taken", || async {
        get(proxy.address, "/")
            .await
            .is_ok_and(|answer| answer.status == 200)
    })
    .await;
    Ok(())
}
