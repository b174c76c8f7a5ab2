use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;

use crate::store::Store;

pub(crate) async fn several_values_at_once(Store { cache, .. }: Store) {
    let entries: BTreeMap<String, usize> = (0..250).map(|n| (format!("key/{n}"), n)).collect();
    assert!(cache.write_multi(&entries).await);
    let asked = entries.keys().map(String::as_str).chain(["missing"]);
    let read: HashMap<String, usize> = cache.read_multi(asked).await;
    assert_eq!(read.into_iter().collect::<BTreeMap<_, _>>(), entries);
    assert_eq!(cache.delete_multi(entries.keys()).await, 250);
    assert!(cache.read_multi::<usize>(entries.keys()).await.is_empty());
    assert_eq!(cache.delete_multi(entries.keys()).await, 0);
}

pub(crate) async fn fetch_multi_computes_what_is_missing(Store { cache, .. }: Store) {
    cache.write("b", "kept").await;
    let compute = async |key: String| Ok::<_, Infallible>(format!("computed {key}"));
    let Ok(values) = cache.fetch_multi(["a", "b", "c"], compute).await;
    let values: Vec<_> = values
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_str()))
        .collect();
    assert_eq!(
        values,
        [("a", "computed a"), ("b", "kept"), ("c", "computed c")]
    );
    assert_eq!(
        cache.read::<String>("c").await.as_deref(),
        Some("computed c")
    );
    let Ok(forced) = cache.force().fetch_multi(["b"], compute).await;
    assert_eq!(forced, [("b".to_owned(), "computed b".to_owned())]);
}

pub(crate) async fn fetch_multi_returns_the_callers_error(Store { cache, .. }: Store) {
    let compute = async |key: String| if key == "b" { Err("no") } else { Ok(1) };
    assert_eq!(cache.fetch_multi(["a", "b"], compute).await, Err("no"));
    assert!(!cache.exist("a").await);
}

pub(crate) async fn blank_keys_are_left_out(Store { cache, .. }: Store) {
    assert!(!cache.write_multi([("", 1), ("a", 2)]).await);
    let read: HashMap<String, i32> = cache.read_multi(["", "a"]).await;
    assert_eq!(read, HashMap::from([("a".to_owned(), 2)]));
    let Ok(fetched) = cache
        .fetch_multi([""], async |_| Ok::<_, Infallible>(3))
        .await;
    assert_eq!(fetched, [(String::new(), 3)]);
    assert_eq!(cache.delete_multi(["", "a"]).await, 1);
}

pub(crate) async fn write_multi_spares_live_entries(Store { cache, .. }: Store) {
    cache.write("a", &1).await;
    assert!(!cache.unless_exist().write_multi([("a", 2), ("b", 2)]).await);
    let read: HashMap<String, i32> = cache.read_multi(["a", "b"]).await;
    assert_eq!(
        read,
        HashMap::from([("a".to_owned(), 1), ("b".to_owned(), 2)])
    );
}
