use serde::{Deserialize, Serialize};

/// Why a job failed, as its row keeps it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorReport {
    /// The kind of error.
    #[serde(default)]
    pub exception_class: String,
    /// What happened.
    #[serde(default)]
    pub message: String,
    /// The errors beneath, or the lines of Ruby that led to it.
    #[serde(default)]
    pub backtrace: Option<Vec<String>>,
}

impl ErrorReport {
    /// Text that is no JSON is told as it is.
    pub(crate) fn parse(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or_else(|_| Self {
            message: text.to_owned(),
            ..Self::default()
        })
    }
}
