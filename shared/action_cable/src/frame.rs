use actix_web::web::Bytes;
use actix_ws::CloseCode;

const TEXT: u8 = 0x1;
const CLOSE: u8 = 0x8;
const PONG: u8 = 0xA;

/// A WebSocket frame (RFC 6455, section 5.2) as it goes over the socket: encoded once, however many clients get it.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    bytes: Bytes,
    head: usize,
}

impl Frame {
    /// The parts as one text.
    pub(crate) fn text(parts: &[&str]) -> Self {
        Self::new(TEXT, parts.iter().map(|part| part.as_bytes()))
    }

    /// The answer to a ping.
    pub(crate) fn pong(data: &[u8]) -> Self {
        Self::new(PONG, [data].into_iter())
    }

    pub(crate) fn close(code: CloseCode) -> Self {
        Self::new(CLOSE, [&u16::from(code).to_be_bytes()[..]].into_iter())
    }

    fn new<'a>(opcode: u8, parts: impl Iterator<Item = &'a [u8]> + Clone) -> Self {
        /// Nothing follows that belongs to it.
        const FINAL: u8 = 0x80;
        let size: usize = parts.clone().map(<[u8]>::len).sum();
        let mut bytes = Vec::with_capacity(size + 10);
        bytes.push(FINAL | opcode);
        push_size(&mut bytes, size);
        let head = bytes.len();
        parts.for_each(|part| bytes.extend_from_slice(part));
        Self {
            bytes: bytes.into(),
            head,
        }
    }

    /// What goes over the socket.
    pub(crate) fn into_bytes(self) -> Bytes {
        self.bytes
    }

    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether it is no control frame.
    pub(crate) fn is_text(&self) -> bool {
        self.bytes.first().is_some_and(|first| first & 0x0F == TEXT)
    }

    /// What the client sees of it.
    pub(crate) fn payload(&self) -> &[u8] {
        &self.bytes[self.head..]
    }
}

fn push_size(bytes: &mut Vec<u8>, size: usize) {
    if let Ok(size @ ..=125) = u8::try_from(size) {
        bytes.push(size);
    } else if let Ok(size) = u16::try_from(size) {
        bytes.push(126);
        bytes.extend_from_slice(&size.to_be_bytes());
    } else {
        bytes.push(127);
        bytes.extend_from_slice(&(size as u64).to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_take_one_three_or_nine_bytes() {
        for (size, head) in [
            (0, &[0x81, 0][..]),
            (125, &[0x81, 125]),
            (126, &[0x81, 126, 0, 126]),
            (65_535, &[0x81, 126, 0xff, 0xff]),
            (65_536, &[0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]),
        ] {
            let frame = Frame::text(&[&"x".repeat(size / 2), &"x".repeat(size - size / 2)]);
            assert_eq!(frame.payload().len(), size);
            assert_eq!(&frame.into_bytes()[..head.len()], head);
        }
    }

    #[test]
    fn control_frames() {
        assert_eq!(&Frame::pong(b"hi").into_bytes()[..], b"\x8a\x02hi");
        assert_eq!(
            &Frame::close(CloseCode::Normal).into_bytes()[..],
            b"\x88\x02\x03\xe8"
        );
    }
}
