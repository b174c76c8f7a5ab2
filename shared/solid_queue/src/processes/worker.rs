use std::sync::Arc;
use std::time::Duration;

use db::{Changes, Database, DbError, Pace};
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep_until, timeout_at};
use tokio_util::sync::CancellationToken;

use super::Stop;
use super::crew::Crew;
use super::execution::Executor;
use super::health::Look;
use super::instance::ProcessKind;
use super::registration::deregister;
use crate::events::{self, Polls};
use crate::executions::claimed::Claim;
use crate::lifecycle::claim::{Claims, claim};
use crate::lifecycle::settle::{Ending, settle_all};
use crate::patience::{Backoff, within};
use crate::queue_selector::QueueSelector;
use crate::records::cancellation;
use crate::{JobId, WorkerConfig};

/// How long jobs that were told to stop may take to do so.
const ABORT_TIMEOUT: Duration = Duration::from_secs(1);
/// How often to look at most whether running jobs are to be cancelled.
const CANCEL_INTERVAL: Duration = Duration::from_millis(50);

/// How long to wait for other jobs to end after one did.
const LINGER: Duration = Duration::from_micros(50);

/// Claims ready jobs, has them performed, and writes what became of them: all that ended meanwhile, and the next claims
/// in their place, in one transaction.
pub(crate) struct Worker<C> {
    executor: Arc<Executor<C>>,
    selector: Arc<QueueSelector>,
    pace: Pace,
    shutdown_timeout: Duration,
    threads: usize,
    crew: Crew<C>,
    polls: Polls,
    looked_for_cancellations: Instant,
}

/// What a turn of the worker came to.
enum Turn {
    /// There is nothing to do for now.
    Idle,
    /// There may be more.
    Busy,
    /// The worker has no row any more.
    Removed,
}

impl<C: Clone + Send + Sync + 'static> Worker<C> {
    pub(crate) fn new(
        executor: Executor<C>,
        config: &WorkerConfig,
        shutdown_timeout: Duration,
        runtime: Handle,
    ) -> Self {
        let executor = Arc::new(executor);
        Self {
            crew: Crew::new(Arc::clone(&executor), runtime),
            executor,
            selector: Arc::new(QueueSelector::new(&config.queues)),
            pace: Pace::new(config.polling_interval, Duration::ZERO),
            shutdown_timeout,
            polls: Polls::of(ProcessKind::Worker),
            threads: usize::try_from(config.threads).unwrap_or(usize::MAX),
            looked_for_cancellations: Instant::now(),
        }
    }

    /// Works until it is to stop, or until others took it for dead and removed its row; then waits for the running jobs,
    /// puts back what takes too long, and deregisters.
    pub(crate) async fn run(mut self, look: Look, stop: Stop) {
        stop.gracefully.run_until_cancelled(self.work(look)).await;
        self.finish_running(&stop.at_once).await;
        if let Err(error) = self.deregister().await {
            events::thread_error(
                "could not deregister the worker",
                Some(self.executor.process),
                &error,
            );
        }
    }

    async fn work(&mut self, look: Look) {
        let mut changes = self.database().changes();
        let mut backoff = Backoff::new();
        loop {
            look.begin();
            match self.turn().await {
                Ok(Turn::Removed) => return,
                Ok(Turn::Busy) => backoff.reset(),
                Ok(Turn::Idle) => {
                    backoff.reset();
                    self.rest(&mut changes).await;
                }
                Err(error) => {
                    events::trouble(
                        "could not look for jobs",
                        Some(self.executor.process),
                        &error,
                    );
                    backoff.wait().await;
                }
            }
        }
    }

    async fn turn(&mut self) -> Result<Turn, DbError> {
        events::polling(&self.polls, self.executor.process);
        self.cancel().await?;
        let endings = self.crew.endings();
        let idle = self.threads.saturating_sub(self.crew.len());
        // Looking needs no lock; only who found something asks for it.
        if endings.is_empty() && (idle == 0 || !self.has_next().await?) {
            return Ok(Turn::Idle);
        }
        let Some(claims) = self.settle_and_claim(endings, idle).await? else {
            return Ok(Turn::Removed);
        };
        let is_full = idle > 0 && claims.jobs.len() == idle;
        for job in claims.jobs {
            self.crew.start(job);
        }
        Ok(if is_full || claims.is_cut_short {
            Turn::Busy
        } else {
            Turn::Idle
        })
    }

    /// Until a job ends or is to be given up, a commit may have brought another job or a cancellation, or it is time to
    /// look again.
    async fn rest(&mut self, changes: &mut Changes) {
        let now = Instant::now();
        let next_look = now + self.pace.until_next();
        let until = self
            .crew
            .next_deadline()
            .map_or(next_look, |it| it.min(next_look));
        // Who has no room looks for cancellations only.
        let not_before = if self.crew.len() < self.threads {
            now
        } else {
            (self.looked_for_cancellations + CANCEL_INTERVAL).min(until)
        };
        let commit = async {
            sleep_until(not_before).await;
            changes.changed().await;
        };
        tokio::select! {
            () = self.crew.ended() => self.linger(),
            _ = timeout_at(until, commit) => {}
        }
    }

    /// Short jobs end together: those that end within a moment share the transaction.
    fn linger(&self) {
        if !self.crew.is_empty() {
            // On a thread of our own; the runtime's timers are coarser.
            std::thread::sleep(LINGER);
        }
    }

    async fn has_next(&self) -> Result<bool, DbError> {
        let selector = Arc::clone(&self.selector);
        self.database()
            .read(move |connection| selector.has_next(connection))
            .await
    }

    /// The jobs that are this worker's now; nothing when it has no row any more.
    async fn settle_and_claim(
        &mut self,
        endings: Arc<[Ending]>,
        idle: usize,
    ) -> Result<Option<Claims>, DbError> {
        let (work, selector) = (self.settling(&endings), Arc::clone(&self.selector));
        let classes = Arc::clone(&self.executor.classes);
        let (process, clock) = (self.executor.process, self.executor.clock.clone());
        let written = self.database().write(move |connection| {
            let lost = work(connection)?;
            let now = clock.now();
            let claims = claim(connection, &selector, process, idle, &classes, now)?;
            Ok((lost, claims))
        });
        let (lost, claims) = written.await?;
        self.crew.written(endings.len());
        report_lost(&lost);
        let size = claims.as_ref().map_or(0, |claims| claims.jobs.len());
        events::claim(self.executor.registry.meters(), process, size);
        Ok(claims)
    }

    /// The part of a transaction that writes what became of jobs.
    fn settling(
        &self,
        endings: &Arc<[Ending]>,
    ) -> impl Fn(&mut db::SqliteConnection) -> diesel::QueryResult<Vec<Claim>>
    + Send
    + Sync
    + Clone
    + use<C> {
        let (endings, classes) = (Arc::clone(endings), Arc::clone(&self.executor.classes));
        let (preserve, clock) = (
            self.executor.preserve_finished_jobs,
            self.executor.clock.clone(),
        );
        move |connection| settle_all(connection, &endings, &classes, preserve, clock.now())
    }

    /// Tells the jobs to stop that somebody wants to.
    async fn cancel(&mut self) -> Result<(), DbError> {
        if self.crew.is_empty() || self.looked_for_cancellations.elapsed() < CANCEL_INTERVAL {
            return Ok(());
        }
        self.looked_for_cancellations = Instant::now();
        let process = self.executor.process;
        let cancelled = self
            .database()
            .read(move |connection| cancellation::of_process(connection, process));
        for job_id in cancelled.await? {
            self.crew.cancel(job_id);
        }
        Ok(())
    }

    async fn finish_running(&mut self, at_once: &CancellationToken) {
        let timeout = self.shutdown_timeout;
        let in_time = at_once.run_until_cancelled(within(timeout, self.settle_rest()));
        if in_time.await == Some(true) {
            return;
        }
        events::shutdown_timeout(self.executor.process, self.crew.len());
        self.crew.abort_all();
        // A job that blocks its thread cannot be stopped. Whatever it does yet, its claim is gone.
        let aborted = within(ABORT_TIMEOUT, async {
            while !self.crew.is_empty() {
                self.crew.ended().await;
            }
        });
        at_once.run_until_cancelled(aborted).await;
    }

    /// Writes what becomes of the running jobs, until none is left.
    async fn settle_rest(&mut self) {
        let mut backoff = Backoff::new();
        loop {
            let endings = self.crew.endings();
            if endings.is_empty() {
                if self.crew.is_empty() {
                    return;
                }
                self.crew.ended().await;
                continue;
            }
            match self.database().write(self.settling(&endings)).await {
                Ok(lost) => {
                    self.crew.written(endings.len());
                    report_lost(&lost);
                }
                Err(error) => {
                    events::trouble("could not note yet that jobs ended", None, &error);
                    backoff.wait().await;
                }
            }
        }
    }

    /// What was performed must not be performed again: its end is written before its claim is given up.
    async fn deregister(&mut self) -> Result<(), DbError> {
        let endings = self.crew.endings();
        let settle = self.settling(&endings);
        let (kind, process) = (ProcessKind::Worker, self.executor.process);
        deregister(self.database(), kind, process, move |connection| {
            settle(connection).map(drop)
        })
        .await
    }

    fn database(&self) -> &Database {
        &self.executor.database
    }
}

fn report_lost(lost: &[Claim]) {
    for claim in lost {
        events::lost_claim(JobId(claim.job_id));
    }
}
