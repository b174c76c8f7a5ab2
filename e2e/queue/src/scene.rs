use std::fs;
use std::path::{Path, PathBuf};
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Result, ensure};
use db::{Database, DatabaseConfig};
use solid_queue::Queue;
use tempfile::TempDir;
use test_support::{Process, Variables, wait_until};

use crate::database::{self, WATCH, WRONG};
use crate::program::{Program, Said};
use crate::{Control, Runs};

const PROGRAM: &str = "queue-faults";
const DATABASE: &str = "queue.sqlite3";
const JOURNALS: &str = "journals";

/// Jobs that somebody still has to do something with.
const BUSY: &str = "(SELECT job_id FROM solid_queue_ready_executions
    UNION ALL SELECT job_id FROM solid_queue_scheduled_executions
    UNION ALL SELECT job_id FROM solid_queue_blocked_executions
    UNION ALL SELECT job_id FROM solid_queue_claimed_executions)";

/// One queue database, and the programs that work on it.
pub struct Scene {
    /// Enqueues from this process.
    pub queue: Queue,
    database: Database,
    folder: TempDir,
    started: AtomicUsize,
    said: Said,
    variables: Variables,
}

impl Scene {
    /// An empty queue.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub async fn new() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        fs::create_dir(folder.path().join(JOURNALS))?;
        let config = DatabaseConfig::new(folder.path().join(DATABASE));
        let database = Database::open(&config, solid_queue::MIGRATIONS)?;
        database::execute(&database, WATCH).await?;
        Ok(Self {
            queue: Queue::solid(database.clone()),
            database,
            folder,
            started: AtomicUsize::new(0),
            said: Said::default(),
            variables: Variables::new(),
        })
    }

    /// An empty queue whose programs have a disk and a clock that can fail. Those of this process cannot.
    ///
    /// # Errors
    /// As [`Scene::new`], and when there is no C compiler.
    pub async fn with_faults() -> Result<(Self, Control)> {
        let mut scene = Self::new().await?;
        let control = Control::new(scene.folder.path())?;
        scene.variables = control.variables(DATABASE);
        Ok((scene, control))
    }

    /// Starts a program that performs jobs.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn worker(&self, arguments: &[&str]) -> Result<Program> {
        let number = self.started.load(Ordering::Relaxed);
        let journal = self.journals().join(format!("work-{number}"));
        let journal = journal.display().to_string();
        self.start("work", &[&["--journal", &journal], arguments].concat())
    }

    /// Starts a program that enqueues jobs, numbered from `start`.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn producer(&self, start: u64, arguments: &[&str]) -> Result<Program> {
        let start = start.to_string();
        self.start("enqueue", &[&["--start", &start], arguments].concat())
    }

    /// Starts a program that holds the write lock until it is stopped, and waits until it does.
    ///
    /// # Errors
    /// When it cannot be started.
    pub async fn lock(&self) -> Result<Program> {
        let program = self.start("lock", &[])?;
        program.process.line_with("locked").await;
        Ok(program)
    }

    fn start(&self, command: &str, arguments: &[&str]) -> Result<Program> {
        let file = self.folder.path().join(DATABASE).display().to_string();
        let arguments = [&[command, "--file", &file], arguments].concat();
        let process = Process::start(PROGRAM, &arguments, &self.variables)?;
        let number = self.started.fetch_add(1, Ordering::Relaxed);
        let name = format!("{command}-{number}");
        Ok(Program::new(process, name, self.said.clone()))
    }

    /// A file that is not there yet, for jobs to wait for.
    pub fn gate(&self) -> PathBuf {
        self.folder.path().join("gate")
    }

    /// Makes that file.
    ///
    /// # Errors
    /// What the system said.
    pub fn open_gate(&self) -> Result<()> {
        Ok(fs::write(self.gate(), "")?)
    }

    /// What the journals tell.
    ///
    /// # Errors
    /// When they cannot be read, or make no sense.
    pub fn runs(&self) -> Result<Runs> {
        Runs::read(&self.journals())
    }

    /// How many bytes all journals have: it grows while jobs run.
    ///
    /// # Errors
    /// What the system said.
    pub fn journaled(&self) -> Result<u64> {
        let entries = fs::read_dir(self.journals())?;
        entries.map(|entry| Ok(entry?.metadata()?.len())).sum()
    }

    /// Whether the program with this name has performed a job.
    ///
    /// # Errors
    /// What the system said.
    pub fn has_run(&self, program: &str) -> Result<bool> {
        Ok(fs::metadata(self.journals().join(program))?.len() > 0)
    }

    /// Waits until the job with this number has started so often.
    pub async fn started(&self, number: u64, times: usize) {
        wait_until(&format!("run {times} of job {number}"), || async {
            self.runs().is_ok_and(|runs| runs.of(number).len() >= times)
        })
        .await;
    }

    /// Waits until no job is ready, scheduled, blocked or claimed.
    pub async fn idle(&self) {
        self.has(0, BUSY).await;
    }

    /// Waits until a query has so many rows; `from` is what follows its FROM.
    pub async fn has(&self, rows: u64, from: &str) {
        wait_until(&format!("{rows} rows in {from}"), || async {
            self.count(from).await.is_ok_and(|count| count == rows)
        })
        .await;
    }

    /// How many rows a query has; `from` is what follows its FROM.
    ///
    /// # Errors
    /// What the database said.
    pub async fn count(&self, from: &str) -> Result<u64> {
        database::count(&self.database, from).await
    }

    /// The column `value` of the rows of a query.
    ///
    /// # Errors
    /// What the database said.
    pub async fn texts(&self, query: &str) -> Result<Vec<String>> {
        database::texts(&self.database, query).await
    }

    /// Runs statements.
    ///
    /// # Errors
    /// What the database said.
    pub async fn execute(&self, statements: &str) -> Result<()> {
        database::execute(&self.database, statements).await
    }

    /// What every test ends with: all programs ended, the rows make sense, and nobody was told that the database is
    /// locked, which says nothing about who could do what.
    ///
    /// # Errors
    /// What is wrong.
    pub async fn end(self) -> Result<()> {
        let said = self
            .said
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let started = self.started.load(Ordering::Relaxed);
        ensure!(
            said.len() == started,
            "{} of {started} programs ended",
            said.len()
        );
        let wrong = self.texts(WRONG).await?;
        ensure!(wrong.is_empty(), "{wrong:#?}");
        let errors = "SELECT error AS value FROM solid_queue_failed_executions";
        let errors = self.texts(errors).await?;
        let lines = said.iter().chain(&errors).flat_map(|text| text.lines());
        let locked: Vec<_> = lines.filter(|line| line.contains("is locked")).collect();
        ensure!(locked.is_empty(), "{locked:#?}");
        Ok(())
    }

    fn journals(&self) -> PathBuf {
        Path::new(self.folder.path()).join(JOURNALS)
    }
}
