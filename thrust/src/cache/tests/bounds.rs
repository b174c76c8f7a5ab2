use super::*;

#[tokio::test]
async fn the_capacity_is_kept() {
    let (capacity, max_item_size) = (1 << 20, 64 << 10);
    let cache = sized(capacity, max_item_size);
    let fake = Fake::new(|_| {
        answer(
            200,
            &[MINUTE, ("x-long", &"x".repeat(500))],
            vec![b'a'; 20_000],
        )
    });
    for number in 0..1000 {
        get(&cache, &fake, &format!("/{number}"), &[]).await;
        assert!(cache.bytes() <= capacity, "{number}: {}", cache.bytes());
    }
    assert!(cache.bytes() > capacity / 2, "{}", cache.bytes());
    // Headers and keys weigh, too.
    fake.set(|_| answer(200, &[MINUTE], ""));
    for number in 0..3000 {
        get(
            &cache,
            &fake,
            &format!("/{number}?{}", "k".repeat(1000)),
            &[],
        )
        .await;
    }
    assert!(cache.bytes() <= capacity);
}

#[tokio::test]
async fn what_is_too_long_passes_whole() {
    let cache = sized(1 << 20, 10);
    for (length, second) in [(10, "hit"), (11, "miss"), (100_000, "miss")] {
        let fake = Fake::new(move |_| answer(200, &[MINUTE], vec![b'a'; length]));
        let path = format!("/{length}");
        assert_eq!(get(&cache, &fake, &path, &[]).await.body.len(), length);
        let seen = get(&cache, &fake, &path, &[]).await;
        assert_eq!((seen.outcome(), seen.body.len()), (second, length));
    }
    let fake = Fake::new(|_| {
        streamed(
            &[MINUTE],
            vec![Ok("01234"), Ok("56789"), Ok("01"), Ok("2345"), Ok("6")],
        )
    });
    for _ in 0..2 {
        let seen = get(&cache, &fake, "/streamed", &[]).await;
        assert_eq!(
            (seen.outcome(), &seen.body[..]),
            ("miss", &b"01234567890123456"[..])
        );
    }
}

#[tokio::test]
async fn many_variants_stay_below_the_capacity() {
    let cache = sized(1 << 20, 128 << 10);
    let fake = Fake::new(|_| answer(200, &[MINUTE, ("vary", "x-a")], vec![b'a'; 120 << 10]));
    for number in 0..50 {
        let seen = get(&cache, &fake, "/", &[("x-a", &number.to_string())]).await;
        assert_eq!(seen.outcome(), "miss");
        assert!(cache.bytes() <= 1 << 20);
        assert_eq!(
            get(&cache, &fake, "/", &[("x-a", &number.to_string())])
                .await
                .outcome(),
            "hit"
        );
    }
}
