use std::path::PathBuf;

/// A file of the shared folder, `NASCENT_SHARED` or `../shared` beside the workspace.
///
/// Where it is absent, a line starting with `SKIPPED:` says so and the answer is `None`: the test returns.
#[allow(clippy::print_stderr)]
#[must_use]
pub fn shared(file: &str) -> Option<PathBuf> {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let folder = std::env::var_os("NASCENT_SHARED").map_or_else(beside, PathBuf::from);
    let path = folder.join(file);
    if path.exists() {
        return Some(path);
    }
    eprintln!(
        "SKIPPED: {} is missing; set NASCENT_SHARED to the folder with the benchmark tables and data sets",
        path.display()
    );
    None
}
