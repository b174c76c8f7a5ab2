use http::header::{CONNECTION, CONTENT_LENGTH, TE, TRANSFER_ENCODING, UPGRADE};
use http::{HeaderMap, HeaderName};

/// What belongs to one connection of HTTP/1.1 and must not come by HTTP/3 (RFC 9114, section 4.2).
const FORBIDDEN: [HeaderName; 5] = [
    CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    TRANSFER_ENCODING,
    UPGRADE,
];

/// A head that HTTP/3 forbids and h3 lets through. A server of HTTP/1.1 could read it in its own way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Malformed {
    #[error("the request has a header that belongs to HTTP/1.1")]
    Connection,
    #[error("the request's Content-Length is not one number")]
    Length,
}

/// How long the head says that the body is, where it says so.
pub(super) fn check(headers: &HeaderMap) -> Result<Option<u64>, Malformed> {
    let has_forbidden = FORBIDDEN.iter().any(|name| headers.contains_key(name));
    let te = headers.get_all(TE).iter();
    if has_forbidden || te.into_iter().any(|value| value != "trailers") {
        return Err(Malformed::Connection);
    }
    let mut lengths = headers.get_all(CONTENT_LENGTH).iter();
    let Some(length) = lengths.next() else {
        return Ok(None);
    };
    let digits = length.to_str().ok();
    let digits = digits.filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    let number = digits.and_then(|text| text.parse().ok());
    match (number, lengths.next()) {
        (Some(number), None) => Ok(Some(number)),
        _ => Err(Malformed::Length),
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderName, HeaderValue};

    use super::{Malformed, check};

    fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        let line = |(name, value): &(&'static str, &'static str)| {
            let name = HeaderName::from_static(name);
            (name, HeaderValue::from_static(value))
        };
        lines.iter().map(line).collect()
    }

    fn append(mut headers: HeaderMap, name: &'static str, value: &'static str) -> HeaderMap {
        headers.append(name, HeaderValue::from_static(value));
        headers
    }

    #[test]
    fn one_length_or_none() {
        assert_eq!(check(&headers(&[("te", "trailers")])), Ok(None));
        assert_eq!(check(&headers(&[("content-length", "12")])), Ok(Some(12)));
        for length in ["", "+1", "-1", "1,1", "0x1", "99999999999999999999999"] {
            let checked = check(&headers(&[("content-length", length)]));
            assert_eq!(checked, Err(Malformed::Length), "{length}");
        }
        let two = append(headers(&[("content-length", "1")]), "content-length", "1");
        assert_eq!(check(&two), Err(Malformed::Length));
    }

    #[test]
    fn nothing_of_one_connection() {
        for line in [
            ("connection", "close"),
            ("keep-alive", "1"),
            ("proxy-connection", "close"),
            ("transfer-encoding", "chunked"),
            ("upgrade", "websocket"),
            ("te", "gzip"),
        ] {
            assert_eq!(
                check(&headers(&[line])),
                Err(Malformed::Connection),
                "{line:?}"
            );
        }
    }
}
