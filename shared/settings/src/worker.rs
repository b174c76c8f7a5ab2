use std::str::FromStr;

/// The worker process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Worker {
    /// `BIND`, for the port.
    pub bind: String,
    /// `WORKER_PORT`, where it tells of its health and its metrics. None: nowhere.
    pub port: Option<u16>,
    /// `SOLID_QUEUE_SUPERVISOR_MODE`.
    pub mode: SupervisorMode,
}

/// What a supervisor's workers, dispatchers and scheduler are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SupervisorMode {
    /// Tasks of its own process.
    #[default]
    Async,
    /// Each a process of the operating system.
    Fork,
}

impl FromStr for SupervisorMode {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "async" => Ok(Self::Async),
            "fork" => Ok(Self::Fork),
            other => Err(format!("expected async or fork, got `{other}`")),
        }
    }
}
