//! The metrics, through the `metrics` facade: whoever wants them installs a recorder before a cache is opened.

use metrics::{Counter, Histogram, Key, Label, Level, Metadata, Recorder, Unit};

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

// The names of counters end in `_total`, those of histograms in their unit.
metrics! {
    HITS: "solid_cache_hits_total", Count, "Reads that found a live entry.";
    MISSES: "solid_cache_misses_total", Count, "Reads that found none.";
    FIRST_LEVEL_HITS: "solid_cache_first_level_hits_total", Count, "Of the hits, those that needed no look at the file.";
    WRITES: "solid_cache_writes_total", Count, "Entries that were written.";
    EVICTIONS: "solid_cache_evictions_total", Count, "Entries that were deleted for room or age.";
    EXPIRATIONS: "solid_cache_expirations_total", Count, "Entries that were deleted because they had expired.";
    FAILURES: "solid_cache_failures_total", Count, "Failures that callers saw as a miss or as false.";
    DURATION: "solid_cache_operation_duration_seconds", Seconds, "How long operations took that asked the file, by operation.";
}

const METADATA: Metadata<'static> =
    Metadata::new(module_path!(), Level::INFO, Some(module_path!()));

/// Tells the installed recorder what the metrics of this library mean and in which units they are. A cache records its
/// metrics if a recorder was installed before it was opened.
pub fn describe_metrics() {
    metrics::with_recorder(|recorder| ALL.iter().for_each(|metric| metric.describe(recorder)));
}

impl Metric {
    /// `None` where nobody records.
    pub(crate) fn counter(&self) -> Option<Counter> {
        metrics::with_recorder(|recorder| {
            is_real(recorder)
                .then(|| recorder.register_counter(&Key::from_name(self.name), &METADATA))
        })
    }

    /// `None` where nobody records.
    pub(crate) fn histogram(&self, operation: &'static str) -> Option<Histogram> {
        let key = Key::from_parts(self.name, vec![Label::new("operation", operation)]);
        metrics::with_recorder(|recorder| {
            is_real(recorder).then(|| recorder.register_histogram(&key, &METADATA))
        })
    }

    fn describe(&self, recorder: &dyn Recorder) {
        let (name, unit, help) = (self.name.into(), Some(self.unit), self.help.into());
        if self.name.ends_with("_total") {
            recorder.describe_counter(name, unit, help);
        } else {
            recorder.describe_histogram(name, unit, help);
        }
    }
}

/// The recorder that stands in where none was installed is known by having no size.
fn is_real(recorder: &dyn Recorder) -> bool {
    size_of_val(recorder) > 0
}
