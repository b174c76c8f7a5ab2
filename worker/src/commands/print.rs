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
    match number {
        1 => format!("1 {one}"),
        _ => format!("{number} {one}s"),
    }
}
