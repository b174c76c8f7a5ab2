use telemetry::Failure;

/// `health`: asks the process that listens on `bind:port` whether it is ready, and says so in one line. `variable` is
/// what sets the port.
///
/// # Errors
/// Why it is not ready, or who does not answer.
#[allow(clippy::print_stdout, reason = "this is what the command prints")]
pub fn probe(process: &str, bind: &str, port: u16, variable: &str) -> Result<(), Failure> {
    if port == 0 {
        return Err(Failure::new(format!(
            "could not ask {process} whether it is ready: {variable} is 0, which is a port that nobody knows"
        ))
        .hint(format!("set {variable} to the port of the process")));
    }
    println!("{}", telemetry::probe(process, bind, port)?);
    Ok(())
}
