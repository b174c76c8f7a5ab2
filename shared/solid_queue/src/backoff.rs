use std::time::Duration;

/// How long to wait before the next attempt.
///
/// ```
/// use solid_queue::Backoff;
/// use std::time::Duration;
///
/// let wait = Backoff::exponential(Duration::from_secs(1)).jitter(0.0).at_most(Duration::from_secs(60));
/// assert_eq!(wait.after(3), Duration::from_secs(4));
/// assert_eq!(wait.after(30), Duration::from_secs(60));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Backoff {
    growth: Growth,
    jitter: f64,
    longest: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Growth {
    Fixed(Duration),
    Polynomial,
    Exponential(Duration),
}

/// Rails' `retry_jitter`.
const JITTER: f64 = 0.15;
const LONGEST: Duration = Duration::from_hours(24 * 30);

impl Backoff {
    /// The same time always.
    pub const fn fixed(wait: Duration) -> Self {
        Self::new(Growth::Fixed(wait))
    }

    /// Rails' `:polynomially_longer`: about 3 s, 18 s, 83 s, 258 s, the fourth power of the attempt and 2 s more.
    pub const fn polynomial() -> Self {
        Self::new(Growth::Polynomial)
    }

    /// `first`, then twice as long each time.
    pub const fn exponential(first: Duration) -> Self {
        Self::new(Growth::Exponential(first))
    }

    const fn new(growth: Growth) -> Self {
        Self {
            growth,
            jitter: JITTER,
            longest: LONGEST,
        }
    }

    /// The part of the wait that chance adds at most, so that those who failed together do not all come back together;
    /// 0.15 unless it is set.
    #[must_use]
    pub const fn jitter(self, jitter: f64) -> Self {
        Self { jitter, ..self }
    }

    /// Never longer than this, chance included.
    #[must_use]
    pub const fn at_most(self, longest: Duration) -> Self {
        Self { longest, ..self }
    }

    /// The wait after the `attempt`th execution, which is counted from 1.
    pub fn after(self, attempt: u32) -> Duration {
        let base = self.growth.after(attempt.max(1));
        let chance = rand::random::<f64>() * self.jitter.clamp(0.0, 1.0);
        let seconds = base * (1.0 + chance) + self.growth.constant();
        Duration::try_from_secs_f64(seconds)
            .unwrap_or(self.longest)
            .min(self.longest)
    }
}

impl Growth {
    /// In seconds; what jitter is a part of.
    fn after(self, attempt: u32) -> f64 {
        match self {
            Self::Fixed(wait) => wait.as_secs_f64(),
            Self::Polynomial => f64::from(attempt).powi(4),
            Self::Exponential(first) => {
                first.as_secs_f64() * 2_f64.powi(i32::try_from(attempt - 1).unwrap_or(i32::MAX))
            }
        }
    }

    /// In seconds.
    fn constant(self) -> f64 {
        match self {
            Self::Polynomial => 2.0,
            Self::Fixed(_) | Self::Exponential(_) => 0.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_as_their_kind_says() {
        let seconds = |backoff: Backoff| {
            [1, 2, 3, 4].map(|attempt| backoff.jitter(0.0).after(attempt).as_secs())
        };
        assert_eq!(seconds(Backoff::polynomial()), [3, 18, 83, 258]);
        let two = Duration::from_secs(2);
        assert_eq!(seconds(Backoff::fixed(two)), [2, 2, 2, 2]);
        assert_eq!(seconds(Backoff::exponential(two)), [2, 4, 8, 16]);
    }

    #[test]
    fn jitter_only_adds_and_no_wait_is_endless() {
        let ten = Duration::from_secs(10);
        for _ in 0..100 {
            let wait = Backoff::fixed(ten).jitter(0.5).after(1);
            assert!((ten..=ten.mul_f64(1.5)).contains(&wait));
        }
        assert_eq!(Backoff::exponential(ten).after(u32::MAX), LONGEST);
        assert_eq!(Backoff::polynomial().after(u32::MAX), LONGEST);
    }
}
