use std::time::Duration;
use tokio::time::advance;

use super::*;

const WHILE: (&str, &str) = (
    "cache-control",
    "public, max-age=60, stale-while-revalidate=30",
);
const ERROR: (&str, &str) = ("cache-control", "public, max-age=60, stale-if-error=30");
const TAG: (&str, &str) = ("etag", "\"one\"");

async fn filled(headers: &'static [(&'static str, &'static str)]) -> (Cache, Fake) {
    let (cache, fake) = (cache(), Fake::with(headers, "one"));
    assert_eq!(get(&cache, &fake, "/", &[]).await.outcome(), "miss");
    (cache, fake)
}

async fn see(cache: &Cache, fake: &Fake) -> (String, Bytes) {
    let seen = get(cache, fake, "/", &[]).await;
    (seen.outcome().to_owned(), seen.body)
}

#[tokio::test(start_paused = true)]
async fn serves_stale_and_revalidates_once_behind() {
    let (cache, fake) = filled(&[WHILE]).await;
    advance(Duration::from_secs(61)).await;
    fake.set(|_| answer(200, &[WHILE], "two"));
    fake.close();
    for _ in 0..5 {
        assert_eq!(see(&cache, &fake).await, ("stale".into(), "one".into()));
    }
    settle().await;
    assert_eq!(fake.count(), 2);
    fake.open();
    settle().await;
    assert_eq!(see(&cache, &fake).await, ("hit".into(), "two".into()));
    advance(Duration::from_secs(91)).await;
    fake.set(|_| answer(200, &[WHILE], "three"));
    assert_eq!(see(&cache, &fake).await, ("miss".into(), "three".into()));
}

#[tokio::test(start_paused = true)]
async fn stale_is_served_only_where_it_is_permitted() {
    for control in ["must-revalidate", "proxy-revalidate"] {
        let forbidden = format!("{}, stale-if-error=30, {control}", WHILE.1);
        let fake = Fake::new(move |_| answer(200, &[("cache-control", &forbidden)], "one"));
        let cache = cache();
        get(&cache, &fake, "/", &[]).await;
        advance(Duration::from_secs(61)).await;
        assert_eq!(
            get(&cache, &fake, "/", &[]).await.outcome(),
            "miss",
            "{control}"
        );
        advance(Duration::from_secs(61)).await;
        fake.set(|_| Err(Unreachable));
        assert!(
            send(&cache, &fake, request("GET", "/", &[])).await.is_err(),
            "{control}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn stale_covers_errors() {
    let (cache, fake) = filled(&[ERROR, TAG]).await;
    advance(Duration::from_secs(61)).await;
    for status in [500, 502, 503, 504] {
        fake.set(move |_| answer(status, &[], "oops"));
        assert_eq!(
            see(&cache, &fake).await,
            ("stale".into(), "one".into()),
            "{status}"
        );
    }
    fake.set(|_| Err(Unreachable));
    assert_eq!(see(&cache, &fake).await, ("stale".into(), "one".into()));
    advance(Duration::from_secs(30)).await;
    assert!(send(&cache, &fake, request("GET", "/", &[])).await.is_err());
    fake.set(|_| answer(503, &[], "oops"));
    assert_eq!(see(&cache, &fake).await, ("miss".into(), "oops".into()));
}

#[tokio::test(start_paused = true)]
async fn stale_covers_an_error_for_all_who_wait() {
    let (cache, fake) = filled(&[ERROR]).await;
    advance(Duration::from_secs(61)).await;
    fake.set(|_| Err(Unreachable));
    fake.close();
    let one = |_| {
        let (cache, fake) = (cache.clone(), fake.clone());
        tokio::spawn(async move { see(&cache, &fake).await.0 })
    };
    let tasks: Vec<_> = (0..10).map(one).collect();
    settle().await;
    fake.open();
    for task in tasks {
        assert_eq!(task.await.unwrap(), "stale");
    }
    assert_eq!(fake.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn another_answer_takes_the_place_of_what_is_stored() {
    let (cache, fake) = filled(&[ERROR]).await;
    advance(Duration::from_secs(61)).await;
    fake.set(|_| answer(404, &[("cache-control", "no-store")], "gone"));
    assert_eq!(see(&cache, &fake).await, ("miss".into(), "gone".into()));
    fake.set(|_| Err(Unreachable));
    assert!(send(&cache, &fake, request("GET", "/", &[])).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_304_refreshes_what_is_stored() {
    let modified = ("last-modified", "Sun, 06 Nov 1994 08:49:37 GMT");
    let (cache, fake) = (
        cache(),
        Fake::new(move |_| answer(200, &[MINUTE, TAG, modified, ("x-a", "1")], "one")),
    );
    get(&cache, &fake, "/", &[]).await;
    advance(Duration::from_secs(61)).await;
    fake.set(|_| {
        answer(
            304,
            &[
                ("cache-control", "public, max-age=90"),
                TAG,
                ("x-a", "2"),
                ("content-length", "0"),
            ],
            "",
        )
    });
    let seen = get(
        &cache,
        &fake,
        "/",
        &[("if-none-match", "\"other\""), ("range", "bytes=0-0")],
    )
    .await;
    assert_eq!(
        (seen.outcome(), seen.status.as_u16(), &seen.body[..]),
        ("revalidated", 206, &b"o"[..])
    );
    assert_eq!(
        (
            &fake.last()["if-none-match"],
            &fake.last()["if-modified-since"]
        ),
        (&"\"one\"".parse().unwrap(), &modified.1.parse().unwrap())
    );
    assert!(!fake.last().contains_key("range"));
    advance(Duration::from_secs(89)).await;
    let seen = get(&cache, &fake, "/", &[]).await;
    assert_eq!(
        (
            seen.outcome(),
            seen.header("x-a"),
            seen.header("content-length")
        ),
        ("hit", "2", "3")
    );
    assert_eq!(seen.header("age"), "89");
}

#[tokio::test(start_paused = true)]
async fn a_304_that_takes_back_the_permission_ends_it() {
    let (cache, fake) = filled(&[MINUTE, TAG]).await;
    advance(Duration::from_secs(61)).await;
    fake.set(|_| answer(304, &[MINUTE, ("set-cookie", "a=b")], ""));
    let seen = get(&cache, &fake, "/", &[]).await;
    assert_eq!(
        (seen.outcome(), seen.header("set-cookie"), &seen.body[..]),
        ("revalidated", "a=b", &b"one"[..])
    );
    fake.set(|_| answer(200, &[MINUTE], "two"));
    let seen = get(&cache, &fake, "/", &[]).await;
    assert_eq!((seen.outcome(), seen.header("set-cookie")), ("miss", ""));
}

#[tokio::test(start_paused = true)]
async fn a_reload_revalidates() {
    for control in ["no-cache", "max-age=0"] {
        let (cache, fake) = filled(&[MINUTE, TAG]).await;
        advance(Duration::from_secs(10)).await;
        fake.set(|_| answer(304, &[MINUTE, TAG], ""));
        let seen = get(&cache, &fake, "/", &[("cache-control", control)]).await;
        assert_eq!(
            (seen.outcome(), seen.header("age"), &seen.body[..]),
            ("revalidated", "0", &b"one"[..])
        );
        assert_eq!(fake.last()["if-none-match"], "\"one\"");
    }
    let (cache, fake) = filled(&[MINUTE, TAG]).await;
    advance(Duration::from_secs(10)).await;
    assert_eq!(
        get(&cache, &fake, "/", &[("cache-control", "max-age=10")])
            .await
            .outcome(),
        "hit"
    );
    assert_eq!(
        get(&cache, &fake, "/", &[("cache-control", "max-age=9")])
            .await
            .outcome(),
        "miss"
    );
}

#[tokio::test(start_paused = true)]
async fn reloads_at_once_are_one_revalidation() {
    let (cache, fake) = filled(&[MINUTE, TAG]).await;
    fake.set(|_| answer(304, &[MINUTE, TAG], ""));
    fake.close();
    let one = |_| {
        let (cache, fake) = (cache.clone(), fake.clone());
        tokio::spawn(async move {
            get(&cache, &fake, "/", &[("cache-control", "no-cache")])
                .await
                .outcome()
                .to_owned()
        })
    };
    let tasks: Vec<_> = (0..10).map(one).collect();
    settle().await;
    fake.open();
    let mut outcomes = Vec::new();
    for task in tasks {
        outcomes.push(task.await.unwrap());
    }
    outcomes.sort();
    assert_eq!(
        (fake.count(), outcomes[0].as_str(), outcomes[9].as_str()),
        (2, "hit", "revalidated")
    );
}

#[tokio::test(start_paused = true)]
async fn a_refusal_of_one_client_is_not_for_all() {
    let (cache, fake) = filled(&[MINUTE, TAG]).await;
    fake.set(|_| answer(429, &[], "slowly"));
    let seen = get(&cache, &fake, "/", &[("cache-control", "no-cache")]).await;
    assert_eq!((seen.status.as_u16(), seen.outcome()), (429, "miss"));
    assert_eq!(see(&cache, &fake).await, ("hit".into(), "one".into()));
}
