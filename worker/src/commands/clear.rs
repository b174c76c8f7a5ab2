use std::time::Duration;

use clap::Args;
use db::Timestamp;
use solid_queue::{ClearFinished, clear_finished_in_batches};
use telemetry::Failure;

use super::office::Office;
use super::print;

#[derive(Args, Debug)]
pub struct Arguments {
    /// Those that finished before this time, in UTC; or longer ago than `clear_finished_jobs_after`
    #[arg(long, value_name = "TIME")]
    finished_before: Option<Timestamp>,
    /// Only those of this class
    #[arg(long)]
    class: Option<String>,
    /// Jobs in one transaction
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    batch_size: u32,
    /// A pause after each, in milliseconds, for others who write
    #[arg(long, default_value_t = 0, value_name = "MS")]
    sleep: u64,
}

pub(super) async fn run(office: &Office, arguments: &Arguments) -> Result<(), Failure> {
    let kept = Timestamp::now().before(office.config.clear_finished_jobs_after);
    let which = ClearFinished {
        finished_before: arguments.finished_before.unwrap_or(kept),
        class_name: arguments.class.clone(),
        batch_size: arguments.batch_size,
        sleep_between_batches: Duration::from_millis(arguments.sleep),
    };
    let size = clear_finished_in_batches(&office.database, &which).await?;
    let before = print::moment(which.finished_before);
    print::line(format!(
        "Cleared {} that finished before {before} UTC.",
        print::count(size, "job")
    ));
    Ok(())
}
