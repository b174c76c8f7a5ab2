//! The least client that keeps many connections busy: it shares the machine with the proxy and its backend. A
//! connection sends its next request as soon as the last is answered. Two threads have half of the connections each, so
//! that no proxy is faster than its clients.

use std::os::fd::AsFd;
use std::thread::{self, ScopedJoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, ensure};
use rustix::buffer::spare_capacity;
use rustix::event::Timespec;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};

const THREADS: usize = 2;
const BUFFER: usize = 256 * 1024;
const PATIENCE: Timespec = Timespec {
    tv_sec: 30,
    tv_nsec: 0,
};

pub(crate) const USER_AGENT: &str =
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

/// A request as a browser makes it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request {
    pub(crate) path: &'static str,
    pub(crate) accept_encoding: &'static str,
}

impl Request {
    /// As HTTP/1.1 writes it, with more fields.
    pub(crate) fn text(&self, more: &str) -> String {
        let Self {
            path,
            accept_encoding,
        } = self;
        format!(
            "GET {path} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: {USER_AGENT}\r\nAccept: */*\r\n\
             Accept-Encoding: {accept_encoding}\r\n{more}\r\n"
        )
    }
}

/// A connection to load.
pub(crate) trait Connection: AsFd + Send + 'static {
    /// Sends its first requests.
    fn begin(&mut self) -> Result<()>;

    /// Reads once what came, notes what is answered, and sends as many requests again.
    fn go_on(&mut self, buffer: &mut [u8], tally: &mut Tally) -> Result<()>;
}

/// How long each answer took to its last byte, in microseconds.
#[derive(Default)]
pub(crate) struct Tally {
    waits: Vec<f64>,
}

/// What a run says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    pub(crate) answers: u32,
    pub(crate) time: Duration,
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
}

impl Tally {
    /// Notes an answer that is whole. Returns the time, when the next request goes out.
    pub(crate) fn note(&mut self, sent: Instant) -> Instant {
        let now = Instant::now();
        self.waits.push((now - sent).as_secs_f64() * 1e6);
        now
    }

    pub(crate) fn run(mut self, time: Duration) -> Result<Run> {
        ensure!(!self.waits.is_empty(), "nothing was answered in time");
        self.waits.sort_unstable_by(f64::total_cmp);
        let at = |percent: usize| self.waits[(self.waits.len() - 1) * percent / 100];
        Ok(Run {
            answers: u32::try_from(self.waits.len())?,
            time,
            p50_us: at(50),
            p99_us: at(99),
        })
    }
}

/// Keeps connections busy for so long, and until something is answered. Blocks.
pub(crate) fn load<C: Connection>(connections: &mut [C], time: Duration) -> Result<Run> {
    let share = connections.len().div_ceil(THREADS);
    let start = Instant::now();
    let shares: Vec<_> = thread::scope(|scope| {
        let shares = connections.chunks_mut(share);
        let threads = shares.map(|share| scope.spawn(move || keep_busy(share, time)));
        let threads: Vec<_> = threads.collect();
        threads.into_iter().map(ScopedJoinHandle::join).collect()
    });
    let (mut all, time) = (Tally::default(), start.elapsed());
    for share in shares {
        all.waits
            .extend(share.map_err(|_| anyhow!("a client broke"))??.waits);
    }
    all.run(time)
}

fn keep_busy<C: Connection>(connections: &mut [C], time: Duration) -> Result<Tally> {
    let poll = epoll::create(CreateFlags::CLOEXEC)?;
    for (number, connection) in connections.iter_mut().enumerate() {
        let number = EventData::new_u64(number as u64);
        epoll::add(&poll, &*connection, number, EventFlags::IN)?;
        connection.begin()?;
    }
    let (mut tally, mut buffer) = (Tally::default(), vec![0; BUFFER]);
    let mut events: Vec<epoll::Event> = Vec::with_capacity(256);
    let start = Instant::now();
    while start.elapsed() < time || tally.waits.is_empty() {
        events.clear();
        epoll::wait(&poll, spare_capacity(&mut events), Some(&PATIENCE))?;
        ensure!(!events.is_empty(), "no answer for a long time");
        for event in &events {
            let number = usize::try_from(event.data.u64())?;
            connections[number].go_on(&mut buffer, &mut tally)?;
        }
    }
    Ok(tally)
}
