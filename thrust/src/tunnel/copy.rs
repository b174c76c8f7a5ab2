use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

const CHUNK: usize = 16 << 10;

thread_local! {
    /// What is read goes through here and is mostly written at once, so that a tunnel at rest holds no memory of its own.
    static CHUNKS: RefCell<Box<[u8; CHUNK]>> = RefCell::new(Box::new([0; CHUNK]));
}

/// One way through a tunnel.
pub(super) struct Direction {
    /// What was read and not taken yet.
    waiting: Bytes,
    unflushed: bool,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    /// Nothing more comes; the other side has to be told.
    Ended,
    Done,
}

impl Direction {
    /// `waiting` comes first.
    pub(super) fn new(waiting: &[u8]) -> Self {
        Self {
            // A copy: even an empty part of hyper's buffer would keep all of it.
            waiting: Bytes::copy_from_slice(waiting),
            unflushed: false,
            state: State::Open,
        }
    }

    fn poll<R, W>(
        &mut self,
        from: &mut R,
        to: &mut W,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>>
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        loop {
            while !self.waiting.is_empty() {
                let taken = ready!(Pin::new(&mut *to).poll_write(context, &self.waiting))?;
                self.took(taken)?;
            }
            match self.state {
                State::Done => return Poll::Ready(Ok(())),
                State::Ended => {
                    ready!(Pin::new(&mut *to).poll_shutdown(context))?;
                    self.state = State::Done;
                }
                State::Open => {
                    if self.read(from, to, context)?.is_pending() {
                        if self.unflushed {
                            ready!(Pin::new(&mut *to).poll_flush(context))?;
                            self.unflushed = false;
                        }
                        return Poll::Pending;
                    }
                }
            }
        }
    }

    /// Reads once, and writes what came. Only what is not taken at once is kept.
    fn read<R, W>(
        &mut self,
        from: &mut R,
        to: &mut W,
        context: &mut Context<'_>,
    ) -> io::Result<Poll<()>>
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        CHUNKS.with_borrow_mut(|chunk| {
            let mut buffer = ReadBuf::new(&mut chunk[..]);
            match Pin::new(from).poll_read(context, &mut buffer) {
                Poll::Pending => return Ok(Poll::Pending),
                Poll::Ready(outcome) => outcome?,
            }
            let read = buffer.filled();
            if read.is_empty() {
                self.state = State::Ended;
                return Ok(Poll::Ready(()));
            }
            let taken = match Pin::new(to).poll_write(context, read) {
                Poll::Pending => 0,
                Poll::Ready(taken) => taken?,
            };
            self.unflushed = true;
            self.waiting = Bytes::copy_from_slice(&read[taken..]);
            Ok(Poll::Ready(()))
        })
    }

    fn took(&mut self, taken: usize) -> io::Result<()> {
        if taken == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        self.waiting.advance(taken);
        self.unflushed = true;
        if self.waiting.is_empty() {
            self.waiting = Bytes::new();
        }
        Ok(())
    }
}

/// Copies both ways until both sides have ended.
pub(super) async fn copy_both<A, B>(
    mut a: A,
    mut b: B,
    mut to_b: Direction,
    mut to_a: Direction,
) -> io::Result<()>
where
    A: AsyncRead + AsyncWrite + Unpin,
    B: AsyncRead + AsyncWrite + Unpin,
{
    std::future::poll_fn(|context| {
        let up = to_b.poll(&mut a, &mut b, context)?;
        let down = to_a.poll(&mut b, &mut a, context)?;
        if up.is_ready() && down.is_ready() {
            Poll::Ready(Ok(()))
        } else {
            Poll::Pending
        }
    })
    .await
}
