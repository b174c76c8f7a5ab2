use serde::Serialize;
use serde_json::{Map, Value};

/// The page object: what the client renders.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Page {
    /// The name of the component.
    pub component: String,
    /// Its props; `errors` is always among them.
    pub props: Map<String, Value>,
    /// Path and query exactly as requested: the client shows it in the address bar.
    pub url: String,
    /// The version of the assets.
    pub version: String,
    /// Messages for this one page.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub flash: Map<String, Value>,
}

impl Page {
    /// The elements from which the client starts, as HTML.
    ///
    /// # Errors
    /// When a prop cannot be written as JSON.
    pub fn elements(&self) -> Result<String, serde_json::Error> {
        let json = escape(&serde_json::to_string(self)?);
        Ok(format!(
            r#"<script data-page="app" type="application/json">{json}</script><div id="app"></div>"#
        ))
    }
}

/// JSON that cannot end the script element it stands in, whatever its strings hold.
fn escape(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for character in json.chars() {
        match character {
            '<' => escaped.push_str("\\u003c"),
            '>' => escaped.push_str("\\u003e"),
            '&' => escaped.push_str("\\u0026"),
            '\u{2028}' => escaped.push_str("\\u2028"),
            '\u{2029}' => escaped.push_str("\\u2029"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_cannot_leave_the_script_element() {
        let hostile = "</script><script>alert(1)</script>&\u{2028}";
        let json = serde_json::to_string(hostile).unwrap();
        let escaped = escape(&json);
        assert!(!escaped.contains(['<', '>', '&', '\u{2028}']), "{escaped}");
        assert_eq!(serde_json::from_str::<String>(&escaped).unwrap(), hostile);
    }
}
