//! `Cache-Control` (RFC 9111, 5.2, and RFC 5861).

use std::time::Duration;

use http::{HeaderMap, HeaderValue, header};

/// Longer is as good as for ever, and sums of it do not overflow.
const LONGEST: u64 = 1 << 31;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "each is a directive")]
pub(super) struct Directives {
    pub(super) public: bool,
    pub(super) private: bool,
    pub(super) no_store: bool,
    pub(super) no_cache: bool,
    pub(super) must_revalidate: bool,
    pub(super) only_if_cached: bool,
    pub(super) max_age: Option<Duration>,
    pub(super) s_maxage: Option<Duration>,
    pub(super) stale_while_revalidate: Option<Duration>,
    pub(super) stale_if_error: Option<Duration>,
}

impl Directives {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let mut directives = Self::default();
        for value in headers.get_all(header::CACHE_CONTROL) {
            directives.read_all(value);
        }
        directives
    }

    fn read_all(&mut self, value: &HeaderValue) {
        let Ok(mut rest) = value.to_str() else {
            // Nobody knows what it forbids.
            self.no_store = true;
            return;
        };
        while !rest.is_empty() {
            let (directive, others) = split(rest);
            self.read(directive.trim());
            rest = others;
        }
    }

    fn read(&mut self, directive: &str) {
        let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
        match name.trim().to_ascii_lowercase().as_str() {
            "public" => self.public = true,
            // With names of fields they concern these fields alone, which few mean: the strict reading is never wrong.
            "private" => self.private = true,
            "no-cache" => self.no_cache = true,
            "no-store" => self.no_store = true,
            "must-revalidate" | "proxy-revalidate" => self.must_revalidate = true,
            "only-if-cached" => self.only_if_cached = true,
            "max-age" => least(&mut self.max_age, value),
            // Thruster reads the second spelling, and only that.
            "s-maxage" | "s-max-age" => least(&mut self.s_maxage, value),
            "stale-while-revalidate" => least(&mut self.stale_while_revalidate, value),
            "stale-if-error" => least(&mut self.stale_if_error, value),
            _ => {}
        }
    }
}

/// Splits at the first comma outside of quotes.
fn split(value: &str) -> (&str, &str) {
    let mut is_quoted = false;
    let comma = value.bytes().position(|byte| {
        is_quoted ^= byte == b'"';
        byte == b',' && !is_quoted
    });
    comma.map_or((value, ""), |comma| (&value[..comma], &value[comma + 1..]))
}

/// Of two values the lesser counts, and what is no number is none (RFC 9111, 4.2.1).
fn least(duration: &mut Option<Duration>, value: &str) {
    let value = value.trim().trim_matches('"');
    let is_number = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = if is_number {
        value.parse().unwrap_or(LONGEST).min(LONGEST)
    } else {
        0
    };
    let new = Duration::from_secs(seconds);
    *duration = Some(duration.map_or(new, |old| old.min(new)));
}
