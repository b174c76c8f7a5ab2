//! Servers that do not answer, or not as they should.

mod support;

use anyhow::Result;
use support::{Backend, Client, Http2, Proxy, SECOND, exchange, get, ok, soon, unused_port};

#[tokio::test]
async fn nobody_listens() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let own = folder.path().join("502.html");
    std::fs::write(&own, "<p>Back soon.</p>")?;
    let own = own.display().to_string();
    let (_kept, port) = unused_port()?;
    let usual = [
        ("TARGET_PORT", &*port),
        ("UPSTREAM_WAIT", "0"),
        ("H2C_ENABLED", "1"),
    ];
    for (page, expected) in [
        ("/nowhere", "<!doctype html>"),
        (&*own, "<p>back soon.</p>"),
    ] {
        let more = [usual[0], usual[1], usual[2], ("BAD_GATEWAY_PAGE", page)];
        let proxy = Proxy::run(&[], &more).await?;
        let answer = get(proxy.address, "/").await?;
        assert_eq!(answer.status, 502);
        assert!(
            answer.text().to_lowercase().starts_with(expected),
            "{}",
            answer.text()
        );
        assert_eq!(
            answer.header("content-type"),
            Some("text/html; charset=utf-8")
        );
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let answer = Http2::connect(proxy.address).await?.get("/").await?;
        assert_eq!(answer.status(), 502);
        let length = answer.body().len().to_string();
        // On a kept connection, so that a body would spoil the next answer.
        let mut client = Client::connect(proxy.address).await?;
        for method in ["HEAD", "GET", "POST"] {
            client
                .send(format!("{method} / HTTP/1.1\r\nhost: app.test\r\n\r\n"))
                .await?;
            let answer = client.response_to(method).await?;
            assert_eq!(
                (answer.status, answer.header("content-length")),
                (502, Some(&*length))
            );
        }
    }
    Ok(())
}

#[tokio::test]
async fn no_answer_in_time() -> Result<()> {
    let backend = Backend::scripted(|mut peer| async move {
        while let Some(seen) = peer.request().await? {
            if seen.line().contains("/slow") {
                std::future::pending::<()>().await;
            }
            peer.send(ok("hello")).await?;
        }
        Ok(())
    })
    .await?;
    let proxy = Proxy::start(&backend, &[("UPSTREAM_TIMEOUT", "2"), ("H2C_ENABLED", "1")]).await?;
    let mut http2 = Http2::connect(proxy.address).await?;
    let (slow, by_http2) = tokio::join!(get(proxy.address, "/slow"), http2.get("/slow"));
    assert_eq!((slow?.status, by_http2?.status().as_u16()), (504, 504));
    assert_eq!(
        backend.seen().len(),
        2,
        "a request that timed out is not sent again"
    );
    assert_eq!(get(proxy.address, "/").await?.status, 200);
    Ok(())
}

/// The time begins with the end of the request: a large upload may take longer than that.
#[tokio::test]
async fn a_slow_upload_is_not_the_servers_fault() -> Result<()> {
    let backend = Backend::friendly().await?;
    let proxy = Proxy::start(&backend, &[("UPSTREAM_TIMEOUT", "2")]).await?;
    let mut client = Client::connect(proxy.address).await?;
    client
        .send("POST / HTTP/1.1\r\nhost: app.test\r\ntransfer-encoding: chunked\r\n\r\n")
        .await?;
    for _ in 0..6 {
        client.send("5\r\nhello\r\n").await?;
        tokio::time::sleep(SECOND / 2).await;
    }
    client.send("0\r\n\r\n").await?;
    assert_eq!(client.response().await?.status, 200);
    Ok(())
}

/// A server that takes no more of a request does not hold it for ever.
#[tokio::test]
async fn a_server_that_takes_nothing_is_given_up() -> Result<()> {
    let backend = Backend::scripted(|mut peer| async move {
        peer.head().await?;
        std::future::pending().await
    })
    .await?;
    let proxy = Proxy::start(&backend, &[("UPSTREAM_TIMEOUT", "1")]).await?;
    let mut client = Client::connect(proxy.address).await?;
    let head = "POST / HTTP/1.1\r\nhost: app.test\r\ncontent-length: 64000000\r\n\r\n";
    client.send(head).await?;
    let (mut reader, mut writer) = client.stream.split();
    let body = vec![0; 64_000_000];
    let mut answer = [0; 12];
    // The proxy closes the connection before it has read the rest.
    let send = tokio::io::AsyncWriteExt::write_all(&mut writer, &body);
    let read = tokio::io::AsyncReadExt::read_exact(&mut reader, &mut answer);
    let (_, read) = soon("the answer", async { tokio::join!(send, read) }).await?;
    read?;
    assert_eq!(&answer, b"HTTP/1.1 504");
    Ok(())
}

#[tokio::test]
async fn garbage_is_no_answer() -> Result<()> {
    let garbage = [
        "",
        "\r\n\r\n",
        "hello\r\n\r\n",
        "HTTP/1.1 abc OK\r\n\r\n",
        "HTTP/2.0 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\nbad name: 1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nx: \0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-len",
        "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n",
    ];
    for bytes in garbage {
        let backend = Backend::scripted(move |mut peer| async move {
            peer.request().await?;
            peer.send(bytes).await
        })
        .await?;
        let proxy = Proxy::start(&backend, &[]).await?;
        for method in ["GET", "POST"] {
            let text = format!("{method} / HTTP/1.1\r\nhost: app.test\r\n\r\n");
            let answer = exchange(proxy.address, text).await;
            let status = answer.as_ref().map(|answer| answer.status).ok();
            assert_eq!(status, Some(502), "{method} {bytes:?}: {answer:?}");
        }
        let seen = backend.seen();
        let gets = seen
            .iter()
            .filter(|seen| seen.line().starts_with("GET"))
            .count();
        assert!(
            gets <= 3 && seen.len() <= gets + 1,
            "{bytes:?}: {} requests",
            seen.len()
        );
        let output = proxy.process.output();
        assert!(!output.contains("panicked"), "{bytes:?}: {output}");
    }
    Ok(())
}

/// As a balancer does that has no server behind it.
#[tokio::test]
async fn a_server_that_hangs_up_is_not_called_without_a_pause() -> Result<()> {
    let backend = Backend::scripted(|peer| async move {
        drop(peer);
        Ok(())
    })
    .await?;
    let proxy = Proxy::start(&backend, &[("UPSTREAM_WAIT", "2")]).await?;
    for method in ["GET", "POST"] {
        let before = backend.connections();
        let text = format!("{method} / HTTP/1.1\r\nhost: app.test\r\n\r\n");
        assert_eq!(exchange(proxy.address, text).await?.status, 502);
        let calls = backend.connections() - before;
        // With the pauses of a server that does not listen: about fourteen.
        assert!(calls <= 20, "{method}: {calls} calls");
    }
    Ok(())
}

/// Interim answers are not the answer.
#[tokio::test]
async fn interim_answers_are_passed_over() -> Result<()> {
    let backend = Backend::answering(|_| {
        let early =
            "HTTP/1.1 103 Early Hints\r\nlink: </x.css>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n";
        [early.as_bytes(), &ok("hello")].concat()
    })
    .await?;
    let proxy = Proxy::start(&backend, &[]).await?;
    assert_eq!(get(proxy.address, "/").await?.text(), "hello");
    Ok(())
}

/// What a server sends behind its answer belongs to no other request.
#[tokio::test]
async fn an_answer_too_many_is_nobodys() -> Result<()> {
    let backend = Backend::answering(|_| [ok("hello"), ok("evil!")].concat()).await?;
    let proxy = Proxy::start(&backend, &[]).await?;
    for _ in 0..20 {
        let answer = get(proxy.address, "/").await?;
        assert_eq!((answer.status, answer.text()), (200, "hello".into()));
    }
    Ok(())
}
