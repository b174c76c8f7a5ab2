use std::time::Duration;

use action_cable::{ListenerState, ListenerStatus};
use actix_web::HttpResponse;
use boot::Health as Common;

use crate::routes::Channels;

/// How long a listener may be silent beyond what its polling takes.
const PATIENCE: Duration = Duration::from_secs(10);

/// What says whether the process is well.
#[derive(Clone)]
pub(crate) struct Health {
    pub(crate) channels: Channels,
    pub(crate) common: Common,
    /// The longest time from one look for messages to the next, when all is well.
    pub(crate) polling_interval: Duration,
}

impl Health {
    /// Ready while broadcasts reach this process, through the files that everybody else has. The page tells the
    /// listener's lag.
    pub(crate) async fn page(&self) -> HttpResponse {
        let listener = self.channels.stats().listener;
        let report = report(&listener);
        match self.common.ready().await {
            Ok(()) if self.is_listening(&listener) => self.common.page(Ok(&report)),
            Ok(()) => self.common.page(Err(&report)),
            Err(why) => self.common.page(Err(&format!("{why}; {report}"))),
        }
    }

    /// For how long the listener has not looked for broadcasts, beyond what its polling takes. One that fails says so on
    /// the page and tries again: to start the process anew would help nobody.
    pub(crate) fn silence(&self) -> Duration {
        let listener = self.channels.stats().listener;
        match listener.state {
            ListenerState::Starting | ListenerState::Failing => Duration::ZERO,
            ListenerState::Stopped => Duration::MAX,
            ListenerState::Listening => {
                let silence = listener.since_poll.unwrap_or_default();
                silence.saturating_sub(2 * self.polling_interval)
            }
        }
    }

    /// Whether the listener looks for broadcasts, as it does many times a second. One that hangs does not say so.
    fn is_listening(&self, listener: &ListenerStatus) -> bool {
        let recently = |silence: Duration| silence < PATIENCE + 2 * self.polling_interval;
        listener.state == ListenerState::Listening && listener.since_poll.is_some_and(recently)
    }
}

fn report(listener: &ListenerStatus) -> String {
    let state = match listener.state {
        ListenerState::Starting => "starting",
        ListenerState::Listening => "listening",
        ListenerState::Failing => "failing",
        ListenerState::Stopped => "stopped",
    };
    let looked = match listener.since_poll {
        Some(silence) => format!("last looked {} ms ago", silence.as_millis()),
        None => "has not looked yet".to_owned(),
    };
    let lag = listener.lag.as_millis();
    format!("listener: {state}, {looked}, last message {lag} ms late")
}
