use std::time::Duration;

use crate::store::Store;

const MINUTE: Duration = Duration::from_mins(1);

pub(crate) async fn a_counter_starts_at_nothing(Store { cache, .. }: Store) {
    assert_eq!(cache.read_counter("visits").await, None);
    assert_eq!(cache.increment("visits", 1).await, Some(1));
    assert_eq!(cache.increment("visits", 5).await, Some(6));
    assert_eq!(cache.decrement("visits", 2).await, Some(4));
    assert_eq!(cache.read_counter("visits").await, Some(4));
    assert_eq!(cache.read::<u8>("visits").await, Some(4));
}

pub(crate) async fn a_counter_keeps_its_expiry(store: Store) {
    let cache = &store.cache;
    cache.expires_in(MINUTE).increment("visits", 1).await;
    store.travel(MINUTE / 2);
    cache.expires_in(MINUTE).increment("visits", 1).await;
    assert_eq!(cache.read_counter("visits").await, Some(2));
    store.travel(MINUTE / 2);
    assert_eq!(cache.read_counter("visits").await, None);
}

pub(crate) async fn an_expired_counter_starts_anew(store: Store) {
    let cache = store.cache.expires_in(MINUTE);
    cache.write_counter("visits", 41).await;
    store.travel(MINUTE);
    assert_eq!(cache.increment("visits", 1).await, Some(1));
    store.travel(MINUTE / 2);
    assert_eq!(cache.read_counter("visits").await, Some(1));
}

pub(crate) async fn a_counter_goes_below_zero_and_beyond_32_bits(Store { cache, .. }: Store) {
    assert_eq!(cache.decrement("visits", 300).await, Some(-300));
    assert_eq!(
        cache.decrement("visits", 1 << 40).await,
        Some(-300 - (1 << 40))
    );
    assert_eq!(
        cache.increment("visits", 1 << 41).await,
        Some((1 << 40) - 300)
    );
    for number in [i64::MIN, -1, 0, i64::MAX] {
        assert!(cache.write_counter("number", number).await);
        assert_eq!(cache.read_counter("number").await, Some(number));
    }
}

pub(crate) async fn digits_count_as_a_counter(Store { cache, .. }: Store) {
    cache.write_text("text", "41").await;
    assert_eq!(cache.read_counter("text").await, Some(41));
    assert_eq!(cache.increment("text", 1).await, Some(42));
    cache.write("json", &-3).await;
    assert_eq!(cache.decrement("json", 1).await, Some(-4));
}

pub(crate) async fn what_is_no_number_stays_as_it_is(Store { cache, .. }: Store) {
    cache.write_text("text", "many").await;
    assert_eq!(cache.read_counter("text").await, None);
    assert_eq!(cache.increment("text", 1).await, None);
    assert_eq!(cache.read_text("text").await.as_deref(), Some("many"));
}

pub(crate) async fn a_counter_that_would_overflow_stays_as_it_is(Store { cache, .. }: Store) {
    cache.write_counter("visits", i64::MAX).await;
    assert_eq!(cache.increment("visits", 1).await, None);
    assert_eq!(cache.decrement("visits", i64::MIN).await, None);
    assert_eq!(cache.read_counter("visits").await, Some(i64::MAX));
}

pub(crate) async fn concurrent_increments_all_count(Store { cache, .. }: Store) {
    let increments: Vec<_> = (0..50)
        .map(|_| {
            let cache = cache.clone();
            tokio::spawn(async move { cache.increment("visits", 2).await })
        })
        .collect();
    for increment in increments {
        assert!(increment.await.unwrap().is_some());
    }
    assert_eq!(cache.read_counter("visits").await, Some(100));
}
