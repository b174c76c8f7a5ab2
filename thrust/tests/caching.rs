//! The cache, as clients and servers see it.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

use anyhow::{Result, ensure};
use support::{Backend, Client, Http2, Proxy, Response, ask, get, pattern, soon};
use test_support::{wait_for, wait_until};
use tokio::task::JoinSet;

const PUBLIC: &str = "cache-control: public, max-age=60\r\n";

fn answer(headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 200 OK\r\n{headers}content-length: {length}\r\n\r\n{body}").into_bytes()
}

/// A server whose answers have these headers, and the path and the number of the request as their body.
async fn counting(headers: &'static str) -> Result<Backend> {
    let count = Arc::new(AtomicUsize::new(1));
    Backend::answering(move |request| {
        let number = count.fetch_add(1, Relaxed);
        answer(headers, &format!("{number} {}", request.line()))
    })
    .await
}

fn outcome(response: &Response) -> &str {
    response.header("x-cache").unwrap_or_default()
}

#[tokio::test]
async fn a_public_answer_is_fetched_once() -> Result<()> {
    let headers =
        "cache-control: public, max-age=60\r\nage: 7\r\netag: \"1\"\r\ncontent-type: text/css\r\n";
    let backend = counting(headers).await?;
    let proxy = Proxy::start(&backend, &[("H2C_ENABLED", "1")]).await?;
    let first = get(proxy.address, "/a.css?v=1").await?;
    assert_eq!(outcome(&first), "miss");
    let mut client = Client::connect(proxy.address).await?;
    for _ in 0..3 {
        let answer = client.ask("GET", "/a.css?v=1", &[]).await?;
        assert_eq!(outcome(&answer), "hit");
        assert_eq!(answer.body, first.body);
        let age: u32 = answer.header("age").unwrap_or_default().parse()?;
        assert!((7..17).contains(&age), "{}", answer.head);
        for name in ["content-type", "etag", "cache-control", "content-length"] {
            assert_eq!(answer.header(name), first.header(name), "{name}");
        }
    }
    let mut http2 = Http2::connect(proxy.address).await?;
    let answer = http2.get("/a.css?v=1").await?;
    assert_eq!(answer.headers()["x-cache"], "hit");
    assert_eq!(*answer.body(), first.body);
    let head = client.ask("HEAD", "/a.css?v=1", &[]).await?;
    assert_eq!((head.status, outcome(&head)), (200, "hit"));
    assert_eq!(
        head.header("content-length"),
        first.header("content-length")
    );
    for condition in ["if-none-match: \"1\"", "if-none-match: \"0\", W/\"1\""] {
        let answer = client.ask("GET", "/a.css?v=1", &[condition]).await?;
        assert_eq!(
            (answer.status, outcome(&answer)),
            (304, "hit"),
            "{condition}"
        );
    }
    let part = client
        .ask("GET", "/a.css?v=1", &["range: bytes=2-4"])
        .await?;
    assert_eq!(
        (part.status, outcome(&part), &*part.text()),
        (206, "hit", "GET")
    );
    let part = client
        .ask("GET", "/a.css?v=1", &["range: bytes=999-"])
        .await?;
    assert_eq!((part.status, outcome(&part)), (416, "hit"));
    assert_eq!(backend.seen().len(), 1);
    // Path, query and host are the key.
    for path in ["/a.css?v=2", "/a.css", "/A.css?v=1"] {
        assert_eq!(outcome(&get(proxy.address, path).await?), "miss", "{path}");
    }
    let other = "GET /a.css?v=1 HTTP/1.1\r\nhost: other.test\r\n\r\n";
    assert_eq!(
        outcome(&support::exchange(proxy.address, other).await?),
        "miss"
    );
    Ok(())
}

#[tokio::test]
async fn what_is_for_one_visitor_is_never_kept() -> Result<()> {
    for headers in [
        "",
        "cache-control: max-age=60\r\n",
        "cache-control: private, max-age=60\r\n",
        "cache-control: public, private, max-age=60\r\n",
        "cache-control: public, no-store, max-age=60\r\n",
        "cache-control: public, max-age=60\r\ncache-control: no-cache\r\n",
        "cache-control: public, max-age=0\r\n",
        "cache-control: public, max-age=60\r\nset-cookie: a=1\r\n",
        "cache-control: public, max-age=60\r\nvary: *\r\n",
        "cache-control: public, max-age=60\r\nage: 60\r\n",
    ] {
        let backend = counting(headers).await?;
        let proxy = Proxy::start(&backend, &[]).await?;
        for number in 1..=2 {
            let answer = ask(proxy.address, "GET", "/", &["cookie: session=1"]).await?;
            let expected = format!("{number} GET / HTTP/1.1");
            assert_eq!(
                (&*answer.text(), outcome(&answer)),
                (&*expected, "miss"),
                "{headers}"
            );
        }
    }
    Ok(())
}

#[tokio::test]
async fn variants_are_kept_apart() -> Result<()> {
    let headers = "cache-control: public, max-age=60\r\nvary: x-inertia, accept-language\r\n";
    let backend = counting(headers).await?;
    let proxy = Proxy::start(&backend, &[]).await?;
    let variants: [&[&str]; 4] = [
        &[],
        &["x-inertia: true"],
        &["accept-language: de"],
        &["x-inertia: true", "accept-language: de"],
    ];
    let mut bodies = Vec::new();
    for expected in ["miss", "hit"] {
        for variant in variants {
            let answer = ask(proxy.address, "GET", "/", variant).await?;
            assert_eq!(outcome(&answer), expected, "{variant:?}");
            bodies.push(answer.body);
        }
    }
    assert_eq!(backend.seen().len(), 4);
    assert_eq!(bodies[..4], bodies[4..]);
    Ok(())
}

#[tokio::test]
async fn fifty_who_ask_at_once_are_one_request() -> Result<()> {
    let (tell, told) = tokio::sync::watch::channel(false);
    let backend = Backend::scripted(move |mut peer| {
        let mut told = told.clone();
        async move {
            while peer.request().await?.is_some() {
                told.wait_for(|told| *told).await?;
                peer.send(answer(PUBLIC, "for all")).await?;
            }
            Ok(())
        }
    })
    .await?;
    let proxy = Proxy::start(&backend, &[]).await?;
    let mut clients = JoinSet::new();
    for _ in 0..50 {
        let mut client = Client::connect(proxy.address).await?;
        client
            .send("GET / HTTP/1.1\r\nhost: app.test\r\n\r\n")
            .await?;
        clients.spawn(async move { client.response().await });
    }
    wait_until("the request", || async { backend.seen().len() == 1 }).await;
    tell.send(true)?;
    while let Some(answer) = clients.join_next().await {
        assert_eq!(answer??.text(), "for all");
    }
    assert_eq!(backend.seen().len(), 1);
    Ok(())
}

/// Asks until the outcome is this: time has to pass.
async fn until(proxy: &Proxy, path: &str, expected: &str) -> Response {
    let what = format!("{expected} for {path}");
    wait_for(&what, || async {
        let answer = get(proxy.address, path).await.ok()?;
        (outcome(&answer) == expected).then_some(answer)
    })
    .await
}

#[tokio::test]
async fn what_is_stale_serves_while_the_server_is_gone() -> Result<()> {
    let says = |request: &support::Seen| match request.line() {
        line if line.contains("/while") => answer(
            "cache-control: public, max-age=1, stale-while-revalidate=60\r\n",
            "while",
        ),
        line if line.contains("/error") => answer(
            "cache-control: public, max-age=1, stale-if-error=60\r\n",
            "error",
        ),
        _ => answer("cache-control: public, max-age=1\r\n", "neither"),
    };
    let mut backend = Backend::answering(says).await?;
    let proxy = Proxy::start(&backend, &[("UPSTREAM_WAIT", "0")]).await?;
    for path in ["/while", "/error", "/neither"] {
        assert_eq!(outcome(&get(proxy.address, path).await?), "miss");
    }
    backend.stop().await;
    for path in ["/while", "/error"] {
        let stale = until(&proxy, path, "stale").await;
        assert_eq!((stale.status, &*stale.text()), (200, &path[1..]));
    }
    let gone = || async {
        let answer = get(proxy.address, "/neither").await;
        answer.is_ok_and(|answer| answer.status == 502)
    };
    wait_until("the end of what is fresh", gone).await;
    backend.start_again(says).await?;
    assert_eq!(until(&proxy, "/while", "hit").await.text(), "while");
    assert_eq!(outcome(&get(proxy.address, "/error").await?), "miss");
    Ok(())
}

#[tokio::test]
async fn a_change_drops_what_was_kept() -> Result<()> {
    let backend = counting(PUBLIC).await?;
    let proxy = Proxy::start(&backend, &[]).await?;
    for method in ["POST", "PUT", "PATCH", "DELETE"] {
        get(proxy.address, "/a").await?;
        assert_eq!(outcome(&get(proxy.address, "/a").await?), "hit");
        let changed = ask(proxy.address, method, "/a", &["content-length: 0"]).await?;
        assert_eq!(outcome(&changed), "bypass");
        assert_eq!(
            outcome(&get(proxy.address, "/a").await?),
            "miss",
            "{method}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn without_a_cache_all_passes() -> Result<()> {
    let backend = counting(PUBLIC).await?;
    let proxy = Proxy::start(&backend, &[("CACHE_SIZE", "0")]).await?;
    for _ in 0..2 {
        assert_eq!(outcome(&get(proxy.address, "/").await?), "bypass");
    }
    assert_eq!(backend.seen().len(), 2);
    Ok(())
}

#[tokio::test]
async fn what_is_too_large_or_breaks_off_is_not_kept() -> Result<()> {
    let whole = Arc::new(AtomicBool::new(false));
    let is_whole = Arc::clone(&whole);
    let backend = Backend::scripted(move |mut peer| {
        let is_whole = Arc::clone(&is_whole);
        async move {
            while let Some(request) = peer.request().await? {
                let (head, body) = match request.line() {
                    line if line.contains("/known") => ("content-length: 100000", pattern(100_000)),
                    line if line.contains("/unknown") => ("connection: close", pattern(100_000)),
                    _ => ("content-length: 1000", pattern(1000)),
                };
                peer.send(format!("HTTP/1.1 200 OK\r\n{PUBLIC}{head}\r\n\r\n"))
                    .await?;
                if request.line().contains("/broken") && !is_whole.load(Relaxed) {
                    peer.send(&body[..500]).await?;
                    break;
                }
                peer.send(body).await?;
                if head == "connection: close" {
                    break;
                }
            }
            Ok(())
        }
    })
    .await?;
    let proxy = Proxy::start(&backend, &[("MAX_CACHE_ITEM_SIZE", "64KB")]).await?;
    for path in ["/known", "/unknown", "/known", "/unknown"] {
        let answer = get(proxy.address, path).await?;
        ensure!(answer.body == pattern(100_000), "{path} differs");
        assert_eq!(outcome(&answer), "miss", "{path}");
    }
    for _ in 0..2 {
        let broken = soon("the end", get(proxy.address, "/broken")).await?;
        assert!(broken.is_err(), "{broken:?}");
    }
    whole.store(true, Relaxed);
    let answer = get(proxy.address, "/broken").await?;
    assert_eq!((outcome(&answer), &answer.body), ("miss", &pattern(1000)));
    let hit = until(&proxy, "/broken", "hit").await;
    assert_eq!(hit.body, pattern(1000));
    Ok(())
}
