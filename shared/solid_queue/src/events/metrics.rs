//! The metrics, through the `metrics` facade: whoever wants them installs a recorder.

use metrics::{Counter, Gauge, Histogram, Key, Label, Level, Metadata, Recorder, Unit};

/// A metric: its name and what it says.
pub(crate) struct Metric {
    name: &'static str,
    unit: Unit,
    help: &'static str,
}

macro_rules! metrics {
    ($($constant:ident: $name:literal, $unit:ident, $help:literal;)+) => {
        $(pub(crate) const $constant: Metric = Metric { name: $name, unit: Unit::$unit, help: $help };)+
        const ALL: &[Metric] = &[$($constant),+];
    };
}

// The names of counters end in `_total`, those of histograms in their unit or `_size`; the others are gauges.
metrics! {
    ENQUEUED: "solid_queue_jobs_enqueued_total", Count, "Jobs that this process enqueued.";
    PERFORMED: "solid_queue_jobs_performed_total", Count, "Executions, by what became of the job.";
    BATCHES: "solid_queue_batches_enqueued_total", Count, "Batches that this process enqueued.";
    DURATION: "solid_queue_job_duration_seconds", Seconds, "How long executions took.";
    RECURRED: "solid_queue_recurring_tasks_total", Count, "Times of recurring tasks, by what became of them.";
    CLEARED: "solid_queue_jobs_cleared_total", Count, "Finished jobs that were deleted.";
    LATENCY: "solid_queue_job_latency_seconds", Seconds, "From when a job was due to its start.";
    RUNNING: "solid_queue_jobs_running", Count, "Jobs that run now.";
    CLAIM_SIZE: "solid_queue_claim_size", Count, "Jobs that a worker claimed at once.";
    DISPATCH_SIZE: "solid_queue_dispatch_size", Count, "Scheduled jobs that a dispatcher made ready at once.";
    RELEASED: "solid_queue_jobs_released_total", Count, "Jobs that a process put back when it stopped.";
    CRASHED: "solid_queue_jobs_crashed_total", Count, "Jobs whose process died, by the error that says how.";
    UNBLOCKED: "solid_queue_jobs_unblocked_total", Count, "Blocked jobs that maintenance released.";
    LOST: "solid_queue_claims_lost_total", Count, "Executions that did not count: others took the process for dead.";
    POLLS: "solid_queue_polls_total", Count, "Looks for work.";
    PROCESSES: "solid_queue_processes", Count, "Workers, dispatchers and supervisors of this process.";
    REPLACED: "solid_queue_processes_replaced_total", Count, "Processes that ended unexpectedly and were replaced.";
    PRUNED: "solid_queue_processes_pruned_total", Count, "Processes of others that were found dead.";
    DEPTH: "solid_queue_jobs", Count, "Jobs in the database, by queue and state: ready, scheduled, blocked, claimed or failed.";
    OLDEST_READY: "solid_queue_oldest_ready_age_seconds", Seconds, "For how long the oldest ready job of a queue waits.";
    ERRORS: "solid_queue_errors_total", Count, "What the database or the system refused.";
}

/// Labels, by name.
pub(crate) type Labels<'a> = &'a [(&'static str, &'a str)];

const METADATA: Metadata<'static> =
    Metadata::new(module_path!(), Level::INFO, Some(module_path!()));

/// Tells the installed recorder what the metrics of this library mean and in which units they are. Recording itself needs
/// no call: it begins with the installation of a recorder.
pub fn describe_metrics() {
    record(|recorder| ALL.iter().for_each(|metric| metric.describe(recorder)));
}

impl Metric {
    /// A handle to be kept: to ask for it takes longer than to count.
    pub(crate) fn counter(&self, labels: Labels<'_>) -> Counter {
        metrics::with_recorder(|recorder| recorder.register_counter(&self.key(labels), &METADATA))
    }

    pub(crate) fn gauge(&self, labels: Labels<'_>) -> Gauge {
        metrics::with_recorder(|recorder| recorder.register_gauge(&self.key(labels), &METADATA))
    }

    pub(crate) fn histogram(&self, labels: Labels<'_>) -> Histogram {
        metrics::with_recorder(|recorder| recorder.register_histogram(&self.key(labels), &METADATA))
    }

    /// For what happens seldom, as all below.
    pub(crate) fn count(&self, by: usize, labels: Labels<'_>) {
        record(|recorder| {
            let by = u64::try_from(by).unwrap_or(u64::MAX);
            let counter = recorder.register_counter(&self.key(labels), &METADATA);
            counter.increment(by);
        });
    }

    pub(crate) fn change(&self, by: f64, labels: Labels<'_>) {
        record(|recorder| {
            let gauge = recorder.register_gauge(&self.key(labels), &METADATA);
            gauge.increment(by);
        });
    }

    pub(crate) fn set(&self, value: f64, labels: Labels<'_>) {
        record(|recorder| {
            let gauge = recorder.register_gauge(&self.key(labels), &METADATA);
            gauge.set(value);
        });
    }

    pub(crate) fn observe(&self, value: f64, labels: Labels<'_>) {
        record(|recorder| {
            let histogram = recorder.register_histogram(&self.key(labels), &METADATA);
            histogram.record(value);
        });
    }

    fn key(&self, labels: Labels<'_>) -> Key {
        let labels = labels.iter();
        let labels: Vec<_> = labels
            .map(|(name, value)| Label::new(*name, (*value).to_owned()))
            .collect();
        Key::from_parts(self.name, labels)
    }

    fn describe(&self, recorder: &dyn Recorder) {
        let (name, unit, help) = (self.name.into(), Some(self.unit), self.help.into());
        if self.name.ends_with("_total") {
            recorder.describe_counter(name, unit, help);
        } else if self.name.ends_with("_age_seconds") {
            recorder.describe_gauge(name, unit, help);
        } else if self.name.ends_with("_seconds") || self.name.ends_with("_size") {
            recorder.describe_histogram(name, unit, help);
        } else {
            recorder.describe_gauge(name, unit, help);
        }
    }
}

/// Whether anybody records: work that only metrics need is done only then.
pub(crate) fn is_recorded() -> bool {
    metrics::with_recorder(is_real)
}

/// Without a recorder this is one atomic load: the one that stands in then is known by having no size.
fn record(work: impl FnOnce(&dyn Recorder)) {
    metrics::with_recorder(|recorder| {
        if is_real(recorder) {
            work(recorder);
        }
    });
}

fn is_real(recorder: &dyn Recorder) -> bool {
    size_of_val(recorder) > 0
}
