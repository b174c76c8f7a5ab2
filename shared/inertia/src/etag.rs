//! Conditional requests: the name of a page's state, and whether the client has it.

use actix_web::http::header::{self, HeaderMap, HeaderValue};
use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

use crate::{Inertia, csrf};

/// The name of the state that `parts` describe, of the representation that the request gets.
pub(crate) fn validator(inertia: &Inertia, parts: &[&str]) -> Option<HeaderValue> {
    let mut hash = Sha256::new();
    let mut add = |part: &[u8]| {
        hash.update(part.len().to_le_bytes());
        hash.update(part);
    };
    for part in parts {
        add(part.as_bytes());
    }
    for (name, value) in protocol_headers(inertia.request.headers()) {
        add(name.as_bytes());
        add(value);
    }
    if !inertia.is_inertia() {
        // The forms of the document hold it.
        add(csrf::seed(&inertia.session).unwrap_or_default().as_bytes());
    }
    let digest = HEXLOWER.encode(&hash.finalize()[..12]);
    HeaderValue::try_from(format!("W/\"{digest}\"")).ok()
}

/// Those of a request that its answer depends on.
fn protocol_headers(headers: &HeaderMap) -> Vec<(&str, &[u8])> {
    let mut found: Vec<_> = headers
        .iter()
        .filter(|(name, _)| name.as_str().starts_with("x-inertia"))
        .map(|(name, value)| (name.as_str(), value.as_bytes()))
        .collect();
    found.sort_unstable();
    found
}

/// Whether the client has a page of this name already (RFC 9110, section 13.1.2).
pub(crate) fn matches(headers: &HeaderMap, etag: &HeaderValue) -> bool {
    let weak = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let Ok(ours) = etag.to_str().map(weak) else {
        return false;
    };
    headers
        .get_all(header::IF_NONE_MATCH)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|tag| tag.trim() == "*" || weak(tag) == ours)
}
