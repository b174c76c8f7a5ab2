//! `Idempotency-Key`: who gets no answer sends the request again with the same key, and the change is made once.
//!
//! After the draft of the IETF's HTTP API group (`draft-ietf-httpapi-idempotency-key-header`).

use actix_web::http::header::HeaderMap;

use crate::errors::AppError;

const HEADER: &str = "idempotency-key";
const LONGEST: usize = 255;

/// The key of a request that has one. The draft wants it in quotes; most clients send it without.
pub(crate) fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, AppError> {
    let mut values = headers.get_all(HEADER);
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(wrong("several"));
    }
    let text = value.to_str().map_err(|_| wrong("other bytes"))?.trim();
    let key = unquoted(text).ok_or_else(|| wrong("a quote without its end"))?;
    if !(1..=LONGEST).contains(&key.len()) {
        return Err(wrong(&format!("{} characters", key.len())));
    }
    if !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(wrong(&format!("`{key}`")));
    }
    Ok(Some(key))
}

/// A string as structured fields have it, or what stands there as it is.
fn unquoted(text: &str) -> Option<String> {
    let Some(rest) = text.strip_prefix('"') else {
        return Some(text.to_owned());
    };
    let mut inside = rest.strip_suffix('"')?.chars();
    let mut key = String::new();
    while let Some(character) = inside.next() {
        match character {
            '\\' => key.push(inside.next()?),
            '"' => return None,
            other => key.push(other),
        }
    }
    Some(key)
}

fn wrong(got: &str) -> AppError {
    AppError::BadRequest {
        message: format!(
            "expected one Idempotency-Key of 1 to {LONGEST} visible ASCII characters, such as a UUID, got {got}"
        ),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    fn key(values: &[&[u8]]) -> Result<Option<String>, String> {
        let mut headers = HeaderMap::new();
        for value in values {
            let value = HeaderValue::from_bytes(value).unwrap();
            headers.append(HeaderName::from_static(HEADER), value);
        }
        idempotency_key(&headers).map_err(|error| error.to_string())
    }

    #[test]
    fn keys_come_with_quotes_and_without() {
        assert_eq!(key(&[]), Ok(None));
        let longest = "k".repeat(LONGEST);
        for (value, expected) in [
            (r"8e03978e-40d5", "8e03978e-40d5"),
            (r#""8e03978e-40d5""#, "8e03978e-40d5"),
            (r#""a\"\\b""#, r#"a"\b"#),
            (r#" a"b "#, r#"a"b"#),
            (&longest, &longest),
        ] {
            assert_eq!(key(&[value.as_bytes()]), Ok(Some(expected.to_owned())));
        }
    }

    #[test]
    fn what_is_wrong_is_told() {
        let too_long = "k".repeat(LONGEST + 1);
        let cases: [(&[&[u8]], &str); 7] = [
            (&[b""], "0 characters"),
            (&[br#""""#], "0 characters"),
            (&[too_long.as_bytes()], "256 characters"),
            (&[b"a b"], "`a b`"),
            (&["ä".as_bytes()], "other bytes"),
            (&[br#""a"#], "a quote without its end"),
            (&[b"a", b"b"], "several"),
        ];
        for (values, got) in cases {
            let expected = format!(
                "expected one Idempotency-Key of 1 to 255 visible ASCII characters, such as a UUID, got {got}"
            );
            assert_eq!(key(values), Err(expected));
        }
    }
}
