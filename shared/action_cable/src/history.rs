use std::sync::Arc;
use std::time::SystemTime;

/// Where a message stands among those of its stream: AnyCable's `epoch` and `offset`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// Names the numbering that the offset belongs to. Offsets of two epochs have nothing to do with each other.
    pub epoch: Arc<str>,
    /// Later messages of a stream have higher ones, not necessarily the next.
    pub offset: i64,
}

/// From where on a client wants the messages of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Since {
    /// After this message.
    Position(Position),
    /// From this moment on.
    Time(SystemTime),
}

/// What an adapter has kept of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum History {
    /// All that is asked for, or the first part of it.
    Kept(Backlog),
    /// Something is or may be missing: the adapter does not know the epoch, or has deleted messages that are asked for.
    Lost,
}

/// Messages of one stream, without a gap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backlog {
    /// The epoch of all offsets here.
    pub epoch: Arc<str>,
    /// In the order of their offsets.
    pub messages: Vec<PastMessage>,
    /// No message of the stream up to this offset is missing.
    pub complete_to: i64,
    /// Whether there is more after that.
    pub has_more: bool,
}

/// A message that was broadcast before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastMessage {
    /// Its offset.
    pub offset: i64,
    /// Its JSON text.
    pub payload: String,
}
