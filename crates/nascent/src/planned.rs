//! Memory that is foreseen: what does not fit is refused before it starts.

use nascent_core::architecture::Architecture;
use nascent_core::objective::{Bound, CostMetric, Limit};
use nascent_data::Task;
use nascent_train::training_bytes;
use std::sync::Arc;

/// What the cost is called, and the limit on it that `memory_per_trial` stands for.
const NAME: &str = "worker_memory_bytes";

/// What a process takes without data and networks.
const PROCESS: u64 = 48 << 20;

/// What each training row takes whose inputs are in a file: its place and answer, for each part that it is in.
const ROW: u64 = 64;

/// The bytes of a worker between trainings: the process, and the data in as many copies as it makes of them.
pub(crate) fn idle_bytes(task: Option<&Task>, folds: u32) -> u64 {
    let copies = 2 + u64::from(folds);
    let of_task = |t: &Task| {
        let row = if t.is_in_file() { ROW } else { t.signature().shape().len() * 4 * copies };
        t.split.train.len() as u64 * row
    };
    PROCESS + task.map_or(0, of_task)
}

/// The bytes of a worker while it trains a network.
struct WorkerMemory {
    idle: u64,
    batch: usize,
}

impl CostMetric for WorkerMemory {
    fn name(&self) -> &str {
        NAME
    }
    fn measure(&self, architecture: &Architecture) -> f64 {
        (self.idle + training_bytes(architecture, self.batch)) as f64
    }
}

/// The cost by which networks are refused that a worker's memory does not hold.
pub(crate) fn cost(idle: u64, batch: usize) -> Arc<dyn CostMetric> {
    Arc::new(WorkerMemory { idle, batch })
}

/// The limit that a worker's memory is.
pub(crate) fn limit(bytes: u64) -> Limit {
    Limit { metric: NAME.into(), bound: Bound::AtMost, value: bytes as f64 }
}

/// Whether a limit is that one.
pub(crate) fn is_memory(limit: &Limit) -> bool {
    limit.metric == NAME
}
