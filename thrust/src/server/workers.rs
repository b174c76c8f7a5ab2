use std::cell::Cell;
use std::future::Future;
use std::io;
use std::num::NonZero;
use std::thread::JoinHandle;

use tokio::runtime::Builder;

/// Threads for work that blocks, such as reading files, of each worker.
const BLOCKING: usize = 8;

thread_local! {
    static INDEX: Cell<usize> = const { Cell::new(0) };
}

/// How many workers there are: one for each processor.
pub(crate) fn count() -> usize {
    std::thread::available_parallelism().map_or(1, NonZero::get)
}

/// Which worker this thread is; 0 where it is none.
pub(crate) fn index() -> usize {
    INDEX.get()
}

/// A thread with a runtime of its own, so that a connection stays with one processor and nothing of it is handed over.
/// It ends with what `work` returns.
///
/// # Errors
/// When the system has no more threads.
pub(super) fn start<F>(
    index: usize,
    work: impl FnOnce() -> F + Send + 'static,
) -> io::Result<JoinHandle<()>>
where
    F: Future<Output = ()>,
{
    let runtime = Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(BLOCKING)
        .build()?;
    let thread = std::thread::Builder::new().name(format!("worker-{index}"));
    thread.spawn(move || {
        INDEX.set(index);
        runtime.block_on(async { work().await });
        runtime.shutdown_background();
    })
}
