//! The service manager: systemd, or what speaks its protocol. It is told when the process serves and that it gets on,
//! and passes sockets to it. Where there is none, nothing of this happens.

mod loops;
mod messages;
mod sockets;
mod watchdog;

use std::fmt;
use std::io;
use std::net::TcpListener;
use std::process::Command;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::Failure;
pub use loops::Beat;
use loops::Loops;
use messages::Messages;
use sockets::Sockets;

/// What the service manager tells a process. Meant for it alone.
const VARIABLES: [&str; 6] = [
    "NOTIFY_SOCKET",
    "WATCHDOG_PID",
    "WATCHDOG_USEC",
    "LISTEN_PID",
    "LISTEN_FDS",
    "LISTEN_FDNAMES",
];

/// How often to look whether all loops move, before the process says that it serves.
const LOOK: Duration = Duration::from_millis(10);
/// What an orderly end may take longer than it should.
const GRACE: Duration = Duration::from_secs(5);

/// The service manager of this process. Cheap to clone. The default is none.
#[derive(Clone, Default)]
pub struct Service {
    manager: Option<Arc<Manager>>,
    sockets: Arc<Mutex<Sockets>>,
}

struct Manager {
    messages: Messages,
    loops: Loops,
    watchdog: Option<Duration>,
}

impl Service {
    /// The one that started this process. To be called once, before there are threads: it takes the sockets that were
    /// passed.
    ///
    /// # Errors
    /// When what it passed is of no use.
    pub fn of_process() -> Result<Self, Failure> {
        let sockets = Sockets::of_process()?;
        let messages = Messages::of_process();
        let manager =
            messages.map(|messages| Manager::new(messages, sd_notify::watchdog_enabled()));
        Ok(Self {
            manager: manager.map(Arc::new),
            sockets: Arc::new(Mutex::new(sockets)),
        })
    }

    /// The listening socket that was passed by this name, once.
    ///
    /// # Errors
    /// When it is no TCP socket.
    pub fn socket(&self, name: &str) -> Result<Option<TcpListener>, Failure> {
        self.sockets().take(name)
    }

    /// The same for the socket without which the process is not what it is: a single one is taken whatever its name.
    ///
    /// # Errors
    /// When sockets were passed, and none of them is the one.
    pub fn main_socket(&self, name: &str) -> Result<Option<TcpListener>, Failure> {
        self.sockets().take_main(name)
    }

    /// Whether sockets were passed. They stay open when this process ends, and who comes meanwhile waits for the next one.
    pub fn keeps_sockets(&self) -> bool {
        self.sockets().were_passed
    }

    /// Registers a loop that has to move for the process to count as alive, until its [`Beat`] is dropped.
    pub fn beat(&self, name: impl Into<String>) -> Beat {
        match &self.manager {
            Some(manager) => manager.loops.join(name.into(), manager.pace()),
            None => Beat::none(),
        }
    }

    /// Registers work that tells itself for how long it has been silent.
    pub fn watch(
        &self,
        name: impl Into<String>,
        silence: impl Fn() -> Duration + Send + Sync + 'static,
    ) {
        if let Some(manager) = &self.manager {
            manager.loops.watch(name.into(), Box::new(silence));
        }
    }

    /// How often what is registered should show that it moves; nothing where nobody asks.
    pub fn pace(&self) -> Option<Duration> {
        self.manager.as_ref()?.pace()
    }

    /// Whether anybody wants to know when the process serves.
    pub fn is_there(&self) -> bool {
        self.manager.is_some()
    }

    /// Says that the process serves, once all loops have moved, and from then on that it gets on: as long as all of them
    /// do. `status` is for people.
    ///
    /// # Errors
    /// When the system has no more threads.
    pub async fn ready(&self, status: &str) -> io::Result<()> {
        let Some(manager) = &self.manager else {
            return Ok(());
        };
        while !manager.loops.have_all_moved() {
            tokio::time::sleep(LOOK).await;
        }
        manager.messages.ready(status);
        match manager.watchdog {
            Some(timeout) => watchdog::start(Arc::clone(manager), timeout),
            None => Ok(()),
        }
    }

    /// Says that the process ends, within `limit` if all goes well; nothing: when its work is done. The service manager
    /// waits for so long, even where its own limit is shorter.
    pub fn stopping(&self, limit: Option<Duration>) {
        if let Some(manager) = &self.manager {
            manager.messages.stopping(limit.map(|limit| limit + GRACE));
        }
    }

    fn sockets(&self) -> MutexGuard<'_, Sockets> {
        self.sockets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Keeps the messages of the service manager from a child, which they are not for: what it said would count as said by
/// this process.
pub fn forget_service(child: &mut Command) {
    for variable in VARIABLES {
        child.env_remove(variable);
    }
}

impl Manager {
    fn new(messages: Messages, watchdog: Option<Duration>) -> Self {
        Self {
            messages,
            loops: Loops::default(),
            watchdog,
        }
    }

    /// Eight times in the time after which the service manager gives the process up.
    fn pace(&self) -> Option<Duration> {
        self.watchdog.map(|timeout| timeout / 8)
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service")
            .field("is_there", &self.is_there())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
