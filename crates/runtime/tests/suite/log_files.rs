use nascent_core::event::{Reason, Seq};
use nascent_core::{Event, Log, LogError};
use nascent_runtime::{Durability, SqliteLog};
use nascent_testkit::{
    Ageing, PROBED, every_event, log_contract, resumes_everywhere_in, stored_log_contract,
};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::{TempDir, tempdir};

fn open(path: &Path) -> Result<Box<dyn Log>, LogError> {
    let log = if path.exists() { SqliteLog::open(path) } else { SqliteLog::create(path) };
    Ok(Box::new(log?))
}

#[test]
fn a_log_file_keeps_the_contract() {
    let folder = tempdir().unwrap();
    let mut number = 0;
    log_contract(&mut || {
        number += 1;
        let folder = folder.path().join(number.to_string());
        fs::create_dir(&folder).unwrap();
        open(&folder.join("study.db")).unwrap()
    });
    stored_log_contract(&|| open(&folder.path().join("study.db")));
}

#[test]
fn killed_after_any_event_a_study_in_a_file_ends_the_same() {
    let folder = tempdir().unwrap();
    resumes_everywhere_in(&PROBED, &|| Box::new(Ageing::new(4)), 12, &mut |number| {
        let folder = folder.path().join(number.to_string());
        fs::create_dir_all(&folder).unwrap();
        open(&folder.join("study.db")).unwrap()
    });
}

/// A log with every kind of event.
fn filled() -> (TempDir, PathBuf) {
    let folder = tempdir().unwrap();
    let path = folder.path().join("study.db");
    let mut log = SqliteLog::create(&path).unwrap();
    log.append(1, &every_event()).unwrap();
    (folder, path)
}

#[test]
fn readers_see_what_a_writer_has_written_and_cannot_write() {
    let (_folder, path) = filled();
    let mut writer = SqliteLog::open(&path).unwrap();
    writer.set_durability(Durability::Full).unwrap();
    let mut reader = SqliteLog::read(&path).unwrap();
    let count = every_event().len() as u64;
    assert_eq!(reader.after(Seq(count)).unwrap(), []);
    writer.append(7, &[Event::Resumed]).unwrap();
    let new = reader.after(Seq(count)).unwrap();
    assert!(matches!(&new[..], [s] if s.at_ms == 7 && s.event == Event::Resumed), "{new:?}");
    let error = reader.append(8, &[Event::Resumed]).unwrap_err();
    assert!(error.to_string().contains("reading only"), "{error}");
}

#[test]
fn a_new_log_takes_nobodys_place() {
    let (_folder, path) = filled();
    let before = fs::read(&path).unwrap();
    let error = SqliteLog::create(&path).unwrap_err();
    assert!(error.to_string().contains("there is a log already"), "{error}");
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn a_log_whose_process_died_before_its_first_event_can_be_used() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("study.db");
    fs::write(&path, "").unwrap();
    let mut log = SqliteLog::open(&path).unwrap();
    assert_eq!(log.append(1, &[Event::Resumed]).unwrap(), Seq(1));
}

/// Both ways of opening give an error, and it contains this.
fn refused(path: &Path, words: &str) {
    for error in [SqliteLog::open(path).unwrap_err(), SqliteLog::read(path).unwrap_err()] {
        let text = error.to_string();
        assert!(text.contains(words), "expected {words:?} in: {text}");
        assert!(text.starts_with(&path.display().to_string()), "no place in: {text}");
    }
}

#[test]
fn what_is_no_log_is_refused() {
    let folder = tempdir().unwrap();
    refused(&folder.path().join("study.db"), "there is no such file");
    refused(folder.path(), "it is a folder");
    let path = folder.path().join("text.db");
    fs::write(&path, "accuracy: 0.99\n".repeat(100)).unwrap();
    refused(&path, "not a study's log");
    let path = folder.path().join("other.db");
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("CREATE TABLE birds (name TEXT)").unwrap();
    refused(&path, "not a study's log");
}

#[test]
fn a_newer_format_names_the_version_that_reads_it() {
    let (_folder, path) = filled();
    let newer = rusqlite::Connection::open(&path).unwrap();
    newer.pragma_update(None, "user_version", 9).unwrap();
    newer.execute("UPDATE meta SET value = '7.1.0' WHERE name = 'program'", []).unwrap();
    refused(&path, "its format is 9, this program reads up to 1: use Nascent 7.1.0 or later");
}

#[test]
fn a_damaged_log_is_noticed() {
    let (_folder, path) = filled();
    let intact = fs::read(&path).unwrap();
    // The header stays, and so does the page that says which tables there are.
    let page = usize::from(u16::from_be_bytes([intact[16], intact[17]]));
    let mut damaged = intact.clone();
    damaged[page..].iter_mut().for_each(|byte| *byte = 0xa5);
    fs::write(&path, &damaged).unwrap();
    refused(&path, "damaged");
    fs::write(&path, &intact[..intact.len() / 2]).unwrap();
    refused(&path, "damaged");
    fs::write(&path, &intact).unwrap();
    let inside = rusqlite::Connection::open(&path).unwrap();
    inside.execute("UPDATE events SET event = '{\"event\":\"sung\"}' WHERE seq = 4", []).unwrap();
    let error = SqliteLog::read(&path).unwrap().after(Seq(0)).unwrap_err();
    assert!(error.to_string().contains("event 4 is damaged"), "{error}");
}

#[test]
fn a_foreign_writer_is_noticed() {
    let (_folder, path) = filled();
    let mut log = SqliteLog::open(&path).unwrap();
    let foreign = rusqlite::Connection::open(&path).unwrap();
    let next = every_event().len() as i64 + 1;
    foreign.execute("INSERT INTO events VALUES (?1, 0, '{\"event\":\"resumed\"}')", [next]).unwrap();
    let closed = Event::Closed { reason: Reason::Finished };
    let error = log.append(1, &[closed]).unwrap_err();
    assert!(matches!(error, LogError::InUse { .. }), "{error:?}");
    assert_eq!(log.after(Seq(0)).unwrap().last().unwrap().event, Event::Resumed, "an append was half done");
}

#[cfg(unix)]
#[test]
fn a_folder_that_cannot_be_written_is_named() {
    use std::os::unix::fs::PermissionsExt;
    let (folder, path) = filled();
    let permit = |mode| fs::set_permissions(folder.path(), fs::Permissions::from_mode(mode)).unwrap();
    permit(0o555);
    match SqliteLog::create(&folder.path().join("new.db")) {
        Ok(_) => {
            eprintln!("not tested: this user may write everywhere, so a read-only folder cannot be tested")
        }
        Err(error) => {
            let error = error.to_string();
            assert!(error.contains("permission denied") && error.contains("new.lock"), "{error}");
            let log =
                SqliteLog::read(&path).expect("a finished log can be read where nothing can be written");
            assert_eq!(log.after(Seq(0)).unwrap().len(), every_event().len());
        }
    }
    permit(0o755);
}
