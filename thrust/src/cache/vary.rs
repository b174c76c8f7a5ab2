//! The secondary key: the request's values of the headers that `Vary` names (RFC 9111, 4.1).

use std::borrow::Cow;

use http::{HeaderMap, HeaderName, header};

use crate::encoding::Client;

/// Which requests a stored response was selected for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Selection {
    /// The codings that were accepted, where they matter. As a set, for clients spell them in many ways.
    codings: Option<u8>,
    values: Box<[(HeaderName, Box<[u8]>)]>,
}

impl Selection {
    /// `None` where no other request may have the response: `Vary: *`, or what cannot be read.
    pub(super) fn of(response: &HeaderMap, request: &HeaderMap, client: &Client) -> Option<Self> {
        // An upstream that encodes and does not say for whom would have it sent to those who cannot read it.
        let is_encoded = response.contains_key(header::CONTENT_ENCODING);
        let mut codings = is_encoded.then(|| client.accepts.set());
        let mut values = Vec::new();
        for value in response.get_all(header::VARY) {
            for name in value
                .to_str()
                .ok()?
                .split(',')
                .map(str::trim)
                .filter(|name| !name.is_empty())
            {
                if name.eq_ignore_ascii_case("accept-encoding") {
                    codings = Some(client.accepts.set());
                } else if name == "*" {
                    return None;
                } else {
                    let name: HeaderName = name.parse().ok()?;
                    let value = value_of(request, &name).into();
                    values.push((name, value));
                }
            }
        }
        Some(Self {
            codings,
            values: values.into(),
        })
    }

    pub(super) fn matches(&self, request: &HeaderMap, client: &Client) -> bool {
        self.codings
            .is_none_or(|codings| codings == client.accepts.set())
            && self
                .values
                .iter()
                .all(|(name, value)| *value_of(request, name) == **value)
    }

    /// The same headers' values of another request, as a string of bytes.
    pub(super) fn fingerprint(&self, request: &HeaderMap, client: &Client) -> Vec<u8> {
        let mut fingerprint: Vec<u8> = self
            .codings
            .map(|_| client.accepts.set())
            .into_iter()
            .collect();
        for (name, _) in &self.values {
            fingerprint.extend_from_slice(&value_of(request, name));
            // No header holds it.
            fingerprint.push(b'\n');
        }
        fingerprint
    }

    pub(super) fn weight(&self) -> usize {
        self.values
            .iter()
            .map(|(name, value)| name.as_str().len() + value.len() + 48)
            .sum()
    }
}

fn value_of<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Cow<'a, [u8]> {
    let mut values = headers.get_all(name).iter();
    let first = values.next().map_or(&b""[..], |value| value.as_bytes());
    let mut whole = Cow::Borrowed(first);
    for value in values {
        let whole = whole.to_mut();
        whole.extend_from_slice(b", ");
        whole.extend_from_slice(value.as_bytes());
    }
    whole
}
