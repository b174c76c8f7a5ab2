use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::Config;

/// Entries and their bytes: of the table, or as the most there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Extent {
    pub(crate) entries: u64,
    pub(crate) bytes: u64,
}

impl Extent {
    pub(crate) fn cap(config: &Config) -> Self {
        Self {
            entries: config.max_entries.unwrap_or(u64::MAX),
            bytes: config.max_size.unwrap_or(u64::MAX),
        }
    }

    pub(crate) fn exceeds(self, cap: Self) -> bool {
        self.entries > cap.entries || self.bytes > cap.bytes
    }

    pub(crate) fn less(self, other: Self) -> Self {
        Self {
            entries: self.entries.saturating_sub(other.entries),
            bytes: self.bytes.saturating_sub(other.bytes),
        }
    }

    /// A bit below the cap, so that the next entry does not exceed it again.
    pub(crate) fn with_headroom(self) -> Self {
        self.less(self.part(50))
    }

    fn part(self, divisor: u64) -> Self {
        Self {
            entries: self.entries / divisor,
            bytes: self.bytes / divisor,
        }
    }
}

/// What this process wrote so far, and at which marks something is due.
#[derive(Debug)]
pub(crate) struct Ledger {
    cap: Extent,
    entries: AtomicU64,
    bytes: AtomicU64,
    pass_at: AtomicU64,
    measure_at_entries: AtomicU64,
    measure_at_bytes: AtomicU64,
}

impl Ledger {
    /// The first write makes everything due.
    pub(crate) fn new(cap: Extent) -> Self {
        let first = |limit| AtomicU64::new(if limit == u64::MAX { u64::MAX } else { 0 });
        Self {
            cap,
            entries: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            pass_at: AtomicU64::new(0),
            measure_at_entries: first(cap.entries),
            measure_at_bytes: first(cap.bytes),
        }
    }

    pub(crate) fn record(&self, written: Extent) {
        self.entries.fetch_add(written.entries, Relaxed);
        self.bytes.fetch_add(written.bytes, Relaxed);
    }

    pub(crate) fn written(&self) -> Extent {
        Extent {
            entries: self.entries.load(Relaxed),
            bytes: self.bytes.load(Relaxed),
        }
    }

    pub(crate) fn pass_is_due(&self) -> bool {
        self.entries.load(Relaxed) >= self.pass_at.load(Relaxed) || self.measure_is_due()
    }

    pub(crate) fn measure_is_due(&self) -> bool {
        let written = self.written();
        written.entries >= self.measure_at_entries.load(Relaxed)
            || written.bytes >= self.measure_at_bytes.load(Relaxed)
    }

    pub(crate) fn pass_after(&self, entries: u64) {
        let mark = self.entries.load(Relaxed).saturating_add(entries);
        self.pass_at.store(mark, Relaxed);
    }

    /// The table had this `extent` when `written` had been written. It is measured again when the room may be used up,
    /// and after a part of the cap at the latest, since other processes write too.
    pub(crate) fn measured(&self, extent: Extent, written: Extent) {
        let (room, part) = (self.cap.less(extent), self.cap.part(16));
        let mark = |cap, written: u64, room: u64, part: u64| match cap {
            u64::MAX => u64::MAX,
            _ => written.saturating_add(room.min(part.max(1)).max(1)),
        };
        let entries = mark(
            self.cap.entries,
            written.entries,
            room.entries,
            part.entries,
        );
        let bytes = mark(self.cap.bytes, written.bytes, room.bytes, part.bytes);
        self.measure_at_entries.store(entries, Relaxed);
        self.measure_at_bytes.store(bytes, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAP: Extent = Extent {
        entries: 1600,
        bytes: u64::MAX,
    };

    fn entries(entries: u64) -> Extent {
        Extent { entries, bytes: 0 }
    }

    #[test]
    fn the_first_write_makes_everything_due() {
        let ledger = Ledger::new(CAP);
        assert!(ledger.pass_is_due());
        assert!(ledger.measure_is_due());
    }

    #[test]
    fn without_a_cap_nothing_is_measured() {
        let ledger = Ledger::new(Extent {
            entries: u64::MAX,
            bytes: u64::MAX,
        });
        ledger.record(entries(1 << 40));
        assert!(!ledger.measure_is_due());
    }

    #[test]
    fn the_table_is_measured_when_the_room_may_be_used_up() {
        let ledger = Ledger::new(CAP);
        ledger.measured(entries(1590), ledger.written());
        ledger.record(entries(9));
        assert!(!ledger.measure_is_due());
        ledger.record(entries(1));
        assert!(ledger.measure_is_due());
    }

    #[test]
    fn the_table_is_measured_now_and_then_since_others_write_too() {
        let ledger = Ledger::new(CAP);
        ledger.measured(entries(0), ledger.written());
        ledger.record(entries(99));
        assert!(!ledger.measure_is_due());
        ledger.record(entries(1));
        assert!(ledger.measure_is_due());
    }
}
