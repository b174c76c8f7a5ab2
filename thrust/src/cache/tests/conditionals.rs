use super::*;

const MODIFIED: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
const LATER: &str = "Mon, 07 Nov 1994 08:49:37 GMT";
const BEFORE: &str = "Sat, 05 Nov 1994 08:49:37 GMT";

#[tokio::test]
async fn a_client_that_has_it_is_told_so() {
    let headers = &[
        MINUTE,
        ("etag", "\"a,b\""),
        ("last-modified", MODIFIED),
        ("content-location", "/x"),
        ("x-a", "1"),
    ];
    let (cache, fake) = (cache(), Fake::with(headers, "hello"));
    get(&cache, &fake, "/", &[]).await;
    let table: &[(&[(&str, &str)], u16)] = &[
        (&[("if-none-match", "\"a,b\"")], 304),
        (&[("if-none-match", "W/\"a,b\"")], 304),
        (&[("if-none-match", "\"x\", W/\"y\" ,\"a,b\"")], 304),
        (
            &[("if-none-match", "\"x\""), ("if-none-match", "\"a,b\"")],
            304,
        ),
        (&[("if-none-match", "*")], 304),
        (&[("if-none-match", "\"a\", \"b\"")], 200),
        (&[("if-none-match", "a,b")], 200),
        (
            &[("if-none-match", "\"x\""), ("if-modified-since", MODIFIED)],
            200,
        ),
        (&[("if-modified-since", MODIFIED)], 304),
        (&[("if-modified-since", LATER)], 304),
        (&[("if-modified-since", BEFORE)], 200),
        (&[("if-modified-since", "yesterday")], 200),
        (&[("if-none-match", "\"a,b\""), ("range", "bytes=0-0")], 304),
    ];
    for (headers, status) in table {
        let seen = get(&cache, &fake, "/", headers).await;
        assert_eq!(
            (seen.status.as_u16(), seen.outcome()),
            (*status, "hit"),
            "{headers:?}"
        );
    }
    let seen = get(&cache, &fake, "/", &[("if-none-match", "*")]).await;
    let names: std::collections::BTreeSet<&str> =
        seen.headers.keys().map(http::HeaderName::as_str).collect();
    let told = [
        "age",
        "cache-control",
        "content-location",
        "date",
        "etag",
        "x-cache",
    ];
    assert_eq!(names, told.into_iter().collect());
    assert!(seen.body.is_empty() && fake.count() == 1);
    let head = send(
        &cache,
        &fake,
        request("HEAD", "/", &[("if-none-match", "*")]),
    )
    .await
    .unwrap();
    assert_eq!(head.status, 304);
}

#[tokio::test]
async fn errors_and_redirects_are_not_conditional() {
    let (cache, fake) = (
        cache(),
        Fake::new(|_| answer(404, &[MINUTE, ("etag", "\"a\"")], "gone")),
    );
    get(&cache, &fake, "/", &[]).await;
    assert_eq!(
        get(&cache, &fake, "/", &[("if-none-match", "\"a\"")])
            .await
            .status,
        404
    );
}

#[tokio::test]
async fn a_condition_on_what_is_not_stored_is_for_the_upstream() {
    let (cache, fake) = (
        cache(),
        Fake::new(|_| answer(304, &[("etag", "\"a\"")], "")),
    );
    let seen = get(&cache, &fake, "/", &[("if-none-match", "\"a\"")]).await;
    assert_eq!((seen.status.as_u16(), seen.outcome()), (304, "miss"));
    assert_eq!(fake.last()["if-none-match"], "\"a\"");
    fake.set(|_| answer(200, &[MINUTE, ("etag", "\"b\"")], "hello"));
    assert_eq!(
        get(&cache, &fake, "/", &[("if-none-match", "\"a\"")])
            .await
            .status,
        200
    );
    assert_eq!(get(&cache, &fake, "/", &[]).await.outcome(), "hit");
}
