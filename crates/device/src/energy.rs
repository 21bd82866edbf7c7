//! What a processor has used, where it counts that and lets it be read.

use std::path::{Path, PathBuf};

/// Where Linux shows the counters of processors (RAPL: running average power limit), Intel's and AMD's under one name.
const ROOT: &str = "/sys/class/powercap";

/// The energy counters of this machine's processors.
///
/// They count all that a package uses: idle power and other programs' work are in it.
#[derive(Clone, Debug, PartialEq)]
pub struct EnergyCounter {
    packages: Vec<Package>,
}

/// A package's counter.
#[derive(Clone, Debug, PartialEq)]
struct Package {
    file: PathBuf,
    /// Where it begins again from 0, in microjoules.
    range_uj: u64,
}

/// What the counters said at one moment, in microjoules.
#[derive(Clone, Debug, PartialEq)]
pub struct Counted(Vec<u64>);

impl EnergyCounter {
    /// The counters of this machine.
    ///
    /// # Errors
    /// Where there are none, or they may not be read: why, in words.
    pub fn find() -> Result<Self, String> {
        Self::at(Path::new(ROOT))
    }

    fn at(root: &Path) -> Result<Self, String> {
        let entries = std::fs::read_dir(root).into_iter().flatten().flatten();
        let name =
            |path: &Path| path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let zones = entries.map(|entry| entry.path());
        // Zones within a package have a second colon, and are counted with it.
        let is_whole = |path: &PathBuf| {
            name(path).strip_prefix("intel-rapl:").is_some_and(|number| !number.contains(':'))
        };
        let is_package = |path: &PathBuf| {
            std::fs::read_to_string(path.join("name")).is_ok_and(|name| name.trim().starts_with("package"))
        };
        let mut zones: Vec<PathBuf> = zones.filter(is_whole).filter(is_package).collect();
        zones.sort();
        if zones.is_empty() {
            return Err(format!(
                "energy is not readable here: {} shows no processor's counter",
                root.display()
            ));
        }
        let packages = zones.iter().map(|zone| {
            let file = zone.join("energy_uj");
            number(&file)?;
            Ok(Package { range_uj: number(&zone.join("max_energy_range_uj"))?, file })
        });
        Ok(Self { packages: packages.collect::<Result<_, String>>()? })
    }

    /// What the counters say now.
    ///
    /// # Errors
    /// Where one cannot be read any more.
    pub fn read(&self) -> Result<Counted, String> {
        self.packages.iter().map(|package| number(&package.file)).collect::<Result<_, _>>().map(Counted)
    }

    /// The millijoules between two moments, less than a counter's range apart.
    #[must_use]
    pub fn between(&self, before: &Counted, after: &Counted) -> f64 {
        let each = self.packages.iter().zip(before.0.iter().zip(&after.0));
        let used = each.map(|(package, (before, after))| {
            // A counter that is lower than before began again.
            if after >= before { after - before } else { (package.range_uj.saturating_sub(*before)) + after }
        });
        used.map(|uj| uj as f64 / 1e3).sum()
    }
}

fn number(file: &Path) -> Result<u64, String> {
    let fail = |reason: String| format!("energy is not readable here: {}: {reason}", file.display());
    let text = std::fs::read_to_string(file).map_err(|e| match e.kind() {
        std::io::ErrorKind::PermissionDenied => fail("only the administrator may read it".into()),
        _ => fail(e.to_string()),
    })?;
    text.trim().parse().map_err(|_| fail(format!("{:?} is no number of microjoules", text.trim())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(root: &Path, folder: &str, name: &str, uj: &str) {
        let folder = root.join(folder);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("name"), format!("{name}\n")).unwrap();
        std::fs::write(folder.join("energy_uj"), format!("{uj}\n")).unwrap();
        std::fs::write(folder.join("max_energy_range_uj"), "1000000\n").unwrap();
    }

    #[test]
    fn packages_are_counted_and_what_is_within_them_is_not() {
        let root = std::env::temp_dir().join(format!("nascent-energy-{}", std::process::id()));
        let none = EnergyCounter::at(&root).unwrap_err();
        assert!(none.contains("not readable here") && none.contains("no processor's counter"), "{none}");
        zone(&root, "intel-rapl:0", "package-0", "1000");
        zone(&root, "intel-rapl:0:0", "core", "900");
        zone(&root, "intel-rapl:1", "package-1", "999000");
        zone(&root, "intel-rapl:2", "psys", "5");
        let counter = EnergyCounter::at(&root).unwrap();
        let before = counter.read().unwrap();
        zone(&root, "intel-rapl:0", "package-0", "3500");
        // Over its range, 1,000 before the end and 4,000 after it.
        zone(&root, "intel-rapl:1", "package-1", "4000");
        assert_eq!(counter.between(&before, &counter.read().unwrap()), 2.5 + 5.0);
        zone(&root, "intel-rapl:1", "package-1", "much");
        assert!(counter.read().unwrap_err().contains("\"much\" is no number of microjoules"));
        assert!(EnergyCounter::at(&root).unwrap_err().contains("intel-rapl:1"));
        std::fs::remove_dir_all(&root).unwrap();
    }
}
