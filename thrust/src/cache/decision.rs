//! What to do about a request, given what is stored.

use std::sync::Arc;

use http::{HeaderMap, Method, header};
use tokio::time::Instant;

use super::Asked;
use super::directives::Directives;
use super::entry::Entry;
use super::marks::Marks;
use super::metrics::Outcome;

pub(super) enum Decision {
    Serve(Arc<Entry>),
    /// Serve it, and revalidate it then.
    ServeStale(Arc<Entry>),
    /// Ask the upstream, once for all who ask; what is stored has to be revalidated.
    Fetch(Option<Arc<Entry>>),
    /// Ask the upstream, without waiting for anyone.
    FetchAlone,
    /// Hand it to the upstream as it is, and store nothing.
    Pass(Outcome),
    /// Nothing is stored, and the client wants nothing else.
    Refuse,
}

/// `has_waited`: what is stored has just come, which is as new as a client can ask for.
pub(super) fn decide(
    entry: Option<Arc<Entry>>,
    asked: &Asked,
    marks: &Marks,
    has_waited: bool,
) -> Decision {
    let wanted = Directives::of(asked.request.headers());
    let Some(entry) = entry else {
        return if wanted.only_if_cached {
            Decision::Refuse
        } else {
            on_miss(asked, marks)
        };
    };
    let now = Instant::now();
    let age = entry.freshness.age(now);
    let is_reload = !has_waited
        && (wanted.no_cache
            || wanted
                .max_age
                .is_some_and(|most| age > most || most.is_zero()));
    if !is_reload && entry.freshness.is_fresh(now) {
        Decision::Serve(entry)
    } else if wanted.only_if_cached {
        Decision::Refuse
    } else if !is_reload && entry.freshness.may_cover_revalidation(now) {
        Decision::ServeStale(entry)
    } else if asked.request.method() == Method::HEAD {
        Decision::Pass(Outcome::Miss)
    } else {
        Decision::Fetch(Some(entry))
    }
}

fn on_miss(asked: &Asked, marks: &Marks) -> Decision {
    let headers = asked.request.headers();
    if asked.request.method() == Method::HEAD {
        Decision::Pass(Outcome::Miss)
    } else if headers.contains_key(header::RANGE) {
        Decision::Pass(Outcome::Bypass)
    } else if marks.is_unstorable(&asked.key) {
        Decision::Pass(Outcome::Miss)
    } else if is_conditional(headers) {
        Decision::FetchAlone
    } else {
        Decision::Fetch(None)
    }
}

/// The upstream may answer with 304 to the client's condition, which helps nobody else.
fn is_conditional(headers: &HeaderMap) -> bool {
    headers.contains_key(header::IF_NONE_MATCH) || headers.contains_key(header::IF_MODIFIED_SINCE)
}
