//! Reads one section of one config file: Ruby expressions, YAML, overrides by the environment, types.

use std::path::PathBuf;

use config::{Config, FileFormat};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::environment::{LAST_INDEX, index_too_large};
use crate::problem::Problem;
use crate::{AppEnv, Environment, erb, unsupported};

/// What a section of a config file is read into.
pub(crate) trait Section: DeserializeOwned + Default {
    /// The file's name without `.yml`.
    const NAME: &'static str;
    /// The variable that may name another file.
    const PATH_VARIABLE: Option<&'static str> = None;

    /// Brings what Rails writes in several ways into the one that is read.
    fn arrange(section: Value) -> Value {
        section
    }
}

/// The folder of config files, and what its files may refer to.
pub(crate) struct Files<'a> {
    pub(crate) folder: PathBuf,
    pub(crate) app_env: AppEnv,
    pub(crate) environment: &'a Environment,
}

impl Files<'_> {
    /// The section for this environment of `{name}.yml`: the one named after it, else `default`, else the whole file,
    /// as Rails' gems choose. A missing file is an empty one. `{NAME}__KEY` variables override its keys.
    pub(crate) fn section<T: Section>(&self) -> Result<T, Problem> {
        let path = self.path::<T>();
        let place = path.display().to_string();
        let section = self
            .read::<T>(&path)?
            .map_or(Value::Null, |whole| choose(whole, self.app_env));
        let section = if section.is_null() {
            Value::Object(serde_json::Map::new())
        } else {
            section
        };
        if !section.is_object() {
            return Err(Problem::new(
                place,
                format!("expected keys and values, got `{section}`"),
            ));
        }
        let config = self.layered(&T::arrange(section), &place, T::NAME)?;
        serde_path_to_error::deserialize(config)
            .map_err(|error| self.describe(&place, T::NAME, &error))
    }

    pub(crate) fn path<T: Section>(&self) -> PathBuf {
        match self.named::<T>() {
            Some((_, path)) => path.into(),
            None => self.folder.join(format!("{}.yml", T::NAME)),
        }
    }

    /// The variable that names another file, and that file.
    fn named<T: Section>(&self) -> Option<(&'static str, &str)> {
        let variable = T::PATH_VARIABLE?;
        Some((variable, self.environment.get(variable)?))
    }

    fn read<T: Section>(&self, path: &std::path::Path) -> Result<Option<Value>, Problem> {
        let problem = |message: String| Problem::new(path.display().to_string(), message);
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) => match self.named::<T>() {
                Some((variable, path)) => {
                    return Err(Problem::new(variable, format!("`{path}`: {error}")));
                }
                None if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
                None => return Err(problem(error.to_string())),
            },
        };
        let text = erb::expand(&text, self.app_env, self.environment).map_err(problem)?;
        let plain = serde_saphyr::options! { with_snippet: false };
        let value = serde_saphyr::from_str_with_options(&text, plain)
            .map_err(|error| problem(format!("not YAML: {error}")))?;
        Ok(Some(value))
    }

    fn layered(&self, section: &Value, place: &str, name: &str) -> Result<Config, Problem> {
        let file = config::File::from_str(&section.to_string(), FileFormat::Json);
        let mut layers = Config::builder().add_source(file);
        for (variable, key, value) in self.environment.overrides(&name.to_uppercase()) {
            if let Some(index) = index_too_large(variable) {
                let message =
                    format!("expected a list's index from 0 to {LAST_INDEX}, got {index}");
                return Err(Problem::new(variable, message));
            }
            layers = layers
                .set_override(&key, value)
                .map_err(|error| Problem::new(variable, error.to_string()))?;
        }
        layers
            .build()
            .map_err(|error| Problem::new(place, error.to_string()))
    }

    fn describe(
        &self,
        place: &str,
        name: &str,
        error: &serde_path_to_error::Error<config::ConfigError>,
    ) -> Problem {
        let key = error.path().to_string();
        let message = match unsupported::message(name, &key) {
            Some(message) => message.to_owned(),
            None => plain(error.inner()),
        };
        let overridden = self
            .environment
            .overrides(&name.to_uppercase())
            .find(|(_, path, _)| *path == key);
        let place = match overridden {
            Some((variable, _, _)) => variable.to_owned(),
            None if key == "." => place.to_owned(),
            None => format!("{place}: {key}"),
        };
        Problem::new(place, message)
    }
}

fn choose(mut whole: Value, app_env: AppEnv) -> Value {
    for section in [app_env.to_string().as_str(), "default"] {
        if let Some(found) = whole.get_mut(section) {
            return found.take();
        }
    }
    whole
}

/// The error without the key that `config` adds at its end: we say the whole path before it.
fn plain(error: &config::ConfigError) -> String {
    let text = error.to_string();
    text.split(" for key `")
        .next()
        .unwrap_or_default()
        .to_owned()
}
