use std::fmt;
use std::str::FromStr;

/// The header in which a request brings the span that caused it.
pub const TRACEPARENT: &str = "traceparent";

/// Names a span of a distributed trace, as the header `traceparent` of W3C's Trace Context does.
///
/// ```
/// use telemetry::TraceParent;
///
/// let text = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
/// assert_eq!(text.parse::<TraceParent>()?.to_string(), text);
/// assert!("00-00000000000000000000000000000000-b7ad6b7169203331-01".parse::<TraceParent>().is_err());
/// # Ok::<(), telemetry::ParseTraceParentError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceParent {
    /// The trace.
    pub trace_id: u128,
    /// The span in it.
    pub span_id: u64,
    /// Whether the span is recorded.
    pub is_sampled: bool,
}

/// The text is no `traceparent`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParseTraceParentError;

impl FromStr for TraceParent {
    type Err = ParseTraceParentError;

    fn from_str(text: &str) -> Result<Self, ParseTraceParentError> {
        let mut parts = text.split('-');
        let version = hex(parts.next(), 2)?;
        let trace_id = hex(parts.next(), 32)?;
        let span_id = u64::try_from(hex(parts.next(), 16)?).map_err(|_| ParseTraceParentError)?;
        let flags = hex(parts.next(), 2)?;
        // Later versions may add parts; this one has none.
        let is_whole = version != 0 || parts.next().is_none();
        if version == 0xff || trace_id == 0 || span_id == 0 || !is_whole {
            return Err(ParseTraceParentError);
        }
        Ok(Self {
            trace_id,
            span_id,
            is_sampled: flags & 1 == 1,
        })
    }
}

fn hex(part: Option<&str>, digits: usize) -> Result<u128, ParseTraceParentError> {
    let part = part.ok_or(ParseTraceParentError)?;
    let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if part.len() != digits || !part.bytes().all(is_hex) {
        return Err(ParseTraceParentError);
    }
    u128::from_str_radix(part, 16).map_err(|_| ParseTraceParentError)
}

impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            trace_id,
            span_id,
            is_sampled,
        } = self;
        write!(
            f,
            "00-{trace_id:032x}-{span_id:016x}-{:02x}",
            u8::from(*is_sampled)
        )
    }
}

impl fmt::Display for ParseTraceParentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected a traceparent such as 00-<32 hex digits>-<16 hex digits>-01")
    }
}

impl std::error::Error for ParseTraceParentError {}

#[cfg(test)]
mod tests {
    use super::TraceParent;

    #[test]
    fn only_whole_ones_count() {
        let (trace, span) = ("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331");
        for (text, expected) in [
            (format!("00-{trace}-{span}-01"), true),
            (format!("00-{trace}-{span}-00"), true),
            (format!("cc-{trace}-{span}-01-more"), true),
            (format!("00-{trace}-{span}-01-more"), false),
            (format!("ff-{trace}-{span}-01"), false),
            (format!("00-{}-{span}-01", trace.to_uppercase()), false),
            (format!("00-{trace}-0000000000000000-01"), false),
            (format!("00-{trace}-{span}"), false),
            (format!("00-+{}-{span}-01", &trace[1..]), false),
            (String::new(), false),
        ] {
            assert_eq!(text.parse::<TraceParent>().is_ok(), expected, "{text}");
        }
    }
}
