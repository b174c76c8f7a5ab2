use clap::Args;
use solid_queue::Clock;
use solid_queue::manage::Overview;
use telemetry::Failure;

use super::office::Office;
use super::print;

#[derive(Args, Debug)]
pub struct Arguments {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(office: &Office, arguments: &Arguments) -> Result<(), Failure> {
    let overview = Overview::of(&office.database, &office.config, &Clock::system()).await?;
    if arguments.json {
        return print::json(&overview);
    }
    jobs(&overview);
    queues(&overview);
    processes(&overview);
    running(&overview);
    recurring_tasks(&overview);
    Ok(())
}

fn jobs(overview: &Overview) {
    let jobs = &overview.jobs;
    print::line(format!("As of {} UTC", print::moment(overview.at)));
    print::title("JOBS");
    let counts = [
        ("ready", jobs.ready),
        ("running", jobs.claimed),
        ("scheduled", jobs.scheduled),
        ("blocked", jobs.blocked),
        ("failed", jobs.failed),
        ("finished", jobs.finished),
    ];
    print::table(
        ["state", "jobs"],
        &counts.map(|(state, count)| [state.to_owned(), count.to_string()]),
    );
    print::line(format!(
        "The oldest ready job waits for {:.1} s.",
        overview.latency_seconds
    ));
}

fn queues(overview: &Overview) {
    print::title("QUEUES");
    if overview.queues.is_empty() {
        return print::line("none");
    }
    let rows: Vec<_> = overview
        .queues
        .iter()
        .map(|queue| {
            [
                queue.name.clone(),
                queue.size.to_string(),
                format!("{:.1} s", queue.latency_seconds),
                if queue.is_paused { "paused" } else { "" }.to_owned(),
            ]
        })
        .collect();
    print::table(["queue", "ready", "latency", ""], &rows);
}

fn processes(overview: &Overview) {
    print::title("PROCESSES");
    if overview.processes.is_empty() {
        return print::line("none: nobody performs jobs");
    }
    let rows: Vec<_> = overview
        .processes
        .iter()
        .map(|process| {
            [
                process.id.to_string(),
                process.kind.clone(),
                process.pid.to_string(),
                process.hostname.clone().unwrap_or_default(),
                print::moment(process.last_heartbeat_at),
                process.running.to_string(),
                if process.is_alive { "" } else { "dead" }.to_owned(),
            ]
        })
        .collect();
    let names = ["id", "kind", "pid", "host", "last heartbeat", "jobs", ""];
    print::table(names, &rows);
}

fn running(overview: &Overview) {
    if overview.running.is_empty() {
        return;
    }
    print::title("RUNNING");
    let rows: Vec<_> = overview
        .running
        .iter()
        .map(|job| {
            [
                job.id.to_string(),
                job.class_name.clone(),
                job.queue_name.clone(),
                print::some_moment(job.since),
            ]
        })
        .collect();
    print::table(["id", "class", "queue", "since"], &rows);
}

fn recurring_tasks(overview: &Overview) {
    if overview.recurring_tasks.is_empty() {
        return;
    }
    print::title("RECURRING TASKS");
    super::recurring::table(&overview.recurring_tasks);
}
