//! Draining a full queue: by one worker process, by four, and by SQLite without us.

use std::collections::BTreeMap;
use std::time::Instant;

use anyhow::Result;
use db::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};
use solid_queue::JobId;

use super::drain::{Drained, drain};
use super::file::QueueFile;
use super::worker::Setup;
use crate::figures::{Rounds, at_least, at_most, microseconds_each, per_second};
use crate::proc::processor_seconds;
use crate::scale::Scale;
use crate::summary::{Summary, milliseconds};
use crate::{machine, rounds};

const SLOWEST_FINISH_MS: f64 = 250.0;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Way {
    /// Whether finished jobs are kept.
    preserve: bool,
    /// None of ours: 100 jobs a transaction by SQLite without us.
    workers: Option<Workers>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Workers {
    processes: u32,
    threads: u32,
}

/// One run of a way.
struct Run {
    jobs_per_second: f64,
    processor_us_a_job: f64,
    /// Only of worker processes.
    drained: Option<Drained>,
}

/// A way over all rounds.
#[derive(Serialize)]
struct Figures {
    jobs_per_second: Rounds,
    processor_us_a_job: Rounds,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    finishes: Option<Finishes>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ratio_to_bare: Option<f64>,
}

#[derive(Serialize)]
struct Finishes {
    /// From a job's end to its `finished_at`, where that is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    perform_to_finished_at: Option<Summary>,
    /// From a job's end until another process saw that it is finished; of some jobs.
    perform_to_seen_finished: Summary,
    #[serde(skip_serializing_if = "Option::is_none")]
    longest_gap_between_finishes_ms: Option<f64>,
    jobs_by_process: Vec<Vec<usize>>,
}

const ONE: Way = workers(1, 200, true);
const FOUR: Way = workers(4, 200, true);
const WAYS: [Way; 10] = [
    bare(true),
    workers(1, 3, true),
    workers(1, 50, true),
    ONE,
    workers(4, 50, true),
    FOUR,
    bare(false),
    workers(1, 3, false),
    workers(1, 50, false),
    workers(1, 200, false),
];

const fn bare(preserve: bool) -> Way {
    Way {
        preserve,
        workers: None,
    }
}

const fn workers(processes: u32, threads: u32, preserve: bool) -> Way {
    Way {
        preserve,
        workers: Some(Workers { processes, threads }),
    }
}

pub(crate) async fn measure(scale: Scale) -> Result<Value> {
    let count = scale.choose(100_000, 2_000);
    let (full, ids) = QueueFile::with_probes(count).await?;
    let run = async |way: &Way| way.run(&full.copy()?, &ids).await;
    let runs = rounds::interleave(scale.choose(3, 1), &WAYS, run).await?;
    let ways = WAYS.into_iter().zip(runs.map(Figures::of)).collect();
    Ok(report(&with_ratios(ways), count))
}

impl Way {
    async fn run(self, file: &QueueFile, ids: &[JobId]) -> Result<Run> {
        let jobs = u32::try_from(ids.len())?;
        let Some(workers) = self.workers else {
            return cycle(file, jobs, self.preserve);
        };
        let setup = Setup {
            threads: workers.threads,
            preserve: self.preserve,
            ..Setup::default()
        };
        let drained = drain(file, ids, workers.processes, &setup).await?;
        Ok(Run {
            jobs_per_second: per_second(jobs, drained.time),
            processor_us_a_job: microseconds_each(jobs, drained.processor_seconds),
            drained: Some(drained),
        })
    }

    fn baseline(self) -> Self {
        bare(self.preserve)
    }

    fn name(self) -> String {
        let then = if self.preserve { "kept" } else { "deleted" };
        let Some(Workers { processes, threads }) = self.workers else {
            return format!("bare_sqlite_{then}");
        };
        let plural = if processes == 1 {
            "process"
        } else {
            "processes"
        };
        format!("{processes}_{plural}_{threads}_threads_{then}")
    }
}

/// Claims and finishes, 100 jobs each, until none is left.
fn cycle(file: &QueueFile, jobs: u32, preserve: bool) -> Result<Run> {
    let (bare, id) = (file.bare()?, std::process::id());
    let (before, start) = (processor_seconds(id)?, Instant::now());
    loop {
        let at = Timestamp::now().to_string();
        let (list, claimed) = bare.claim(&at)?;
        if claimed == 0 {
            break;
        }
        bare.finish(&list, &at, preserve)?;
    }
    Ok(Run {
        jobs_per_second: per_second(jobs, start.elapsed()),
        processor_us_a_job: microseconds_each(jobs, processor_seconds(id)? - before),
        drained: None,
    })
}

impl Figures {
    fn of(runs: Vec<Run>) -> Self {
        Self {
            jobs_per_second: Rounds::of(runs.iter().map(|run| run.jobs_per_second)),
            processor_us_a_job: Rounds::of(runs.iter().map(|run| run.processor_us_a_job)),
            finishes: Finishes::of(runs.into_iter().filter_map(|run| run.drained).collect()),
            ratio_to_bare: None,
        }
    }
}

impl Finishes {
    fn of(runs: Vec<Drained>) -> Option<Self> {
        let gap = runs.iter().map(|run| run.lags.longest_gap).max()?;
        let jobs_by_process = runs.iter().map(|run| run.shares.clone()).collect();
        let (mut stamped, mut seen) = (Vec::new(), Vec::new());
        for run in runs {
            stamped.extend(run.lags.stamped);
            seen.extend(run.lags.seen);
        }
        let is_kept = !stamped.is_empty();
        Some(Self {
            perform_to_finished_at: is_kept.then(|| Summary::of(stamped)),
            perform_to_seen_finished: Summary::of(seen),
            longest_gap_between_finishes_ms: is_kept.then(|| milliseconds(gap)),
            jobs_by_process,
        })
    }

    fn slowest_ms(&self) -> f64 {
        let stamped = self.perform_to_finished_at.as_ref();
        let stamped = stamped.map_or(0.0, |stamped| stamped.max_ms);
        stamped.max(self.perform_to_seen_finished.max_ms)
    }
}

type ByWay = BTreeMap<Way, Figures>;

fn with_ratios(mut ways: ByWay) -> ByWay {
    let ratios: Vec<_> = ways
        .iter()
        .filter_map(|(way, figures)| {
            let baseline = ways.get(&way.baseline())?;
            let ratio = figures.jobs_per_second.ratio_to(&baseline.jobs_per_second);
            Some((*way, ratio))
        })
        .collect();
    for (way, ratio) in ratios {
        if let Some(figures) = ways.get_mut(&way) {
            figures.ratio_to_bare = Some(ratio);
        }
    }
    ways
}

fn report(ways: &ByWay, jobs: u32) -> Value {
    let rate = |way| ways.get(&way).map_or(0.0, |it| it.jobs_per_second.median);
    let slowest = |way| {
        let finishes = ways.get(&way).and_then(|it| it.finishes.as_ref());
        finishes.map_or(f64::INFINITY, Finishes::slowest_ms)
    };
    let by_name: BTreeMap<_, _> = ways.iter().map(|(way, it)| (way.name(), it)).collect();
    json!({
        "benchmark": "draining a full queue of no-op jobs, from the first that began to the last that was finished",
        "machine": machine::describe(),
        "baseline": super::bare::describe(),
        "jobs": jobs,
        "ways": by_name,
        "goals": {
            "1_process_per_second": at_least(20_000.0, rate(ONE)),
            "4_processes_per_second": at_least(20_000.0, rate(FOUR)),
            "1_process_slowest_finish_ms": at_most(SLOWEST_FINISH_MS, slowest(ONE)),
            "4_processes_slowest_finish_ms": at_most(SLOWEST_FINISH_MS, slowest(FOUR)),
        },
    })
}
