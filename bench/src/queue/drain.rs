//! Draining a full queue by worker processes, seen from outside.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use db::Timestamp;
use solid_queue::JobId;

use super::bare::Bare;
use super::file::QueueFile;
use super::probe::Performance;
use super::worker::{Setup, Worker, all_started};
use crate::proc;
use crate::summary::{between, now};

/// How often to look from outside: often enough to see when a job is finished, seldom enough to cost nothing.
const LOOK: Duration = Duration::from_millis(1);
/// Every so many jobs one is looked at.
const SAMPLE: usize = 500;
/// So many of them at once: jobs of several processes do not end in order.
const WINDOW: usize = 8;
const PATIENCE: Duration = Duration::from_mins(5);

/// What happened to the jobs of a queue.
pub(crate) struct Drained {
    /// From the first job that began to the last that was finished.
    pub(crate) time: Duration,
    /// Of all processes together.
    pub(crate) processor_seconds: f64,
    /// How many jobs each process performed.
    pub(crate) shares: Vec<usize>,
    pub(crate) lags: Lags,
}

/// How long it took until jobs that were performed were finished.
#[derive(Default)]
pub(crate) struct Lags {
    /// From the end of each job to its `finished_at`. Empty when finished jobs were not kept.
    pub(crate) stamped: Vec<Duration>,
    /// From the end of some jobs to the moment when others could see that they are finished.
    pub(crate) seen: Vec<Duration>,
    /// The longest time within which a process finished no job. Zero when finished jobs were not kept.
    pub(crate) longest_gap: Duration,
}

/// Starts the processes, and stops them when nothing is left to do.
pub(crate) async fn drain(
    file: &QueueFile,
    ids: &[JobId],
    processes: u32,
    setup: &Setup,
) -> Result<Drained> {
    let workers: Result<Vec<Worker>> = (0..processes).map(|_| Worker::start(file, setup)).collect();
    let bare = file.bare()?;
    let observed = observe(&bare, ids).await?;
    all_started(&bare, processes).await;
    let (mut performed, mut processor_seconds) = (Vec::new(), 0.0);
    for worker in workers? {
        processor_seconds += proc::processor_seconds(worker.id()?)?;
        performed.push(worker.stop().await?);
    }
    let count: usize = performed.iter().map(Vec::len).sum();
    ensure!(count == ids.len(), "{count} jobs ran, not {}", ids.len());
    let began = performed.iter().flatten().map(|it| it.began).min();
    Ok(Drained {
        time: between(began.context("no job ran")?, observed.end),
        processor_seconds,
        shares: performed.iter().map(Vec::len).collect(),
        lags: Lags::of(&performed, &finished_at(&bare)?, &observed.finishes, ids)?,
    })
}

/// Microseconds since 1970, by the jobs' ids.
type Moments = BTreeMap<i64, i64>;

/// What was seen from outside, in microseconds since 1970.
struct Observed {
    /// When nothing was left.
    end: i64,
    /// When some jobs were seen to be finished, by their ids.
    finishes: Moments,
}

async fn observe(bare: &Bare, ids: &[JobId]) -> Result<Observed> {
    let start = Instant::now();
    let mut samples: BTreeSet<i64> = ids.iter().step_by(SAMPLE).map(|id| id.0).collect();
    let mut finishes = BTreeMap::new();
    while !samples.is_empty() || bare.has_unfinished()? {
        ensure!(start.elapsed() < PATIENCE, "the queue is not drained");
        let next: Vec<i64> = samples.iter().copied().take(WINDOW).collect();
        for id in next {
            if bare.is_finished(id)? {
                samples.remove(&id);
                finishes.insert(id, now());
            }
        }
        tokio::time::sleep(LOOK).await;
    }
    let end = now();
    Ok(Observed { end, finishes })
}

impl Lags {
    /// Puts together what the processes say, what the database says, and what was seen.
    fn of(
        performed: &[Vec<Performance>],
        finished_at: &Moments,
        seen: &Moments,
        ids: &[JobId],
    ) -> Result<Self> {
        let mut lags = Self::default();
        for performances in performed {
            let ended = ended(performances, ids)?;
            lags.stamped.extend(after(&ended, finished_at));
            lags.seen.extend(after(&ended, seen));
            let own = ended.keys().filter_map(|id| finished_at.get(id)).copied();
            lags.longest_gap = lags.longest_gap.max(gap(own.collect()));
        }
        Ok(lags)
    }
}

/// When the job of each id ended.
fn ended(performances: &[Performance], ids: &[JobId]) -> Result<Moments> {
    let of = |performance: &Performance| {
        let id = ids.get(usize::try_from(performance.number).ok()?)?;
        Some((id.0, performance.ended))
    };
    let ended: Option<Moments> = performances.iter().map(of).collect();
    ended.context("a job ran that was not enqueued")
}

/// How long after its end each job came to the second moment.
fn after<'a>(ended: &'a Moments, moments: &'a Moments) -> impl Iterator<Item = Duration> + 'a {
    let both = ended
        .iter()
        .filter_map(|(id, ended)| Some((*ended, *moments.get(id)?)));
    both.map(|(ended, moment)| between(ended, moment))
}

fn gap(mut moments: Vec<i64>) -> Duration {
    moments.sort_unstable();
    let gaps = moments.windows(2).map(|pair| match pair {
        [earlier, later] => between(*earlier, *later),
        _ => Duration::ZERO,
    });
    gaps.max().unwrap_or_default()
}

/// The moments that the database keeps, by the jobs' ids.
fn finished_at(bare: &Bare) -> Result<Moments> {
    let moment = |(id, text): (i64, String)| Ok((id, text.parse::<Timestamp>()?.as_microseconds()));
    bare.finished()?.into_iter().map(moment).collect()
}
