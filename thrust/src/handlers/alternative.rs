use http::header::ALT_SVC;
use http::{HeaderValue, Response, Version};

use crate::server::Client;

/// How long clients remember it: a day.
const MAX_AGE: u32 = 86_400;

/// Tells clients that there is HTTP/3, where it is (RFC 7838). It begins on a connection of its own, so that clients have
/// to hear of it by another version first.
pub(crate) struct Alternative(Option<HeaderValue>);

impl Alternative {
    pub(crate) fn new(port: Option<u16>) -> Self {
        let service = port.map(|port| format!("h3=\":{port}\"; ma={MAX_AGE}"));
        Self(service.and_then(|service| HeaderValue::try_from(service).ok()))
    }

    /// Only by TLS is it the word of this origin. What a server says itself stands.
    pub(crate) fn tell<B>(&self, response: &mut Response<B>, version: Version, client: &Client) {
        if let Some(service) = &self.0
            && client.is_tls
            && version != Version::HTTP_3
        {
            let headers = response.headers_mut();
            headers.entry(ALT_SVC).or_insert_with(|| service.clone());
        }
    }
}
