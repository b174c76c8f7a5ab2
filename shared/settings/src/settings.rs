use std::mem::take;
use std::path::PathBuf;
use std::str::FromStr;

use action_cable::TrustedProxies;
use jiff::tz::TimeZone;
use solid_queue::RecurringTask;
use telemetry::LogFormat;

use crate::cable_server::Pages;
use crate::file::{Files, Section};
use crate::{
    Access, AppEnv, Cable, Cache, Databases, Environment, Problems, Queue, SecretKeyBase,
    SupervisorMode, Web, Worker,
};
use crate::{cable, cache, databases, encryption, queue, recurring, spans, web};

/// All that a process can be told, checked.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `APP_ENV`.
    pub app_env: AppEnv,
    /// `STORAGE_DIR`.
    pub storage_dir: PathBuf,
    /// `SECRET_KEY_BASE`, or what the file holds that stands for it.
    pub secret_key_base: SecretKeyBase,
    /// The files (`database.yml`).
    pub databases: Databases,
    /// Jobs (`queue.yml`, `recurring.yml`).
    pub queue: Queue,
    /// The cache (`cache.yml`).
    pub cache: Cache,
    /// The cable process (`cable.yml`).
    pub cable: Cable,
    /// The web process (`web.yml`).
    pub web: Web,
    /// The worker process.
    pub worker: Worker,
    /// `RUST_LOG` and `LOG_FORMAT`.
    pub log: telemetry::Config,
}

impl Settings {
    /// Reads the variables and the files of the folder `CONFIG_DIR` (default `config`).
    ///
    /// # Errors
    /// All that is wrong, each with its place and what was expected.
    pub fn load(environment: &Environment) -> Result<Self, Problems> {
        let mut reader = Reader {
            environment,
            problems: Problems::default(),
        };
        let app_env = reader.parsed("APP_ENV", AppEnv::Development);
        let storage_dir = PathBuf::from(environment.get("STORAGE_DIR").unwrap_or("storage"));
        let folder = PathBuf::from(environment.get("CONFIG_DIR").unwrap_or("config"));
        let files = Files {
            folder,
            app_env,
            environment,
        };

        let databases: databases::File = reader.section(&files);
        let queue = reader.queue(&files);
        let cache: cache::File = reader.section(&files);
        let web: web::File = reader.section(&files);

        let bind = environment.get("BIND").unwrap_or("127.0.0.1").to_owned();
        let port = reader.port("PORT").unwrap_or(3000);
        let cable_url = environment.get("CABLE_URL").map(str::to_owned);
        let log = reader.log();
        let secret_key_base = reader.secret(&storage_dir, app_env);
        let caches = reader.cache_databases(&files, &cache, &databases);
        let settings = Self {
            app_env,
            databases: databases.resolve(&storage_dir, app_env, &caches),
            queue,
            cache: reader.cache(cache, &secret_key_base),
            cable: reader.cable(&files, bind.clone(), port),
            worker: Worker {
                bind: bind.clone(),
                port: reader.port("WORKER_PORT"),
                mode: reader.parsed("SOLID_QUEUE_SUPERVISOR_MODE", SupervisorMode::Async),
            },
            web: web.resolve(bind, port, cable_url),
            log,
            secret_key_base,
            storage_dir,
        };
        if reader.problems.is_empty() {
            Ok(settings)
        } else {
            Err(reader.problems)
        }
    }
}

/// Collects the problems, and goes on with a stand-in, so that all are told at once.
struct Reader<'a> {
    environment: &'a Environment,
    problems: Problems,
}

impl Reader<'_> {
    fn parsed<T>(&mut self, variable: &str, default: T) -> T
    where
        T: FromStr,
        T::Err: std::fmt::Display,
    {
        self.optional(variable).unwrap_or(default)
    }

    fn optional<T>(&mut self, variable: &str) -> Option<T>
    where
        T: FromStr,
        T::Err: std::fmt::Display,
    {
        let text = self.environment.get(variable)?;
        let parsed = text.parse();
        parsed
            .map_err(|error: T::Err| self.problems.add(variable, error.to_string()))
            .ok()
    }

    fn port(&mut self, variable: &str) -> Option<u16> {
        let text = self.environment.get(variable)?;
        let expected = || format!("expected a port from 0 to 65535, got `{text}`");
        text.parse()
            .map_err(|_| self.problems.add(variable, expected()))
            .ok()
    }

    fn section<T: Section>(&mut self, files: &Files<'_>) -> T {
        files.section().unwrap_or_else(|problem| {
            self.problems.push(problem);
            T::default()
        })
    }

    fn queue(&mut self, files: &Files<'_>) -> Queue {
        let queue: queue::File = self.section(files);
        let tasks = (!self.skips_recurring()).then(|| self.tasks(files, &queue.time_zone()));
        queue.resolve(tasks).unwrap_or_else(|problem| {
            self.wrong::<queue::File>(files, problem);
            Queue::Async { threads: 1 }
        })
    }

    /// The names of the cache's databases. None but these and the stores' own may be in `database.yml`.
    fn cache_databases(
        &mut self,
        files: &Files<'_>,
        cache: &cache::File,
        databases: &databases::File,
    ) -> Vec<String> {
        match cache.database_names() {
            Ok(names) => {
                for problem in databases.problems(&names) {
                    self.wrong::<databases::File>(files, problem);
                }
                names
            }
            Err(problem) => {
                self.wrong::<cache::File>(files, problem);
                Vec::new()
            }
        }
    }

    fn cache(&mut self, cache: cache::File, secret: &SecretKeyBase) -> Cache {
        let encryption = cache.encrypt().then(|| {
            encryption::resolve(self.environment, secret)
                .map_err(|(variable, message)| self.problems.add(variable, message))
                .ok()
        });
        cache.resolve(encryption.flatten())
    }

    /// Adds what is wrong about a key of a file.
    fn wrong<T: Section>(&mut self, files: &Files<'_>, (key, message): (String, String)) {
        let place = files.path::<T>();
        self.problems
            .add(format!("{}: {key}", place.display()), message);
    }

    /// As Rails reads it: all but a few words mean yes.
    fn skips_recurring(&self) -> bool {
        let set = self.environment.get("SOLID_QUEUE_SKIP_RECURRING");
        let means_no =
            |word: &str| ["0", "f", "false", "off"].contains(&word.to_ascii_lowercase().as_str());
        set.is_some_and(|word| !means_no(word))
    }

    fn tasks(&mut self, files: &Files<'_>, time_zone: &TimeZone) -> Vec<RecurringTask> {
        let recurring: recurring::File = self.section(files);
        recurring.resolve(time_zone).unwrap_or_else(|problems| {
            for problem in problems {
                self.wrong::<recurring::File>(files, problem);
            }
            Vec::new()
        })
    }

    fn cable(&mut self, files: &Files<'_>, bind: String, port: u16) -> Cable {
        let mut cable: cable::File = self.section(files);
        let pages = Pages {
            origins: self.environment.get("ALLOWED_ORIGINS"),
            port: self.port("WEB_PORT").unwrap_or(port),
        };
        let proxies = self.parsed("TRUSTED_PROXIES", TrustedProxies::default());
        let (server, auth) = (take(&mut cable.server), take(&mut cable.auth));
        Cable {
            bind,
            port: self.port("CABLE_PORT").unwrap_or(28080),
            adapter: cable.resolve(),
            max_broadcast_size: server.max_broadcast_size,
            server: server.resolve(&pages, proxies),
            access: auth
                .resolve(self.environment)
                .unwrap_or_else(|(variable, message)| {
                    self.problems.add(variable, message);
                    Access::default()
                }),
        }
    }

    fn log(&mut self) -> telemetry::Config {
        let usual = telemetry::Config::default();
        let format = match self.environment.get("LOG_FORMAT") {
            None | Some("text") => LogFormat::Text,
            Some("json") => LogFormat::Json,
            Some(other) => {
                self.problems.add(
                    "LOG_FORMAT",
                    format!("expected text or json, got `{other}`"),
                );
                usual.format
            }
        };
        let filter = self.environment.get("RUST_LOG");
        let config = telemetry::Config {
            filter: filter.map_or(usual.filter, str::to_owned),
            format,
            spans: self.spans(),
        };
        if let Err(message) = telemetry::check(&config) {
            self.problems.add("RUST_LOG", message);
        }
        config
    }

    /// What the SDK of OpenTelemetry does not read itself: whether there are spans at all, and where they go.
    fn spans(&mut self) -> Option<telemetry::Spans> {
        let spans = spans::read(self.environment);
        spans.unwrap_or_else(|(variable, message)| {
            self.problems.add(variable, message);
            None
        })
    }

    fn secret(&mut self, storage_dir: &std::path::Path, app_env: AppEnv) -> SecretKeyBase {
        let secret = match (SecretKeyBase::given(self.environment), app_env) {
            (Some(given), _) => given,
            (None, AppEnv::Production) => Err((
                "SECRET_KEY_BASE",
                "is not set; production needs at least 64 hex digits (make some with `openssl rand -hex 64`)".into(),
            )),
            (None, _) => SecretKeyBase::generated(storage_dir, app_env)
                .map_err(|message| ("SECRET_KEY_BASE", message)),
        };
        secret.unwrap_or_else(|(variable, message)| {
            self.problems.add(variable, message);
            SecretKeyBase::none()
        })
    }
}
