//! Thousands of clients on one thread.

use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use bytes::Bytes;
use rustix::buffer::spare_capacity;
use rustix::event::Timespec;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::process::{Resource, getrlimit, setrlimit};

use super::client::Client;
use super::message::{Dialect, Heard};
use super::receipts::Receipts;
use crate::summary::now;

/// Connections that are opened at the same time.
const AT_ONCE: usize = 1_000;
const PATIENCE: Duration = Duration::from_mins(1);
const BUFFER: usize = 256 * 1024;

pub(crate) struct Clients {
    poll: OwnedFd,
    open: Vec<Client>,
    heard: Counts,
    buffer: Vec<u8>,
}

#[derive(Default)]
struct Counts {
    ready: usize,
    caught_up: usize,
    receipts: Receipts,
}

impl Clients {
    /// Opens a client for each list of commands, and waits until all have been confirmed.
    pub(crate) async fn open(
        address: &str,
        dialect: Dialect,
        commands: Vec<Vec<Bytes>>,
    ) -> Result<Self> {
        let address = address.to_owned();
        apart(move || {
            let mut all = Self::none(commands.len())?;
            let mut commands = commands.into_iter();
            while all.open.len() < all.heard.receipts.clients() {
                for commands in commands.by_ref().take(AT_ONCE) {
                    all.add(Client::connect(&address, dialect, commands)?)?;
                }
                all.read_until(|all| all.heard.ready == all.open.len())?;
            }
            Ok(all)
        })
        .await
    }

    fn none(clients: usize) -> Result<Self> {
        Ok(Self {
            poll: epoll::create(CreateFlags::CLOEXEC)?,
            open: Vec::new(),
            heard: Counts {
                receipts: Receipts::of(clients),
                ..Counts::default()
            },
            buffer: vec![0; BUFFER],
        })
    }

    fn add(&mut self, client: Client) -> Result<()> {
        let number = EventData::new_u64(self.open.len() as u64);
        epoll::add(&self.poll, &client, number, EventFlags::IN)?;
        self.open.push(client);
        Ok(())
    }

    /// Reads until so many messages have come to all. Returns how long each took to the last client.
    pub(crate) async fn receive(mut self, messages: usize) -> Result<(Self, Vec<Duration>)> {
        apart(move || {
            self.read_until(|all| all.heard.receipts.complete() >= messages)?;
            let waits = self.heard.receipts.waits();
            self.heard.receipts = Receipts::of(self.open.len());
            Ok((self, waits))
        })
        .await
    }

    /// Reads until all have got what they missed, which is so many messages.
    pub(crate) async fn catch_up(mut self, messages: usize) -> Result<()> {
        apart(move || {
            self.read_until(|all| {
                all.heard.caught_up == all.open.len() && all.heard.receipts.complete() == messages
            })
        })
        .await
    }

    /// Reads for so long.
    pub(crate) async fn rest(mut self, time: Duration) -> Result<Self> {
        apart(move || {
            let start = Instant::now();
            while start.elapsed() < time {
                self.read()?;
            }
            Ok(self)
        })
        .await
    }

    fn read_until(&mut self, is_done: impl Fn(&Self) -> bool) -> Result<()> {
        let start = Instant::now();
        while !is_done(self) {
            ensure!(
                start.elapsed() < PATIENCE,
                "of {} clients {} are ready, {} caught up, and all got {} messages",
                self.open.len(),
                self.heard.ready,
                self.heard.caught_up,
                self.heard.receipts.complete(),
            );
            self.read()?;
        }
        Ok(())
    }

    /// Reads from those to whom something came.
    fn read(&mut self) -> Result<()> {
        const WAIT: Timespec = Timespec {
            tv_sec: 0,
            tv_nsec: 100_000_000,
        };
        let mut events: Vec<epoll::Event> = Vec::with_capacity(256);
        epoll::wait(&self.poll, spare_capacity(&mut events), Some(&WAIT))?;
        for event in events {
            let client = usize::try_from(event.data.u64())?;
            let client = &mut self.open[client];
            let was_ready = client.is_ready();
            client.read(&mut self.buffer, |heard| self.heard.count(heard))?;
            self.heard.ready += usize::from(client.is_ready() && !was_ready);
        }
        Ok(())
    }
}

impl Counts {
    fn count(&mut self, heard: Heard) {
        match heard {
            Heard::Message(broadcast) => self.receipts.note(broadcast, now()),
            Heard::CaughtUp => self.caught_up += 1,
            Heard::GoOn | Heard::Other => {}
        }
    }
}

/// On a thread where it may block.
async fn apart<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await?
}

/// Lets this process and those that it starts have as many connections as the system allows.
pub(crate) fn allow_many_connections() -> Result<()> {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    Ok(setrlimit(Resource::Nofile, limit)?)
}
