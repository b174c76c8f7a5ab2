//! The guard against BREACH: what belongs to one visitor is not compressed, for the sizes of compressed secrets tell
//! about them. An option, as with Thruster, for most applications mask their tokens.

use http::{HeaderMap, HeaderName, HeaderValue, header};

const CSRF_TOKEN: HeaderName = HeaderName::from_static("x-csrf-token");

/// Whether the request carries somebody's credentials.
pub(super) fn is_signed_in(headers: &HeaderMap) -> bool {
    [header::COOKIE, header::AUTHORIZATION, CSRF_TOKEN]
        .iter()
        .any(|name| headers.contains_key(name))
}

/// Whether the response is for one visitor alone.
pub(crate) fn is_guarded(headers: &HeaderMap) -> bool {
    headers.contains_key(header::SET_COOKIE)
        || names(headers, &header::CACHE_CONTROL, &["private", "no-store"])
        || names(headers, &header::VARY, &["cookie"])
}

fn names(headers: &HeaderMap, name: &HeaderName, wanted: &[&str]) -> bool {
    let is_wanted = |element: &str| {
        let token = element.split('=').next().unwrap_or_default().trim();
        wanted
            .iter()
            .any(|wanted| token.eq_ignore_ascii_case(wanted))
    };
    let names = |value: &HeaderValue| value.to_str().unwrap_or_default().split(',').any(is_wanted);
    headers.get_all(name).iter().any(names)
}
