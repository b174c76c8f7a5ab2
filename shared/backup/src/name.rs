use db::Timestamp;

/// How a folder is called while it is written, or deleted.
const PARTIAL: &str = ".partial";

/// The name of a backup of this moment, such as `20261127T183825.123Z`: the names sort as their times do.
pub(crate) fn of(moment: Timestamp) -> String {
    moment.iso8601().replace(['-', ':'], "")
}

/// The name of its folder while it is not complete.
pub(crate) fn partial(name: &str) -> String {
    format!(".{name}{PARTIAL}")
}

/// Whether we gave a folder this name.
pub(crate) fn is_ours(name: &str) -> bool {
    let shape = |text: &str| -> String {
        let digit = |letter: char| if letter.is_ascii_digit() { '0' } else { letter };
        text.chars().map(digit).collect()
    };
    shape(name) == "00000000T000000.000Z"
}

/// Whether this is a folder of ours that never became complete.
pub(crate) fn is_partial(name: &str) -> bool {
    let inner = name
        .strip_prefix('.')
        .and_then(|name| name.strip_suffix(PARTIAL));
    inner.is_some_and(is_ours)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_known_again() {
        let name = of("2026-11-27 18:38:25".parse().unwrap());
        assert_eq!(name, "20261127T183825.000Z");
        assert!(is_ours(&name) && is_partial(&partial(&name)));
        for other in [
            "",
            "notes",
            "20261127T183825.000",
            "20261127T183825.000Z.old",
            ".partial",
        ] {
            assert!(!is_ours(other) && !is_partial(other), "{other}");
        }
    }
}
