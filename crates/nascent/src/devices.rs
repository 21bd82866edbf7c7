//! Devices in studies: predicted while a search goes on, measured before a network is handed over.

use crate::error::{Error, InputError};
use crate::known::task;
use crate::run::Progress;
use crate::settings::{Settings, StudyFile};
use crate::setup::Setup;
use nascent_core::architecture::{Architecture, ArchitectureHash};
use nascent_core::chooser::sample;
use nascent_core::objective::{CostMetric, Direction, Metrics};
use nascent_core::rng::{Rng, mix};
use nascent_core::{Space, TrialId, draw};
use nascent_data::Options;
use nascent_device::{
    Budget, Device, DeviceError, Energy, EnergyCounter, Fresh, Heard, Measuring, OnnxRuntime, Runtime, Took,
    Via, median_bound,
};
use nascent_runtime::{RunFolder, write_atomically};
use nascent_spaces::SpaceFile;
use serde_json::{Value, json};
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

/// Processes in which a network is measured before it is handed over.
const PROCESSES: usize = 5;
/// How long each of them measures.
const EACH: Duration = Duration::from_millis(600);
/// How long a command of the user's may take for one network.
const PATIENCE: Duration = Duration::from_secs(120);
/// Networks of a space that are looked at for operations that a device was not measured for.
const LOOKED_AT: usize = 60;

/// Which machine is to be measured, with the networks of which space.
#[derive(Clone, Debug)]
pub struct MeasuringDevice {
    /// The device's name.
    pub name: String,
    /// A built-in task, or a path to data: what the networks read.
    pub task: String,
    /// What is said about the data.
    pub data: Options,
    /// The space; the task's own unless given.
    pub space: Option<SpaceFile>,
    /// What runs networks, `nascent` or `onnxruntime`.
    pub runtime: String,
    /// A command that measures on another machine, instead.
    pub via: Option<String>,
    /// Examples at a time.
    pub batch: usize,
    /// How long all of it may take.
    pub budget: Duration,
    /// Networks that are measured whole.
    pub networks: usize,
    /// What decides which.
    pub seed: u64,
}

/// What is measured, checked, with networks of the space.
fn prepared(what: &mut MeasuringDevice) -> Result<(Measuring, Vec<Architecture>), Error> {
    let about = |key: &str, message: String| Error::from(InputError::about(key, message));
    if what.batch == 0 {
        return Err(about("batch", "batch = 0: give 1 or more".into()));
    }
    Device::check_name(&what.name).map_err(|e| about("name", e))?;
    let runtime = Runtime::find(&what.runtime).map_err(|e| about("runtime", e.to_string()))?;
    let via = what.via.as_deref().map(via).transpose()?;
    if runtime == Runtime::Onnx
        && let Err(e) = OnnxRuntime::find()
    {
        let message = format!(
            "{e}: activate a virtual environment of Python with the package onnxruntime, name the library with \
             ORT_DYLIB_PATH, or let another runtime answer, as tools/tract does: --via COMMAND"
        );
        return Err(about("runtime", message));
    }
    if let Some(via) = via.as_ref().filter(|via| what.batch > 1 && !via.knows_batch()) {
        let message = format!(
            "batch = {}: the command {:?} must be told, put {{batch}} where it reads the number",
            what.batch,
            via.command()
        );
        return Err(about("batch", message));
    }
    if what.networks < 12 {
        let message = format!("networks = {}: give 12 or more, half of which judge", what.networks);
        return Err(about("networks", message));
    }
    let (task, defaults) = task(&mut what.task, &mut what.data, nascent_runtime::memory_share_bytes(1))?;
    let bad = |e: &dyn std::fmt::Display| about("space", e.to_string());
    let space = match &what.space {
        Some(file) => file.clone(),
        None => SpaceFile::parse(&format!("space = {:?}", defaults.space)).map_err(|e| bad(&e))?,
    };
    let space = space.build(&task.signature()).map_err(|e| bad(&e))?;
    let graphs = networks(&*space, 4 * what.networks, what.seed).map_err(|e| bad(&e))?;
    let measuring = Measuring {
        name: what.name.clone(),
        runtime,
        via,
        batch: what.batch,
        budget: what.budget,
        networks: what.networks,
    };
    Ok((measuring, graphs))
}

/// Measures a machine: the one that this runs on, or the one that a command measures on.
///
/// # Errors
/// Where a name is unknown, a number out of range, or a network cannot be run.
pub fn measure_device(what: &mut MeasuringDevice, hear: &mut dyn FnMut(Heard)) -> Result<Device, Error> {
    let (measuring, graphs) = prepared(what)?;
    nascent_device::measure(&measuring, &graphs, hear).map_err(|e| Error::input(e.to_string()))
}

/// A device with what it lacked for the networks of a space, measured as it was measured itself, and what it lacks still: the budget may
/// have no time for all.
///
/// # Errors
/// As [`measure_device`], and where the device is another machine that cannot be asked.
pub fn measure_missing(
    device: Device,
    what: &mut MeasuringDevice,
    hear: &mut dyn FnMut(Heard),
) -> Result<(Device, Vec<String>), Error> {
    what.name.clone_from(&device.name);
    what.batch = device.batch;
    what.via.clone_from(&device.machine.via);
    if what.via.is_none() {
        what.runtime.clone_from(&device.runtime);
    }
    if what.via.is_none() && !device.machine.is_here() {
        return Err(Error::input(format!(
            "device {} is {}, not this machine: what it lacks is measured there",
            device.name, device.machine.processor
        )));
    }
    let (measuring, graphs) = prepared(what)?;
    let device = nascent_device::measure_missing(&measuring, device, &graphs, hear)
        .map_err(|e| Error::input(e.to_string()))?;
    let missing = device.missing(&graphs);
    Ok((device, missing))
}

/// Different random networks of a space, its reference network among them.
fn networks(
    space: &dyn Space,
    count: usize,
    seed: u64,
) -> Result<Vec<Architecture>, nascent_core::SpaceError> {
    let mut rng = Rng::new(mix(&[seed, 0xDE]), 0);
    let mut seen: HashSet<ArchitectureHash> = HashSet::new();
    let mut graphs = Vec::new();
    if let Some(reference) = space.reference() {
        let graph = draw(space, &reference)?;
        seen.insert(graph.hash());
        graphs.push(graph);
    }
    for _ in 0..20 * count {
        if graphs.len() >= count {
            break;
        }
        let graph = draw(space, &sample(space, &mut rng)?)?;
        if seen.insert(graph.hash()) {
            graphs.push(graph);
        }
    }
    Ok(graphs)
}

/// A command of the user's in its words.
fn via(command: &str) -> Result<Via, Error> {
    let words = shlex::split(command).ok_or_else(|| {
        InputError::about("via", format!("{command:?} has a quotation mark that is never closed"))
    })?;
    Via::new(command, words, PATIENCE).map_err(|e| InputError::about("via", e.to_string()).into())
}

/// The devices of a study, from their files.
pub(crate) fn of_study(s: &mut Settings, space: &dyn Space) -> Result<Vec<Arc<Device>>, Error> {
    let bad = |e: &dyn std::fmt::Display| Error::from(InputError::about("device_files", e.to_string()));
    let mut devices: Vec<Arc<Device>> = Vec::new();
    let graphs = match s.device_files.is_empty() {
        true => Vec::new(),
        false => networks(space, LOOKED_AT, 0).map_err(|e| bad(&e))?,
    };
    for file in &mut s.device_files {
        let path = PathBuf::from(&*file);
        // A study is resumed from other folders too.
        if let Ok(full) = path.canonicalize() {
            *file = full.display().to_string();
        }
        let device = Device::load(&path).map_err(|e| bad(&e))?;
        if devices.iter().any(|d| d.name == device.name) {
            return Err(bad(&format!(
                "two files are of a device {:?}: give one of them another name",
                device.name
            )));
        }
        let missing = device.missing(&graphs);
        if !missing.is_empty() {
            let error = DeviceError::Missing { device: device.name.clone(), operations: missing.join(", ") };
            return Err(bad(&error));
        }
        devices.push(Arc::new(device));
    }
    Ok(devices)
}

/// Copies a study's device files into its folder: whatever becomes of theirs, the study's predictions stay what they are.
pub(crate) fn keep(setup: &mut Setup, folder: &RunFolder) -> Result<(), Error> {
    let files = &mut setup.file.settings.device_files;
    for (device, file) in setup.devices.iter().zip(files) {
        let path = folder.device_file(&format!("{}.toml", device.name));
        let fail = |e: &dyn std::fmt::Display| Error::file(&path, e);
        let text = device.to_toml().map_err(|e| fail(&e))?;
        std::fs::create_dir_all(path.parent().unwrap_or(folder.path())).map_err(|e| fail(&e))?;
        write_atomically(&path, text.as_bytes()).map_err(|e| fail(&e))?;
        *file = std::path::absolute(&path).map_err(|e| fail(&e))?.display().to_string();
    }
    Ok(())
}

/// Names the copies, wherever the folder is by now.
pub(crate) fn find_kept(file: &mut StudyFile, folder: &RunFolder) {
    for file in &mut file.settings.device_files {
        let name = Path::new(file).file_name().map(|name| folder.device_file(&name.to_string_lossy()));
        if let Some(own) = name.filter(|own| own.exists()) {
            *file = own.display().to_string();
        }
    }
}

/// The metric of energy, and what commands call it.
const ENERGY: &str = "energy_mj";

/// What of a device is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asks {
    Median,
    P95,
    Throughput,
    Energy,
}

/// What a network takes on a device, as a metric that follows from the graph: predicted.
struct OnDevice {
    name: String,
    asks: Asks,
    device: Arc<Device>,
}

impl CostMetric for OnDevice {
    fn name(&self) -> &str {
        &self.name
    }

    fn direction(&self) -> Direction {
        if self.asks == Asks::Throughput { Direction::Maximize } else { Direction::Minimize }
    }

    fn measure(&self, architecture: &Architecture) -> f64 {
        let device = &self.device;
        let took = Took { ms: device.latency_ms(architecture), energy_mj: device.energy_mj(architecture) };
        // Only devices that counted energy are asked for it.
        self.asks.of(device, took).unwrap_or(f64::INFINITY)
    }
}

impl Asks {
    const ALL: [(&'static str, Self); 4] = [
        ("latency_ms", Self::Median),
        ("latency_p95_ms", Self::P95),
        ("throughput", Self::Throughput),
        (ENERGY, Self::Energy),
    ];

    /// What is asked, from the median latency and the energy of a batch; none where that is not known.
    fn of(self, device: &Device, took: Took) -> Option<f64> {
        match self {
            Self::Median => Some(took.ms),
            Self::P95 => Some(took.ms * device.validation.p95_factor.max(1.0)),
            Self::Throughput => Some(1e3 * device.batch as f64 / took.ms.max(1e-6)),
            Self::Energy => took.energy_mj,
        }
    }

    /// Whether a device can be asked for it.
    fn is_of(self, device: &Device) -> bool {
        self != Self::Energy || matches!(device.energy, Energy::Counted { .. })
    }
}

/// What devices add to the metrics: `latency_ms@DEVICE` and `latency_p95_ms@DEVICE` of a batch, `throughput@DEVICE` in
/// examples a second, and `energy_mj@DEVICE` of a batch where that was counted.
pub(crate) fn costs(devices: &[Arc<Device>]) -> Vec<Arc<dyn CostMetric>> {
    let of = |device: &Arc<Device>| {
        let device = Arc::clone(device);
        let known = Asks::ALL.into_iter().filter(|(_, asks)| asks.is_of(&device));
        let metric = |(name, asks)| -> Arc<dyn CostMetric> {
            Arc::new(OnDevice { name: format!("{name}@{}", device.name), asks, device: Arc::clone(&device) })
        };
        known.map(metric).collect::<Vec<_>>()
    };
    devices.iter().flat_map(of).collect()
}

/// Why devices have no such metric, where one of them might; what to do in words.
pub(crate) fn lacking(devices: &[Arc<Device>], metric: &str) -> Option<String> {
    let (metric, name) = metric.split_once('@')?;
    let device = devices.iter().find(|d| d.name == name).filter(|_| metric == ENERGY)?;
    let Energy::Unknown { unknown } = &device.energy else { return None };
    Some(format!(
        "{ENERGY} of device {name:?} is not known: {unknown}; measure it where the processor's counter can be read, or with \
         --via COMMAND, which may answer with {ENERGY}"
    ))
}

/// A device that is limited and can be asked.
struct Askable {
    device: Arc<Device>,
    via: Option<Via>,
}

/// The devices that networks are measured on before one is handed over.
pub(crate) struct Asked {
    devices: Vec<Askable>,
    program: PathBuf,
}

impl Asked {
    /// Those of a study; nothing where no limit is on a device that can be asked.
    pub fn new(setup: &Setup, program: &Path, tell: &dyn Fn(Progress<'_>)) -> Result<Option<Self>, Error> {
        let mut devices = Vec::new();
        for device in &setup.devices {
            let ends = format!("@{}", device.name);
            if !setup.objectives.limits.iter().any(|limit| limit.metric.ends_with(&ends)) {
                continue;
            }
            match &device.machine.via {
                Some(command) => {
                    devices.push(Askable { via: Some(via(command)?), device: Arc::clone(device) })
                }
                None if device.machine.is_here() => {
                    devices.push(Askable { via: None, device: Arc::clone(device) })
                }
                None => tell(Progress::Note(format!(
                    "device {} is not this machine: its limit rests on predictions, which were off by {:.1} % in the mean",
                    device.name, device.validation.mean_absolute_percentage_error
                ))),
            }
        }
        Ok((!devices.is_empty()).then(|| Self { devices, program: program.into() }))
    }

    /// What a network takes on each device: the upper 95 % bound of its median over fresh processes.
    pub fn measure(
        &self,
        graph: &Architecture,
        trial: TrialId,
        tell: &dyn Fn(Progress<'_>),
    ) -> Result<Metrics, Error> {
        let mut metrics = Metrics::new();
        for Askable { device, via } in &self.devices {
            let mut fresh = self.fresh(device, via.as_ref(), graph)?;
            let spread = |fresh: &Fresh| fresh.upper / fresh.mean - 1.0;
            if spread(&fresh.0) > 0.2 {
                // A noisy moment gets a second chance.
                let again = self.fresh(device, via.as_ref(), graph)?;
                fresh = if spread(&again.0) < spread(&fresh.0) { again } else { fresh };
            }
            let (time, energy) = fresh;
            let noisy = if spread(&time) > 0.2 { "; the machine is noisy" } else { "" };
            tell(Progress::Note(format!(
                "trial {trial} takes {:.3} ms on {}, at most {:.3} (predicted: {:.3}){noisy}",
                time.mean,
                device.name,
                time.upper,
                device.latency_ms(graph)
            )));
            let predicted = device.energy_mj(graph);
            match (&energy, predicted) {
                (Some(energy), Some(predicted)) => tell(Progress::Note(format!(
                    "trial {trial} uses {:.3} mJ on {}, at most {:.3} (predicted: {predicted:.3})",
                    energy.mean, device.name, energy.upper
                ))),
                (None, Some(_)) => tell(Progress::Note(format!(
                    "what trial {trial} uses on {} could not be counted now: that rests on predictions",
                    device.name
                ))),
                _ => {}
            }
            let took = Took { ms: time.upper, energy_mj: energy.map(|energy| energy.upper) };
            for (name, asks) in Asks::ALL.into_iter().filter(|(_, asks)| asks.is_of(device)) {
                if let Some(value) = asks.of(device, took) {
                    metrics.set(format!("{name}@{}", device.name), value);
                }
            }
        }
        Ok(metrics)
    }

    /// Times of fresh processes, and what these used where all of them could tell.
    fn fresh(
        &self,
        device: &Device,
        via: Option<&Via>,
        graph: &Architecture,
    ) -> Result<(Fresh, Option<Fresh>), Error> {
        let one = || match via {
            Some(via) => {
                nascent_device::via_once(via, graph, device.batch).map_err(|e| Error::input(e.to_string()))
            }
            None => self.in_process(device, graph),
        };
        let each = (0..PROCESSES).map(|_| one()).collect::<Result<Vec<Took>, _>>()?;
        let used: Option<Vec<f64>> = each.iter().map(|took| took.energy_mj).collect();
        Ok((median_bound(each.iter().map(|took| took.ms).collect()), used.map(median_bound)))
    }

    /// The median of a network's runs in a process of its own.
    fn in_process(&self, device: &Device, graph: &Architecture) -> Result<Took, Error> {
        let fail = |reason: String| Error::file(&self.program, format!("timing a network, {reason}"));
        let mut command = Command::new(&self.program);
        command.arg("worker");
        let asked = json!({ "time": { "graph": graph, "runtime": device.runtime, "batch": device.batch,
            "milliseconds": EACH.as_millis() as u64 } });
        let said = nascent_device::answer(command, &format!("{asked}\n"), PATIENCE).map_err(fail)?;
        let answer: Value = serde_json::from_str(said.trim()).map_err(|_| fail(format!("said {said:?}")))?;
        match (answer["latency_ms"].as_f64(), answer["error"].as_str()) {
            (Some(ms), _) => Ok(Took { ms, energy_mj: answer[ENERGY].as_f64() }),
            (None, why) => Err(fail(why.unwrap_or("gave no answer").into())),
        }
    }
}

/// The answer of a process that was asked to time one network, as its first line says; none where it is asked another thing.
pub(crate) fn timed_for(line: &str) -> Option<Value> {
    let asked = serde_json::from_str::<Value>(line).ok()?;
    let asked = asked.get("time")?;
    let answer = || -> Result<Took, String> {
        let graph: Architecture =
            serde_json::from_value(asked["graph"].clone()).map_err(|e| e.to_string())?;
        let runtime =
            Runtime::find(asked["runtime"].as_str().unwrap_or_default()).map_err(|e| e.to_string())?;
        let batch = asked["batch"].as_u64().unwrap_or(1).max(1) as usize;
        let budget = Budget::of(Duration::from_millis(asked["milliseconds"].as_u64().unwrap_or(500)));
        let counter = EnergyCounter::find().ok();
        let timing = runtime.time(&graph, batch, budget, counter.as_ref()).map_err(|e| e.to_string())?;
        Ok(Took { ms: timing.median_ms, energy_mj: timing.energy_mj })
    };
    Some(match answer() {
        Ok(Took { ms, energy_mj }) => json!({ "latency_ms": ms, ENERGY: energy_mj }),
        Err(reason) => json!({ "error": reason }),
    })
}
