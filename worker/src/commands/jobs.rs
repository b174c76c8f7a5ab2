use clap::{Args, Subcommand};
use solid_queue::JobId;
use solid_queue::manage::{Cursor, JobDetails, JobSummary, Jobs, Status};
use telemetry::Failure;

use super::office::Office;
use super::print;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// List jobs, those that go first or the newest first
    List(List),
    /// Show all about a job
    Show(Show),
}

/// Which jobs.
#[derive(Args, Clone, Debug, Default)]
pub(super) struct Filter {
    /// Those in this state: scheduled, ready, blocked, running, failed or finished
    #[arg(long)]
    pub(super) status: Option<Status>,
    /// Those of this queue
    #[arg(long)]
    queue: Option<String>,
    /// Those of this class
    #[arg(long)]
    class: Option<String>,
    /// Those with this text in an argument
    #[arg(long, value_name = "TEXT")]
    argument: Option<String>,
}

#[derive(Args, Debug)]
pub struct List {
    #[command(flatten)]
    filter: Filter,
    /// So many, at most 1,000
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
    limit: u32,
    /// Go on where another page ended
    #[arg(long, value_name = "CURSOR")]
    after: Option<Cursor>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Args, Debug)]
pub struct Show {
    /// The job's number
    id: i64,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(office: &Office, command: Command) -> Result<(), Failure> {
    match command {
        Command::List(arguments) => list(office, arguments).await,
        Command::Show(arguments) => show(office, &arguments).await,
    }
}

impl Filter {
    pub(super) fn of(&self, mut jobs: Jobs) -> Jobs {
        if let Some(status) = self.status {
            jobs = jobs.status(status);
        }
        if let Some(queue) = &self.queue {
            jobs = jobs.queue(queue);
        }
        if let Some(class) = &self.class {
            jobs = jobs.class(class);
        }
        if let Some(text) = &self.argument {
            jobs = jobs.with_argument(text);
        }
        jobs
    }
}

async fn list(office: &Office, arguments: List) -> Result<(), Failure> {
    let mut jobs = arguments.filter.of(office.jobs()).limit(arguments.limit);
    if let Some(cursor) = arguments.after {
        jobs = jobs.after(cursor);
    }
    let page = jobs.list().await?;
    if arguments.json {
        return print::json(&page);
    }
    if page.jobs.is_empty() {
        print::line("No such jobs.");
        return Ok(());
    }
    let rows: Vec<_> = page.jobs.iter().map(row).collect();
    print::table(
        ["id", "state", "since", "queue", "class", "arguments"],
        &rows,
    );
    if let Some(next) = page.next {
        print::line("");
        print::line(format!("There are more: --after {next}"));
    }
    Ok(())
}

/// The longest text of arguments in a list.
const WIDTH: usize = 60;

fn row(job: &JobSummary) -> [String; 6] {
    let mut arguments: String = job.arguments.to_string();
    if arguments.chars().count() > WIDTH {
        arguments = arguments.chars().take(WIDTH).chain(['…']).collect();
    }
    [
        job.id.to_string(),
        job.status.to_string(),
        print::moment(job.since.unwrap_or(job.enqueued_at)),
        job.queue_name.clone(),
        job.class_name.clone(),
        arguments,
    ]
}

async fn show(office: &Office, arguments: &Show) -> Result<(), Failure> {
    let id = JobId(arguments.id);
    let Some(job) = office.jobs().find(id).await? else {
        return Err(Failure::new(format!("there is no job {id}"))
            .hint("finished jobs are deleted after a while, see `preserve_finished_jobs`"));
    };
    if arguments.json {
        return print::json(&job);
    }
    details(&job);
    Ok(())
}

fn details(job: &JobDetails) {
    let summary = &job.summary;
    let optional = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    print::line(format!("Job {} is {}.", summary.id, summary.status));
    print::line("");
    for (name, value) in [
        ("class", summary.class_name.clone()),
        ("queue", summary.queue_name.clone()),
        ("priority", summary.priority.to_string()),
        ("arguments", summary.arguments.to_string()),
        ("enqueued at", print::moment(summary.enqueued_at)),
        ("scheduled at", print::some_moment(summary.scheduled_at)),
        ("in its state since", print::some_moment(summary.since)),
        ("finished at", print::some_moment(summary.finished_at)),
        ("blocked by", optional(&summary.blocked_by)),
        ("unique key", optional(&job.unique_key)),
        ("recurring task", optional(&job.recurring_task)),
        ("active job id", optional(&job.active_job_id)),
    ] {
        print::line(format!("{name:18}  {value}"));
    }
    for limit in &job.limits {
        print::line(format!(
            "{:18}  {} ({} in {} s)",
            format!("{} limit", limit.kind),
            limit.key,
            limit.limit,
            limit.period_seconds
        ));
    }
    if let Some(error) = &summary.error {
        print::title("ERROR");
        print::line(format!("{}: {}", error.exception_class, error.message));
        for line in error.backtrace.iter().flatten() {
            print::line(format!("  {line}"));
        }
    }
    if job.attempts.len() > 1 {
        print::title("ATTEMPTS");
        let rows: Vec<_> = job
            .attempts
            .iter()
            .map(|attempt| {
                [
                    attempt.id.to_string(),
                    attempt.status.to_string(),
                    attempt.executions.to_string(),
                    print::moment(attempt.enqueued_at),
                ]
            })
            .collect();
        print::table(["id", "state", "executions before", "enqueued at"], &rows);
    }
}
