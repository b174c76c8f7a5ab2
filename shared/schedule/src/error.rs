/// Why a text is not taken for a schedule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScheduleError {
    /// The text is too long to be read.
    #[error("expected a schedule of {limit} characters at most, got {length}: shorten it")]
    TooLong {
        /// The characters of the text.
        length: usize,
        /// How many are read.
        limit: usize,
    },
    /// The text is neither cron nor words that are known.
    #[error(
        "expected cron like `0 9 * * mon-fri` or words like `every weekday at 9am`, got `{text}`: \
         see the forms of Fugit::Cron and Fugit::Nat"
    )]
    Unreadable {
        /// The text.
        text: String,
    },
    /// The text has the fields of cron, and one of them is wrong.
    #[error("expected {expected} as the {field}, got `{value}` in `{text}`")]
    Field {
        /// The text.
        text: String,
        /// The field's name.
        field: &'static str,
        /// The field as it came.
        value: String,
        /// What would be right.
        expected: &'static str,
    },
    /// The text names a time zone that is not known.
    #[error(
        "expected a time zone like `America/New_York`, `UTC` or `+09:00` (-11:45 to +11:45), got `{zone}` in `{text}`"
    )]
    Zone {
        /// The text.
        text: String,
        /// The zone as it came.
        zone: String,
    },
    /// None of the months has one of the days.
    #[error("expected a day that occurs, got `{text}`: none of its months has such a day")]
    NoSuchDay {
        /// The text.
        text: String,
    },
    /// The text is a length of time, which does not say when to start.
    #[error("expected a schedule, got the duration `{text}`: say `every 5 minutes` or give a cron")]
    Duration {
        /// The text.
        text: String,
    },
    /// The words need several cron strings.
    #[error(
        "expected times that fit one cron, got `{text}`: make it several schedules, \
         or let all the hours have the same minutes"
    )]
    Several {
        /// The text.
        text: String,
    },
    /// The words contradict each other, so that Fugit fails.
    #[error("expected times that can be combined, got `{text}`: say one of them, or give a cron")]
    Contradiction {
        /// The text.
        text: String,
    },
    /// The cron leaves a value to chance.
    #[error(
        "expected a fixed value, got the random `~` in `{text}`: all processes must see the same schedule"
    )]
    Random {
        /// The text.
        text: String,
    },
}

impl ScheduleError {
    /// The same, of the text from which a cron was made.
    pub(crate) fn about(mut self, whole: &str) -> Self {
        match &mut self {
            Self::TooLong { .. } => {}
            Self::Unreadable { text }
            | Self::Field { text, .. }
            | Self::Zone { text, .. }
            | Self::NoSuchDay { text }
            | Self::Duration { text }
            | Self::Several { text }
            | Self::Contradiction { text }
            | Self::Random { text } => whole.clone_into(text),
        }
        self
    }
}
