//! How much memory there is, and how much a process uses.

use std::fs;

/// Bytes of memory that this process may use at most: the machine's, or less where a control group says so.
///
/// `None` where the system does not say; so far Linux does.
#[must_use]
pub fn total_memory_bytes() -> Option<u64> {
    let machine = field_bytes(&fs::read_to_string("/proc/meminfo").ok()?, "MemTotal:")?;
    Some(group_limit_bytes().map_or(machine, |limit| limit.min(machine)))
}

/// Bytes of memory that can still be used without taking them from another program; `None` where the system does not
/// say.
#[must_use]
pub fn available_memory_bytes() -> Option<u64> {
    let machine = field_bytes(&fs::read_to_string("/proc/meminfo").ok()?, "MemAvailable:")?;
    let used = || fs::read_to_string("/sys/fs/cgroup/memory.current").ok()?.trim().parse::<u64>().ok();
    Some(match (group_limit_bytes(), used()) {
        (Some(limit), Some(used)) => machine.min(limit.saturating_sub(used)),
        _ => machine,
    })
}

/// The limit of the control group this process sees as its own (version 2, then 1); unlimited ones say so in words or
/// with a number beyond every machine.
fn group_limit_bytes() -> Option<u64> {
    ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"]
        .iter()
        .find_map(|path| fs::read_to_string(path).ok()?.trim().parse().ok())
}

/// Whether [`resident_bytes`] works here.
pub(crate) const MEASURES_MEMORY: bool = cfg!(target_os = "linux");

/// Bytes of memory that a process occupies; `None` where it is gone or the system does not say.
pub(crate) fn resident_bytes(pid: u32) -> Option<u64> {
    field_bytes(&fs::read_to_string(format!("/proc/{pid}/status")).ok()?, "VmRSS:")
}

/// The field of a `/proc` file that is given in kibibytes.
fn field_bytes(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|l| l.strip_prefix(name))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}

/// A number of bytes as people read it.
pub(crate) fn readable_bytes(bytes: u64) -> String {
    const MIB: f64 = 1024.0 * 1024.0;
    let mib = bytes as f64 / MIB;
    if mib < 1024.0 { format!("{mib:.0} MiB") } else { format!("{:.1} GiB", mib / 1024.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_by_their_whole_name() {
        let text = "MemTotal:       24683520 kB\nMemFree: 5 kB\nVmRSS:\t    1024 kB\nBad: 7 MB\n";
        assert_eq!(field_bytes(text, "MemTotal:"), Some(24_683_520 * 1024));
        assert_eq!(field_bytes(text, "VmRSS:"), Some(1 << 20));
        assert_eq!(field_bytes(text, "Bad:"), None);
        assert_eq!(field_bytes(text, "Absent:"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_fits_into_this_machine() {
        let total = total_memory_bytes().unwrap();
        assert!(resident_bytes(std::process::id()).unwrap() < total);
        assert!(available_memory_bytes().unwrap() <= total);
        assert_eq!(resident_bytes(u32::MAX), None);
    }

    #[test]
    fn sizes_read_well() {
        assert_eq!(readable_bytes(300 << 20), "300 MiB");
        assert_eq!(readable_bytes(3 << 29), "1.5 GiB");
    }
}
