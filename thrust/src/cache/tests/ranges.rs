use super::*;

const MODIFIED: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

#[tokio::test]
async fn parts_are_cut_from_what_is_stored() {
    let (cache, fake) = (
        cache(),
        Fake::with(
            &[MINUTE, ("etag", "\"a\""), ("last-modified", MODIFIED)],
            "0123456789",
        ),
    );
    get(&cache, &fake, "/", &[]).await;
    let table = [
        ("bytes=0-3", 206, "0123", "bytes 0-3/10"),
        ("bytes=4-", 206, "456789", "bytes 4-9/10"),
        ("bytes=-3", 206, "789", "bytes 7-9/10"),
        ("bytes=-30", 206, "0123456789", "bytes 0-9/10"),
        ("bytes=9-99999999999999999999", 206, "9", "bytes 9-9/10"),
        ("BYTES=0-0", 206, "0", "bytes 0-0/10"),
        ("bytes=10-", 416, "", "bytes */10"),
        ("bytes=-0", 416, "", "bytes */10"),
        ("bytes=99999999999999999999-", 416, "", "bytes */10"),
        ("bytes=0-1,3-4", 200, "0123456789", ""),
        ("bytes=3-1", 200, "0123456789", ""),
        ("bytes=-", 200, "0123456789", ""),
        ("bytes=a-b", 200, "0123456789", ""),
        ("lines=0-1", 200, "0123456789", ""),
        ("bytes", 200, "0123456789", ""),
    ];
    for (range, status, body, content_range) in table {
        let seen = get(&cache, &fake, "/", &[("range", range)]).await;
        assert_eq!(
            (
                seen.status.as_u16(),
                &seen.body[..],
                seen.header("content-range"),
                seen.outcome()
            ),
            (status, body.as_bytes(), content_range, "hit"),
            "{range}"
        );
        assert_eq!(
            seen.header("content-length"),
            body.len().to_string(),
            "{range}"
        );
    }
    assert_eq!(fake.count(), 1);
}

#[tokio::test]
async fn parts_of_another_response_are_not_mixed() {
    let (cache, fake) = (
        cache(),
        Fake::with(
            &[MINUTE, ("etag", "\"a\""), ("last-modified", MODIFIED)],
            "0123456789",
        ),
    );
    get(&cache, &fake, "/", &[]).await;
    for (condition, status) in [
        ("\"a\"", 206),
        (MODIFIED, 206),
        ("\"b\"", 200),
        ("W/\"a\"", 200),
        ("Mon, 07 Nov 1994 08:49:37 GMT", 200),
        ("a", 200),
    ] {
        let seen = get(
            &cache,
            &fake,
            "/",
            &[("range", "bytes=0-0"), ("if-range", condition)],
        )
        .await;
        assert_eq!(seen.status, status, "{condition}");
    }
}

#[tokio::test]
async fn only_get_of_a_success_has_parts() {
    let (cache, fake) = (cache(), Fake::new(|_| answer(404, &[MINUTE], "gone")));
    get(&cache, &fake, "/", &[]).await;
    assert_eq!(
        get(&cache, &fake, "/", &[("range", "bytes=0-0")])
            .await
            .status,
        404
    );
    fake.set(|_| answer(200, &[MINUTE], "hello"));
    get(&cache, &fake, "/b", &[]).await;
    let head = send(
        &cache,
        &fake,
        request("HEAD", "/b", &[("range", "bytes=0-0")]),
    )
    .await
    .unwrap();
    assert_eq!(
        (head.status.as_u16(), head.header("content-length")),
        (200, "5")
    );
}

#[tokio::test]
async fn parts_are_of_the_plain_bytes() {
    let cache = Cache::new(
        options::Cache {
            capacity: 64 << 20,
            max_item_size: 1 << 20,
        },
        ON,
    );
    let fake = Fake::new(|_| {
        answer(
            200,
            &[MINUTE, ("etag", "\"a\""), ("content-type", "text/css")],
            "a".repeat(5000),
        )
    });
    let accept = ("accept-encoding", "br");
    get(&cache, &fake, "/", &[accept]).await;
    let seen = get(&cache, &fake, "/", &[accept, ("range", "bytes=0-9")]).await;
    assert_eq!(
        (seen.status.as_u16(), &seen.body[..]),
        (206, &b"aaaaaaaaaa"[..])
    );
    assert_eq!(
        (seen.header("content-encoding"), seen.header("etag")),
        ("", "\"a\"")
    );
    fake.set(|_| answer(200, &[MINUTE, ("content-encoding", "br")], "0123456789"));
    get(&cache, &fake, "/b", &[accept]).await;
    let seen = get(&cache, &fake, "/b", &[accept, ("range", "bytes=0-1")]).await;
    assert_eq!(
        (seen.header("content-encoding"), &seen.body[..]),
        ("br", &b"01"[..])
    );
}
