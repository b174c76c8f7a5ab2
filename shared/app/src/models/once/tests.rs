use db::{Database, DatabaseConfig, DbError};
use diesel::dsl::count_star;

use super::*;
use crate::models::TodoId;

struct Primary {
    database: Database,
    _folder: tempfile::TempDir,
}

impl Primary {
    fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = DatabaseConfig::new(folder.path().join("primary.sqlite3"));
        Self {
            database: Database::open(&config, crate::MIGRATIONS).unwrap(),
            _folder: folder,
        }
    }

    async fn attempt(&self, once: Once, effect: Effect) -> &'static str {
        let attempt = self
            .database
            .write(move |c| once.attempt(c, |_| Ok(effect)))
            .await;
        match attempt.unwrap() {
            Attempt::Made(_) => "made",
            Attempt::MadeBefore => "made before",
            Attempt::KeyOfAnother => "key of another",
        }
    }

    async fn keys(&self) -> i64 {
        let count = |c: &mut _| idempotency_keys::table.select(count_star()).first(c);
        self.database.read(count).await.unwrap()
    }

    async fn age(&self) {
        let old = Timestamp::now().before(KEPT + Duration::from_secs(1));
        let age = move |c: &mut _| {
            diesel::update(idempotency_keys::table)
                .set(created_at.eq(old.to_string()))
                .execute(c)
        };
        self.database.write(age).await.unwrap();
    }
}

#[tokio::test]
async fn a_key_is_good_for_one_request_of_one_author() {
    let primary = Primary::open();
    let cases = [
        ("ada", "1", "POST", "made"),
        ("ada", "1", "POST", "made before"),
        ("ada", "1", "DELETE", "key of another"),
        ("ada", "2", "DELETE", "made"),
        ("bob", "1", "POST", "made"),
        // Where the author ends and the key begins counts.
        ("ad", "a1", "POST", "made"),
    ];
    for (author, key, request, expected) in cases {
        let once = Once::new(author, key, request);
        let outcome = primary.attempt(once, Effect::Changed).await;
        assert_eq!(outcome, expected, "{author} {key} {request}");
    }
    for _ in 0..2 {
        let outcome = primary.attempt(Once::each_time(), Effect::Changed).await;
        assert_eq!(outcome, "made");
    }
}

#[tokio::test]
async fn what_failed_may_be_tried_again() {
    let primary = Primary::open();
    let once = Once::new("ada", "1", "DELETE 7");
    let missing = Effect::Missing(TodoId(7));
    assert_eq!(primary.attempt(once.clone(), missing).await, "made");

    let failing = once.clone();
    let failed: Result<Attempt, DbError> = primary
        .database
        .write(move |c| failing.attempt(c, |_| Err(diesel::result::Error::NotFound)))
        .await;
    assert!(failed.is_err());
    assert_eq!(primary.keys().await, 0);
    assert_eq!(primary.attempt(once, Effect::Unchanged).await, "made");
    assert_eq!(primary.keys().await, 1);
}

#[tokio::test]
async fn old_keys_count_no_more_and_go_as_new_ones_come() {
    let primary = Primary::open();
    let once = |key: i64| Once::new("ada", &key.to_string(), "POST");
    for key in 0..=SWEPT {
        primary.attempt(once(key), Effect::Changed).await;
    }
    primary.age().await;
    for (key, left) in [(100, 2), (101, 2), (102, 3)] {
        assert_eq!(primary.attempt(once(key), Effect::Changed).await, "made");
        assert_eq!(primary.keys().await, left);
    }
    assert_eq!(primary.attempt(once(0), Effect::Changed).await, "made");
    assert_eq!(
        primary.attempt(once(0), Effect::Changed).await,
        "made before"
    );
}
