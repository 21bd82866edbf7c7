use crate::check::spell;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Where [`runtimes`] is.
pub fn runtimes_folder(root: &Path) -> PathBuf {
    root.join("target/runtimes-python")
}

/// The Python of an environment with PyTorch and ONNX Runtime.
pub fn runtimes(root: &Path) -> Result<PathBuf, String> {
    let packages = ["numpy", "onnxruntime", "safetensors", "torch"];
    environment(&runtimes_folder(root), &format!("import {}", packages.join(", ")), &packages)
}

/// The Python of an environment of our own in which `imports` works; what it lacks is installed from PyPI.
pub fn environment(folder: &Path, imports: &str, packages: &[&str]) -> Result<PathBuf, String> {
    let python = folder.join("bin/python");
    let has = Command::new(&python).args(["-c", imports]).stderr(Stdio::null()).status();
    if has.is_ok_and(|status| status.success()) {
        return Ok(python);
    }
    let mut make = Command::new("python3");
    make.args(["-m", "venv"]).arg(folder);
    let mut install = Command::new(&python);
    install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]).args(packages);
    for command in [&mut make, &mut install] {
        let line = spell(command);
        println!("   $ {line}");
        let status = command.status().map_err(|e| format!("`{line}` cannot be started: {e}"))?;
        if !status.success() {
            return Err(format!("`{line}` ended with {status}"));
        }
    }
    Ok(python)
}
