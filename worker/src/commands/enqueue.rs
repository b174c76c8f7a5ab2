use std::time::Duration;

use clap::Args;
use db::Timestamp;
use serde_json::Value;
use solid_queue::{Enqueue, Queue};
use telemetry::Failure;

use super::office::Office;
use super::print;

#[derive(Args, Debug)]
pub struct Arguments {
    /// The job's class
    name: String,
    /// Its arguments: a JSON object of named ones, or an array
    #[arg(long, value_name = "JSON", value_parser = json)]
    args: Option<Value>,
    /// The queue, if not that of the class
    #[arg(long)]
    queue: Option<String>,
    /// The priority, if not that of the class; smaller goes first
    #[arg(long, allow_negative_numbers = true)]
    priority: Option<i32>,
    /// Not before so many seconds have passed
    #[arg(long, value_name = "SECONDS", conflicts_with = "at")]
    wait: Option<u64>,
    /// Not before this time, in UTC: 2026-11-23 12:00:00
    #[arg(long, value_name = "TIME")]
    at: Option<Timestamp>,
}

fn json(text: &str) -> Result<Value, serde_json::Error> {
    serde_json::from_str(text)
}

pub(super) async fn run(office: &Office, arguments: Arguments) -> Result<(), Failure> {
    let options = arguments.options();
    let args = arguments.args.unwrap_or_default();
    let queue = Queue::solid(office.database.clone());
    let id = queue
        .enqueue_named(&office.registry, &arguments.name, &args, options)
        .await?;
    print::line(format!("Enqueued job {id}."));
    Ok(())
}

impl Arguments {
    fn options(&self) -> Enqueue {
        let mut options = Enqueue::new();
        if let Some(queue) = &self.queue {
            options = options.queue(queue);
        }
        if let Some(priority) = self.priority {
            options = options.priority(priority);
        }
        if let Some(seconds) = self.wait {
            options = options.wait(Duration::from_secs(seconds));
        }
        if let Some(moment) = self.at {
            options = options.wait_until(moment);
        }
        options
    }
}
