use std::sync::Arc;

use db::Timestamp;
use tokio::sync::watch;

/// Up to where the table was read, once that is known. Outlives a listener that has to be started again, whose successor
/// has a turn of its own: from then on the other one, should it come back, hands nothing on.
#[derive(Debug)]
pub(crate) struct Progress(watch::Sender<State>);

#[derive(Debug, Default)]
struct State {
    seen: Option<Seen>,
    turn: Turn,
}

/// Whose turn it is to listen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Turn(u64);

/// A look at the table.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// The numbering that `id` belongs to.
    pub(crate) epoch: Arc<str>,
    /// The newest message that it found.
    pub(crate) id: i64,
    /// When it was.
    pub(crate) at: Timestamp,
}

impl Progress {
    pub(crate) fn unknown() -> Self {
        Self(watch::Sender::new(State::default()))
    }

    /// Completes once it is known.
    pub(crate) async fn known(&self) {
        let mut progress = self.0.subscribe();
        // The sender is `self`, so it is there as long as anybody can ask.
        let _ = progress.wait_for(|state| state.seen.is_some()).await;
    }

    pub(crate) fn get(&self) -> Option<Seen> {
        self.0.borrow().seen.clone()
    }

    /// The turn of a new listener. All before are over.
    pub(crate) fn next_turn(&self) -> Turn {
        let mut next = Turn::default();
        self.0.send_modify(|state| {
            state.turn.0 += 1;
            next = state.turn;
        });
        next
    }

    /// Whether it is still this one's turn.
    pub(crate) fn is_current(&self, turn: Turn) -> bool {
        self.0.borrow().turn == turn
    }

    /// Notes it if it is still this one's turn; else `false`.
    pub(crate) fn advance(&self, turn: Turn, seen: &Seen) -> bool {
        self.0.send_if_modified(|state| {
            let is_current = state.turn == turn;
            if is_current {
                state.seen = Some(seen.clone());
            }
            is_current
        })
    }
}
