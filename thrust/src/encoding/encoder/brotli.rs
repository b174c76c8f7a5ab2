//! Brotli (RFC 7932).

use std::io;

use brotli::enc::StandardAlloc;
use brotli::enc::encode::{
    BrotliEncoderDestroyInstance, BrotliEncoderOperation as Operation, BrotliEncoderStateStruct,
};

use super::Level;

const ROOM: usize = 16 << 10;
/// 256 KiB: each stream holds its window, and there may be many streams.
const STREAM_WINDOW: i32 = 18;
const LEAST_WINDOW: i32 = 16;
const LARGEST_WINDOW: i32 = 22;

pub(crate) struct Encoder {
    state: Box<BrotliEncoderStateStruct<StandardAlloc>>,
    /// The stream's header and a block of metadata, not written yet.
    head: Vec<u8>,
}

pub(super) fn encode(level: Level, bytes: &[u8], noise: &[u8]) -> io::Result<Vec<u8>> {
    let mut out = Vec::with_capacity(bytes.len() / 3 + ROOM);
    let mut encoder = Encoder::new(level, Some(bytes.len()), noise)?;
    encoder.write(bytes, &mut out)?;
    encoder.finish(&mut out)?;
    Ok(out)
}

impl Encoder {
    pub(super) fn new(level: Level, length: Option<usize>, noise: &[u8]) -> io::Result<Self> {
        let mut state = Box::new(BrotliEncoderStateStruct::new(StandardAlloc::default()));
        state.params.quality = quality(level);
        state.params.lgwin = window(length);
        state.params.size_hint = length.unwrap_or(0);
        let mut encoder = Self {
            state,
            head: Vec::new(),
        };
        // The encoder writes a block of one byte as if it were empty, and then the byte.
        if noise.len() > 1 {
            let mut head = Vec::new();
            encoder.run(Operation::BROTLI_OPERATION_EMIT_METADATA, noise, &mut head)?;
            encoder.head = head;
        }
        Ok(encoder)
    }

    pub(super) fn write(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
        out.append(&mut self.head);
        self.run(Operation::BROTLI_OPERATION_PROCESS, bytes, out)
    }

    pub(super) fn flush(&mut self, out: &mut Vec<u8>) -> io::Result<()> {
        out.append(&mut self.head);
        self.run(Operation::BROTLI_OPERATION_FLUSH, &[], out)
    }

    pub(super) fn finish(mut self, out: &mut Vec<u8>) -> io::Result<()> {
        out.append(&mut self.head);
        self.run(Operation::BROTLI_OPERATION_FINISH, &[], out)
    }

    /// Runs an operation until all bytes are read and all that it has to put out is put out.
    fn run(&mut self, operation: Operation, bytes: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
        let (mut unread, mut read) = (bytes.len(), 0);
        loop {
            let (mut room, mut written) = (0, 0);
            let is_well = self.state.compress_stream(
                operation,
                &mut unread,
                bytes,
                &mut read,
                &mut room,
                &mut [],
                &mut written,
                &mut None,
                &mut |_, _, _, _| (),
            );
            if !is_well {
                return Err(io::Error::other("the Brotli encoder failed"));
            }
            self.collect(out);
            if unread == 0 && !self.state.has_more_output() && self.has_ended(operation) {
                return Ok(());
            }
        }
    }

    fn collect(&mut self, out: &mut Vec<u8>) {
        while self.state.has_more_output() {
            // What is returned goes on behind the output; only the length tells where that ends.
            let mut length = 0;
            let end = out.len();
            out.extend_from_slice(self.state.take_output(&mut length));
            out.truncate(end + length);
        }
    }

    fn has_ended(&self, operation: Operation) -> bool {
        match operation {
            Operation::BROTLI_OPERATION_FINISH => self.state.is_finished(),
            // Takes another call without input, for the encoder to notice.
            Operation::BROTLI_OPERATION_EMIT_METADATA => {
                self.state.remaining_metadata_bytes_ == u32::MAX
            }
            _ => true,
        }
    }
}

impl Drop for Encoder {
    fn drop(&mut self) {
        BrotliEncoderDestroyInstance(&mut self.state);
    }
}

fn quality(level: Level) -> i32 {
    match level {
        Level::Fast => 4,
        Level::Small => 10,
    }
}

/// The least window that spans the whole, where its length is known: smaller windows are got and cleared faster.
fn window(length: Option<usize>) -> i32 {
    length.map_or(STREAM_WINDOW, |length| {
        let spanning = length.next_power_of_two().trailing_zeros();
        spanning.cast_signed().clamp(LEAST_WINDOW, LARGEST_WINDOW)
    })
}
