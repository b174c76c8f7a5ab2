use bytes::{Bytes, BytesMut};

use super::budget::{Budget, Share};

const DATA: u64 = 0;
const CONTROL: u64 = 0;
/// Has no length, and so would take all that follows for its own. It was never agreed on.
const WEBTRANSPORT: u64 = 0x41;

/// Sees to it that what h3 gets can be kept in memory, and is whole.
///
/// h3 keeps a frame until it is complete, however long it says that it is, and counts its pieces at each one that comes. And it
/// takes a frame of data that breaks off for the end of a body. So it gets frames whole here, none is longer than a limit,
/// and what breaks off is an error. Data pass as they come.
pub(super) struct Frames {
    stage: Stage,
    /// What came and was not given on.
    held: BytesMut,
    largest: usize,
    budget: Budget,
    /// Of the budget, for a frame that is not whole yet.
    share: Option<Share>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// The first bytes of a stream in one direction tell what it is for.
    Type,
    /// At the beginning of a frame.
    Frame,
    /// Within a frame of data, of which so many bytes are to come.
    Data(u64),
    /// No frames: bytes of which nobody keeps any.
    Bytes,
}

/// Why a stream is not read any further.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Malformed {
    #[error("a frame is longer than the limit for headers")]
    TooLong,
    #[error("too many frames have begun and not come to their ends")]
    TooMany,
    #[error("a frame is of a kind that was not agreed on")]
    Unknown,
    #[error("the stream ends within a frame")]
    Incomplete,
}

impl Frames {
    pub(super) fn of_request(largest: usize, budget: &Budget) -> Self {
        Self::new(Stage::Frame, largest, budget)
    }

    /// Those of a stream in one direction.
    pub(super) fn of_other(largest: usize, budget: &Budget) -> Self {
        Self::new(Stage::Type, largest, budget)
    }

    fn new(stage: Stage, largest: usize, budget: &Budget) -> Self {
        Self {
            stage,
            held: BytesMut::new(),
            largest,
            budget: budget.clone(),
            share: None,
        }
    }

    /// Takes what came.
    pub(super) fn take(&mut self, bytes: &[u8]) {
        self.held.extend_from_slice(bytes);
    }

    /// What can be given on now.
    pub(super) fn next(&mut self) -> Result<Option<Bytes>, Malformed> {
        if self.held.is_empty() {
            return Ok(None);
        }
        match self.stage {
            Stage::Type => Ok(self.kind_of_stream()),
            Stage::Frame => self.frame(),
            Stage::Data(left) => {
                let held = self.held.len();
                let here = usize::try_from(left).unwrap_or(held).min(held);
                self.within_data(left - here as u64);
                Ok(Some(self.give(here)))
            }
            Stage::Bytes => Ok(Some(self.give(self.held.len()))),
        }
    }

    /// The stream has ended: may it?
    pub(super) fn end(&self) -> Result<(), Malformed> {
        let may = match self.stage {
            Stage::Frame => self.held.is_empty(),
            Stage::Data(_) => false,
            Stage::Type | Stage::Bytes => true,
        };
        may.then_some(()).ok_or(Malformed::Incomplete)
    }

    fn kind_of_stream(&mut self) -> Option<Bytes> {
        let (kind, length) = varint(&self.held)?;
        self.stage = if kind == CONTROL {
            Stage::Frame
        } else {
            Stage::Bytes
        };
        Some(self.give(length))
    }

    fn frame(&mut self) -> Result<Option<Bytes>, Malformed> {
        let Some((kind, first)) = varint(&self.held) else {
            return Ok(None);
        };
        if kind == WEBTRANSPORT {
            return Err(Malformed::Unknown);
        }
        let Some((length, second)) = varint(&self.held[first..]) else {
            return Ok(None);
        };
        let head = first + second;
        if kind == DATA {
            self.within_data(length);
            return Ok(Some(self.give(head)));
        }
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if length > self.largest {
            return Err(Malformed::TooLong);
        }
        if self.held.len() >= head + length {
            self.share = None;
            return Ok(Some(self.give(head + length)));
        }
        if self.share.is_none() {
            let share = self.budget.share(length).ok_or(Malformed::TooMany)?;
            self.share = Some(share);
        }
        Ok(None)
    }

    fn within_data(&mut self, left: u64) {
        self.stage = if left == 0 {
            Stage::Frame
        } else {
            Stage::Data(left)
        };
    }

    fn give(&mut self, length: usize) -> Bytes {
        self.held.split_to(length).freeze()
    }
}

/// A number as QUIC writes it (RFC 9000, section 16), and how many bytes it has; nothing while some are missing.
fn varint(bytes: &[u8]) -> Option<(u64, usize)> {
    let first = *bytes.first()?;
    let length = 1 << (first >> 6);
    let rest = bytes.get(1..length)?;
    let number = rest.iter().fold(u64::from(first & 0x3f), |number, byte| {
        number << 8 | u64::from(*byte)
    });
    Some((number, length))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADERS: u8 = 1;
    /// Of a frame, and of all that are not whole.
    const LARGEST: usize = 100;

    fn of_request() -> Frames {
        Frames::of_request(LARGEST, &Budget::new(LARGEST))
    }

    fn of_other() -> Frames {
        Frames::of_other(LARGEST, &Budget::new(LARGEST))
    }

    /// All that is given on of what comes in pieces of this length.
    fn given(mut frames: Frames, bytes: &[u8], piece: usize) -> Result<Vec<Bytes>, Malformed> {
        let mut all = Vec::new();
        for piece in bytes.chunks(piece) {
            frames.take(piece);
            while let Some(bytes) = frames.next()? {
                all.push(bytes);
            }
        }
        frames.end().map(|()| all)
    }

    #[test]
    fn numbers() {
        assert_eq!(varint(&[0x25]), Some((37, 1)));
        assert_eq!(varint(&[0x40, 0x25]), Some((37, 2)));
        assert_eq!(varint(&[0x7b, 0xbd]), Some((15_293, 2)));
        assert_eq!(varint(&[0x9d, 0x7f, 0x3e, 0x7d]), Some((494_878_333, 4)));
        let longest = [0xc2, 0x19, 0x7c, 0x5e, 0xff, 0x14, 0xe8, 0x8c];
        assert_eq!(varint(&longest), Some((151_288_809_941_952_652, 8)));
        assert_eq!(varint(&longest[..7]), None);
        assert_eq!(varint(&[]), None);
    }

    #[test]
    fn frames_come_whole_however_they_are_cut() -> Result<(), Malformed> {
        let headers = [&[HEADERS, 5][..], b"block"].concat();
        let (data, grease) = ([&[0, 4][..], b"data"].concat(), vec![0x21, 2, 7, 7]);
        let all = [&headers[..], &data, &grease, &[0, 0], &data, &headers].concat();
        for piece in 1..all.len() {
            let given = given(of_request(), &all, piece)?;
            assert_eq!(given.concat(), all, "pieces of {piece}");
            assert_eq!(given.first().unwrap(), &headers[..], "pieces of {piece}");
            assert!(given.contains(&grease.clone().into()), "pieces of {piece}");
        }
        Ok(())
    }

    #[test]
    fn what_breaks_off_is_not_whole() {
        let whole = [HEADERS, 1, b'x', 0, 3, b'a', b'b', b'c'];
        for length in 1..whole.len() {
            let is_between = length == 3;
            let given = given(of_request(), &whole[..length], 1);
            let expected = if is_between {
                None
            } else {
                Some(Malformed::Incomplete)
            };
            assert_eq!(given.err(), expected, "{length} bytes");
        }
    }

    #[test]
    fn long_frames_are_refused_by_their_heads() {
        let too_long = [HEADERS, 0x40, 101];
        let longest = [HEADERS, 0xff, 255, 255, 255, 255, 255, 255, 255];
        for head in [&too_long[..], &longest] {
            let given = given(of_request(), head, 1);
            assert_eq!(given.err(), Some(Malformed::TooLong));
        }
        let data = [0, 0xff, 255, 255, 255, 255, 255, 255, 255];
        let mut frames = of_request();
        frames.take(&data);
        assert_eq!(frames.next(), Ok(Some(Bytes::copy_from_slice(&data))));
        frames.take(&[1; 1000]);
        assert_eq!(
            frames.next().map(|data| data.map(|data| data.len())),
            Ok(Some(1000))
        );
        let webtransport = given(of_request(), &[0x40, 0x41, 0], 1);
        assert_eq!(webtransport.err(), Some(Malformed::Unknown));
    }

    #[test]
    fn only_the_control_stream_has_frames() -> Result<(), Malformed> {
        let control = [0, 4, 2, 6, 9];
        assert_eq!(given(of_other(), &control, 1)?.concat(), control);
        let long = [0, 4, 0x40, 101];
        let given_of_long = given(of_other(), &long, 1);
        assert_eq!(given_of_long.err(), Some(Malformed::TooLong));
        let encoder = [2, 0x40, 0xff, 0xff];
        assert_eq!(given(of_other(), &encoder, 3)?.concat(), encoder);
        Ok(())
    }

    #[test]
    fn all_streams_share_what_can_be_kept() {
        let budget = Budget::new(LARGEST);
        let begin = |length: u8| {
            let mut frames = Frames::of_request(LARGEST, &budget);
            frames.take(&[HEADERS, length]);
            let next = frames.next();
            (frames, next)
        };
        let (mut first, next) = begin(60);
        assert_eq!(next, Ok(None));
        assert_eq!(begin(60).1, Err(Malformed::TooMany));
        assert_eq!(begin(40).1, Ok(None));
        // What has come to its end is kept by nobody here.
        first.take(&[0; 60]);
        assert!(matches!(first.next(), Ok(Some(_))));
        assert_eq!(begin(60).1, Ok(None));
    }
}
