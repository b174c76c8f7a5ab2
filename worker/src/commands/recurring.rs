use clap::{Args, Subcommand};
use solid_queue::manage::RecurringTaskSummary;
use telemetry::Failure;

use super::office::Office;
use super::print;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the tasks
    List(List),
    /// Enqueue nothing for a task until it is resumed
    Pause(Key),
    /// Go on with a paused task
    Resume(Key),
    /// Enqueue a task's job now
    Run(Key),
}

#[derive(Args, Debug)]
pub struct List {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Args, Debug)]
pub struct Key {
    /// The task's key in `recurring.yml`
    key: String,
}

pub(super) async fn run(office: &Office, command: Command) -> Result<(), Failure> {
    let tasks = office.recurring_tasks();
    match command {
        Command::List(arguments) => list(office, &arguments).await?,
        Command::Pause(Key { key }) => {
            tasks.pause(&key).await?;
            print::line(format!("Paused `{key}`."));
        }
        Command::Resume(Key { key }) => {
            tasks.resume(&key).await?;
            print::line(format!("Resumed `{key}`."));
        }
        Command::Run(Key { key }) => {
            let id = tasks.run_now(&key).await?;
            print::line(format!("Enqueued job {id}."));
        }
    }
    Ok(())
}

async fn list(office: &Office, arguments: &List) -> Result<(), Failure> {
    let tasks = office.recurring_tasks().list().await?;
    let tasks: Vec<_> = tasks.into_iter().map(RecurringTaskSummary::from).collect();
    if arguments.json {
        return print::json(&tasks);
    }
    if tasks.is_empty() {
        print::line("No recurring tasks.");
    } else {
        table(&tasks);
    }
    Ok(())
}

pub(super) fn table(tasks: &[RecurringTaskSummary]) {
    let rows: Vec<_> = tasks.iter().map(row).collect();
    print::table(["key", "schedule", "last run", "next run", ""], &rows);
}

fn row(task: &RecurringTaskSummary) -> [String; 5] {
    [
        task.key.clone(),
        task.schedule.clone(),
        print::some_moment(task.last_run_at),
        print::some_moment(task.next_run_at),
        if task.is_paused { "paused" } else { "" }.to_owned(),
    ]
}
