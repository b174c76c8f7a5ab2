//! Zstandard (RFC 8878). Windows stay below the 8 MB that clients need to support (RFC 9659).

use std::cell::RefCell;
use std::io;

use zstd::bulk::Compressor;
use zstd::stream::raw::{self, CParameter, InBuffer, Operation, OutBuffer};

use super::Level;

const ROOM: usize = 8 << 10;
/// 512 KiB: each stream holds its window, and there may be many streams.
const STREAM_WINDOW: u32 = 19;
/// The first of the sixteen magic numbers of skippable frames.
const SKIPPABLE: u32 = 0x184D_2A50;

thread_local! {
    /// The tables of an encoder are about 1 MB, which costs more to get than a small page costs to encode.
    static SPARE: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
}

pub(crate) struct Encoder {
    frame: raw::Encoder<'static>,
    /// Not written yet.
    noise: Vec<u8>,
}

pub(super) fn encode(level: Level, bytes: &[u8], noise: &[u8]) -> io::Result<Vec<u8>> {
    let mut out =
        Vec::with_capacity(zstd::zstd_safe::compress_bound(bytes.len()) + noise.len() + 8);
    out.append(&mut skippable(noise));
    let mut frame = Vec::new();
    let spare = if level == Level::Fast {
        SPARE.take()
    } else {
        None
    };
    let mut compressor = spare.map_or_else(|| Compressor::new(number(level)), Ok)?;
    if out.is_empty() {
        compressor.compress_to_buffer(bytes, &mut out)?;
    } else {
        frame.reserve_exact(zstd::zstd_safe::compress_bound(bytes.len()));
        compressor.compress_to_buffer(bytes, &mut frame)?;
        out.append(&mut frame);
    }
    if level == Level::Fast {
        SPARE.set(Some(compressor));
    }
    out.shrink_to_fit();
    Ok(out)
}

impl Encoder {
    pub(super) fn new(level: Level, noise: &[u8]) -> io::Result<Self> {
        let mut frame = raw::Encoder::new(number(level))?;
        frame.set_parameter(CParameter::WindowLog(STREAM_WINDOW))?;
        Ok(Self {
            frame,
            noise: skippable(noise),
        })
    }

    pub(super) fn write(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
        out.append(&mut self.noise);
        let mut input = InBuffer::around(bytes);
        while input.pos() < bytes.len() {
            append(out, |room| self.frame.run(&mut input, room))?;
        }
        Ok(())
    }

    pub(super) fn flush(&mut self, out: &mut Vec<u8>) -> io::Result<()> {
        out.append(&mut self.noise);
        while append(out, |room| self.frame.flush(room))? > 0 {}
        Ok(())
    }

    pub(super) fn finish(mut self, out: &mut Vec<u8>) -> io::Result<()> {
        out.append(&mut self.noise);
        while append(out, |room| self.frame.finish(room, true))? > 0 {}
        Ok(())
    }
}

/// Runs a step with room behind what was put out already.
fn append<T>(
    out: &mut Vec<u8>,
    step: impl FnOnce(&mut OutBuffer<'_, Vec<u8>>) -> io::Result<T>,
) -> io::Result<T> {
    if out.capacity() - out.len() < ROOM / 2 {
        out.reserve(ROOM);
    }
    let end = out.len();
    step(&mut OutBuffer::around_pos(out, end))
}

fn number(level: Level) -> i32 {
    match level {
        Level::Fast => 3,
        Level::Small => 19,
    }
}

fn skippable(noise: &[u8]) -> Vec<u8> {
    let length = u32::try_from(noise.len()).unwrap_or(0);
    if length == 0 {
        Vec::new()
    } else {
        [&SKIPPABLE.to_le_bytes(), &length.to_le_bytes(), noise].concat()
    }
}
