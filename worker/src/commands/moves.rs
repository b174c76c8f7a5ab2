//! Retry, discard, cancel, run now: of jobs by their numbers, or of all that a filter leaves.

use clap::Args;
use solid_queue::JobId;
use solid_queue::manage::{Cancelled, ManageError, Retried, RunNow, Status};
use telemetry::Failure;

use super::jobs::Filter;
use super::office::Office;
use super::print;

#[derive(Args, Debug)]
pub struct Ids {
    /// The jobs' numbers
    #[arg(required = true, value_name = "ID")]
    ids: Vec<i64>,
}

#[derive(Args, Debug)]
pub struct Arguments {
    /// The jobs' numbers
    #[arg(value_name = "ID", conflicts_with_all = ["all", "status", "queue", "class", "argument"], required_unless_present = "all")]
    ids: Vec<i64>,
    /// All failed jobs, or those that the filters leave
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    filter: Filter,
}

pub(super) async fn retry(office: &Office, arguments: &Arguments) -> Result<(), Failure> {
    if arguments.all {
        if let Some(status) = arguments.filter.status.filter(|it| *it != Status::Failed) {
            return Err(Failure::new(format!("{status} jobs cannot be retried"))
                .hint("only failed jobs can: leave `--status` out"));
        }
        let jobs = arguments.filter.of(office.jobs()).status(Status::Failed);
        let size = jobs.retry_all().await?;
        print::line(format!("Retried {}.", print::count(size, "job")));
        return Ok(());
    }
    each(&arguments.ids, async |id| {
        Ok(match office.jobs().retry(id).await? {
            Retried::Ready => "is ready again",
            Retried::Scheduled => "is scheduled again",
            Retried::Blocked => "waits for room in its concurrency limit",
        })
    })
    .await
}

/// Without a state only failed jobs are meant: nobody is to lose waiting jobs for want of a word.
pub(super) async fn discard(office: &Office, arguments: &Arguments) -> Result<(), Failure> {
    if arguments.all {
        let status = arguments.filter.status.unwrap_or(Status::Failed);
        let jobs = arguments.filter.of(office.jobs()).status(status);
        let size = jobs.discard_all().await?;
        print::line(format!(
            "Discarded {}.",
            print::count(size, &format!("{status} job"))
        ));
        return Ok(());
    }
    each(&arguments.ids, async |id| {
        office.jobs().discard(id).await?;
        Ok("is discarded")
    })
    .await
}

pub(super) async fn cancel(office: &Office, Ids { ids }: &Ids) -> Result<(), Failure> {
    each(ids, async |id| {
        Ok(match office.jobs().cancel(id).await? {
            Cancelled::Discarded => "is discarded",
            Cancelled::Requested => "runs, and is asked to stop",
        })
    })
    .await
}

pub(super) async fn run_now(office: &Office, Ids { ids }: &Ids) -> Result<(), Failure> {
    each(ids, async |id| {
        Ok(match office.jobs().run_now(id).await? {
            RunNow::Due => "is due",
            RunNow::Ready => "is ready, past its concurrency limit",
        })
    })
    .await
}

/// Goes on after a job with which it cannot be done, and says so at the end.
async fn each(
    ids: &[i64],
    work: impl AsyncFn(JobId) -> Result<&'static str, ManageError>,
) -> Result<(), Failure> {
    let mut errors = Vec::new();
    for id in ids.iter().copied().map(JobId) {
        match work(id).await {
            Ok(what) => print::line(format!("Job {id} {what}.")),
            Err(error) => errors.push(telemetry::chain(&error)),
        }
    }
    if errors.is_empty() {
        return Ok(());
    }
    Err(Failure::new(errors.join("\n       ")))
}
