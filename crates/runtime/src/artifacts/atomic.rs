use super::ArtifactError;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Writes a file so that a reader, and a crash at any moment, finds the old content or the new, never a part.
///
/// The new content goes into a temporary file in the same folder, reaches the disk, and then takes the name.
///
/// # Errors
/// Where the file cannot be written; an old one is then as it was.
pub fn write_atomically(path: &Path, content: &[u8]) -> Result<(), ArtifactError> {
    let temporary = temporary(path);
    let written = write(&temporary, content).and_then(|()| fs::rename(&temporary, path));
    if let Err(error) = written {
        // What matters is the first error; a leftover only takes space.
        let _ = fs::remove_file(&temporary);
        return Err(ArtifactError::storage(path, &error));
    }
    // The new name is safe from a power cut once the folder is on the disk. Not every file system can do that, and
    // where it cannot nothing is lost that was there before.
    if let Some(folder) = path.parent().and_then(|f| File::open(f).ok()) {
        let _ = folder.sync_all();
    }
    Ok(())
}

fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(content)?;
    file.sync_all()
}

/// A name of this process's own, so that two processes never write into the same temporary file.
fn temporary(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}.tmp", std::process::id()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_new_content_replaces_the_old_and_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("summary.json");
        write_atomically(&path, b"old").unwrap();
        write_atomically(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_failure_leaves_what_was_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("taken");
        fs::create_dir_all(path.join("inside")).unwrap();
        assert!(write_atomically(&path, b"content").is_err());
        assert!(path.join("inside").is_dir());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "a temporary file was left");
        let error = write_atomically(&folder.path().join("no/where"), b"").unwrap_err();
        assert!(error.to_string().contains("no such file or folder"), "{error}");
    }
}
