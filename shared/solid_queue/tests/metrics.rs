#![allow(clippy::unwrap_used, reason = "helpers of a test")]
//! What a recorder of the `metrics` facade gets to hear. One test: the recorder is that of the process.

mod support;

use std::collections::{BTreeMap, BTreeSet};

use metrics_util::MetricKind;
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use solid_queue::{Enqueue, Job as _, PerformLater as _, Queue};
use support::jobs::{Context, Failing, Note, held, note, registry};
use support::{Running, Temp, config, wait_for};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jobs_and_processes_are_counted() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    recorder.install().unwrap();
    solid_queue::describe_metrics();

    let temp = Temp::new();
    let queue = Queue::solid(temp.database.clone());
    let context = Context::new(queue.clone());
    for job in ["a", "b"] {
        note(job).perform_later(&queue).await.unwrap();
    }
    let later = Enqueue::new().wait(std::time::Duration::from_millis(1));
    note("c")
        .set(later.queue("low"))
        .perform_later(&queue)
        .await
        .unwrap();
    let message = "no".into();
    Failing { message }.perform_later(&queue).await.unwrap();
    held("d").perform_later(&queue).await.unwrap();
    let running = Running::start(
        temp.database.clone(),
        config(3),
        registry(),
        context.clone(),
    );
    wait_for("the jobs", async || {
        finished(&temp).await == 3 && context.has("d began") && failed(&temp).await == 1
    })
    .await;
    let during = Seen::new(&snapshotter);
    context.gate.add_permits(1);
    running.stop().await;
    let since = Seen::new(&snapshotter);

    assert_eq!(during.value("solid_queue_jobs_running", &[]), "1");
    for kind in ["Supervisor", "Worker", "Dispatcher"] {
        assert_eq!(
            during.value("solid_queue_processes", &[("kind", kind)]),
            "1"
        );
        assert_eq!(
            since.value("solid_queue_processes", &[("kind", kind)]),
            "-1"
        );
    }
    let enqueued = |class, queue| {
        let labels = [("class", class), ("queue", queue)];
        during.value("solid_queue_jobs_enqueued_total", &labels)
    };
    assert_eq!(enqueued(Note::NAME, "default"), "2");
    assert_eq!(enqueued(Note::NAME, "low"), "1");
    let performed = |class, outcome| {
        let labels = [("class", class), ("outcome", outcome)];
        during.value("solid_queue_jobs_performed_total", &labels)
    };
    assert_eq!(performed(Note::NAME, "finished"), "3");
    assert_eq!(performed(Failing::NAME, "failed"), "1");
    let latency = [("queue", "low")];
    assert_eq!(
        during.samples("solid_queue_job_latency_seconds", &latency),
        1
    );
    let duration = [("class", Note::NAME)];
    assert_eq!(
        during.samples("solid_queue_job_duration_seconds", &duration),
        3
    );
    assert_eq!(since.value("solid_queue_jobs_running", &[]), "-1");
    assert_eq!(names(&during), NAMES);
}

/// What the documentation promises, as far as this test brings it about.
const NAMES: &[&str] = &[
    "solid_queue_claim_size",
    "solid_queue_dispatch_size",
    "solid_queue_job_duration_seconds",
    "solid_queue_job_latency_seconds",
    "solid_queue_jobs_enqueued_total",
    "solid_queue_jobs_performed_total",
    "solid_queue_jobs_running",
    "solid_queue_polls_total",
    "solid_queue_processes",
];

async fn finished(temp: &Temp) -> i64 {
    let from = "solid_queue_jobs WHERE finished_at IS NOT NULL";
    temp.count(from).await
}

async fn failed(temp: &Temp) -> i64 {
    temp.count("solid_queue_failed_executions").await
}

fn names(seen: &Seen) -> Vec<&str> {
    let names: BTreeSet<_> = seen.0.keys().map(|(name, _)| name.as_str()).collect();
    names.into_iter().collect()
}

/// Each metric with its labels, and what it came to since the last look.
struct Seen(BTreeMap<(String, Vec<(String, String)>), DebugValue>);

impl Seen {
    fn new(snapshotter: &Snapshotter) -> Self {
        let metrics = snapshotter.snapshot().into_vec().into_iter();
        // The database under the queue measures itself.
        let own = metrics.filter(|(key, ..)| key.key().name().starts_with("solid_queue_"));
        Self(
            own.map(|(key, unit, description, value)| {
                assert!(unit.is_some() && description.is_some(), "{key:?}");
                assert_eq!(
                    key.kind() == MetricKind::Counter,
                    key.key().name().ends_with("_total")
                );
                let labels = key.key().labels();
                let labels = labels.map(|it| (it.key().to_owned(), it.value().to_owned()));
                ((key.key().name().to_owned(), labels.collect()), value)
            })
            .collect(),
        )
    }

    fn get(&self, name: &str, labels: &[(&str, &str)]) -> &DebugValue {
        let labels = labels
            .iter()
            .map(|(key, value)| ((*key).into(), (*value).into()));
        let key = (name.to_owned(), labels.collect());
        let all = || self.0.keys().collect::<Vec<_>>();
        self.0
            .get(&key)
            .unwrap_or_else(|| panic!("no {key:?} among {:?}", all()))
    }

    fn value(&self, name: &str, labels: &[(&str, &str)]) -> String {
        match self.get(name, labels) {
            DebugValue::Counter(count) => count.to_string(),
            DebugValue::Gauge(value) => value.into_inner().to_string(),
            DebugValue::Histogram(_) => panic!("{name} is a histogram"),
        }
    }

    fn samples(&self, name: &str, labels: &[(&str, &str)]) -> usize {
        match self.get(name, labels) {
            DebugValue::Histogram(samples) => samples.len(),
            _ => panic!("{name} is no histogram"),
        }
    }
}
