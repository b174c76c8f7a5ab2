use std::io;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::Manager;

/// Says to the service manager that the process is alive, as long as all its loops move. It has a thread of its own, so
/// that none of them has to answer for the others.
pub(super) fn start(manager: Arc<Manager>, timeout: Duration) -> io::Result<()> {
    let thread = thread::Builder::new().name("watchdog".into());
    thread.spawn(move || watch(&manager, timeout)).map(drop)
}

fn watch(manager: &Manager, timeout: Duration) {
    let mut is_silent = false;
    loop {
        is_silent = !ping(manager, timeout / 2, is_silent);
        thread::sleep(timeout / 4);
    }
}

/// Says it, unless a loop hangs. Whether it did.
pub(super) fn ping(manager: &Manager, patience: Duration, was_silent: bool) -> bool {
    let Some(hung) = manager.loops.hung(patience) else {
        if was_silent {
            tracing::info!("all loops move again");
            manager.messages.status("serving");
        }
        manager.messages.alive();
        return true;
    };
    if !was_silent {
        let (name, silence_ms) = (&hung.name, hung.silence.as_millis());
        tracing::error!(
            service.r#loop = %name,
            silence_ms,
            "a loop hangs: the service manager will start this process again unless it moves"
        );
        manager.messages.status(&format!("{name} hangs"));
    }
    false
}
