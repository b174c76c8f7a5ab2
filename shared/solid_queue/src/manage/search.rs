//! Looking for text in the arguments of jobs: in the values, not in the names of keys or in what Active Job adds.

/// Two values: a [`hint`] and the text, in lower case. Only payloads with the hint are taken apart.
pub(crate) const CONDITION: &str = " AND CASE \
    WHEN instr(lower(jobs.arguments), ?) > 0 AND json_valid(jobs.arguments) THEN EXISTS (\
      SELECT 1 FROM json_tree(jobs.arguments, '$.arguments') \
      WHERE atom IS NOT NULL AND key IS NOT '_aj_serialized' AND instr(path, '_aj_ruby2_keywords') = 0 \
        AND instr(path, '_aj_symbol_keys') = 0 AND instr(lower(atom), ?) > 0) \
    ELSE 0 END";

/// The longest part of the text that is in JSON what it is, in lower case. Everything else may be escaped, and different
/// programs escape different characters.
pub(crate) fn hint(text: &str) -> String {
    let is_escaped = |letter: char| {
        !letter.is_ascii() || letter.is_ascii_control() || "\"\\/<>&'".contains(letter)
    };
    let parts = text.split(is_escaped);
    let longest = parts.max_by_key(|part| part.len()).unwrap_or_default();
    longest.to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::hint;

    #[test]
    fn the_hint_is_what_no_program_escapes() {
        assert_eq!(hint("Ada Lovelace"), "ada lovelace");
        assert_eq!(hint("<b>Größe & Gewicht</b>"), " gewicht");
        assert_eq!(hint("äöü"), "");
    }
}
