//! gzip (RFC 1952): a header, DEFLATE, a trailer.

use std::cell::RefCell;
use std::io;

use flate2::{Compress, Compression, Crc, FlushCompress, Status};

use super::Level;

const ROOM: usize = 8 << 10;
const HAS_COMMENT: u8 = 1 << 4;
const UNKNOWN_SYSTEM: u8 = 255;

thread_local! {
    /// The tables of an encoder are about 300 KB, which costs more to get than a small page costs to encode.
    static SPARE: RefCell<Option<Compress>> = const { RefCell::new(None) };
}

pub(crate) struct Encoder {
    deflate: Compress,
    level: Level,
    /// Not written yet.
    header: Vec<u8>,
    sum: Crc,
}

pub(super) fn encode(level: Level, bytes: &[u8], noise: Vec<u8>) -> io::Result<Vec<u8>> {
    let mut out = Vec::with_capacity(bytes.len() / 3 + ROOM);
    let mut encoder = Encoder::new(level, noise);
    encoder.write(bytes, &mut out)?;
    encoder.finish(&mut out)?;
    Ok(out)
}

impl Encoder {
    pub(super) fn new(level: Level, noise: Vec<u8>) -> Self {
        Self {
            deflate: deflate(level),
            level,
            header: header(noise),
            sum: Crc::new(),
        }
    }

    pub(super) fn write(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
        self.sum.update(bytes);
        self.run(bytes, FlushCompress::None, out)
    }

    pub(super) fn flush(&mut self, out: &mut Vec<u8>) -> io::Result<()> {
        self.run(&[], FlushCompress::Sync, out)
    }

    pub(super) fn finish(mut self, out: &mut Vec<u8>) -> io::Result<()> {
        self.run(&[], FlushCompress::Finish, out)?;
        out.extend_from_slice(&self.sum.sum().to_le_bytes());
        out.extend_from_slice(&self.sum.amount().to_le_bytes());
        if self.level == Level::Fast {
            self.deflate.reset();
            SPARE.set(Some(self.deflate));
        }
        Ok(())
    }

    fn run(&mut self, bytes: &[u8], flush: FlushCompress, out: &mut Vec<u8>) -> io::Result<()> {
        out.append(&mut self.header);
        let mut read = 0;
        loop {
            if out.capacity() - out.len() < ROOM / 2 {
                out.reserve(ROOM);
            }
            let before = self.deflate.total_in();
            let status = self
                .deflate
                .compress_vec(&bytes[read..], out, flush)
                .map_err(io::Error::other)?;
            read += usize::try_from(self.deflate.total_in() - before).map_err(io::Error::other)?;
            // Room that is left over means that there is nothing more to put out.
            let is_done = read == bytes.len() && out.len() < out.capacity();
            match flush {
                FlushCompress::Finish if status == Status::StreamEnd => return Ok(()),
                FlushCompress::Finish => {}
                _ if is_done => return Ok(()),
                _ => {}
            }
        }
    }
}

fn deflate(level: Level) -> Compress {
    let spare = || {
        SPARE
            .take()
            .unwrap_or_else(|| Compress::new(Compression::new(6), false))
    };
    match level {
        Level::Fast => spare(),
        Level::Small => Compress::new(Compression::best(), false),
    }
}

fn header(noise: Vec<u8>) -> Vec<u8> {
    let flags = if noise.is_empty() { 0 } else { HAS_COMMENT };
    let mut header = vec![0x1f, 0x8b, 8, flags, 0, 0, 0, 0, 0, UNKNOWN_SYSTEM];
    if !noise.is_empty() {
        header.extend(noise);
        header.push(0);
    }
    header
}
