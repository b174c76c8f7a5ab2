//! What the commands print: tables for people, JSON for programs.
#![allow(clippy::print_stdout, reason = "this is what the commands print")]

use db::Timestamp;
use serde::Serialize;
use telemetry::Failure;

/// Prints one line.
pub(super) fn line(text: impl AsRef<str>) {
    println!("{}", text.as_ref().trim_end());
}

/// Prints the value as indented JSON.
pub(super) fn json(value: &impl Serialize) -> Result<(), Failure> {
    line(serde_json::to_string_pretty(value)?);
    Ok(())
}

/// Prints rows in columns, under their names.
pub(super) fn table<const N: usize>(names: [&str; N], rows: &[[String; N]]) {
    let mut widths = names.map(str::len);
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let print = |cells: [&str; N]| {
        let padded = cells
            .iter()
            .zip(widths)
            .map(|(cell, width)| format!("{cell:width$}"));
        line(padded.collect::<Vec<_>>().join("  "));
    };
    print(names);
    for row in rows {
        print(std::array::from_fn(|column| row[column].as_str()));
    }
}

/// A title with an empty line before it.
pub(super) fn title(text: &str) {
    line("");
    line(text);
}

/// To the second, in UTC.
pub(super) fn moment(at: Timestamp) -> String {
    let text = at.to_string();
    text.split('.').next().unwrap_or_default().to_owned()
}

/// Like [`moment`]; a dash for none.
pub(super) fn some_moment(at: Option<Timestamp>) -> String {
    at.map_or_else(|| "-".to_owned(), moment)
}

/// So many of something.
pub(super) fn count(number: usize, one: &str) -> String {
    let many = match one.strip_suffix('y') {
        Some(stem) => format!("{stem}ies"),
        None => format!("{one}s"),
    };
    match number {
        1 => format!("1 {one}"),
        _ => format!("{number} {many}"),
    }
}

/// Bytes, to three digits or so.
pub(super) fn size(bytes: u64) -> String {
    const UNIT: u64 = 1024;
    if bytes < UNIT {
        return format!("{bytes} B");
    }
    let (mut unit, mut step) = ("KiB", UNIT);
    for larger in ["MiB", "GiB", "TiB"] {
        if bytes / step >= UNIT {
            (unit, step) = (larger, step * UNIT);
        }
    }
    let (whole, tenth) = (bytes / step, bytes % step * 10 / step);
    format!("{whole}.{tenth} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_the_unit_that_fits() {
        for (bytes, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (1536, "1.5 KiB"),
            (256 << 20, "256.0 MiB"),
            (5 << 40, "5.0 TiB"),
        ] {
            assert_eq!(size(bytes), text);
        }
    }

    #[test]
    fn counts_have_their_plural() {
        assert_eq!(count(1, "entry"), "1 entry");
        assert_eq!(count(0, "entry"), "0 entries");
        assert_eq!(count(2, "failed job"), "2 failed jobs");
    }
}
