//! JSON as Active Support writes it, so that a message may stand inside a page's `<script>` unharmed.

use std::io;

use serde::Serialize;
use serde::ser::Error as _;
use serde_json::ser::{Formatter, Serializer};

/// The JSON of `value`, with `<`, `>`, `&` and the two line separators of JavaScript as `\u` escapes.
pub(crate) fn encode<T: Serialize + ?Sized>(value: &T) -> serde_json::Result<String> {
    let mut json = Vec::with_capacity(128);
    value.serialize(&mut Serializer::with_formatter(&mut json, Escaping))?;
    String::from_utf8(json).map_err(serde_json::Error::custom)
}

struct Escaping;

impl Formatter for Escaping {
    fn write_string_fragment<W: io::Write + ?Sized>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut rest = fragment;
        while let Some((at, found)) = rest.char_indices().find(|(_, c)| is_special(*c)) {
            writer.write_all(&rest.as_bytes()[..at])?;
            write!(writer, "\\u{:04x}", u32::from(found))?;
            rest = &rest[at + found.len_utf8()..];
        }
        writer.write_all(rest.as_bytes())
    }
}

fn is_special(c: char) -> bool {
    matches!(c, '<' | '>' | '&' | '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::encode;

    #[test]
    fn escapes_what_active_support_escapes() {
        let json = encode("a<b>&\u{2028}\u{2029}\"\n\u{8}é</script>").unwrap();
        assert_eq!(
            json,
            r#""a\u003cb\u003e\u0026\u2028\u2029\"\n\bé\u003c/script\u003e""#
        );
    }

    #[test]
    fn leaves_plain_values_alone() {
        let value = serde_json::json!({ "id": 1, "t": 1.5, "none": null });
        assert_eq!(encode(&value).unwrap(), value.to_string());
    }
}
