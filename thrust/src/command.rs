use std::ffi::OsString;
use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;

use rustix::process::{Pid, kill_process};
use telemetry::{Failure, Signal};
use tokio::process::{Child, Command};

/// The command that is run behind the proxy.
pub(crate) struct Wrapped {
    child: Child,
}

impl Wrapped {
    /// Starts it. It gets the port to listen on as `PORT`, and the standard streams as they are.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(crate) fn start(command: &[OsString], port: u16) -> Result<Option<Self>, Failure> {
        let Some((program, arguments)) = command.split_first() else {
            return Ok(None);
        };
        let mut command = std::process::Command::new(program);
        command.args(arguments).env("PORT", port.to_string());
        telemetry::forget_service(&mut command);
        let child = Command::from(command).spawn();
        let child = child.map_err(|error| {
            let program = program.to_string_lossy();
            Failure::new(format!("could not start `{program}`: {error}"))
                .hint("give a program and its arguments, such as `thrust ./web`")
        })?;
        tracing::info!(process.id = child.id(), "started the command");
        Ok(Some(Self { child }))
    }

    /// Passes a signal on.
    pub(crate) fn signal(&self, signal: Signal) {
        let Some(pid) = self
            .child
            .id()
            .and_then(|pid| Pid::from_raw(pid.cast_signed()))
        else {
            return;
        };
        if let Err(error) = kill_process(pid, system(signal)) {
            tracing::warn!(%error, %signal, "could not pass a signal on to the command");
        }
    }

    /// Waits for its end. Cancel safe.
    pub(crate) async fn ended(&mut self) -> io::Result<ExitStatus> {
        self.child.wait().await
    }
}

/// As a shell tells how a command ended: its code, or 128 and the number of the signal that ended it.
pub(crate) fn exit_code(status: ExitStatus) -> u8 {
    let code = status.code().or(status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code & 0xff).ok())
        .unwrap_or(1)
}

fn system(signal: Signal) -> rustix::process::Signal {
    match signal {
        Signal::Term => rustix::process::Signal::TERM,
        Signal::Interrupt => rustix::process::Signal::INT,
        Signal::Quit => rustix::process::Signal::QUIT,
    }
}
