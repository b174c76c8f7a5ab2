use std::net::TcpListener;

use listenfd::ListenFd;

use crate::Failure;

/// Listening sockets that were passed, by the names that the socket units give them.
#[derive(Default)]
pub(super) struct Sockets {
    left: Vec<(String, TcpListener)>,
    pub(super) were_passed: bool,
}

impl Sockets {
    /// Those of this process. They are not passed on to children.
    pub(super) fn of_process() -> Result<Self, Failure> {
        let names: Vec<String> = sd_notify::listen_fds_with_names()
            .map_err(|error| unusable(&error))?
            .map(|(_, name)| name)
            .collect();
        if names.is_empty() {
            return Ok(Self::default());
        }
        let mut passed = ListenFd::from_env();
        let mut left = Vec::new();
        for (index, name) in names.into_iter().enumerate() {
            let socket = passed.take_tcp_listener(index);
            let socket = socket.map_err(|error| not_tcp(&name, &error))?;
            left.extend(socket.map(|socket| (name, socket)));
        }
        Ok(Self {
            left,
            were_passed: true,
        })
    }

    #[cfg(test)]
    pub(super) fn with(left: Vec<(String, TcpListener)>) -> Self {
        Self {
            left,
            were_passed: true,
        }
    }

    pub(super) fn take(&mut self, name: &str) -> Result<Option<TcpListener>, Failure> {
        let Some(index) = self.left.iter().position(|(passed, _)| passed == name) else {
            return Ok(None);
        };
        prepared(self.left.remove(index).1).map(Some)
    }

    pub(super) fn take_main(&mut self, name: &str) -> Result<Option<TcpListener>, Failure> {
        if let Some(socket) = self.take(name)? {
            return Ok(Some(socket));
        }
        match self.left.pop() {
            None => Ok(None),
            Some((_, socket)) if self.left.is_empty() => prepared(socket).map(Some),
            Some((last, _)) => Err(self.misnamed(name, &last)),
        }
    }

    fn misnamed(&self, name: &str, last: &str) -> Failure {
        let names = self.left.iter().map(|(name, _)| name.as_str());
        let names: Vec<&str> = names.chain([last]).collect();
        Failure::new(format!(
            "expected a passed socket with the name `{name}`, got {}",
            names.join(", ")
        ))
        .hint(format!("set FileDescriptorName={name} in its socket unit"))
    }
}

/// As the event loops need it.
fn prepared(socket: TcpListener) -> Result<TcpListener, Failure> {
    socket.set_nonblocking(true)?;
    Ok(socket)
}

fn unusable(error: &std::io::Error) -> Failure {
    Failure::new(format!(
        "could not take the sockets that the service manager passed: {error}"
    ))
    .hint("check LISTEN_FDS and LISTEN_FDNAMES, and the socket units")
}

fn not_tcp(name: &str, error: &std::io::Error) -> Failure {
    Failure::new(format!(
        "expected a TCP socket from the service manager, got `{name}`: {error}"
    ))
    .hint("set ListenStream= in its socket unit to a port, or an address and a port")
}
