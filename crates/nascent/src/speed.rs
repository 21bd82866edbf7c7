//! How fast networks are trained here: measured where a budget of time asks what trainings will take.

use crate::effort::step_seconds;
use crate::setup::cores;
use nascent_core::architecture::Architecture;
use nascent_core::chooser::{replay, sample};
use nascent_core::rng::Rng;
use nascent_core::{Control, Settings, Space};
use nascent_data::{Examples, Metric, Task};
use nascent_device::Stopwatch;
use nascent_train::{Device, Moment, Plan, on_one_thread, train};

/// Steps whose examples are read; they are learned from again and again.
const STEPS: usize = 16;
/// Steps before those that count.
const WARM_UP: usize = 2;
/// The least seconds and steps that count.
const COUNTED: (f64, usize) = (0.4, 3);

/// How many times as fast as [`step_seconds`] says the reference network of a space is trained, or a random one where there is none,
/// by as many threads at once as there are workers and cores; nothing where that cannot be told.
pub(crate) fn measured(s: &crate::Settings, task: &Task, space: &dyn Space) -> Option<f64> {
    let decisions = space.reference().or_else(|| sample(space, &mut Rng::new(0, 0)).ok())?;
    let candidate = replay(space, &decisions).ok()?;
    let batch = s.batch_size.unwrap_or(64);
    let settings = Settings { batch_size: batch, ..candidate.settings };
    let graph = (candidate.draw)().ok()?.canonical();
    let examples = task.some_of_train(STEPS * batch);
    let threads = s.workers.unwrap_or(1).min(cores());
    let seconds: Vec<f64> = std::thread::scope(|scope| {
        let one = || on_one_thread(|| counted(&graph, &settings, &examples, task.metric)).ok().flatten();
        let all: Vec<_> = (0..threads).map(|_| scope.spawn(one)).collect();
        all.into_iter().filter_map(|thread| thread.join().ok().flatten()).collect()
    });
    let mean = seconds.iter().sum::<f64>() / seconds.len() as f64;
    let times = step_seconds(graph.cost().macs as f64, batch as f64) / mean;
    // Two digits are enough for what depends on what else the machine does.
    times.is_finite().then(|| ((100.0 * times).round() / 100.0).clamp(0.02, 100.0))
}

/// The seconds that a training step takes in the mean.
fn counted(graph: &Architecture, settings: &Settings, examples: &Examples, metric: Metric) -> Option<f64> {
    let plan = Plan {
        epochs: 10_000,
        horizon: 10_000,
        patience: None,
        seed: 0,
        device: Device::Cpu,
        keep: false,
        metric,
    };
    let watch = Stopwatch::start();
    let (mut steps, mut from, mut until) = (0, 0.0, None);
    let mut observe = |moment: Moment<'_>| {
        if !matches!(moment, Moment::Step) {
            return Control::Continue;
        }
        steps += 1;
        let now = watch.seconds();
        match steps {
            WARM_UP => from = now,
            steps if steps >= WARM_UP + COUNTED.1 && now - from >= COUNTED.0 => {
                until = Some((now - from) / (steps - WARM_UP) as f64);
                return Control::Stop;
            }
            _ => {}
        }
        Control::Continue
    };
    // It ends by being stopped.
    let _ = train(graph, settings, (examples, None), None, &plan, None, &mut observe);
    until
}
