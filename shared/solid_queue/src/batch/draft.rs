use db::Timestamp;

use crate::enqueue::{Configured, NewJob};
use crate::{EnqueueError, Job};

/// A job that is written when it is known what time it is.
pub(super) struct Draft(Box<dyn FnOnce(Timestamp) -> Result<NewJob, EnqueueError> + Send>);

impl Draft {
    pub(super) fn job<J: Job>(job: impl Into<Configured<J>>) -> Self {
        let Configured { job, options } = job.into();
        Self(Box::new(move |now| NewJob::new(&job, &options, now)))
    }

    pub(super) fn callback<J: Job>(job: impl Into<Configured<J>>) -> Self {
        let Configured { job, options } = job.into();
        Self(Box::new(move |now| {
            NewJob::unscheduled(&job, &options, now)
        }))
    }

    pub(super) fn all(drafts: Vec<Self>, now: Timestamp) -> Result<Vec<NewJob>, EnqueueError> {
        drafts.into_iter().map(|draft| draft.0(now)).collect()
    }

    /// The payload of a callback.
    pub(super) fn stored(
        draft: Option<Self>,
        now: Timestamp,
    ) -> Result<Option<String>, EnqueueError> {
        let job = draft.map(|draft| draft.0(now)).transpose()?;
        Ok(job.map(|job| job.payload.to_string()))
    }
}
