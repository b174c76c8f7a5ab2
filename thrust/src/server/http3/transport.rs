use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use h3::error::Code;
use h3::quic::{self, ConnectionErrorIncoming, StreamErrorIncoming, StreamId, WriteBuf};
use quinn::{ConnectionError, ReadError, StoppedError, VarInt, WriteError};

use super::budget::Budget;
use super::frames::Frames;
use super::gate::code;

/// Bytes to read at once.
const PIECE: usize = 8 << 10;
/// Frames of the largest kind that may have begun on all streams of a connection.
const UNFINISHED: usize = 8;

type Waiting<T> = Pin<Box<dyn Future<Output = Result<T, ConnectionError>> + Send>>;
/// Completes when the client wants no more of an answer, or has all of it.
pub(super) type Stopped =
    Pin<Box<dyn Future<Output = Result<Option<VarInt>, StoppedError>> + Send>>;

/// A connection of quinn's, as h3 wants one.
pub(super) struct Transport {
    connection: quinn::Connection,
    accepting: Option<Waiting<(quinn::SendStream, quinn::RecvStream)>>,
    accepting_other: Option<Waiting<quinn::RecvStream>>,
    opening: Option<Waiting<quinn::SendStream>>,
    largest: usize,
    budget: Budget,
    arrivals: Arrivals,
}

/// The streams of requests that come, beside what h3 tells of them. A clone shares them.
#[derive(Clone, Default)]
pub(super) struct Arrivals(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    stopped: VecDeque<Stopped>,
    are_refused: bool,
}

impl Arrivals {
    /// Refuses those that come from now on. Clients may ask again elsewhere.
    pub(super) fn refuse(&self) {
        self.lock().are_refused = true;
    }

    /// What tells the end of the next one that came.
    pub(super) fn next(&self) -> Option<Stopped> {
        self.lock().stopped.pop_front()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a stream may come in.
    fn admit(&self, stream: &quinn::SendStream) -> bool {
        let mut state = self.lock();
        if !state.are_refused {
            state.stopped.push_back(Box::pin(stream.stopped()));
        }
        !state.are_refused
    }
}

impl Transport {
    /// No frame but those of data may be longer than `largest`, and those that are not whole yet may be some of the longest
    /// together.
    pub(super) fn new(connection: quinn::Connection, largest: usize, arrivals: Arrivals) -> Self {
        Self {
            connection,
            accepting: None,
            accepting_other: None,
            opening: None,
            largest,
            budget: Budget::new(largest * UNFINISHED),
            arrivals,
        }
    }
}

/// Polls what is waited for, and begins to wait where nobody does.
fn poll_waiting<T>(
    waiting: &mut Option<Waiting<T>>,
    begin: impl FnOnce() -> Waiting<T>,
    context: &mut Context<'_>,
) -> Poll<Result<T, ConnectionError>> {
    let outcome = ready!(waiting.get_or_insert_with(begin).as_mut().poll(context));
    *waiting = None;
    Poll::Ready(outcome)
}

impl quic::Connection<Bytes> for Transport {
    type RecvStream = Receiver;
    type OpenStreams = Self;

    fn poll_accept_recv(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Result<Receiver, ConnectionErrorIncoming>> {
        let connection = &self.connection;
        let begin = || -> Waiting<_> {
            let connection = connection.clone();
            Box::pin(async move { connection.accept_uni().await })
        };
        let stream = ready!(poll_waiting(&mut self.accepting_other, begin, context));
        let frames = Frames::of_other(self.largest, &self.budget);
        Poll::Ready(
            stream
                .map(|stream| Receiver { stream, frames })
                .map_err(lost),
        )
    }

    fn poll_accept_bidi(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Result<Both, ConnectionErrorIncoming>> {
        loop {
            let connection = &self.connection;
            let begin = || -> Waiting<_> {
                let connection = connection.clone();
                Box::pin(async move { connection.accept_bi().await })
            };
            let streams = ready!(poll_waiting(&mut self.accepting, begin, context));
            let (mut send, mut receive) = streams.map_err(lost)?;
            if self.arrivals.admit(&send) {
                let frames = Frames::of_request(self.largest, &self.budget);
                let receiver = Receiver {
                    stream: receive,
                    frames,
                };
                return Poll::Ready(Ok(Both(Sender::new(send), receiver)));
            }
            let _ = receive.stop(code(Code::H3_REQUEST_REJECTED));
            let _ = send.reset(code(Code::H3_REQUEST_REJECTED));
        }
    }

    fn opener(&self) -> Self {
        Self::new(self.connection.clone(), self.largest, self.arrivals.clone())
    }
}

impl quic::OpenStreams<Bytes> for Transport {
    type BidiStream = Both;
    type SendStream = Sender;

    fn poll_open_bidi(&mut self, _: &mut Context<'_>) -> Poll<Result<Both, StreamErrorIncoming>> {
        let reason = "a server opens no streams for requests";
        Poll::Ready(Err(StreamErrorIncoming::Unknown(reason.into())))
    }

    fn poll_open_send(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Result<Sender, StreamErrorIncoming>> {
        let connection = &self.connection;
        let begin = || -> Waiting<_> {
            let connection = connection.clone();
            Box::pin(async move { connection.open_uni().await })
        };
        let stream = ready!(poll_waiting(&mut self.opening, begin, context));
        Poll::Ready(stream.map(Sender::new).map_err(stream_lost))
    }

    fn close(&mut self, reason: Code, text: &[u8]) {
        self.connection.close(code(reason), text);
    }
}

/// A stream of a request, before it is split.
pub(super) struct Both(Sender, Receiver);

impl quic::BidiStream<Bytes> for Both {
    type SendStream = Sender;
    type RecvStream = Receiver;

    fn split(self) -> (Sender, Receiver) {
        (self.0, self.1)
    }
}

impl quic::RecvStream for Both {
    type Buf = Bytes;

    fn poll_data(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Result<Option<Bytes>, StreamErrorIncoming>> {
        self.1.poll_data(context)
    }

    fn stop_sending(&mut self, code: u64) {
        self.1.stop_sending(code);
    }

    fn recv_id(&self) -> StreamId {
        self.1.recv_id()
    }
}

impl quic::SendStream<Bytes> for Both {
    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), StreamErrorIncoming>> {
        self.0.poll_ready(context)
    }

    fn send_data<T: Into<WriteBuf<Bytes>>>(&mut self, data: T) -> Result<(), StreamErrorIncoming> {
        self.0.send_data(data)
    }

    fn poll_finish(&mut self, context: &mut Context<'_>) -> Poll<Result<(), StreamErrorIncoming>> {
        self.0.poll_finish(context)
    }

    fn reset(&mut self, code: u64) {
        self.0.reset(code);
    }

    fn send_id(&self) -> StreamId {
        self.0.send_id()
    }
}

/// What a client sends on a stream.
pub(super) struct Receiver {
    stream: quinn::RecvStream,
    frames: Frames,
}

impl quic::RecvStream for Receiver {
    type Buf = Bytes;

    fn poll_data(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Result<Option<Bytes>, StreamErrorIncoming>> {
        loop {
            if let Some(bytes) = self.frames.next().map_err(unknown)? {
                return Poll::Ready(Ok(Some(bytes)));
            }
            let mut piece = [0; PIECE];
            let read = ready!(self.stream.poll_read(context, &mut piece)).map_err(unread)?;
            if read == 0 {
                return Poll::Ready(self.frames.end().map(|()| None).map_err(unknown));
            }
            self.frames.take(&piece[..read]);
        }
    }

    fn stop_sending(&mut self, code: u64) {
        let _ = self.stream.stop(VarInt::from_u64(code).unwrap_or_default());
    }

    fn recv_id(&self) -> StreamId {
        stream_id(self.stream.id())
    }
}

impl Drop for Receiver {
    /// What was not read is not wanted, which is no fault of the client's.
    fn drop(&mut self) {
        let _ = self.stream.stop(code(Code::H3_NO_ERROR));
    }
}

/// What a client gets on a stream.
pub(super) struct Sender {
    stream: quinn::SendStream,
    writing: Option<WriteBuf<Bytes>>,
}

impl Sender {
    fn new(stream: quinn::SendStream) -> Self {
        Self {
            stream,
            writing: None,
        }
    }
}

impl quic::SendStream<Bytes> for Sender {
    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), StreamErrorIncoming>> {
        while let Some(data) = self.writing.as_mut().filter(Buf::has_remaining) {
            let stream = Pin::new(&mut self.stream);
            let written = ready!(stream.poll_write(context, data.chunk())).map_err(unwritten)?;
            data.advance(written);
        }
        self.writing = None;
        Poll::Ready(Ok(()))
    }

    fn send_data<T: Into<WriteBuf<Bytes>>>(&mut self, data: T) -> Result<(), StreamErrorIncoming> {
        if self.writing.is_some() {
            return Err(unknown("the last data are still on their way"));
        }
        self.writing = Some(data.into());
        Ok(())
    }

    fn poll_finish(&mut self, _: &mut Context<'_>) -> Poll<Result<(), StreamErrorIncoming>> {
        Poll::Ready(self.stream.finish().map_err(unknown))
    }

    fn reset(&mut self, code: u64) {
        let _ = self
            .stream
            .reset(VarInt::from_u64(code).unwrap_or_default());
    }

    fn send_id(&self) -> StreamId {
        stream_id(self.stream.id())
    }
}

fn stream_id(id: quinn::StreamId) -> StreamId {
    let id = VarInt::from(id).into_inner();
    StreamId::try_from(id).unwrap_or_else(|_| unreachable!("both are numbers of 62 bits"))
}

fn unknown(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> StreamErrorIncoming {
    StreamErrorIncoming::Unknown(error.into())
}

fn unread(error: ReadError) -> StreamErrorIncoming {
    match error {
        ReadError::Reset(code) => terminated(code),
        ReadError::ConnectionLost(error) => stream_lost(error),
        other => unknown(other),
    }
}

fn unwritten(error: WriteError) -> StreamErrorIncoming {
    match error {
        WriteError::Stopped(code) => terminated(code),
        WriteError::ConnectionLost(error) => stream_lost(error),
        other => unknown(other),
    }
}

fn terminated(code: VarInt) -> StreamErrorIncoming {
    StreamErrorIncoming::StreamTerminated {
        error_code: code.into_inner(),
    }
}

fn stream_lost(error: ConnectionError) -> StreamErrorIncoming {
    StreamErrorIncoming::ConnectionErrorIncoming {
        connection_error: lost(error),
    }
}

fn lost(error: ConnectionError) -> ConnectionErrorIncoming {
    match error {
        ConnectionError::ApplicationClosed(closed) => ConnectionErrorIncoming::ApplicationClose {
            error_code: closed.error_code.into_inner(),
        },
        ConnectionError::TimedOut => ConnectionErrorIncoming::Timeout,
        other => ConnectionErrorIncoming::Undefined(Arc::new(other)),
    }
}
