//! A cache that keeps nothing: its callers see misses, and nothing that failed.

use solid_cache::Cache;

#[tokio::test]
async fn every_read_is_a_miss_and_every_fetch_computes() {
    let cache = Cache::null();
    for expected in [1, 2] {
        let fetched: Result<i32, ()> = cache.fetch("key", async || Ok(expected)).await;
        assert_eq!(fetched, Ok(expected));
        assert!(cache.write("key", &expected).await);
        assert_eq!(cache.read::<i32>("key").await, None);
        assert!(!cache.delete("key").await);
        assert_eq!(cache.increment("counter", 1).await, Some(1));
    }
    assert_eq!(cache.stats().failures, 0);
}
