use db::DbError;

use std::time::Duration;

use crate::{Assignment, BatchId, JobError, JobId, PidfileError, RecurringTaskError};

/// Why a job could not be enqueued.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EnqueueError {
    /// The fields of the job cannot be written as arguments.
    #[error("could not write the arguments of `{job}`")]
    Serialize {
        /// The job's class.
        job: &'static str,
        /// What does not fit.
        #[source]
        source: serde_json::Error,
    },
    /// A job was to be enqueued by its name, and there is no class of that name.
    #[error("there is no job named `{job}` (known: {known})")]
    UnknownClass {
        /// The name.
        job: String,
        /// The names that there are.
        known: String,
    },
    /// A job was to be enqueued by its name, with arguments that its class cannot read.
    #[error("`{job}` cannot read these arguments")]
    Arguments {
        /// The job's class.
        job: &'static str,
        /// What does not fit.
        #[source]
        source: serde_json::Error,
    },
    /// The queue database refused the job.
    #[error("could not insert `{job}` into the queue database")]
    Database {
        /// The job's class.
        job: &'static str,
        /// What the database said.
        #[source]
        source: DbError,
    },
    /// A concurrency limit is reached, and the job is one that does not wait ([`crate::OnConflict::Discard`]).
    #[error(
        "did not enqueue `{job}`: as many as its concurrency limit allows are ready or running already"
    )]
    Discarded {
        /// The job's class.
        job: &'static str,
    },
    /// A job with the same unique key is there already ([`crate::OnDuplicate::Refuse`]).
    #[error("did not enqueue `{job}`: job {id} has the same unique key")]
    Duplicate {
        /// The job's class.
        job: &'static str,
        /// The one that is there.
        id: JobId,
    },
    /// As many jobs as the in-process queue takes wait already.
    #[error("could not enqueue `{job}`: {limit} jobs are waiting already")]
    Full {
        /// The job's class.
        job: &'static str,
        /// The queue's capacity.
        limit: usize,
    },
    /// The runner of the in-process queue has ended, so nobody would perform the job.
    #[error("could not enqueue `{job}`: the queue has stopped")]
    Stopped {
        /// The job's class.
        job: &'static str,
    },
}

/// Why a batch could not be enqueued, extended or looked at.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BatchError {
    /// One of its jobs or callbacks cannot be enqueued.
    #[error(transparent)]
    Job(#[from] EnqueueError),
    /// Rails reads the metadata as a hash.
    #[error("the metadata of a batch must be a JSON object")]
    Metadata,
    /// All its jobs have ended, and its callbacks are enqueued.
    #[error("could not add jobs to batch {id}: it is finished")]
    Finished {
        /// The batch.
        id: BatchId,
    },
    /// There is none, or it was cleared.
    #[error("could not add jobs to batch {id}: there is no such batch")]
    Missing {
        /// The batch.
        id: BatchId,
    },
    /// The in-process queue keeps no batches, as Rails' `async` adapter does not.
    #[error("the in-process queue keeps no batches")]
    InProcess,
    /// The queue database failed.
    #[error("the queue database failed")]
    Database(#[from] DbError),
}

/// Why a supervisor could not start or stop in good order.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SupervisorError {
    /// The configuration names no workers, no dispatchers and no recurring tasks.
    #[error("no processes configured: name at least one worker or dispatcher")]
    NoProcesses,
    /// Recurring tasks of the configuration cannot be run.
    #[error("invalid recurring tasks: {}", lines(.0))]
    RecurringTasks(Vec<RecurringTaskError>),
    /// A value of the configuration cannot work.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The pidfile cannot be taken.
    #[error(transparent)]
    Pidfile(#[from] PidfileError),
    /// The configuration has no process for which a supervisor started this program.
    #[error(
        "the configuration has no process `{0}`: it changed since the supervisor started, which must start again"
    )]
    Assignment(Assignment),
    /// The queue database failed while the supervisor started.
    #[error("the queue database failed at start-up")]
    Start(#[source] DbError),
    /// The system gave no thread.
    #[error("could not start the supervisor's thread")]
    Thread(#[source] std::io::Error),
    /// The supervisor's thread panicked, which is a bug.
    #[error("the supervisor's thread panicked")]
    Panicked,
    /// The queue database failed while the supervisor stopped. Others find the leftovers by the dead process.
    #[error("the queue database failed at shutdown")]
    Stop(#[source] DbError),
}

fn lines(errors: &[RecurringTaskError]) -> String {
    let lines: Vec<_> = errors.iter().map(ToString::to_string).collect();
    lines.join("; ")
}

/// The error of a job that took longer than its [`crate::Job::TIMEOUT`]. [`crate::Policy::retry_on`] can name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the job took longer than its limit of {} s", limit.as_secs_f64())]
pub struct TimedOut {
    /// The limit.
    pub limit: Duration,
}

/// A value of [`crate::Config`] that cannot work.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{key}` must be {expected}")]
pub struct ConfigError {
    /// The field, such as `workers[0].threads`.
    pub key: String,
    /// What would be right.
    pub expected: &'static str,
}

/// Why a job failed, as `solid_queue_failed_executions.error` keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobFailure {
    /// What kind of failure it was.
    pub exception_class: String,
    /// What happened.
    pub message: String,
    /// The errors beneath, the outermost first.
    pub backtrace: Option<Vec<String>>,
    chain: String,
}

impl JobFailure {
    /// The message with those of the errors beneath, as the log tells it.
    pub fn chain(&self) -> &str {
        &self.chain
    }

    pub(crate) fn new(exception_class: &str, message: impl Into<String>) -> Self {
        let message = message.into();
        Self {
            exception_class: exception_class.to_owned(),
            chain: message.clone(),
            message,
            backtrace: None,
        }
    }

    /// As [`Self::of`], under the name by which a rule of the job's policy knows the error.
    pub(crate) fn named(exception_class: &str, error: &JobError) -> Self {
        Self {
            exception_class: exception_class.to_owned(),
            ..Self::of(error)
        }
    }

    pub(crate) fn of(error: &JobError) -> Self {
        let mut causes = Vec::new();
        let mut next = error.source();
        while let Some(cause) = next {
            causes.push(format!("caused by: {cause}"));
            next = cause.source();
        }
        Self {
            backtrace: (!causes.is_empty()).then_some(causes),
            chain: telemetry::chain(&**error),
            ..Self::new("JobError", error.to_string())
        }
    }

    pub(crate) fn panic(message: &str) -> Self {
        Self::new("Panic", message)
    }

    pub(crate) fn unknown_job(class_name: &str, known: &str) -> Self {
        let message = format!("there is no job named `{class_name}` (known: {known})");
        Self::new("SolidQueue::UnknownJobError", message)
    }

    pub(crate) fn ruby_command(command: &str, reason: &str) -> Self {
        let message = format!("only Rails can run Ruby code: {reason}, got `{command}`");
        Self::new("SolidQueue::RubyCommandError", message)
    }

    pub(crate) fn bad_arguments(class_name: &str, error: &serde_json::Error) -> Self {
        let message = format!("could not read the arguments of `{class_name}`: {error}");
        Self::new("ActiveJob::DeserializationError", message)
    }

    /// As JSON.
    pub(crate) fn to_json(&self) -> String {
        let Self {
            exception_class,
            message,
            backtrace,
            chain: _,
        } = self;
        let [class, message, backtrace] = [
            serde_json::json!(exception_class),
            serde_json::json!(message),
            serde_json::json!(backtrace),
        ];
        format!(r#"{{"exception_class":{class},"message":{message},"backtrace":{backtrace}}}"#)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_tells_its_causes() {
        let source = serde_json::from_str::<u8>("x").unwrap_err();
        let cause = source.to_string();
        let error: JobError = EnqueueError::Serialize {
            job: "Note",
            source,
        }
        .into();
        let failure = JobFailure::of(&error);
        let message = "could not write the arguments of `Note`";
        assert_eq!(failure.message, message);
        assert_eq!(failure.chain(), format!("{message}: {cause}"));
        assert_eq!(failure.backtrace, Some(vec![format!("caused by: {cause}")]));
    }

    #[test]
    fn a_failure_without_causes_is_its_message() {
        assert_eq!(JobFailure::of(&"no".into()).chain(), "no");
        assert_eq!(JobFailure::panic("what now").chain(), "what now");
    }
}
