use super::study::space_file;
use super::unusable;
use crate::arguments::{Device as Options, DeviceAdapt, DeviceMeasure};
use indicatif::{ProgressBar, ProgressStyle};
use nascent::device::{Device, Energy, Heard};
use nascent::{Adapting, Choice, Error, InputError, LeftOut, MeasuringDevice};
use serde_json::json;
use std::fmt::Write;
use std::process::ExitCode;

pub fn device(options: Options) -> Result<ExitCode, Error> {
    match options {
        Options::Measure(options) => measure(*options),
        Options::Adapt(options) => adapt(&options),
    }
}

fn bar(is_hidden: bool) -> ProgressBar {
    let bar = super::bar(0, is_hidden);
    if let Ok(style) = ProgressStyle::with_template("{msg} {wide_bar} {pos} of {len}") {
        bar.set_style(style);
    }
    bar
}

fn measure(options: DeviceMeasure) -> Result<ExitCode, Error> {
    let path = &options.out;
    let before = match (options.measure_missing, path.exists()) {
        (true, _) => Some(Device::load(path).map_err(|e| InputError::about("out", e.to_string()))?),
        (false, true) => return Err(unusable(path, "is there already: give --out another name")),
        (false, false) => None,
    };
    let file_name = path.file_stem().map_or("device".into(), |s| s.to_string_lossy().into_owned());
    let mut data = nascent::data::Options::default();
    options.data.lay_over(&mut data);
    let mut asked = MeasuringDevice {
        name: options.name.unwrap_or(file_name),
        task: options.task,
        data,
        space: options.space.as_deref().map(space_file).transpose()?,
        runtime: options.runtime,
        via: options.via,
        batch: options.batch,
        budget: options.budget.0,
        networks: options.networks,
        seed: options.seed,
    };
    let bar = bar(options.json);
    let mut hear = |heard: Heard| {
        let (what, done, all) = match heard {
            Heard::Operations(done, all) => ("operations", done, all),
            Heard::Networks(done, all) => ("networks", done, all),
        };
        bar.set_message(what);
        bar.set_length(all as u64);
        bar.set_position(done as u64);
    };
    let (device, missing) = match before {
        Some(device) => nascent::measure_missing(device, &mut asked, &mut hear)?,
        None => (nascent::measure_device(&mut asked, &mut hear)?, Vec::new()),
    };
    bar.finish_and_clear();
    let text = device.to_toml().map_err(|e| InputError::about("out", e.to_string()))?;
    nascent::runtime::write_atomically(path, text.as_bytes())
        .map_err(|e| unusable(path, format!("cannot be written: {e}")))?;
    if options.json {
        out!(
            "{}",
            json!({ "path": path, "name": device.name, "operations": device.table.len(), "validation": device.validation,
                "energy": device.energy, "missing": missing })
        );
        return Ok(ExitCode::SUCCESS);
    }
    let v = device.validation;
    let noisy = device.table.iter().filter(|t| t.noisy).count();
    out!(
        "{}: {} with {}, batches of {}",
        path.display(),
        device.machine.processor,
        device.runtime,
        device.batch
    );
    out!("{} operations measured, {noisy} of them with a spread above 20 %", device.table.len());
    out!(
        "predictor fitted to {} networks; on {} others it is off by {:.1} % in the mean (a plain sum: {:.1} %), rank correlation {:.3}",
        v.fitted,
        v.held_out,
        v.mean_absolute_percentage_error,
        v.of_plain_sum,
        v.rank_correlation
    );
    match &device.energy {
        Energy::Counted { by, watts, mean_absolute_percentage_error, rank_correlation, .. } => out!(
            "energy counted by {by}: {watts:.1} W; its predictor is off by {mean_absolute_percentage_error:.1} % in the \
             mean, rank correlation {rank_correlation:.3}"
        ),
        Energy::Unknown { unknown } => out!("no energy: {unknown}"),
    }
    if v.noisy > 0 {
        out!("{} networks had a spread above 20 % twice: the machine is noisy", v.noisy);
    }
    if !missing.is_empty() {
        out!("there was no time for {}: the same command measures what is missing still", missing.join(", "));
    }
    out!(
        "\nuse it: nascent search TASK --device-file {} --limit 'latency_ms@{}<=5'",
        path.display(),
        device.name
    );
    Ok(ExitCode::SUCCESS)
}

fn adapt(options: &DeviceAdapt) -> Result<ExitCode, Error> {
    let asked = Adapting {
        table: options.table.clone(),
        tables: options.tables.clone(),
        data: options.columns.clone(),
        measurements: options.measurements,
        choice: if options.random { Choice::Random } else { Choice::Telling },
        draws: options.draws,
        seed: options.seed,
    };
    if options.choose {
        for cell in nascent::to_measure(&asked)? {
            out!("{cell}");
        }
        return Ok(ExitCode::SUCCESS);
    }
    if let (Some(measured), Some(path)) = (&options.measured, &options.out) {
        if path.exists() {
            return Err(unusable(path, "is there already: give --out another name"));
        }
        let mut text = String::from("cell,latency_ms\n");
        for (cell, ms) in nascent::predict_device(&asked, measured)? {
            let _ = writeln!(text, "{cell},{ms}");
        }
        nascent::runtime::write_atomically(path, text.as_bytes())
            .map_err(|e| unusable(path, format!("cannot be written: {e}")))?;
        out!("{}", path.display());
        return Ok(ExitCode::SUCCESS);
    }
    let bar = bar(options.json);
    let found = nascent::leave_one_out(&asked, &mut |device| bar.set_message(device.to_string()))?;
    bar.finish_and_clear();
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len().max(1) as f64;
    let all = mean(&found.iter().map(|one| mean(&one.spearman)).collect::<Vec<_>>());
    if options.json {
        out!("{}", json!({ "devices": found, "mean_spearman": all }));
        return Ok(ExitCode::SUCCESS);
    }
    out!("each device left out, known by {} measurements, {} draws", options.measurements, options.draws);
    out!("{:12} {:>9} {:>9} {:>9} {:>8}", "device", "Spearman", "least", "most", "error");
    for LeftOut { device, modelled, spearman, median_absolute_percentage_error } in &found {
        let least = spearman.iter().copied().fold(f64::INFINITY, f64::min);
        let most = spearman.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let note = if *modelled { "  (modelled, not measured)" } else { "" };
        let error = mean(median_absolute_percentage_error);
        out!("{device:12} {:>9.3} {least:>9.3} {most:>9.3} {error:>6.1} %{note}", mean(spearman));
    }
    out!("{:12} {all:>9.3}", "mean");
    Ok(ExitCode::SUCCESS)
}
