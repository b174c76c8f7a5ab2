//! The jobs that every worker can perform, whatever is registered.

use std::time::Duration;

use db::{Database, Timestamp};

use crate::payload::{Payload, decode};
use crate::perform::Outcome;
use crate::recurring::{ClearFinishedCommand, RECURRING_JOB};
use crate::{ClearFinished, JobFailure, clear_finished_in_batches, events};

/// Whether the class is one of them.
pub(crate) fn is_built_in(class_name: &str) -> bool {
    class_name == RECURRING_JOB
}

/// Runs the command of a recurring task, which deletes the jobs that finished `clear_after` before now.
pub(crate) async fn perform(
    database: &Database,
    payload: &Payload,
    clear_after: Duration,
    now: Timestamp,
) -> Outcome {
    let command: String = match decode(payload.arguments()) {
        Ok(command) => command,
        Err(error) => return Outcome::Failed(JobFailure::bad_arguments(RECURRING_JOB, &error)),
    };
    let command = match ClearFinishedCommand::parse(&command) {
        Ok(command) => command,
        Err(reason) => return Outcome::Failed(JobFailure::ruby_command(&command, reason)),
    };
    let which = ClearFinished {
        batch_size: command.batch_size,
        sleep_between_batches: command.sleep_between_batches,
        ..ClearFinished::before(now.before(clear_after))
    };
    match clear_finished_in_batches(database, &which).await {
        Ok(size) => {
            events::clear_finished(size);
            Outcome::Finished
        }
        Err(error) => Outcome::Failed(JobFailure::of(&error.into())),
    }
}
