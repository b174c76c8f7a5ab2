use super::*;

#[tokio::test]
async fn the_key_is_the_whole_uri() {
    let (cache, fake) = (
        cache(),
        Fake::new(|parts| answer(200, &[MINUTE], format!("{:?}", parts.headers["host"]))),
    );
    let table = [
        ("app.test", "/", "miss"),
        ("APP.test", "/", "hit"),
        ("app.test:8080", "/", "miss"),
        ("other.test", "/", "miss"),
        ("app.test", "/a", "miss"),
        ("app.test", "/A", "miss"),
        ("app.test", "/?a=1&b=2", "miss"),
        ("app.test", "/?a=1&b=2", "hit"),
        ("app.test", "/?b=2&a=1", "miss"),
        ("app.test", "/?a=1&b=2&", "miss"),
        ("app.test", "//a", "miss"),
        ("app.test", "/?a=1%26b=2", "miss"),
    ];
    for (host, path, outcome) in table {
        let mut request = request("GET", path, &[]);
        request.headers_mut().insert("host", host.parse().unwrap());
        let seen = send(&cache, &fake, request).await.unwrap();
        assert_eq!(seen.outcome(), outcome, "{host} {path}");
    }
}

#[tokio::test]
async fn the_host_of_http2_is_the_same_host() {
    let (cache, fake) = (cache(), Fake::with(&[MINUTE], "hello"));
    get(&cache, &fake, "/a?b", &[]).await;
    let mut request = request("GET", "https://app.test/a?b", &[]);
    assert_eq!(send(&cache, &fake, request).await.unwrap().outcome(), "hit");
    request = super::request("GET", "https://app.test/a?b", &[]);
    request.headers_mut().remove("host");
    assert_eq!(send(&cache, &fake, request).await.unwrap().outcome(), "hit");
    request = super::request("GET", "https://evil.test/a?b", &[]);
    assert_eq!(
        send(&cache, &fake, request).await.unwrap().outcome(),
        "bypass"
    );
}

#[tokio::test]
async fn a_forwarded_host_does_not_poison_the_others() {
    let (cache, fake) = (cache(), Fake::with(&[MINUTE], "hello"));
    let table = [
        ("evil.test", "miss"),
        ("evil.test", "hit"),
        ("app.test", "miss"),
        ("APP.test", "hit"),
    ];
    for (forwarded, outcome) in table {
        let seen = get(&cache, &fake, "/", &[("x-forwarded-host", forwarded)]).await;
        assert_eq!(seen.outcome(), outcome, "{forwarded}");
    }
    assert_eq!(get(&cache, &fake, "/", &[]).await.outcome(), "hit");
}

#[tokio::test]
async fn variants_are_told_by_the_headers_that_vary_names() {
    let fake = Fake::new(|parts| {
        let language = parts
            .headers
            .get("accept-language")
            .map_or("none", |value| value.to_str().unwrap());
        answer(
            200,
            &[MINUTE, ("vary", "Accept-Language, X-A")],
            language.to_owned(),
        )
    });
    let cache = cache();
    let table: &[(Headers<'_>, &str, &str)] = &[
        (&[("accept-language", "de")], "miss", "de"),
        (&[("accept-language", "de")], "hit", "de"),
        (&[("accept-language", "en")], "miss", "en"),
        (&[("accept-language", "en"), ("x-a", "1")], "miss", "en"),
        (
            &[("accept-language", "en"), ("x-a", "1"), ("x-a", "2")],
            "miss",
            "en",
        ),
        (&[("accept-language", "en"), ("x-a", "1, 2")], "hit", "en"),
        (&[], "miss", "none"),
        (&[("accept-language", "de")], "hit", "de"),
        (&[("x-b", "1")], "hit", "none"),
    ];
    for (headers, outcome, body) in table {
        let seen = get(&cache, &fake, "/", headers).await;
        assert_eq!(
            (seen.outcome(), &seen.body[..]),
            (*outcome, body.as_bytes()),
            "{headers:?}"
        );
    }
}

#[tokio::test]
async fn spellings_of_the_same_codings_are_one_variant() {
    let fake = Fake::with(&[MINUTE, ("vary", "Accept-Encoding")], "hello");
    let cache = cache();
    for (accepted, outcome) in [
        ("gzip, br", "miss"),
        ("br,gzip;q=0.5", "hit"),
        ("deflate, BR, gzip", "hit"),
        ("gzip", "miss"),
        ("", "miss"),
    ] {
        assert_eq!(
            get(&cache, &fake, "/", &[("accept-encoding", accepted)])
                .await
                .outcome(),
            outcome,
            "{accepted}"
        );
    }
    assert!(!fake.last().contains_key("accept-encoding"));
    get(
        &cache,
        &fake,
        "/other",
        &[("accept-encoding", "zstd;q=0.1, gzip, x")],
    )
    .await;
    assert_eq!(fake.last()["accept-encoding"], "gzip, zstd");
}

#[tokio::test]
async fn the_variant_used_longest_ago_makes_room() {
    let (cache, fake) = (cache(), Fake::with(&[MINUTE, ("vary", "x-a")], "hello"));
    let ask = async |value: usize| {
        get(&cache, &fake, "/", &[("x-a", &value.to_string())])
            .await
            .outcome()
            .to_owned()
    };
    for value in 0..8 {
        assert_eq!(ask(value).await, "miss");
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
    assert_eq!(ask(0).await, "hit");
    assert_eq!(ask(8).await, "miss");
    assert_eq!(
        (ask(0).await, ask(8).await, ask(1).await),
        ("hit".into(), "hit".into(), "miss".into())
    );
}
