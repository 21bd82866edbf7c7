//! A study's events in one SQLite file.

use crate::artifacts::in_words;
use crate::lease::Lease;
use nascent_core::event::{FORMAT, Seq, Stamped};
use nascent_core::{Event, Log, LogError};
use rusqlite::{Connection, ErrorCode, OpenFlags, Row, TransactionBehavior, params};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A log in a file, `study.db`, which survives the process at any moment.
///
/// The file is a SQLite database in write-ahead mode. Its table `events` has a row for each event: `seq` from 1,
/// `at_ms` since 1970, and the event as JSON. The database's application id says that it is a log of Nascent's, its
/// user version is the format's.
#[derive(Debug)]
pub struct SqliteLog {
    connection: Connection,
    path: PathBuf,
    last: Seq,
    /// `None` where the log is only read.
    lease: Option<Lease>,
}

/// What a power cut may cost. The death of the process alone never costs anything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// The last events, never the log as a whole. Fast: the disk is waited for now and then.
    #[default]
    Normal,
    /// Nothing: every append waits for the disk.
    Full,
}

/// "NASC": what tells a log from other databases.
const APPLICATION_ID: i64 = 0x4e41_5343;

const SCHEMA: &str = "
    CREATE TABLE events (seq INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, event TEXT NOT NULL);
    CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
";

impl SqliteLog {
    /// Makes a new log, for writing.
    ///
    /// # Errors
    /// Where there is a file of that name, or it cannot be made.
    pub fn create(path: &Path) -> Result<Self, LogError> {
        if path.exists() {
            let reason = "there is a log already: resume it, or choose another folder".into();
            return Err(LogError::Storage { place: path.display().to_string(), reason });
        }
        Self::writable(path, OpenFlags::SQLITE_OPEN_CREATE)
    }

    /// Opens a log for writing, which only one process can do at a time.
    ///
    /// # Errors
    /// Where another process has it open for writing, it is damaged, of a newer format, or no log at all.
    pub fn open(path: &Path) -> Result<Self, LogError> {
        exists(path)?;
        Self::writable(path, OpenFlags::empty())
    }

    /// Opens a log for reading only, which is possible at any time, while another process writes too.
    ///
    /// # Errors
    /// Where it is damaged, of a newer format, or no log at all.
    pub fn read(path: &Path) -> Result<Self, LogError> {
        exists(path)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let open = || {
            let connection = Connection::open_with_flags(path, flags)?;
            // The first read is what finds out whether the file can be read.
            user_version(&connection)?;
            Ok(connection)
        };
        let connection = open().or_else(|error| read_unchanging(path, flags).ok_or(error));
        let connection = connection.map_err(|e| in_plain_words(path, &e))?;
        let log = Self { connection, path: path.into(), last: Seq(0), lease: None };
        log.prepare()?;
        log.verify()?;
        Ok(log)
    }

    /// Chooses what a power cut may cost.
    ///
    /// # Errors
    /// Where the database refuses.
    pub fn set_durability(&mut self, durability: Durability) -> Result<(), LogError> {
        let level = match durability {
            Durability::Normal => "NORMAL",
            Durability::Full => "FULL",
        };
        self.words(self.connection.pragma_update(None, "synchronous", level))
    }

    fn writable(path: &Path, create: OpenFlags) -> Result<Self, LogError> {
        let lease = Some(Lease::take(path)?);
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | create;
        let connection = Connection::open_with_flags(path, flags).map_err(|e| in_plain_words(path, &e))?;
        let mut log = Self { connection, path: path.into(), last: Seq(0), lease };
        log.prepare()?;
        log.begin()?;
        log.verify()?;
        log.words(log.connection.pragma_update(None, "journal_mode", "WAL"))?;
        log.set_durability(Durability::Normal)?;
        log.last = log.stored_last()?;
        Ok(log)
    }

    /// How long to wait for another process that holds the database: a reader's recovery, a checkpoint.
    fn prepare(&self) -> Result<(), LogError> {
        self.words(self.connection.busy_timeout(Duration::from_secs(10)))
    }

    /// Writes the tables of an empty database. It is a log whose process died before the first event.
    fn begin(&mut self) -> Result<(), LogError> {
        let tables: i64 =
            self.words(self.connection.query_row("SELECT count(*) FROM sqlite_schema", [], |r| r.get(0)))?;
        if tables > 0 || self.words(user_version(&self.connection))? != 0 {
            return Ok(());
        }
        let make = |connection: &mut Connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            transaction.execute_batch(SCHEMA)?;
            let sql = "INSERT INTO meta VALUES ('program', ?1)";
            transaction.execute(sql, [env!("CARGO_PKG_VERSION")])?;
            transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
            transaction.pragma_update(None, "user_version", FORMAT)?;
            transaction.commit()
        };
        let made = make(&mut self.connection);
        self.words(made)
    }

    /// Refuses what is no log, of a newer format, or damaged.
    fn verify(&self) -> Result<(), LogError> {
        let id: i64 = self.words(self.connection.pragma_query_value(None, "application_id", |r| r.get(0)))?;
        if id != APPLICATION_ID {
            return Err(self.unreadable("it is a database, but not a study's log: check the path".into()));
        }
        let format = self.words(user_version(&self.connection))?;
        if format > i64::from(FORMAT) {
            let sql = "SELECT value FROM meta WHERE name = 'program'";
            let writer = self.connection.query_row(sql, [], |r| r.get(0));
            let writer = writer.unwrap_or_else(|_| "a newer version".to_string());
            return Err(self.unreadable(format!(
                "its format is {format}, this program reads up to {FORMAT}: use Nascent {writer} or later"
            )));
        }
        let check = self.connection.query_row("PRAGMA quick_check(1)", [], |r| r.get::<_, String>(0));
        match self.words(check)?.as_str() {
            "ok" => Ok(()),
            problem => Err(self.unreadable(format!("it is damaged ({problem}): restore it from a copy"))),
        }
    }

    fn stored_last(&self) -> Result<Seq, LogError> {
        let sql = "SELECT coalesce(max(seq), 0) FROM events";
        Ok(Seq(self.words(self.connection.query_row(sql, [], |r| whole(r, 0)))?))
    }

    fn unreadable(&self, reason: String) -> LogError {
        LogError::Unreadable { place: self.path.display().to_string(), reason }
    }

    fn words<T>(&self, result: rusqlite::Result<T>) -> Result<T, LogError> {
        result.map_err(|e| in_plain_words(&self.path, &e))
    }
}

impl Log for SqliteLog {
    fn append(&mut self, at_ms: u64, events: &[Event]) -> Result<Seq, LogError> {
        if self.lease.is_none() {
            let reason = "the log was opened for reading only".into();
            return Err(LogError::Storage { place: self.path.display().to_string(), reason });
        }
        let mut rows = Vec::with_capacity(events.len());
        for event in events {
            let text = serde_json::to_string(event);
            rows.push(text.map_err(|e| self.unreadable(format!("an event cannot be written as JSON: {e}")))?);
        }
        let appended = insert(&mut self.connection, self.last, at_ms, &rows);
        self.last = match appended {
            Err(rusqlite::Error::SqliteFailure(e, _)) if e.code == ErrorCode::ConstraintViolation => {
                // The number is taken: somebody has written without the lease, say from another machine.
                let holder = "it wrote while this one did".into();
                return Err(LogError::InUse { place: self.path.display().to_string(), holder });
            }
            result => self.words(result)?,
        };
        Ok(self.last)
    }

    fn after(&self, seq: Seq) -> Result<Vec<Stamped>, LogError> {
        let sql = "SELECT seq, at_ms, event FROM events WHERE seq > ?1 ORDER BY seq";
        let mut statement = self.words(self.connection.prepare_cached(sql))?;
        let mut rows = self.words(statement.query([seq.0 as i64]))?;
        let mut events = Vec::new();
        while let Some(row) = self.words(rows.next())? {
            let (seq, at_ms) = (Seq(self.words(whole(row, 0))?), self.words(whole(row, 1))?);
            let text = self.words(row.get_ref(2))?.as_str();
            let text = text.map_err(|e| self.unreadable(damaged(seq, &e.to_string())))?;
            let event = serde_json::from_str(text);
            let event = event.map_err(|e| self.unreadable(damaged(seq, &e.to_string())))?;
            events.push(Stamped { seq, at_ms, event });
        }
        Ok(events)
    }
}

/// Adds rows after `last`, all or none of them.
fn insert(connection: &mut Connection, last: Seq, at_ms: u64, rows: &[String]) -> rusqlite::Result<Seq> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut seq = last;
    {
        let mut statement = transaction.prepare_cached("INSERT INTO events VALUES (?1, ?2, ?3)")?;
        for row in rows {
            seq.0 += 1;
            statement.execute(params![seq.0 as i64, at_ms as i64, row])?;
        }
    }
    transaction.commit()?;
    Ok(seq)
}

/// A column that is 0 or more; SQLite's own numbers have a sign.
fn whole(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let value: i64 = row.get(column)?;
    u64::try_from(value).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, value))
}

fn damaged(seq: Seq, why: &str) -> String {
    format!("event {} is damaged ({why}): restore the file from a copy", seq.0)
}

fn user_version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |r| r.get(0))
}

/// Refuses a path at which nothing is, before SQLite does so with fewer words.
fn exists(path: &Path) -> Result<(), LogError> {
    match std::fs::metadata(path) {
        Ok(meta) if meta.is_file() => Ok(()),
        Ok(_) => {
            let reason = "it is a folder, not a log: give the file study.db in the folder of a run".into();
            Err(LogError::Unreadable { place: path.display().to_string(), reason })
        }
        Err(e) => Err(LogError::Storage { place: path.display().to_string(), reason: in_words(&e) }),
    }
}

/// Opens a log that nobody writes, in a folder where nothing can be written either: readers of a log in write-ahead
/// mode need a file of their own beside it, unless they are told that it does not change.
fn read_unchanging(path: &Path, flags: OpenFlags) -> Option<Connection> {
    let pending = path.with_extension("db-wal");
    if pending.metadata().is_ok_and(|m| m.len() > 0) {
        return None;
    }
    let escaped = path.to_str()?.replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    let uri = format!("file:{escaped}?immutable=1");
    let connection = Connection::open_with_flags(uri, flags | OpenFlags::SQLITE_OPEN_URI).ok()?;
    user_version(&connection).ok().map(|_| connection)
}

/// What a database error means, and what to do about it.
fn in_plain_words(path: &Path, error: &rusqlite::Error) -> LogError {
    let place = path.display().to_string();
    let unreadable = |reason: &str| LogError::Unreadable { place: place.clone(), reason: reason.into() };
    let storage = |reason: String| LogError::Storage { place: place.clone(), reason };
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => {
            unreadable("it is not a study's log: check the path, or restore it from a copy")
        }
        Some(ErrorCode::DatabaseCorrupt) => unreadable("it is damaged: restore it from a copy"),
        Some(ErrorCode::DiskFull) => storage(in_words(&std::io::ErrorKind::StorageFull.into())),
        Some(ErrorCode::ReadOnly) => storage(in_words(&std::io::ErrorKind::ReadOnlyFilesystem.into())),
        Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
            storage("it cannot be opened: check that the folder exists and that you may write to it".into())
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            LogError::InUse { place: place.clone(), holder: "it keeps the file locked".into() }
        }
        Some(ErrorCode::SystemIoFailure) => {
            storage(format!("reading or writing failed ({error}): check the disk and its free space"))
        }
        _ => storage(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_costs_what_does_not_fit_and_nothing_before() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = SqliteLog::create(&folder.path().join("study.db")).unwrap();
        // The file may not grow: what a full disk means to SQLite.
        let pages: i64 = log.connection.pragma_query_value(None, "page_count", |r| r.get(0)).unwrap();
        log.connection.pragma_update(None, "max_page_count", pages).unwrap();
        let fails = Event::Failed { trial: nascent_core::TrialId(0), reason: "x".repeat(1_000) };
        let error = loop {
            match log.append(1, &[Event::Resumed, fails.clone()]) {
                Ok(_) => {}
                Err(error) => break error.to_string(),
            }
        };
        assert!(error.contains("the disk is full") && error.contains("study.db"), "{error}");
        let last = log.last;
        log.connection.pragma_update(None, "max_page_count", pages + 100).unwrap();
        let events = log.after(Seq(0)).unwrap();
        assert_eq!(events.len() as u64, last.0, "half an append was stored");
        assert_eq!(
            log.append(2, &[Event::Resumed]).unwrap(),
            Seq(last.0 + 1),
            "with space again, it goes on"
        );
    }
}
