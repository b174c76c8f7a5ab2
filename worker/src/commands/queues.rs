use clap::Args;
use telemetry::Failure;

use super::office::Office;
use super::print;

#[derive(Args, Debug)]
pub struct Arguments {
    /// The queues
    #[arg(required = true, value_name = "QUEUE")]
    queues: Vec<String>,
}

pub(super) async fn pause(office: &Office, arguments: &Arguments) -> Result<(), Failure> {
    for name in &arguments.queues {
        print::line(if office.queues().pause(name).await? {
            format!("Paused `{name}`. Its running jobs go on.")
        } else {
            format!("`{name}` is paused already.")
        });
    }
    Ok(())
}

pub(super) async fn resume(office: &Office, arguments: &Arguments) -> Result<(), Failure> {
    for name in &arguments.queues {
        print::line(if office.queues().resume(name).await? {
            format!("Resumed `{name}`.")
        } else {
            format!("`{name}` is not paused.")
        });
    }
    Ok(())
}
