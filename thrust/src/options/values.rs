use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

/// A type that the text of a variable can be read as.
pub(super) trait Value: Sized {
    /// What is expected, as an error message says it.
    const EXPECTED: &'static str;

    fn parse(text: &str) -> Option<Self>;
}

/// A number of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Size(pub(super) u64);

impl Value for String {
    const EXPECTED: &'static str = "a text";

    fn parse(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }
}

impl Value for PathBuf {
    const EXPECTED: &'static str = "a path";

    fn parse(text: &str) -> Option<Self> {
        Some(text.into())
    }
}

impl Value for u16 {
    const EXPECTED: &'static str = "a port from 0 to 65535";

    fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl Value for u32 {
    const EXPECTED: &'static str = "a whole number";

    fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl Value for IpAddr {
    const EXPECTED: &'static str = "an IP address such as 127.0.0.1 or ::";

    fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

/// What Thruster takes for true and false.
impl Value for bool {
    const EXPECTED: &'static str = "true or false (also 1 or 0)";

    fn parse(text: &str) -> Option<Self> {
        match text {
            "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
            "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
            _ => None,
        }
    }
}

impl Value for Duration {
    const EXPECTED: &'static str = "a whole number of seconds";

    fn parse(text: &str) -> Option<Self> {
        text.parse().ok().map(Self::from_secs)
    }
}

impl Value for Size {
    const EXPECTED: &'static str = "a number of bytes such as 1048576, 64KB, 64MB or 1GB";

    fn parse(text: &str) -> Option<Self> {
        let units = [("KB", 1 << 10), ("MB", 1 << 20), ("GB", 1 << 30)];
        let unit = units.iter().find(|(unit, _)| text.ends_with(unit));
        let (digits, factor) = unit.map_or((text, 1), |(unit, factor)| {
            (&text[..text.len() - unit.len()], *factor)
        });
        digits.parse::<u64>().ok()?.checked_mul(factor).map(Size)
    }
}

/// A comma list; blanks around an item and empty items do not count.
impl Value for Vec<String> {
    const EXPECTED: &'static str = "a comma list";

    fn parse(text: &str) -> Option<Self> {
        let items = text.split(',').map(str::trim);
        Some(
            items
                .filter(|item| !item.is_empty())
                .map(str::to_owned)
                .collect(),
        )
    }
}
