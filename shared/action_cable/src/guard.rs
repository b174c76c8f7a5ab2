//! Looks at the heads of a client's frames before anything keeps their bytes: actix has all of a frame in memory before
//! it compares the size with the limit.

use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::error::PayloadError;
use actix_web::web::{Bytes, Payload};
use actix_web::{FromRequest as _, HttpRequest, dev};
use futures_util::Stream;

const LAST: u8 = 0x80;
/// For extensions, of which none is ever agreed on.
const RESERVED: u8 = 0x70;
const CONTROL: u8 = 0x08;

/// Frames that one message may come in. Each costs memory of its own until the last is there.
const MAX_PARTS: usize = 1_000;

/// Lets the bytes of a client through, until one of its messages is too long or comes in too many parts, which is
/// [`PayloadError::Overflow`], or is compressed.
pub(crate) fn guarded(
    request: &HttpRequest,
    payload: Payload,
    max_size: usize,
) -> Result<Payload, actix_web::Error> {
    let guard = Guard {
        payload: payload.into_inner(),
        heads: Heads::new(max_size),
    };
    let payload = Box::pin(guard);
    // There is no other way to make one.
    Payload::from_request(request, &mut dev::Payload::Stream { payload }).into_inner()
}

struct Guard {
    payload: dev::Payload,
    heads: Heads,
}

impl Stream for Guard {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Self { payload, heads } = self.get_mut();
        let next = Pin::new(payload).poll_next(context);
        next.map_ok(|bytes| heads.read(&bytes).map(|()| bytes))
            .map(|next| next.map(Result::flatten))
    }
}

/// Where in the frames of a client the last byte was.
struct Heads {
    max_size: u64,
    /// The first ten bytes of a frame, as far as they are there.
    head: Vec<u8>,
    /// Bytes until the next frame: of the mask and of the payload.
    left: u64,
    /// Frames and bytes of a message whose last frame is still to come.
    parts: usize,
    size: u64,
}

impl Heads {
    fn new(max_size: usize) -> Self {
        Self {
            max_size: max_size as u64,
            head: Vec::new(),
            left: 0,
            parts: 0,
            size: 0,
        }
    }

    fn read(&mut self, mut bytes: &[u8]) -> Result<(), PayloadError> {
        while !bytes.is_empty() {
            let skipped = self.left.min(bytes.len() as u64);
            self.left -= skipped;
            // No more than there are.
            bytes = usize::try_from(skipped).map_or(&[], |skipped| &bytes[skipped..]);
            while self.left == 0
                && let Some((&byte, rest)) = bytes.split_first()
            {
                bytes = rest;
                self.head.push(byte);
                self.left = self.frame()?;
            }
        }
        Ok(())
    }

    /// What follows the head; 0 while it is incomplete.
    fn frame(&mut self) -> Result<u64, PayloadError> {
        let [_, length, ref rest @ ..] = self.head[..] else {
            return Ok(0);
        };
        let length = match length & 0x7F {
            126 => <[u8; 2]>::try_from(rest).map(|bytes| u16::from_be_bytes(bytes).into()),
            127 => <[u8; 8]>::try_from(rest).map(u64::from_be_bytes),
            length => Ok(length.into()),
        };
        let Ok(length) = length else { return Ok(0) };
        let (first, is_masked) = (self.head[0], self.head[1] & 0x80 != 0);
        self.head.clear();
        if first & RESERVED != 0 {
            return Err(PayloadError::EncodingCorrupted);
        }
        let size = if first & CONTROL == 0 {
            self.part(length, first & LAST != 0)
        } else {
            length
        };
        if size > self.max_size || self.parts > MAX_PARTS {
            return Err(PayloadError::Overflow);
        }
        Ok(length + if is_masked { 4 } else { 0 })
    }

    /// Counts a part of a message. How long the message is so far.
    fn part(&mut self, length: u64, is_last: bool) -> u64 {
        let size = self.size.saturating_add(length);
        (self.parts, self.size) = if is_last {
            (0, 0)
        } else {
            (self.parts + 1, size)
        };
        size
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A head with as much as the limit, and what is one too long.
    const LONGEST: [u8; 4] = [0x82, 0xFE, 0x01, 0x00];
    const TOO_LONG: [u8; 4] = [0x82, 0xFE, 0x01, 0x01];
    const ENDLESS: [u8; 10] = [0x82, 0xFF, 0xFF, 0, 0, 0, 0, 0, 0, 0];

    fn reads(chunks: &[&[u8]]) -> bool {
        let mut heads = Heads::new(256);
        chunks.iter().all(|bytes| heads.read(bytes).is_ok())
    }

    #[test]
    fn frames_are_found_however_the_bytes_come() {
        let body = [TOO_LONG[1]; 4 + 256];
        let small = [0x81, 0x82, 0, 0, 0, 0, b'{', b'}', 0x81, 0x80, 0, 0, 0, 0];
        let frames = [&small[..], &LONGEST, &body, &[0x8A, 0x00], &small].concat();
        for size in 1..=frames.len() {
            let chunks: Vec<_> = frames.chunks(size).collect();
            assert!(reads(&chunks), "{size}");
            assert!(!reads(&[&chunks[..], &[&TOO_LONG[..]]].concat()), "{size}");
            assert!(!reads(&[&chunks[..], &[&ENDLESS[..]]].concat()), "{size}");
        }
    }

    #[test]
    fn a_message_has_so_many_parts_and_pings_between() {
        let (first, next, last) = (
            [0x01, 0x80, 0, 0, 0, 0],
            [0x00, 0x80, 0, 0, 0, 0],
            [0x80, 0x80, 0, 0, 0, 0],
        );
        let ping = [0x89, 0x80, 0, 0, 0, 0];
        let parts = [next, ping].concat().repeat(MAX_PARTS - 1);
        assert!(reads(&[&first, &parts, &last, &first, &parts, &last]));
        assert!(!reads(&[&first, &parts, &next]));
        let half = [&[0x01, 0xFE, 0, 200, 0, 0, 0, 0][..], &[0; 200]].concat();
        assert!(!reads(&[&half, &half]));
        assert!(!reads(&[&[0xC1, 0x80]]));
    }
}
