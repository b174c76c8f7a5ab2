//! The encoders. Each appends to a buffer of the caller's.

mod brotli;
mod gzip;
mod zstd;

use std::io;

use super::{Encoding, jitter};

/// How much time an encoder takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    /// A client is waiting.
    Fast,
    /// It is done once for many.
    Small,
}

/// Encodes a body bit by bit.
pub(super) enum Encoder {
    Brotli(brotli::Encoder),
    Zstd(zstd::Encoder),
    Gzip(gzip::Encoder),
}

impl Encoder {
    pub(super) fn new(encoding: Encoding, level: Level, jitter: u32) -> io::Result<Self> {
        let noise = jitter::letters(jitter);
        Ok(match encoding {
            Encoding::Brotli => Self::Brotli(brotli::Encoder::new(level, None, &noise)?),
            Encoding::Zstd => Self::Zstd(zstd::Encoder::new(level, &noise)?),
            Encoding::Gzip => Self::Gzip(gzip::Encoder::new(level, noise)),
        })
    }

    pub(super) fn write(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
        match self {
            Self::Brotli(encoder) => encoder.write(bytes, out),
            Self::Zstd(encoder) => encoder.write(bytes, out),
            Self::Gzip(encoder) => encoder.write(bytes, out),
        }
    }

    /// Puts out all that was written so far.
    pub(super) fn flush(&mut self, out: &mut Vec<u8>) -> io::Result<()> {
        match self {
            Self::Brotli(encoder) => encoder.flush(out),
            Self::Zstd(encoder) => encoder.flush(out),
            Self::Gzip(encoder) => encoder.flush(out),
        }
    }

    pub(super) fn finish(self, out: &mut Vec<u8>) -> io::Result<()> {
        match self {
            Self::Brotli(encoder) => encoder.finish(out),
            Self::Zstd(encoder) => encoder.finish(out),
            Self::Gzip(encoder) => encoder.finish(out),
        }
    }
}

/// Encodes a body at once.
pub(crate) fn encode_whole(
    encoding: Encoding,
    level: Level,
    bytes: &[u8],
    jitter: u32,
) -> io::Result<Vec<u8>> {
    let noise = jitter::letters(jitter);
    match encoding {
        Encoding::Brotli => brotli::encode(level, bytes, &noise),
        Encoding::Zstd => zstd::encode(level, bytes, &noise),
        Encoding::Gzip => gzip::encode(level, bytes, noise),
    }
}
