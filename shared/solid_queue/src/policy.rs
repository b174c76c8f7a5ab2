//! What becomes of jobs after errors, by the kind of error.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use crate::{Backoff, JobError, Retry};

/// Rules about errors, the first that names an error of the chain of causes decides: Rails' `retry_on` and
/// `discard_on`.
///
/// ```
/// use solid_queue::{Backoff, Policy, RetryOn};
/// use std::time::Duration;
///
/// let policy = Policy::new()
///     .retry_on::<std::io::Error>(RetryOn::new().attempts(10).wait(Backoff::polynomial()))
///     .discard_on::<std::num::ParseIntError>();
/// # let _ = policy;
/// ```
#[derive(Clone, Debug, Default)]
pub struct Policy {
    rules: Vec<Rule>,
}

#[derive(Clone)]
struct Rule {
    name: &'static str,
    matches: fn(&(dyn Error + 'static)) -> bool,
    action: Action,
}

#[derive(Clone, Copy, Debug)]
enum Action {
    Retry(RetryOn),
    Discard,
}

/// How often and when to try again after an error.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RetryOn {
    attempts: Option<u32>,
    wait: Backoff,
}

impl Default for RetryOn {
    /// As Rails': five executions, three seconds between them with 15 % of chance.
    fn default() -> Self {
        Self {
            attempts: Some(5),
            wait: Backoff::fixed(Duration::from_secs(3)),
        }
    }
}

impl RetryOn {
    /// As Rails': five executions, three seconds between them.
    pub fn new() -> Self {
        Self::default()
    }

    /// So many executions that end with such an error, the first one counted; the job fails then.
    #[must_use]
    pub fn attempts(self, attempts: u32) -> Self {
        Self {
            attempts: Some(attempts),
            ..self
        }
    }

    /// For ever.
    #[must_use]
    pub fn unlimited(self) -> Self {
        Self {
            attempts: None,
            ..self
        }
    }

    /// How long to wait before each.
    #[must_use]
    pub fn wait(self, wait: Backoff) -> Self {
        Self { wait, ..self }
    }
}

impl Policy {
    /// No rules: [`crate::Job::on_error`] decides.
    pub fn new() -> Self {
        Self::default()
    }

    /// Tries again after errors of this type.
    #[must_use]
    pub fn retry_on<E: Error + 'static>(self, retry: RetryOn) -> Self {
        self.rule::<E>(Action::Retry(retry))
    }

    /// Drops the job, as if it had succeeded, after errors of this type. They are logged.
    #[must_use]
    pub fn discard_on<E: Error + 'static>(self) -> Self {
        self.rule::<E>(Action::Discard)
    }

    fn rule<E: Error + 'static>(mut self, action: Action) -> Self {
        self.rules.push(Rule {
            name: std::any::type_name::<E>(),
            matches: |error| error.is::<E>(),
            action,
        });
        self
    }

    /// What the rules say about the error, and the name under which they know it. `count` tells how many executions
    /// ended with an error of that name before.
    pub(crate) fn decide(
        &self,
        error: &JobError,
        count: impl FnOnce(&str) -> u32,
    ) -> Option<(Retry, &'static str)> {
        let rule = self.rules.iter().find(|rule| rule.names(&**error))?;
        let retry = match rule.action {
            Action::Discard => Retry::Discard,
            Action::Retry(RetryOn { attempts, wait }) => {
                let attempt = count(rule.name).saturating_add(1);
                if attempts.is_some_and(|attempts| attempt >= attempts) {
                    Retry::Fail
                } else {
                    Retry::After(wait.after(attempt))
                }
            }
        };
        Some((retry, rule.name))
    }
}

impl Rule {
    /// Whether the error or one of its causes is of the rule's type.
    fn names(&self, error: &(dyn Error + 'static)) -> bool {
        let mut next = Some(error);
        while let Some(error) = next {
            if (self.matches)(error) {
                return true;
            }
            next = error.source();
        }
        false
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rule")
            .field("name", &self.name)
            .field("action", &self.action)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error() -> JobError {
        std::io::Error::other("unplugged").into()
    }

    fn io(retry: RetryOn) -> Policy {
        Policy::new()
            .discard_on::<fmt::Error>()
            .retry_on::<std::io::Error>(retry)
    }

    #[test]
    fn the_rule_of_the_error_decides_until_its_attempts_are_used_up() {
        let wait = Duration::from_secs(7);
        let policy = io(RetryOn::new()
            .attempts(3)
            .wait(Backoff::fixed(wait).jitter(0.0)));
        let decide = |count| policy.decide(&error(), |_| count).map(|(retry, _)| retry);
        assert_eq!(decide(0), Some(Retry::After(wait)));
        assert_eq!(decide(1), Some(Retry::After(wait)));
        assert_eq!(decide(2), Some(Retry::Fail));
    }

    #[test]
    fn unlimited_attempts_never_end() {
        let policy = io(RetryOn::new().unlimited());
        let decision = policy.decide(&error(), |_| 1_000_000);
        assert!(matches!(decision, Some((Retry::After(_), _))));
    }

    #[test]
    fn errors_are_found_among_the_causes() {
        #[derive(Debug, thiserror::Error)]
        #[error("could not send")]
        struct Outer(#[source] std::io::Error);

        let outer: JobError = Outer(std::io::Error::other("unplugged")).into();
        assert!(io(RetryOn::new()).decide(&outer, |_| 0).is_some());
    }

    #[test]
    fn other_errors_are_not_decided_here() {
        assert!(io(RetryOn::new()).decide(&"no".into(), |_| 0).is_none());
        let dropped = io(RetryOn::new()).decide(&fmt::Error.into(), |_| 0);
        assert!(matches!(dropped, Some((Retry::Discard, _))));
    }
}
