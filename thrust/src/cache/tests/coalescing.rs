use futures_util::future::join_all;
use std::time::Duration;
use tokio::task::JoinHandle;

use super::*;

fn start(cache: &Cache, fake: &Fake, count: usize) -> Vec<JoinHandle<Result<Seen, Unreachable>>> {
    let one = |_| {
        let (cache, fake) = (cache.clone(), fake.clone());
        tokio::spawn(async move { send(&cache, &fake, request("GET", "/", &[])).await })
    };
    (0..count).map(one).collect()
}

async fn outcomes(tasks: Vec<JoinHandle<Result<Seen, Unreachable>>>) -> Vec<String> {
    let seen = join_all(tasks).await;
    let mut outcomes: Vec<String> = seen
        .into_iter()
        .map(|seen| {
            seen.unwrap().map_or_else(
                |error| format!("{error:?}"),
                |seen| seen.outcome().to_owned(),
            )
        })
        .collect();
    outcomes.sort();
    outcomes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_misses_are_one_request() {
    for body in ["short", "streamed"] {
        let (cache, fake) = (cache(), Fake::with(&[MINUTE], body));
        if body == "streamed" {
            fake.set(|_| streamed(&[MINUTE], vec![Ok("str"), Ok("eam"), Ok("ed")]));
        }
        fake.close();
        let tasks = start(&cache, &fake, 100);
        fake.reached(1).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
        fake.open();
        for seen in join_all(tasks).await {
            assert_eq!(seen.unwrap().unwrap().body, body);
        }
        assert_eq!(fake.count(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_not_stored_does_not_keep_others_waiting() {
    let (cache, fake) = (cache(), Fake::with(&[("cache-control", "private")], "mine"));
    get(&cache, &fake, "/", &[]).await;
    // The key is known now: ten requests are ten at once.
    fake.close();
    let tasks = start(&cache, &fake, 10);
    fake.reached(11).await;
    fake.open();
    assert_eq!(outcomes(tasks).await, ["miss"; 10]);
    // And two minutes later it is forgotten.
    tokio::time::advance(Duration::from_secs(121)).await;
    fake.close();
    let tasks = start(&cache, &fake, 10);
    settle().await;
    assert_eq!(fake.count(), 12);
    fake.open();
    assert_eq!(outcomes(tasks).await, ["miss"; 10]);
}

#[tokio::test]
async fn the_first_answer_tells_all_who_wait_that_it_is_not_stored() {
    let (cache, fake) = (cache(), Fake::with(&[("cache-control", "private")], "mine"));
    fake.close();
    let tasks = start(&cache, &fake, 10);
    settle().await;
    assert_eq!(fake.count(), 1);
    fake.open();
    assert_eq!(outcomes(tasks).await, ["miss"; 10]);
    assert_eq!(fake.count(), 10);
}

#[tokio::test(start_paused = true)]
async fn somebody_waits_but_a_moment_for_what_may_be_for_each_alone() {
    let (cache, fake) = (cache(), Fake::with(&[("cache-control", "private")], "mine"));
    fake.close();
    let one = |_| {
        let (cache, fake) = (cache.clone(), fake.clone());
        let request = request("GET", "/", &[("cookie", "session=1")]);
        tokio::spawn(async move { send(&cache, &fake, request).await })
    };
    let tasks: Vec<_> = (0..10).map(one).collect();
    // The first answer does not come, and still all are asked for.
    tokio::time::sleep(Duration::from_millis(101)).await;
    settle().await;
    assert_eq!(fake.count(), 10);
    fake.open();
    assert_eq!(outcomes(tasks).await, ["miss"; 10]);
}

#[tokio::test(start_paused = true)]
async fn what_becomes_storable_is_stored_when_the_mark_is_forgotten() {
    let (cache, fake) = (cache(), Fake::with(&[("cache-control", "private")], "mine"));
    get(&cache, &fake, "/", &[]).await;
    fake.set(|_| answer(200, &[MINUTE], "ours"));
    assert_eq!(twice(&cache, &fake, &[]).await, pair("miss", "miss"));
    tokio::time::advance(Duration::from_secs(121)).await;
    assert_eq!(twice(&cache, &fake, &[]).await, pair("miss", "hit"));
}

#[tokio::test]
async fn a_client_that_leaves_strands_nobody() {
    let (cache, fake) = (cache(), Fake::with(&[MINUTE], "hello"));
    fake.close();
    let leader = start(&cache, &fake, 1).remove(0);
    fake.reached(1).await;
    let followers = start(&cache, &fake, 5);
    settle().await;
    leader.abort();
    settle().await;
    fake.open();
    assert_eq!(outcomes(followers).await, ["hit"; 5]);
    assert_eq!(fake.count(), 1);
}

#[tokio::test]
async fn a_client_that_does_not_read_keeps_nobody_waiting() {
    let (cache, fake) = (
        cache(),
        Fake::new(|_| streamed(&[MINUTE], vec![Ok("hello "), Ok("world")])),
    );
    let unread = cache
        .respond(request("GET", "/", &[]), fake.clone())
        .await
        .unwrap();
    let seen = get(&cache, &fake, "/", &[]).await;
    assert_eq!(
        (seen.outcome(), &seen.body[..]),
        ("hit", &b"hello world"[..])
    );
    assert_eq!(
        unread.into_body().collect().await.unwrap().to_bytes(),
        "hello world"
    );
    // One that leaves while it reads is no different.
    drop(
        cache
            .respond(request("GET", "/b", &[]), fake.clone())
            .await
            .unwrap(),
    );
    assert_eq!(get(&cache, &fake, "/b", &[]).await.outcome(), "hit");
}

#[tokio::test]
async fn an_upstream_that_fails_fails_each() {
    let (cache, fake) = (cache(), Fake::new(|_| Err(Unreachable)));
    fake.close();
    let tasks = start(&cache, &fake, 5);
    settle().await;
    fake.open();
    assert_eq!(outcomes(tasks).await, ["Unreachable"; 5]);
    fake.set(|_| answer(200, &[MINUTE], "hello"));
    assert_eq!(twice(&cache, &fake, &[]).await, pair("miss", "hit"));
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_ever() {
    let (cache, fake) = (cache(), Fake::with(&[MINUTE], "hello"));
    fake.close();
    let tasks = start(&cache, &fake, 2);
    settle().await;
    assert_eq!(fake.count(), 1);
    tokio::time::advance(Duration::from_secs(11)).await;
    fake.reached(2).await;
    fake.open();
    assert_eq!(outcomes(tasks).await, ["miss"; 2]);
}

#[tokio::test]
async fn variants_do_not_wait_for_one_another() {
    let (cache, fake) = (cache(), Fake::with(&[MINUTE, ("vary", "x-a")], "hello"));
    get(&cache, &fake, "/", &[]).await;
    let one = |value: usize| {
        let (cache, fake) = (cache.clone(), fake.clone());
        tokio::spawn(async move { get(&cache, &fake, "/", &[("x-a", &value.to_string())]).await })
    };
    let tasks: Vec<_> = (0..20).map(|number| one(number % 4)).collect();
    join_all(tasks).await;
    assert_eq!(fake.count(), 5);
}

#[tokio::test]
async fn what_breaks_off_is_not_stored() {
    let (cache, fake) = (
        cache(),
        Fake::new(|_| streamed(&[MINUTE], vec![Ok("hel"), Err("gone".into())])),
    );
    for _ in 0..2 {
        let response = cache
            .respond(request("GET", "/", &[]), fake.clone())
            .await
            .unwrap();
        assert_eq!(response.headers()["x-cache"], "miss");
        assert_eq!(
            response
                .into_body()
                .collect()
                .await
                .unwrap_err()
                .to_string(),
            "gone"
        );
    }
    fake.set(|_| streamed(&[MINUTE, ("content-length", "6")], vec![Ok("hello")]));
    assert_eq!(twice(&cache, &fake, &[]).await, pair("miss", "miss"));
}

#[tokio::test]
async fn a_panic_reaches_its_client_and_strands_nobody() {
    let (cache, fake) = (cache(), Fake::new(|_| panic!("a bug")));
    fake.close();
    let leader = start(&cache, &fake, 1).remove(0);
    fake.reached(1).await;
    let followers = start(&cache, &fake, 3);
    settle().await;
    fake.open();
    assert!(leader.await.unwrap_err().is_panic());
    for follower in followers {
        assert!(follower.await.unwrap_err().is_panic());
    }
}
