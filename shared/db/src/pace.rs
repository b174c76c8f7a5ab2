use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// When a process looks again that looks regularly.
///
/// The looks of all processes of a machine lie on the clock, not wherever each process happened to start: those who
/// look for work at the tenths of a second, say, and those who look for what the work led to a little later. So a
/// message that passes through several files waits for one interval on its way, not for one at each file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    interval: Duration,
    offset: Duration,
}

impl Pace {
    /// A look every `interval`, `offset` after its whole multiples.
    pub fn new(interval: Duration, offset: Duration) -> Self {
        let interval = interval.max(Duration::from_millis(1));
        Self { interval, offset }
    }

    /// How long it is until the next look: never longer than the interval, whatever happens to the clock.
    pub fn until_next(self) -> Duration {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        self.after(now)
    }

    fn after(self, now: Duration) -> Duration {
        let interval = self.interval.as_nanos();
        let since = (now.as_nanos() + interval - self.offset.as_nanos() % interval) % interval;
        Duration::from_nanos(u64::try_from(interval - since).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    #[test]
    fn looks_lie_on_the_clock() {
        let pace = Pace::new(ms(100), ms(0));
        assert_eq!(pace.after(ms(12_345_610)), ms(90));
        assert_eq!(pace.after(ms(12_345_699)), ms(1));
        assert_eq!(pace.after(ms(12_345_700)), ms(100));
        let later = Pace::new(ms(100), ms(30));
        assert_eq!(later.after(ms(12_345_700)), ms(30));
        assert_eq!(later.after(ms(12_345_731)), ms(99));
        assert!(Pace::new(ms(0), ms(30)).until_next() <= ms(1));
    }
}
