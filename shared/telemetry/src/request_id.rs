use std::fmt;
use std::sync::Arc;

use uuid::Builder;

/// The header in which a request brings its id and an answer takes it back.
pub const REQUEST_ID: &str = "x-request-id";

/// Names a request in the logs of every process that has to do with it. Cheap to clone.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct RequestId(Arc<str>);

impl RequestId {
    /// The longest id, in characters.
    pub const MAX: usize = 255;

    /// A random one: a UUID.
    pub fn random() -> Self {
        let uuid = Builder::from_random_bytes(rand::random()).into_uuid();
        let mut text = [0; uuid::fmt::Hyphenated::LENGTH];
        Self(Arc::from(&*uuid.as_hyphenated().encode_lower(&mut text)))
    }

    /// What is left of an id that somebody sent: letters, digits, `_`, `-` and `@`, as Rails takes it. None when that is
    /// nothing.
    ///
    /// ```
    /// use telemetry::RequestId;
    ///
    /// assert_eq!(RequestId::sanitized("a-1_b@c\n{}").unwrap().as_str(), "a-1_b@c");
    /// assert_eq!(RequestId::sanitized("\u{1b}[31m!").unwrap().as_str(), "31m");
    /// assert!(RequestId::sanitized("<>").is_none());
    /// ```
    pub fn sanitized(sent: &str) -> Option<Self> {
        let id: Arc<str> = if sent.len() <= Self::MAX && sent.bytes().all(is_allowed) {
            Arc::from(sent)
        } else {
            let allowed = sent.bytes().filter(|byte| is_allowed(*byte));
            let text: String = allowed.take(Self::MAX).map(char::from).collect();
            Arc::from(text)
        };
        (!id.is_empty()).then_some(Self(id))
    }

    /// The id that was sent, or a random one where there is none of use.
    pub fn of(sent: Option<&str>) -> Self {
        sent.and_then(Self::sanitized).unwrap_or_else(Self::random)
    }

    /// As it stands in headers and logs.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_allowed(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'@')
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::RequestId;

    #[test]
    fn ids_are_cut_to_what_rails_takes() {
        let long = "é".to_owned() + &"x".repeat(300);
        let id = RequestId::sanitized(&long).unwrap();
        assert_eq!(id.as_str(), "x".repeat(255));
        let exact = "y".repeat(256);
        assert_eq!(RequestId::sanitized(&exact).unwrap().as_str().len(), 255);
    }

    #[test]
    fn there_is_always_an_id() {
        assert_eq!(RequestId::of(Some("mine")).as_str(), "mine");
        for none in [None, Some(""), Some("\u{7f}")] {
            let id = RequestId::of(none);
            assert_eq!(id.as_str().len(), 36, "{id}");
            assert_ne!(id, RequestId::of(none));
        }
    }
}
