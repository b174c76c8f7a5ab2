use std::error::Error;
use std::fmt;
use std::process::ExitCode;

/// Why a process ends with exit code 1: what happened, and what to do about it where that is known.
///
/// ```
/// let failure = telemetry::Failure::new("could not listen on 127.0.0.1:3000: address in use").hint("set PORT");
/// assert_eq!(failure.to_string(), "error: could not listen on 127.0.0.1:3000: address in use\nhint: set PORT");
/// ```
pub struct Failure {
    message: String,
    hint: Option<String>,
}

impl Failure {
    /// A failure with its whole message.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            hint: None,
        }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl<E: Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::new(chain(&error))
    }
}

/// The messages of an error and of its causes. A cause whose text the message before it ends with is not told twice.
///
/// ```
/// let nothing = std::io::Error::new(std::io::ErrorKind::NotFound, "no such file");
/// assert_eq!(telemetry::chain(&nothing), "no such file");
/// ```
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let message = error.to_string();
        if !text.ends_with(&message) {
            text = format!("{text}: {message}");
        }
        cause = error.source();
    }
    text
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.message)?;
        match &self.hint {
            Some(hint) => write!(f, "\nhint: {hint}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The exit code of a process, after its failure was written to standard error.
#[allow(
    clippy::print_stderr,
    reason = "the last word of a process goes to standard error, logging or not"
)]
pub fn exit(outcome: Result<(), Failure>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error;
    use std::fmt;

    use super::chain;

    #[derive(Debug)]
    struct Told(&'static str, Option<Box<Told>>);

    impl fmt::Display for Told {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }

    impl Error for Told {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            self.1.as_deref().map(|cause| cause as _)
        }
    }

    #[test]
    fn causes_are_told_once() {
        let told = |messages: &[&'static str]| {
            let causes = messages.iter().rev();
            let error = causes.fold(None, |cause, message| Some(Box::new(Told(message, cause))));
            error.map(|error| chain(&*error)).unwrap_or_default()
        };
        assert_eq!(told(&["a"]), "a");
        assert_eq!(told(&["a", "b", "c"]), "a: b: c");
        assert_eq!(told(&["a: b", "b", "c"]), "a: b: c");
        assert_eq!(told(&["a: b: c", "b: c", "c"]), "a: b: c");
    }
}
