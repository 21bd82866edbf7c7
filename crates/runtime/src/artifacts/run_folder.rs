use super::ArtifactError;
use nascent_core::TrialId;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The folder of one run, and where things are in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunFolder(PathBuf);

/// What a folder must have to be a run's.
const NEEDED: [&str; 2] = ["study.toml", "study.db"];

impl RunFolder {
    /// Makes a new folder, and those above it.
    ///
    /// # Errors
    /// Where there is something of that name already, which is left untouched, or the folder cannot be made.
    pub fn create(path: &Path) -> Result<Self, ArtifactError> {
        if let Some(above) = path.parent() {
            if above.is_file() {
                return Err(ArtifactError::storage(above, &ErrorKind::NotADirectory.into()));
            }
            fs::create_dir_all(above).map_err(|e| ArtifactError::storage(above, &e))?;
        }
        match fs::create_dir(path) {
            Ok(()) => Ok(Self(path.into())),
            Err(e) if e.kind() == ErrorKind::AlreadyExists => {
                Err(ArtifactError::Exists { path: path.into() })
            }
            Err(e) => Err(ArtifactError::storage(path, &e)),
        }
    }

    /// Makes the first of `NAME-1`, `NAME-2` and so on below `runs` that is free.
    ///
    /// # Errors
    /// Where the folder cannot be made.
    pub fn create_next(runs: &Path, name: &str) -> Result<Self, ArtifactError> {
        let mut number = 1u64;
        loop {
            match Self::create(&runs.join(format!("{name}-{number}"))) {
                Err(ArtifactError::Exists { .. }) => number += 1,
                result => return result,
            }
        }
    }

    /// The folder of a run that exists.
    ///
    /// # Errors
    /// Where there is no such folder, or it lacks what every run has.
    pub fn open(path: &Path) -> Result<Self, ArtifactError> {
        let fail = |missing: String| Err(ArtifactError::NoRun { path: path.into(), missing });
        if !path.exists() {
            return fail(
                "it does not exist; check the path, runs are below runs/ unless --out was given".into(),
            );
        }
        if !path.is_dir() {
            return fail("it is a file; give the folder it is in".into());
        }
        match NEEDED.iter().find(|name| !path.join(name).is_file()) {
            Some(name) => fail(format!("there is no {name} in it")),
            None => Ok(Self(path.into())),
        }
    }

    /// The folder itself.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Every setting of the study.
    #[must_use]
    pub fn study_toml(&self) -> PathBuf {
        self.0.join("study.toml")
    }

    /// The event log.
    #[must_use]
    pub fn study_db(&self) -> PathBuf {
        self.0.join("study.db")
    }

    /// The folders of all trials, and what the workers print, a file for each.
    #[must_use]
    pub fn trials(&self) -> PathBuf {
        self.0.join("trials")
    }

    /// The checkpoints and logs of a trial.
    #[must_use]
    pub fn trial(&self, trial: TrialId) -> PathBuf {
        self.trials().join(trial.folder())
    }

    /// The network that is handed over.
    #[must_use]
    pub fn best(&self) -> PathBuf {
        self.0.join("best")
    }

    /// The network of a size, where there is one for each of several.
    #[must_use]
    pub fn of_size(&self, size: &str) -> PathBuf {
        self.0.join("sizes").join(size)
    }

    /// The copy of a device's file, by its name.
    #[must_use]
    pub fn device_file(&self, name: &str) -> PathBuf {
        self.0.join("devices").join(name)
    }

    /// The report.
    #[must_use]
    pub fn report_html(&self) -> PathBuf {
        self.0.join("report.html")
    }

    /// The result for programs.
    #[must_use]
    pub fn summary_json(&self) -> PathBuf {
        self.0.join("summary.json")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_count_up_and_nothing_is_touched() {
        let folder = tempfile::tempdir().unwrap();
        let runs = folder.path().join("runs");
        let first = RunFolder::create_next(&runs, "digits").unwrap();
        let second = RunFolder::create_next(&runs, "digits").unwrap();
        assert_eq!(first.path(), runs.join("digits-1"));
        assert_eq!(second.path(), runs.join("digits-2"));
        fs::write(first.study_toml(), "mine").unwrap();
        let error = RunFolder::create(first.path()).unwrap_err();
        assert!(matches!(error, ArtifactError::Exists { .. }), "{error}");
        assert_eq!(fs::read_to_string(first.study_toml()).unwrap(), "mine");
        assert_eq!(fs::read_dir(first.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_folder_that_is_no_run_is_told_what_it_lacks() {
        let folder = tempfile::tempdir().unwrap();
        let message = |path: &Path| RunFolder::open(path).unwrap_err().to_string();
        assert!(message(&folder.path().join("absent")).contains("does not exist"));
        assert!(message(folder.path()).contains("there is no study.toml in it"));
        fs::write(folder.path().join("study.toml"), "").unwrap();
        assert!(message(folder.path()).contains("there is no study.db in it"));
        assert!(message(&folder.path().join("study.toml")).contains("it is a file"));
        fs::write(folder.path().join("study.db"), "").unwrap();
        let run = RunFolder::open(folder.path()).unwrap();
        assert_eq!(run.trial(TrialId(7)), folder.path().join("trials").join("0007"));
    }

    #[test]
    fn a_folder_below_a_file_cannot_be_made() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("file"), "").unwrap();
        let error = RunFolder::create(&folder.path().join("file/run")).unwrap_err();
        assert!(error.to_string().contains("not a folder"), "{error}");
    }
}
