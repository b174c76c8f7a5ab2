//! A script as a build makes it: 80 KB that become less than a third.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result};
use flate2::Compression;
use flate2::write::GzEncoder;
use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};

pub(crate) const PATH: &str = "/assets/app-0123abcd.js";
pub(crate) const CACHE_CONTROL: &str = "public, max-age=31536000, immutable";

const SIZE: usize = 80 * 1024;
const WORDS: usize = 700;

/// The same on every machine.
pub(crate) fn text() -> String {
    let mut random = SmallRng::seed_from_u64(4711);
    let mut letter = || char::from(random.random_range(b'a'..=b'z'));
    let mut word = |length| (0..length).map(|_| letter()).collect::<String>();
    let words: Vec<String> = (0..WORDS).map(|place| word(1 + place % 11)).collect();
    let mut word = || {
        // The first are used more often, as in every text.
        let most = random.random_range(0..WORDS);
        words[random.random_range(0..=most)].as_str()
    };
    let mut text = String::new();
    while text.len() < SIZE {
        let [name, object, argument, result, method] = std::array::from_fn(|_| word());
        for part in [
            "function ",
            name,
            "(",
            object,
            ",",
            argument,
            "){const ",
            result,
            "=",
            object,
            ".",
            method,
            "(",
            argument,
            ");return ",
            result,
            "?",
            name,
            ":null}",
        ] {
            text.push_str(part);
        }
    }
    text.truncate(SIZE);
    text
}

/// The script and what it compresses to at best, under its name.
pub(crate) fn write_into(public: &Path) -> Result<()> {
    let text = text();
    let path = public.join(PATH.trim_start_matches('/'));
    fs::create_dir_all(path.parent().context("no folder")?)?;
    fs::write(&path, &text)?;
    let gzip = fs::File::create(path.with_added_extension("gz"))?;
    let mut gzip = GzEncoder::new(gzip, Compression::best());
    gzip.write_all(text.as_bytes())?;
    gzip.finish()?;
    let brotli = fs::File::create(path.with_added_extension("br"))?;
    let mut brotli = brotli::CompressorWriter::new(brotli, 4096, 11, 22);
    brotli.write_all(text.as_bytes())?;
    Ok(brotli.flush()?)
}
