use std::time::Duration;

use crate::summary::between;

/// Which messages came, to how many clients, and when to the last.
#[derive(Default)]
pub(crate) struct Receipts {
    clients: usize,
    messages: Vec<Receipt>,
    complete: usize,
}

struct Receipt {
    broadcast: i64,
    clients: usize,
    last: i64,
}

impl Receipts {
    /// Of messages that are for so many clients.
    pub(crate) fn of(clients: usize) -> Self {
        Self {
            clients,
            ..Self::default()
        }
    }

    pub(crate) fn note(&mut self, broadcast: i64, now: i64) {
        let known = |it: &Receipt| it.broadcast == broadcast;
        let at = self.messages.iter().rposition(known).unwrap_or_else(|| {
            self.messages.push(Receipt {
                broadcast,
                clients: 0,
                last: now,
            });
            self.messages.len() - 1
        });
        let receipt = &mut self.messages[at];
        receipt.clients += 1;
        receipt.last = now;
        self.complete += usize::from(receipt.clients == self.clients);
    }

    pub(crate) fn clients(&self) -> usize {
        self.clients
    }

    /// Messages that all clients got.
    pub(crate) fn complete(&self) -> usize {
        self.complete
    }

    /// From the broadcast of each message to its last client.
    pub(crate) fn waits(&self) -> Vec<Duration> {
        let wait = |it: &Receipt| between(it.broadcast, it.last);
        self.messages.iter().map(wait).collect()
    }
}
