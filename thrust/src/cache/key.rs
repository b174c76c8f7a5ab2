//! The key of a stored response: the whole of what the URI names, compared as a whole.

use std::borrow::Borrow;

use http::{HeaderMap, HeaderName, Uri, header};

const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// Host, path and query. The query stays as it came: to some applications the order matters.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key(String);

impl Key {
    /// `None` where the request names two hosts: upstream and cache might believe different ones.
    pub(super) fn of(uri: &Uri, headers: &HeaderMap) -> Option<Self> {
        let (host, forwarded) = (host(uri, headers)?, forwarded_host(headers)?);
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let mut key = String::with_capacity(host.len() + path.len());
        key.push_str(host);
        key.make_ascii_lowercase();
        key.push_str(path);
        // Applications write it into links, and behind another proxy it is the client's word. A space ends the path.
        if !forwarded.is_empty() && !forwarded.eq_ignore_ascii_case(host) {
            key.push(' ');
            key.push_str(forwarded);
        }
        Some(Self(key))
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

impl Borrow<str> for Key {
    fn borrow(&self) -> &str {
        &self.0
    }
}

fn host<'a>(uri: &'a Uri, headers: &'a HeaderMap) -> Option<&'a str> {
    let named = only(headers, &header::HOST)?;
    match uri.authority() {
        Some(authority) if named.is_empty() || authority.as_str().eq_ignore_ascii_case(named) => {
            Some(authority.as_str())
        }
        Some(_) => None,
        None => Some(named),
    }
}

fn forwarded_host(headers: &HeaderMap) -> Option<&str> {
    only(headers, &X_FORWARDED_HOST)
}

/// The value of a header that may stand once at most. Empty where it is missing.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values
        .next()
        .map_or(Some(""), |value| value.to_str().ok())?;
    values.next().is_none().then_some(value)
}
