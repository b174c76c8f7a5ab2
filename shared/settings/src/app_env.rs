use std::fmt;
use std::str::FromStr;

/// Which of the three ways the suite runs (`APP_ENV`, Rails' `RAILS_ENV`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppEnv {
    /// One `web` process does everything.
    Development,
    /// As production, in files of its own.
    Test,
    /// The whole suite.
    Production,
}

impl fmt::Display for AppEnv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Development => "development",
            Self::Test => "test",
            Self::Production => "production",
        })
    }
}

impl FromStr for AppEnv {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "development" => Ok(Self::Development),
            "test" => Ok(Self::Test),
            "production" => Ok(Self::Production),
            other => Err(format!(
                "expected development, test or production, got `{other}`"
            )),
        }
    }
}
