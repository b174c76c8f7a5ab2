use std::collections::BTreeMap;

use serde::Deserialize;

/// What Vite's build made: files by the names of their sources.
#[derive(Default, Deserialize)]
#[serde(transparent)]
pub(super) struct Manifest(BTreeMap<String, Chunk>);

#[derive(Deserialize)]
struct Chunk {
    file: String,
    #[serde(default)]
    css: Vec<String>,
    /// Other chunks that it cannot run without, by their keys.
    #[serde(default)]
    imports: Vec<String>,
}

/// URLs of all that an entry needs at once.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Chunks {
    pub(super) entry: String,
    pub(super) imports: Vec<String>,
    pub(super) styles: Vec<String>,
}

impl Manifest {
    /// What the entry needs, each file once; `None` when there is no such entry.
    pub(super) fn chunks_of(&self, entry: &str) -> Option<Chunks> {
        let mut chunks = Chunks::default();
        let mut seen = vec![entry];
        self.follow(self.0.get(entry)?, &mut seen, &mut chunks);
        let (entry, imports) = chunks.imports.split_last()?;
        Some(Chunks {
            entry: entry.clone(),
            imports: imports.to_vec(),
            styles: chunks.styles,
        })
    }

    /// What is imported comes first, as its styles do in Vite's own pages.
    fn follow<'a>(&'a self, chunk: &'a Chunk, seen: &mut Vec<&'a str>, chunks: &mut Chunks) {
        for key in &chunk.imports {
            if !seen.contains(&key.as_str()) {
                seen.push(key);
                if let Some(import) = self.0.get(key) {
                    self.follow(import, seen, chunks);
                }
            }
        }
        chunks.imports.push(url(&chunk.file));
        for style in chunk.css.iter().map(url) {
            if !chunks.styles.contains(&style) {
                chunks.styles.push(style);
            }
        }
    }
}

fn url(file: impl AsRef<str>) -> String {
    format!("/{}", file.as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_are_followed_in_rounds_too() {
        let manifest = r#"{
            "main": { "file": "main.js", "css": ["main.css", "a.css"], "imports": ["_a", "_b", "_gone"] },
            "_a": { "file": "a.js", "css": ["a.css"], "imports": ["_b"] },
            "_b": { "file": "b.js", "imports": ["_a"], "dynamicImports": ["later"] },
            "later": { "file": "later.js", "isDynamicEntry": true }
        }"#;
        let manifest: Manifest = serde_json::from_str(manifest).unwrap();
        let text = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let expected = Chunks {
            entry: "/main.js".into(),
            imports: text(&["/b.js", "/a.js"]),
            styles: text(&["/a.css", "/main.css"]),
        };
        assert_eq!(manifest.chunks_of("main"), Some(expected));
        assert_eq!(manifest.chunks_of("other"), None);
    }
}
