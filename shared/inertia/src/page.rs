//! The page object: what the client renders.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::props::{Resolved, ScrollPage};

/// The page object of the protocol, version 3. What is empty or false is not written.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Page {
    /// The name of the component.
    pub component: String,
    pub(crate) props: Resolved,
    /// Path and query exactly as requested: the client shows it in the address bar.
    pub url: String,
    /// The version of the assets.
    pub version: String,
    /// The client encrypts what it keeps of the page in the browser's history.
    #[serde(skip_serializing_if = "is_false")]
    pub encrypt_history: bool,
    /// The client forgets the key of what it encrypted before.
    #[serde(skip_serializing_if = "is_false")]
    pub clear_history: bool,
    /// The client keeps the fragment of the address that it had.
    #[serde(skip_serializing_if = "is_false")]
    pub preserve_fragment: bool,
    /// Messages for this one page.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub flash: Map<String, Value>,
    /// The names of the props that every page has.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub shared_props: Vec<String>,
    #[serde(flatten)]
    pub(crate) metadata: Metadata,
}

/// What the client is told about props.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Metadata {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) deferred_props: BTreeMap<String, Vec<String>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) merge_props: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) prepend_props: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) deep_merge_props: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) match_props_on: Vec<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) scroll_props: BTreeMap<String, ScrollProp>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) once_props: BTreeMap<String, OnceProp>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) rescued_props: Vec<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct ScrollProp {
    #[serde(flatten)]
    pub(crate) page: ScrollPage,
    pub(crate) reset: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OnceProp {
    pub(crate) prop: String,
    /// Milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) expires_at: Option<u64>,
}

impl Page {
    /// The value of a prop, for the document around the page. None where the page has none of this kind. (Props that
    /// hold others have no value of their own.)
    pub fn prop<'a, T: Deserialize<'a>>(&'a self, key: &str) -> Option<T> {
        serde_json::from_str(self.props.json(key)?).ok()
    }

    /// The elements from which the client starts, as HTML.
    pub(crate) fn elements(&self) -> Result<String, serde_json::Error> {
        let json = escape(&serde_json::to_string(self)?);
        Ok(format!(
            r#"<script data-page="app" type="application/json">{json}</script><div id="app"></div>"#
        ))
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "what serde asks for")]
fn is_false(flag: &bool) -> bool {
    !flag
}

/// JSON that cannot end the script element it stands in, whatever its strings hold.
fn escape(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len() + json.len() / 16);
    let mut rest = json;
    while let Some(at) = rest.bytes().position(is_suspect) {
        let (before, from) = rest.split_at(at);
        escaped.push_str(before);
        let mut characters = from.chars();
        match characters.next() {
            Some('<') => escaped.push_str("\\u003c"),
            Some('>') => escaped.push_str("\\u003e"),
            Some('&') => escaped.push_str("\\u0026"),
            Some('\u{2028}') => escaped.push_str("\\u2028"),
            Some('\u{2029}') => escaped.push_str("\\u2029"),
            other => escaped.extend(other),
        }
        rest = characters.as_str();
    }
    escaped.push_str(rest);
    escaped
}

/// Begins a character that may have to be escaped: U+2028 and U+2029 begin with 0xE2.
fn is_suspect(byte: u8) -> bool {
    matches!(byte, b'<' | b'>' | b'&' | 0xE2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_cannot_leave_the_script_element() {
        let hostile = "</script><script>alert(1)</script>&\u{2028}x\u{2029}ä€";
        let json = serde_json::to_string(hostile).unwrap();
        let escaped = escape(&json);
        assert!(
            !escaped.contains(['<', '>', '&', '\u{2028}', '\u{2029}']),
            "{escaped}"
        );
        assert_eq!(serde_json::from_str::<String>(&escaped).unwrap(), hostile);
    }
}
