use super::*;

#[tokio::test]
async fn stores_what_is_public_and_fresh() {
    let table: &[(&[(&'static str, &'static str)], &str)] = &[
        (&[MINUTE], "hit"),
        (&[("cache-control", "PUBLIC,  Max-Age=60")], "hit"),
        (
            &[("cache-control", "public"), ("cache-control", "max-age=60")],
            "hit",
        ),
        (
            &[("cache-control", "public, s-maxage=60, max-age=0")],
            "hit",
        ),
        (&[("cache-control", "public, s-max-age=60")], "hit"),
        (&[("cache-control", "public, max-age=\"60\"")], "hit"),
        (
            &[("cache-control", "public, max-age=99999999999999999999999")],
            "hit",
        ),
        (&[MINUTE, ("age", "59")], "hit"),
        (&[MINUTE, ("vary", "Origin")], "hit"),
        (&[MINUTE, ("age", "60")], "miss"),
        (&[], "miss"),
        (&[("cache-control", "max-age=60")], "miss"),
        (&[("cache-control", "public")], "miss"),
        (&[("cache-control", "public, max-age=0")], "miss"),
        (&[("cache-control", "public, max-age=-1")], "miss"),
        (&[("cache-control", "public, max-age=x")], "miss"),
        (
            &[("cache-control", "public, max-age=60, max-age=0")],
            "miss",
        ),
        (
            &[("cache-control", "public, s-maxage=0, max-age=60")],
            "miss",
        ),
        (&[("cache-control", "public, max-age=60, private")], "miss"),
        (
            &[("cache-control", "public, max-age=60, private=\"x-a, x-b\"")],
            "miss",
        ),
        (&[("cache-control", "x=\"public, max-age=60\"")], "miss"),
        (&[("cache-control", "public, max-age=60, no-store")], "miss"),
        (&[MINUTE, ("cache-control", "no-cache")], "miss"),
        (&[MINUTE, ("set-cookie", "a=b")], "miss"),
        (&[MINUTE, ("vary", "*")], "miss"),
        (&[MINUTE, ("vary", "Origin, *")], "miss"),
        (&[MINUTE, ("content-length", "7")], "miss"),
        (&[MINUTE, ("content-type", "text/event-stream")], "miss"),
    ];
    for (headers, second) in table {
        let fake = Fake::with(headers, "hello");
        assert_eq!(
            twice(&cache(), &fake, &[]).await,
            pair("miss", second),
            "{headers:?}"
        );
    }
}

#[tokio::test]
async fn stores_by_status() {
    let table = [
        (200, "hit"),
        (203, "hit"),
        (204, "hit"),
        (301, "hit"),
        (302, "hit"),
        (308, "hit"),
        (404, "hit"),
        (410, "hit"),
        (206, "miss"),
        (304, "miss"),
        (400, "miss"),
        (401, "miss"),
        (403, "miss"),
        (500, "miss"),
        (503, "miss"),
    ];
    for (status, second) in table {
        let fake = Fake::new(move |_| answer(status, &[MINUTE], ""));
        assert_eq!(
            twice(&cache(), &fake, &[]).await,
            pair("miss", second),
            "{status}"
        );
    }
}

#[tokio::test]
async fn passes_requests_that_are_not_for_a_cache() {
    let table: &[(&str, &str, &str)] = &[
        ("cache-control", "no-store", "bypass"),
        ("range", "bytes=0-1", "bypass"),
        ("upgrade", "websocket", "bypass"),
        ("if-match", "\"a\"", "bypass"),
        (
            "if-unmodified-since",
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "bypass",
        ),
    ];
    for (name, value, outcome) in table {
        let fake = Fake::with(&[MINUTE], "hello");
        let headers = [(*name, *value), ("accept-encoding", "br;q=0.3, deflate")];
        assert_eq!(
            twice(&cache(), &fake, &headers).await,
            pair(outcome, outcome),
            "{name}"
        );
        assert_eq!(fake.last()["accept-encoding"], "br;q=0.3, deflate");
        assert_eq!(fake.last()[*name], *value);
    }
}

#[tokio::test]
async fn a_body_in_a_request_is_not_shared() {
    let (cache, fake) = (cache(), Fake::with(&[MINUTE], "hello"));
    for _ in 0..2 {
        let mut fat = request("GET", "/", &[]);
        *fat.body_mut() = "evil".into();
        assert_eq!(send(&cache, &fake, fat).await.unwrap().outcome(), "bypass");
    }
    assert_eq!(get(&cache, &fake, "/", &[]).await.outcome(), "miss");
}

#[tokio::test]
async fn is_off_without_capacity() {
    let fake = Fake::with(&[MINUTE], "hello");
    assert_eq!(
        twice(&sized(0, 1 << 20), &fake, &[]).await,
        pair("bypass", "bypass")
    );
}

#[tokio::test(start_paused = true)]
async fn a_hit_has_an_age_and_the_headers_of_the_response() {
    let headers = &[
        MINUTE,
        ("age", "5"),
        ("x-a", "1"),
        ("x-a", "2"),
        ("connection", "x"),
        ("content-type", "text/plain"),
    ];
    let (cache, fake) = (cache(), Fake::with(headers, "hello"));
    let first = get(&cache, &fake, "/", &[]).await;
    assert_eq!((first.outcome(), &first.body[..]), ("miss", &b"hello"[..]));
    tokio::time::advance(std::time::Duration::from_secs(7)).await;
    let hit = get(&cache, &fake, "/", &[]).await;
    assert_eq!(
        (hit.outcome(), hit.header("age"), &hit.body[..]),
        ("hit", "12", &b"hello"[..])
    );
    assert_eq!(
        (hit.header("content-length"), hit.header("accept-ranges")),
        ("5", "bytes")
    );
    assert_eq!(
        hit.headers.get_all("x-a").iter().collect::<Vec<_>>(),
        ["1", "2"]
    );
    assert!(hit.headers.contains_key("date") && !hit.headers.contains_key("connection"));
    tokio::time::advance(std::time::Duration::from_secs(48)).await;
    assert_eq!(get(&cache, &fake, "/", &[]).await.outcome(), "miss");
}

#[tokio::test]
async fn head_is_answered_by_get_but_not_stored() {
    let (cache, fake) = (cache(), Fake::with(&[MINUTE], "hello"));
    for _ in 0..2 {
        assert_eq!(
            send(&cache, &fake, request("HEAD", "/", &[]))
                .await
                .unwrap()
                .outcome(),
            "miss"
        );
    }
    get(&cache, &fake, "/", &[]).await;
    let head = send(&cache, &fake, request("HEAD", "/", &[]))
        .await
        .unwrap();
    assert_eq!(
        (
            head.outcome(),
            head.header("content-length"),
            head.body.len()
        ),
        ("hit", "5", 0)
    );
    assert_eq!(fake.count(), 3);
}

#[tokio::test]
async fn a_change_makes_what_is_stored_invalid() {
    for (method, status, outcome) in [
        ("POST", 303, "miss"),
        ("PUT", 200, "miss"),
        ("PATCH", 204, "miss"),
        ("DELETE", 200, "miss"),
        ("POST", 422, "hit"),
        ("POST", 500, "hit"),
        ("OPTIONS", 200, "hit"),
    ] {
        let (cache, fake) = (cache(), Fake::with(&[MINUTE], "hello"));
        get(&cache, &fake, "/", &[]).await;
        fake.set(move |_| answer(status, &[], ""));
        assert_eq!(
            send(&cache, &fake, request(method, "/", &[]))
                .await
                .unwrap()
                .outcome(),
            "bypass"
        );
        fake.set(|_| answer(200, &[MINUTE], ""));
        assert_eq!(
            get(&cache, &fake, "/", &[]).await.outcome(),
            outcome,
            "{method} {status}"
        );
    }
}

#[tokio::test]
async fn a_response_from_before_a_change_is_not_stored_after_it() {
    let (cache, fake) = (cache(), Fake::with(&[MINUTE], "old"));
    fake.close();
    let early = tokio::spawn({
        let (cache, fake) = (cache.clone(), fake.clone());
        async move { get(&cache, &fake, "/", &[]).await.body }
    });
    fake.reached(1).await;
    let other = Fake::with(&[], "");
    send(&cache, &other, request("POST", "/", &[]))
        .await
        .unwrap();
    fake.open();
    assert_eq!(early.await.unwrap(), "old");
    settle().await;
    assert_eq!(get(&cache, &fake, "/", &[]).await.outcome(), "miss");
}

#[tokio::test]
async fn only_if_cached_never_goes_upstream() {
    let (cache, fake) = (cache(), Fake::with(&[MINUTE], "hello"));
    let only = [("cache-control", "only-if-cached")];
    assert_eq!(get(&cache, &fake, "/", &only).await.status, 504);
    assert_eq!(fake.count(), 0);
    get(&cache, &fake, "/", &[]).await;
    assert_eq!(get(&cache, &fake, "/", &only).await.outcome(), "hit");
}

#[tokio::test]
async fn public_responses_are_shared_by_those_who_are_signed_in() {
    let (cache, fake) = (cache(), Fake::with(&[MINUTE], "hello"));
    assert_eq!(
        twice(&cache, &fake, &[("authorization", "x"), ("cookie", "a=b")]).await,
        pair("miss", "hit")
    );
}
