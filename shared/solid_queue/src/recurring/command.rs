use std::time::Duration;

/// `SolidQueue::Job.clear_finished_in_batches`, which every Rails application has in its `recurring.yml`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ClearFinishedCommand {
    pub(crate) batch_size: u32,
    pub(crate) sleep_between_batches: Duration,
}

const METHOD: &str = "SolidQueue::Job.clear_finished_in_batches";
const EXPECTED: &str = "expected `SolidQueue::Job.clear_finished_in_batches` with none, one or both of `batch_size: 500` \
     and `sleep_between_batches: 0.3`";

impl ClearFinishedCommand {
    /// Reads the Ruby call, or says what was expected.
    pub(crate) fn parse(command: &str) -> Result<Self, &'static str> {
        Self::read(command).ok_or(EXPECTED)
    }

    fn read(command: &str) -> Option<Self> {
        let mut call = Self {
            batch_size: 500,
            sleep_between_batches: Duration::ZERO,
        };
        let rest = command.trim().strip_prefix(METHOD)?.trim();
        if rest.is_empty() {
            return Some(call);
        }
        let arguments = rest.strip_prefix('(')?.strip_suffix(')')?.trim();
        for argument in arguments.split(',').filter(|_| !arguments.is_empty()) {
            call.set(argument)?;
        }
        Some(call)
    }

    fn set(&mut self, argument: &str) -> Option<()> {
        let (name, value) = argument.split_once(':')?;
        let value = value.trim().replace('_', "");
        match name.trim() {
            "batch_size" => self.batch_size = value.parse().ok().filter(|size| *size > 0)?,
            "sleep_between_batches" => self.sleep_between_batches = seconds(&value)?,
            _ => return None,
        }
        Some(())
    }
}

/// `0.3`, or `0.3.seconds`.
fn seconds(text: &str) -> Option<Duration> {
    let units = [".seconds", ".second"];
    let number = units.iter().find_map(|unit| text.strip_suffix(unit));
    Duration::try_from_secs_f64(number.unwrap_or(text).parse().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(batch_size: u32, milliseconds: u64) -> ClearFinishedCommand {
        ClearFinishedCommand {
            batch_size,
            sleep_between_batches: Duration::from_millis(milliseconds),
        }
    }

    #[test]
    fn the_command_of_rails_is_understood() {
        for (arguments, expected) in [
            ("", call(500, 0)),
            ("()", call(500, 0)),
            ("(sleep_between_batches: 0.3)", call(500, 300)),
            (
                "( batch_size: 1_000, sleep_between_batches: 2.seconds )",
                call(1_000, 2_000),
            ),
        ] {
            let command = format!("{METHOD}{arguments}");
            assert_eq!(ClearFinishedCommand::parse(&command), Ok(expected));
        }
    }

    #[test]
    fn other_commands_are_not() {
        for command in [
            "",
            "Todo.delete_all",
            "SolidQueue::Job.clear_finished_in_batches(class_name: 'A')",
            "SolidQueue::Job.clear_finished_in_batches(batch_size: 0)",
            "SolidQueue::Job.clear_finished_in_batches(batch_size: 1); exit",
            "SolidQueue::Job.clear_finished_in_batches_of(1)",
            "SolidQueue::Job.clear_finished_in_batches(sleep_between_batches: -1)",
        ] {
            assert_eq!(ClearFinishedCommand::parse(command), Err(EXPECTED));
        }
    }
}
