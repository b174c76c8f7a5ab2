//! How SQLite finds the jobs: whoever looks at a queue of a million jobs is not to wait.

use db::{Database, DatabaseConfig};
use diesel::sql_types::Text;

use super::*;

/// A database with more jobs of the class `Common` and of the queue `common` than are looked up by their index.
async fn database() -> (tempfile::TempDir, Database) {
    let folder = tempfile::tempdir().unwrap();
    let config = DatabaseConfig::new(folder.path().join("queue.sqlite3"));
    let database = Database::open(&config, crate::MIGRATIONS).unwrap();
    let fill = "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 10001) \
        INSERT INTO solid_queue_jobs (queue_name, class_name, created_at, updated_at) \
        SELECT 'common', 'Common', '2026-11-23', '2026-11-23' FROM numbers";
    database
        .write(move |connection| Statement::<()>::new(fill).execute(connection))
        .await
        .unwrap();
    (folder, database)
}

async fn plan(database: &Database, filter: Filter, after: Option<&str>) -> String {
    let after: Option<Cursor> = after.map(|cursor| cursor.parse().unwrap());
    let explain = move |connection: &mut SqliteConnection| {
        let mut select = Select::page(connection, &filter, after.as_ref(), 50)?;
        select.text = format!("EXPLAIN QUERY PLAN {}", select.text);
        let statement = Statement::<(BigInt, BigInt, BigInt, Text)>::new(select.text);
        let values = select.values.into_iter();
        let steps: Vec<(i64, i64, i64, String)> =
            values.fold(statement, Statement::bind).load(connection)?;
        Ok(steps.into_iter().map(|step| step.3).collect::<Vec<_>>())
    };
    database.read(explain).await.unwrap().join("; ")
}

fn of(status: Status) -> Filter {
    Filter::of(status)
}

#[tokio::test]
async fn pages_are_read_along_an_index_and_not_sorted() {
    let (_folder, database) = database().await;
    let class = |status: Option<Status>, name: &str| Filter {
        status,
        class_name: Some(name.into()),
        ..Filter::default()
    };
    let queue = |status: Option<Status>, name: &str| Filter {
        status,
        queue_name: Some(name.into()),
        ..Filter::default()
    };
    let finished = Some(Status::Finished);
    let cases = [
        (Filter::default(), "9"),
        (of(Status::Ready), "9_1"),
        (of(Status::Scheduled), "9_1_2026-11-23"),
        (of(Status::Blocked), "9"),
        (of(Status::Claimed), "9"),
        (of(Status::Failed), "9"),
        (of(Status::Finished), "9_0_2026-11-23"),
        (of(Status::Stray), "9"),
        (class(None, "Common"), "9"),
        (class(None, "Rare"), "9"),
        (class(finished, "Common"), "9_0_2026-11-23"),
        (class(Some(Status::Ready), "Common"), "9_1"),
        (class(Some(Status::Failed), "Common"), "9"),
        (queue(None, "common"), "9"),
        (queue(finished, "common"), "9_0_2026-11-23"),
        (queue(Some(Status::Ready), "common"), "9_1"),
        (queue(Some(Status::Failed), "common"), "9"),
    ];
    for (filter, cursor) in cases {
        for after in [None, Some(cursor)] {
            let plan = plan(&database, filter.clone(), after).await;
            let said = format!("{filter:?} {after:?}: {plan}");
            assert!(!plan.contains("TEMP B-TREE"), "it sorts: {said}");
            let first = plan.split(';').next().unwrap();
            let is_seek = first.starts_with("SEARCH");
            // Where no page went before, the scan of an index in its order ends after a page.
            let is_begin = first.starts_with("SCAN") && after.is_none();
            assert!(is_seek || is_begin, "it reads all: {said}");
        }
    }
}

#[tokio::test]
async fn rare_jobs_are_looked_up_by_their_class_or_queue() {
    let (_folder, database) = database().await;
    for status in [
        Status::Ready,
        Status::Failed,
        Status::Finished,
        Status::Blocked,
    ] {
        let filter = Filter {
            class_name: Some("Rare".into()),
            ..of(status)
        };
        let plan = plan(&database, filter, None).await;
        let is_by_class = plan.contains("index_solid_queue_jobs_on_class_name");
        assert!(is_by_class, "{status}: {plan}");
    }
    for status in [None, Some(Status::Failed)] {
        let filter = Filter {
            status,
            queue_name: Some("rare".into()),
            ..Filter::default()
        };
        let plan = plan(&database, filter, None).await;
        assert!(
            plan.contains("index_solid_queue_jobs_for_filtering"),
            "{status:?}: {plan}"
        );
    }
}

#[tokio::test]
async fn the_jobs_of_a_worker_and_of_a_task_are_looked_up() {
    let (_folder, database) = database().await;
    let worker = Filter {
        process_id: Some(1),
        ..of(Status::Claimed)
    };
    let task = Filter {
        task_key: Some("clean".into()),
        ..Filter::default()
    };
    for (filter, index) in [(worker, "process_id"), (task, "task_key")] {
        let plan = plan(&database, filter, None).await;
        assert!(plan.contains(index) && !plan.contains("SCAN"), "{plan}");
    }
}
