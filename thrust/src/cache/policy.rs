//! What may be stored, and for how long it may be used (RFC 9111, 3 and 4.2).

use std::time::Duration;

use http::{HeaderMap, StatusCode, header};
use tokio::time::Instant;

use super::directives::Directives;

/// How long a stored response may be used.
#[derive(Clone, Copy, Debug)]
pub(super) struct Freshness {
    /// When it came.
    received: Instant,
    /// How old it was then.
    initial_age: Duration,
    lifetime: Duration,
    stale_while_revalidate: Duration,
    stale_if_error: Duration,
}

/// Whether a response may be stored. `delay` is the time it took to come.
pub(super) fn freshness(
    status: StatusCode,
    headers: &HeaderMap,
    delay: Duration,
) -> Option<Freshness> {
    let directives = Directives::of(headers);
    let is_storable =
        has_storable_status(status) && is_public(&directives) && is_impersonal(headers);
    let freshness = Freshness::new(&directives, headers, delay)?;
    (is_storable && freshness.is_fresh(freshness.received)).then_some(freshness)
}

/// Not 206: parts are not put together here. Not 304: it has no content of its own. And no errors of the server.
fn has_storable_status(status: StatusCode) -> bool {
    matches!(
        status.as_u16(),
        200 | 203 | 204 | 300 | 301 | 302 | 307 | 308 | 404 | 405 | 410 | 414
    )
}

/// Without `public` nothing is stored, though RFC 9111 would allow it: with Rails, that is how one asks for it.
fn is_public(directives: &Directives) -> bool {
    directives.public && !directives.private && !directives.no_store && !directives.no_cache
}

/// A cookie is for one visitor. To strip it, as Thruster does, would lose it for him who was to get it.
fn is_impersonal(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE);
    let is_endless =
        content_type.is_some_and(|value| value.as_bytes().starts_with(b"text/event-stream"));
    !headers.contains_key(header::SET_COOKIE) && !is_endless
}

impl Freshness {
    fn new(directives: &Directives, headers: &HeaderMap, delay: Duration) -> Option<Self> {
        // A shared cache reads `s-maxage` first. That it also forbids stale use (5.2.2.10) yields to the explicit
        // permissions of RFC 5861, which are pointless otherwise.
        let lifetime = directives.s_maxage.or(directives.max_age)?;
        let permitted =
            |duration: Option<Duration>| duration.filter(|_| !directives.must_revalidate);
        Some(Self {
            received: Instant::now(),
            initial_age: age(headers) + delay,
            lifetime,
            stale_while_revalidate: permitted(directives.stale_while_revalidate)
                .unwrap_or_default(),
            stale_if_error: permitted(directives.stale_if_error).unwrap_or_default(),
        })
    }

    /// The age (RFC 9111, 4.2.3).
    pub(super) fn age(&self, now: Instant) -> Duration {
        self.initial_age + now.saturating_duration_since(self.received)
    }

    pub(super) fn is_fresh(&self, now: Instant) -> bool {
        self.age(now) < self.lifetime
    }

    /// Whether it may be served while it is being revalidated (RFC 5861, 3).
    pub(super) fn may_cover_revalidation(&self, now: Instant) -> bool {
        self.age(now) < self.lifetime + self.stale_while_revalidate
    }

    /// Whether it may be served in place of an error (RFC 5861, 4).
    pub(super) fn may_cover_error(&self, now: Instant) -> bool {
        !self.stale_if_error.is_zero() && self.age(now) < self.lifetime + self.stale_if_error
    }
}

/// How old it was when the upstream sent it.
fn age(headers: &HeaderMap) -> Duration {
    let age = headers
        .get(header::AGE)
        .and_then(|value| value.to_str().ok()?.trim().parse::<u32>().ok());
    Duration::from_secs(age.unwrap_or(0).into())
}
