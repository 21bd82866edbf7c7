use crate::error::BenchError;
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

/// Writes a file so that a reader finds the old content or the new; folders are made where they are missing.
pub(crate) fn write(path: &Path, content: &[u8]) -> Result<(), BenchError> {
    let fail = |e: std::io::Error| BenchError::file(path, e);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(fail)?;
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temporary = path.with_file_name(format!(".{name}.{}.tmp", std::process::id()));
    let mut file = File::create(&temporary).map_err(fail)?;
    file.write_all(content).and_then(|()| file.sync_all()).map_err(fail)?;
    fs::rename(&temporary, path).map_err(fail)
}
