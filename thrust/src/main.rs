//! The front proxy.

use std::process::ExitCode;

fn main() -> ExitCode {
    thrust::cli()
}
