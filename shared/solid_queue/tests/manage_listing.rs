#![allow(clippy::unwrap_used, reason = "helpers of a test")]
//! Lists of jobs: each job once, in order, however large the table is.

mod support;

use std::collections::HashSet;

use solid_queue::manage::{Count, JobSummary, Jobs, ManageError, Status};
use solid_queue::{Enqueue, PerformLater as _, ProcessId, Queue, testing};
use support::jobs::{Context, Failing, held, note, registry};
use support::{QUEUE_SAMPLE, Temp};

/// 100,000 jobs of six states in turn, with moments that many share and that are written with 0, 3 and 6 digits.
const MANY: &str = "
    CREATE TEMP TABLE numbers AS
      WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 100000)
      SELECT n, CASE (n / 6) % 3 WHEN 0 THEN '' WHEN 1 THEN '.500' ELSE '.500000' END AS fraction,
        strftime('%Y-%m-%d %H:%M:%S', 1795000000 + n / 500, 'unixepoch') AS moment FROM numbers;
    INSERT INTO solid_queue_jobs (id, queue_name, class_name, arguments, priority, scheduled_at, finished_at, created_at,
      updated_at)
      SELECT n, 'queue' || (n % 4), CASE n % 9973 WHEN 0 THEN 'Rare' ELSE 'Class' || (n % 5) END,
        '{\"arguments\":[' || n || ']}', (n / 7) % 3, moment || fraction,
        CASE n % 6 WHEN 0 THEN moment || fraction END, moment, moment FROM numbers;
    INSERT INTO solid_queue_ready_executions (job_id, queue_name, priority, created_at)
      SELECT n, 'queue' || (n % 4), (n / 7) % 3, moment FROM numbers WHERE n % 6 = 1;
    INSERT INTO solid_queue_scheduled_executions (job_id, queue_name, priority, scheduled_at, created_at)
      SELECT n, 'queue' || (n % 4), (n / 7) % 3, moment || fraction, moment FROM numbers WHERE n % 6 = 2;
    INSERT INTO solid_queue_blocked_executions (job_id, queue_name, priority, concurrency_key, expires_at, created_at)
      SELECT n, 'queue' || (n % 4), (n / 7) % 3, 'key', moment, moment FROM numbers WHERE n % 6 = 3;
    INSERT INTO solid_queue_claimed_executions (job_id, process_id, created_at)
      SELECT n, n % 2, moment FROM numbers WHERE n % 6 = 4;
    INSERT INTO solid_queue_failed_executions (job_id, error, created_at)
      SELECT n, '{\"exception_class\":\"Error\",\"message\":\"no ' || n || '\",\"backtrace\":null}', moment
      FROM numbers WHERE n % 6 = 5 ORDER BY n DESC;
    DROP TABLE numbers;
";

async fn all_pages(jobs: &Jobs) -> Vec<JobSummary> {
    let (mut found, mut jobs) = (Vec::new(), jobs.clone().limit(1_000));
    loop {
        let page = jobs.list().await.unwrap();
        found.extend(page.jobs);
        let Some(next) = page.next else {
            return found;
        };
        // As it comes back from a link.
        jobs = jobs.after(next.to_string().parse().unwrap());
    }
}

/// Follows the pages, and compares what they have with what a plain statement finds.
async fn assert_listed(temp: &Temp, jobs: &Jobs, expected: &str) {
    let found = all_pages(jobs).await;
    let ids: HashSet<i64> = found.iter().map(|job| job.id.0).collect();
    assert_eq!(ids.len(), found.len(), "a job came twice: {expected}");
    let query = format!("SELECT id AS value FROM solid_queue_jobs WHERE {expected}");
    let expected_ids = temp.texts(&query).await;
    let expected_ids: HashSet<i64> = expected_ids.iter().map(|id| id.parse().unwrap()).collect();
    assert!(!expected_ids.is_empty(), "{expected}");
    assert!(ids == expected_ids, "other jobs than {expected}");
    let count = jobs.count().await.unwrap();
    assert_eq!(
        count,
        Count::exactly(expected_ids.len() as u64),
        "{expected}"
    );
}

#[tokio::test]
async fn every_job_of_a_large_table_is_on_one_page() {
    let temp = Temp::new();
    temp.execute(MANY).await;
    let jobs = Jobs::new(&temp.database);
    assert_listed(&temp, &jobs, "1").await;
    let states = [
        (Status::Finished, 0),
        (Status::Ready, 1),
        (Status::Scheduled, 2),
        (Status::Blocked, 3),
        (Status::Claimed, 4),
        (Status::Failed, 5),
    ];
    for (status, rest) in states {
        let jobs = jobs.clone().status(status);
        assert_listed(&temp, &jobs, &format!("id % 6 = {rest}")).await;
        let of_class = jobs.clone().class("Class2");
        assert_listed(
            &temp,
            &of_class,
            &format!("id % 6 = {rest} AND class_name = 'Class2'"),
        )
        .await;
        let of_queue = jobs.queue("queue1").class("Class2");
        let is_possible = rest % 2 == 1;
        if is_possible {
            let expected =
                format!("id % 6 = {rest} AND class_name = 'Class2' AND queue_name = 'queue1'");
            assert_listed(&temp, &of_queue, &expected).await;
        } else {
            assert_eq!(of_queue.count().await.unwrap(), Count::exactly(0));
        }
    }
    assert_listed(&temp, &jobs.clone().class("Rare"), "class_name = 'Rare'").await;
    let failed_and_rare = jobs.clone().class("Rare").status(Status::Failed);
    assert_listed(
        &temp,
        &failed_and_rare,
        "class_name = 'Rare' AND id % 6 = 5",
    )
    .await;
    assert_listed(
        &temp,
        &jobs.clone().queue("queue3"),
        "queue_name = 'queue3'",
    )
    .await;
    assert_listed(
        &temp,
        &jobs.clone().worker(ProcessId(0)),
        "id % 6 = 4 AND id % 2 = 0",
    )
    .await;
    assert_listed(
        &temp,
        &jobs.clone().with_argument("9999"),
        "arguments LIKE '%9999%'",
    )
    .await;
    let counted = jobs.count_up_to(99).await.unwrap();
    assert_eq!(
        (counted, counted.to_string()),
        (Count::more_than(99), "99+".into())
    );
}

#[tokio::test]
async fn lists_are_in_the_order_in_which_people_look() {
    let temp = Temp::new();
    temp.execute(MANY).await;
    let jobs = Jobs::new(&temp.database);
    let of = async |status| all_pages(&jobs.clone().status(status)).await;
    assert!(
        of(Status::Ready)
            .await
            .is_sorted_by_key(|job| (job.priority, job.id))
    );
    assert!(of(Status::Claimed).await.is_sorted_by_key(|job| job.id));
    let finished = of(Status::Finished).await;
    // As text: with fractions of any length it has the order of time.
    let key = |job: &JobSummary| (job.finished_at, job.id);
    assert!(finished.is_sorted_by(|a, b| key(a).0 >= key(b).0));
    let scheduled = of(Status::Scheduled).await;
    assert!(scheduled.is_sorted_by_key(|job| job.scheduled_at));
    // Those that failed last come first, and here those with the smallest ids did.
    assert!(of(Status::Failed).await.is_sorted_by_key(|job| job.id));
    assert!(all_pages(&jobs).await.is_sorted_by(|a, b| a.id > b.id));
}

#[tokio::test]
async fn a_job_shows_what_its_state_is_about() {
    let temp = Temp::new();
    temp.execute(MANY).await;
    let jobs = Jobs::new(&temp.database).limit(1);
    let first = async |status| {
        jobs.clone()
            .status(status)
            .list()
            .await
            .unwrap()
            .jobs
            .remove(0)
    };
    let failed = first(Status::Failed).await;
    let error = failed.error.unwrap();
    assert_eq!(
        (error.exception_class.as_str(), error.message),
        ("Error", format!("no {}", failed.id))
    );
    assert_eq!(first(Status::Claimed).await.worker, Some(ProcessId(0)));
    assert_eq!(
        first(Status::Blocked).await.blocked_by.as_deref(),
        Some("key")
    );
    assert_eq!(first(Status::Ready).await.arguments, serde_json::json!([1]));
    let json = serde_json::to_value(first(Status::Finished).await).unwrap();
    assert_eq!(json["status"], "finished");
    assert_eq!(json["finished_at"], "2026-11-18T11:09:59.500Z");
}

#[tokio::test]
async fn a_cursor_of_another_list_is_refused() {
    let temp = Temp::new();
    let jobs = Jobs::new(&temp.database).after("5_0_2026-11-23T12:00:00".parse().unwrap());
    for refused in [jobs.clone(), jobs.clone().status(Status::Failed)] {
        let error = refused.list().await.unwrap_err();
        assert!(matches!(error, ManageError::ForeignCursor { .. }));
    }
    assert!(
        jobs.status(Status::Finished)
            .list()
            .await
            .unwrap()
            .jobs
            .is_empty()
    );
}

#[tokio::test]
async fn text_is_found_in_the_values_of_arguments() {
    let temp = Temp::new();
    let queue = Queue::solid(temp.database.clone());
    note("Größe <b>&\"quoted\"")
        .perform_later(&queue)
        .await
        .unwrap();
    held("Lovelace").perform_later(&queue).await.unwrap();
    let found = async |text: &str| {
        let jobs = Jobs::new(&temp.database).with_argument(text);
        jobs.count().await.unwrap().jobs
    };
    for text in ["Größe", "größe <B>", "&\"QUOTED\"", "<b>", "e <"] {
        assert_eq!(found(text).await, 1, "{text}");
    }
    assert_eq!(found("lovelace").await, 1);
    // Neither names of keys, nor what Active Job adds, nor the rest of the payload.
    for text in ["name", "_aj_", "Held", "default", "UTC"] {
        assert_eq!(found(text).await, 0, "{text}");
    }
}

#[tokio::test]
async fn what_rails_wrote_is_read() {
    let temp = Temp::with_rows(QUEUE_SAMPLE).await;
    let jobs = Jobs::new(&temp.database);
    assert_eq!(
        i64::try_from(all_pages(&jobs).await.len()).unwrap(),
        temp.count("solid_queue_jobs").await
    );
    let failed = jobs
        .clone()
        .status(Status::Failed)
        .list()
        .await
        .unwrap()
        .jobs;
    assert!(!failed.is_empty());
    for job in failed {
        assert!(!job.error.unwrap().exception_class.is_empty());
        let details = jobs.find(job.id).await.unwrap().unwrap();
        assert_eq!(details.payload["job_class"], job.class_name);
        assert!(details.summary.error.unwrap().backtrace.is_some());
    }
    let recurring = jobs.clone().recurring_task("tick");
    let expected = temp
        .count("solid_queue_recurring_executions WHERE task_key = 'tick'")
        .await;
    assert_eq!(
        recurring.count().await.unwrap().jobs.cast_signed(),
        expected
    );
}

#[tokio::test]
async fn details_tell_of_all_attempts() {
    let temp = Temp::new();
    let queue = Queue::solid(temp.database.clone());
    let context = Context::new(queue.clone());
    let soon = Enqueue::new().queue("flaky");
    let flaky = support::jobs::Flaky { failures: 1 };
    let first = flaky.set(soon).perform_later(&queue).await.unwrap();
    Failing {
        message: "never".into(),
    }
    .perform_later(&queue)
    .await
    .unwrap();
    support::wait_for("the second attempt is done", async || {
        testing::run_pending(&queue, registry(), &context)
            .await
            .unwrap();
        temp.count("solid_queue_jobs WHERE class_name = 'Flaky' AND finished_at IS NOT NULL")
            .await
            == 2
    })
    .await;
    let details = Jobs::new(&temp.database)
        .find(first)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(details.summary.queue_name, "flaky");
    let attempts: Vec<_> = details
        .attempts
        .iter()
        .map(|it| (it.executions, it.status))
        .collect();
    assert_eq!(attempts, [(1, Status::Finished), (0, Status::Finished)]);
    assert_eq!(details.attempts[1].id, first);
    assert!(
        Jobs::new(&temp.database)
            .find(solid_queue::JobId(999))
            .await
            .unwrap()
            .is_none()
    );
}
