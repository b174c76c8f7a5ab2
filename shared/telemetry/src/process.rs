//! What the operating system says of this process, for its page of metrics.

use std::time::{SystemTime, UNIX_EPOCH};

use metrics::{Unit, describe_gauge, gauge};
use rustix::process::{Resource, getrlimit};
use rustix::time::{ClockId, clock_gettime};

const MEMORY: &str = "process_resident_memory_bytes";
const CPU: &str = "process_cpu_seconds_total";
const FILES: &str = "process_open_fds";
const MOST_FILES: &str = "process_max_fds";
const THREADS: &str = "process_threads";
const START: &str = "process_start_time_seconds";
const BUILD: &str = "trifecta_build_info";

/// What an operator wants to know of every process. The names are those of Prometheus' own libraries.
#[derive(Clone, Debug)]
pub struct ProcessMetrics {
    started: f64,
}

impl ProcessMetrics {
    /// Of this process, which has just begun. `process` is its name in `trifecta_build_info`. To be called after a recorder
    /// was installed.
    pub fn begin(process: &'static str, version: &'static str) -> Self {
        describe_metrics();
        gauge!(BUILD, "process" => process, "version" => version).set(1.0);
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        Self {
            started: since.map_or(0.0, |since| since.as_secs_f64()),
        }
    }

    /// Tells the recorder how things are now. Takes some microseconds.
    #[allow(clippy::cast_precision_loss, reason = "a gauge is a float")]
    pub fn record(&self) {
        gauge!(START).set(self.started);
        gauge!(CPU).set(cpu_seconds());
        if let Some(most) = getrlimit(Resource::Nofile).current {
            gauge!(MOST_FILES).set(most as f64);
        }
        // Where the system has no /proc, these are not there.
        if let Some(pages) = resident_pages() {
            gauge!(MEMORY).set((pages * rustix::param::page_size()) as f64);
        }
        if let Some(files) = entries("/proc/self/fd") {
            // One of them is the folder that is just being read.
            gauge!(FILES).set(files.saturating_sub(1) as f64);
        }
        if let Some(threads) = entries("/proc/self/task") {
            gauge!(THREADS).set(threads as f64);
        }
    }
}

#[allow(clippy::cast_precision_loss, reason = "far from the limits of a float")]
fn cpu_seconds() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

fn resident_pages() -> Option<usize> {
    let text = std::fs::read_to_string("/proc/self/statm").ok()?;
    text.split(' ').nth(1)?.parse().ok()
}

fn entries(folder: &str) -> Option<usize> {
    Some(std::fs::read_dir(folder).ok()?.count())
}

fn describe_metrics() {
    describe_gauge!(BUILD, "1, with the name and the version of this process.");
    describe_gauge!(
        START,
        Unit::Seconds,
        "When this process started, in seconds since 1970."
    );
    describe_gauge!(MEMORY, Unit::Bytes, "Memory of this process.");
    // The counters of the facade are whole numbers.
    describe_gauge!(CPU, Unit::Seconds, "Processor time of this process.");
    describe_gauge!(
        FILES,
        Unit::Count,
        "Files and sockets that this process has open."
    );
    describe_gauge!(
        MOST_FILES,
        Unit::Count,
        "Files and sockets that it may have open."
    );
    describe_gauge!(THREADS, Unit::Count, "Threads of this process.");
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use metrics_util::debugging::{DebugValue, DebuggingRecorder};

    use super::ProcessMetrics;

    #[test]
    fn the_process_is_described() {
        let recorder = DebuggingRecorder::new();
        let snapshotter = recorder.snapshotter();
        metrics::with_local_recorder(&recorder, || {
            ProcessMetrics::begin("test", "1.2.3").record();
        });
        let values: HashMap<_, _> = snapshotter
            .snapshot()
            .into_vec()
            .into_iter()
            .map(|(key, _, _, value)| (key.key().name().to_owned(), value))
            .collect();
        for (name, least) in [
            ("process_resident_memory_bytes", 100_000.0),
            ("process_cpu_seconds_total", 0.0),
            ("process_open_fds", 3.0),
            ("process_max_fds", 3.0),
            ("process_threads", 1.0),
            ("process_start_time_seconds", 1.7e9),
            ("trifecta_build_info", 1.0),
        ] {
            let Some(DebugValue::Gauge(value)) = values.get(name) else {
                panic!("{name} is missing: {values:?}")
            };
            assert!(**value >= least, "{name}: {value}");
        }
    }
}
