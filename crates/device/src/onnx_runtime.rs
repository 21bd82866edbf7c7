//! ONNX Runtime, where it is installed: loaded while the program runs, not linked.

use crate::DeviceError;
use crate::timing::{Budget, Timing, time};
use ort::environment::Environment;
use ort::session::Session;
use ort::value::Tensor;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// The environment variable that names the library's file.
const VARIABLE: &str = "ORT_DYLIB_PATH";

/// ONNX Runtime in this program.
#[derive(Clone, Copy, Debug)]
pub struct OnnxRuntime {
    environment: &'static Environment,
    library: &'static Path,
}

/// A network in ONNX Runtime, on one thread.
#[derive(Debug)]
pub struct Loaded {
    session: Session,
    input: String,
}

/// There is one in a program, of the first library that was loaded.
static LOADED: OnceLock<Result<(Environment, PathBuf), String>> = OnceLock::new();

impl OnnxRuntime {
    /// The library that the environment variable `ORT_DYLIB_PATH` names, else the one of the active virtual environment of
    /// Python, else the system's.
    ///
    /// # Errors
    /// Where there is none, or it cannot be loaded.
    pub fn find() -> Result<Self, DeviceError> {
        match LOADED.get_or_init(load) {
            Ok((environment, library)) => Ok(Self { environment, library }),
            Err(reason) => Err(DeviceError::NoRuntime(reason.clone())),
        }
    }

    /// The library's file.
    #[must_use]
    pub fn library(self) -> &'static Path {
        self.library
    }

    /// Prepares a file.
    ///
    /// # Errors
    /// Where ONNX Runtime does not take it.
    pub fn load(self, file: &[u8]) -> Result<Loaded, DeviceError> {
        let builder = Session::builder(self.environment)?;
        let builder = builder.with_intra_threads(1).map_err(ort::Error::<()>::from)?;
        let mut builder = builder.with_inter_threads(1).map_err(ort::Error::<()>::from)?;
        let session = builder.commit_from_memory(file)?;
        let input = session.inputs().first().map(|input| input.name().to_string());
        let input = input.ok_or_else(|| DeviceError::OnnxRuntime("the file has no input".into()))?;
        Ok(Loaded { session, input })
    }
}

impl Loaded {
    /// What the network answers first to a batch of inputs of these extents, row-major.
    ///
    /// # Errors
    /// Where it cannot be computed.
    pub fn answers(&mut self, inputs: &[f32], extents: &[usize]) -> Result<Vec<f32>, DeviceError> {
        let each = extents.iter().product::<usize>().max(1);
        let shape: Vec<i64> =
            std::iter::once(inputs.len() / each).chain(extents.iter().copied()).map(|n| n as i64).collect();
        let inputs = Tensor::from_array((shape, inputs.to_vec()))?;
        let answers = self.session.run(ort::inputs![self.input.as_str() => inputs])?;
        let (_, numbers) = answers[0].try_extract_tensor::<f32>()?;
        Ok(numbers.to_vec())
    }

    /// What a batch takes.
    ///
    /// # Errors
    /// As [`Loaded::answers`].
    pub fn time(&mut self, inputs: &[f32], extents: &[usize], budget: Budget) -> Result<Timing, DeviceError> {
        time(&mut || self.answers(inputs, extents).map(|_| ()), budget, None)
    }
}

impl From<ort::Error> for DeviceError {
    fn from(error: ort::Error) -> Self {
        Self::OnnxRuntime(error.to_string())
    }
}

fn load() -> Result<(Environment, PathBuf), String> {
    let from = |path: PathBuf| {
        let library = ort::init_from(&path).map_err(|e| e.to_string())?;
        let environment = library.with_name("nascent").build().map_err(|e| e.to_string())?;
        Ok((environment, path))
    };
    if let Some(path) = std::env::var_os(VARIABLE).filter(|path| !path.is_empty()) {
        let said =
            |e: String| format!("what {VARIABLE} names cannot be used: {e}; give ONNX Runtime 1.17 or newer");
        return from(path.into()).map_err(said);
    }
    let found = std::env::var_os("VIRTUAL_ENV").and_then(|folder| in_python(Path::new(&folder)));
    let (prefix, suffix) = (std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    from(found.unwrap_or_else(|| format!("{prefix}onnxruntime{suffix}").into()))
}

/// The library of a virtual environment with the package `onnxruntime`.
fn in_python(folder: &Path) -> Option<PathBuf> {
    let inside = |path: &Path| -> Vec<PathBuf> {
        let mut paths: Vec<PathBuf> = std::fs::read_dir(path)
            .into_iter()
            .flatten()
            .filter_map(|entry| Some(entry.ok()?.path()))
            .collect();
        paths.sort();
        paths
    };
    let begin = format!("{}onnxruntime.", std::env::consts::DLL_PREFIX);
    let is_library =
        |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&begin));
    let packages = inside(&folder.join("lib")).into_iter().chain([folder.join("Lib")]);
    let packages = packages.map(|python| python.join("site-packages/onnxruntime/capi"));
    packages.flat_map(|capi| inside(&capi)).find(is_library)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_library_of_a_virtual_environment_is_found() {
        let folder = std::env::temp_dir().join(format!("nascent-python-{}", std::process::id()));
        let capi = folder.join("lib/python3.11/site-packages/onnxruntime/capi");
        std::fs::create_dir_all(&capi).unwrap();
        let prefix = std::env::consts::DLL_PREFIX;
        std::fs::write(capi.join(format!("{prefix}onnxruntime_providers_shared.so")), "").unwrap();
        assert_eq!(in_python(&folder), None);
        let library = capi.join(format!("{prefix}onnxruntime.so.1.32.0"));
        std::fs::write(&library, "").unwrap();
        assert_eq!(in_python(&folder), Some(library));
        std::fs::remove_dir_all(&folder).unwrap();
        assert_eq!(in_python(&folder), None);
    }
}
