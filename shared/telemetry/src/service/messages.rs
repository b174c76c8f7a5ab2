use std::time::Duration;

use sd_notify::NotifyState;

/// Takes what is to be said, as systemd writes it: one assignment a line.
type Send = dyn Fn(&[NotifyState<'_>]) + std::marker::Send + Sync;

/// What is said to the service manager. What does not get through is logged: there is nobody else to tell.
pub(super) struct Messages {
    send: Box<Send>,
}

impl Messages {
    /// To the service manager of this process, if there is one.
    pub(super) fn of_process() -> Option<Self> {
        // The crate reads it by itself; whether it is there decides whether anything has to be watched at all.
        let is_there = std::env::var_os("NOTIFY_SOCKET").is_some_and(|path| !path.is_empty());
        is_there.then(|| Self {
            send: Box::new(say),
        })
    }

    #[cfg(test)]
    pub(super) fn to(send: impl Fn(&str) + std::marker::Send + Sync + 'static) -> Self {
        let send = move |states: &[NotifyState<'_>]| {
            for state in states {
                send(&state.to_string());
            }
        };
        Self {
            send: Box::new(send),
        }
    }

    pub(super) fn ready(&self, status: &str) {
        (self.send)(&[NotifyState::Ready, NotifyState::Status(status)]);
    }

    pub(super) fn alive(&self) {
        (self.send)(&[NotifyState::Watchdog]);
    }

    pub(super) fn status(&self, status: &str) {
        (self.send)(&[NotifyState::Status(status)]);
    }

    pub(super) fn stopping(&self, limit: Option<Duration>) {
        let mut states = vec![NotifyState::Stopping, NotifyState::Status("stopping")];
        let limit = limit.and_then(|limit| u32::try_from(limit.as_micros()).ok());
        states.extend(limit.map(NotifyState::ExtendTimeoutUsec));
        (self.send)(&states);
    }
}

fn say(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, "could not tell the service manager");
    }
}
