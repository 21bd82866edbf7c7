//! What is handed over: exported networks, and networks that keep measured limits.
#![allow(clippy::unwrap_used)]

mod common;

use common::{json, nascent, refused, said};
use serde_json::Value;

const SMALL: &str = "search digits --space mlp --trials 3 --epochs 1 --workers 1 --baseline none --out run";

#[test]
fn the_best_network_and_any_other_are_exported() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    assert!(nascent(at, SMALL).status.success());
    for (format, file) in [
        ("onnx", "run/export/best/model.onnx"),
        ("safetensors", "run/export/best/safetensors/architecture.json"),
        ("pytorch", "run/export/best/pytorch/model.py"),
    ] {
        let done = json(at, &format!("export run --to {format} --json"));
        assert!(at.join(file).exists(), "{file}: {done}");
        assert_eq!(done["weights"], "those of the study's best network");
    }
    let source = std::fs::read_to_string(at.join("run/export/best/pytorch/model.py")).unwrap();
    assert!(source.contains("class Network(nn.Module):") && source.contains("CLASSES = ["), "{source}");

    let summary: Value =
        serde_json::from_slice(&std::fs::read(at.join("run/summary.json")).unwrap()).unwrap();
    let best = summary["best"]["trial"].as_u64().unwrap();
    let other = (0..3).find(|trial| *trial != best).unwrap();
    let said = refused(at, &format!("export run {other}"));
    let expected =
        format!("trial {other} has no weights: it is finished, and a search keeps the weights of its best");
    assert!(said.contains(&expected), "{said}");
    assert!(
        said.contains("with --train, its network is trained on the training and validation rows first"),
        "{said}"
    );
    let done = json(at, &format!("export run {other} --to safetensors --train --json"));
    assert!(done["weights"].as_str().unwrap().contains("training and validation rows"), "{done}");
    let folder = at.join(format!("run/export/{other:04}/safetensors"));
    let card = std::fs::read_to_string(folder.join("card.md")).unwrap();
    assert!(card.contains("The test set has not been opened yet") && card.contains("## Licence"), "{card}");
    // From now on it has weights, and training is what it was.
    let first = std::fs::read(folder.join("model.safetensors")).unwrap();
    json(at, &format!("export run {other} --to safetensors --json"));
    assert_eq!(std::fs::read(folder.join("model.safetensors")).unwrap(), first);
    // The best by its number has the weights that were tested.
    json(at, &format!("export run {best} --to safetensors --json"));
    let by_number = at.join(format!("run/export/{best:04}/safetensors/model.safetensors"));
    let tested = std::fs::read(at.join("run/best/model.safetensors")).unwrap();
    assert_eq!(std::fs::read(by_number).unwrap(), tested);

    assert!(refused(at, "export run 99").contains("there is no trial 99: the study has trials 0 to"));
    assert!(refused(at, "export run --to tflite").contains("there are: onnx, safetensors, pytorch"));
    let said = refused(at, "export run --cache --out steps");
    assert!(said.contains("only one that answers each token of a text can keep what it has read"), "{said}");
    assert!(!at.join("steps").exists());
    assert!(refused(at, "export run --out run").contains("is there already"));
    assert!(refused(at, "export nowhere").contains("nowhere"));
}

#[test]
fn the_best_network_is_compressed_and_judged() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let search = "search digits --space convnet --trials 2 --epochs 3 --workers 1 --baseline none --out run";
    assert!(nascent(at, search).status.success());
    let done = json(at, "compress run --json");
    let files = at.join("run/export/best/int8");
    let kept: Value = serde_json::from_slice(&std::fs::read(files.join("compressed.json")).unwrap()).unwrap();
    assert_eq!(done, kept);
    let number = |pointer: &str| done.pointer(pointer).and_then(Value::as_f64).unwrap();
    assert!(number("/whole_layers") >= 2.0 && number("/whole_numbers") > number("/other_numbers"), "{done}");
    assert_eq!((number("/calibration_rows"), number("/examples")), (256.0, 360.0));
    let (before, after) = (number("/before/value"), number("/after/value"));
    assert!((before - after).abs() <= 0.03, "{done}");
    assert_eq!(number("/after/bytes"), std::fs::metadata(files.join("model.onnx")).unwrap().len() as f64);
    assert!(number("/after/number_bytes") < 0.4 * number("/before/number_bytes"), "{done}");
    assert!(number("/after/bytes") < 0.6 * number("/before/bytes"), "{done}");
    assert!(files.join("preprocessing.json").exists());
    // Whatever computed them, what was tested before is what the study tested.
    let summary: Value =
        serde_json::from_slice(&std::fs::read(at.join("run/summary.json")).unwrap()).unwrap();
    let tested = summary["best"]["test"]["values"][0].as_f64().unwrap();
    assert!((tested - before).abs() < 1e-9, "{tested} is not {before}");
    let card = std::fs::read_to_string(files.join("card.md")).unwrap();
    assert!(card.contains("# Model card") && card.contains("## Compressed"), "{card}");
    // The same again, to the byte.
    let first = std::fs::read(files.join("model.onnx")).unwrap();
    json(at, "compress run --out again --json");
    assert_eq!(std::fs::read(at.join("again/model.onnx")).unwrap(), first);
    assert!(said(at, "compress run").contains("of the bytes"));

    assert!(refused(at, "compress run --rows 0").contains("got 0: give 1 or more"));
    assert!(refused(at, "compress run --out again").contains("is there already"));
    assert!(refused(at, "compress run 99").contains("there is no trial 99"));
    assert!(refused(at, "compress nowhere").contains("nowhere"));
}

#[test]
fn a_network_is_pruned_tuned_and_judged() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let search = "search digits --space convnet --trials 2 --epochs 3 --workers 1 --baseline none --out run";
    assert!(nascent(at, search).status.success());
    let done = json(at, "compress run --prune 40% --tune-epochs 2 --json");
    let files = at.join("run/export/best/pruned-40-int8");
    assert_eq!(done["change"]["pruned_percent"], 40.0);
    assert_eq!(
        (&done["change"]["epochs"], &done["change"]["teacher"]),
        (&2.into(), &"the network as it was before".into())
    );
    let number = |done: &Value, pointer: &str| done.pointer(pointer).and_then(Value::as_f64).unwrap();
    let params = [number(&done, "/before/params"), number(&done, "/after/params")];
    assert!(params[1] <= 0.6 * params[0] && params[1] > 0.3 * params[0], "{done}");
    assert!(number(&done, "/after/macs") < number(&done, "/before/macs"), "{done}");
    assert!(number(&done, "/after/number_bytes") < 0.25 * number(&done, "/before/number_bytes"), "{done}");
    assert!(number(&done, "/after/value") > 0.5, "{done}");
    let card = std::fs::read_to_string(files.join("card.md")).unwrap();
    assert!(card.contains("Channels with 40 % of the parameters were taken away"), "{card}");
    assert!(card.contains("trained on for 2 epochs"), "{card}");
    // The smaller network as Nascent reads it lies beside the file.
    let text = std::fs::read_to_string(files.join("architecture.json")).unwrap();
    let graph: nascent::core::architecture::Architecture = serde_json::from_str(&text).unwrap();
    assert_eq!(graph.cost().params as f64, params[1]);
    nascent::train::Weights::load(&files.join("model.safetensors"), &graph).unwrap();
    // The same again, to the byte.
    let first = std::fs::read(files.join("model.onnx")).unwrap();
    json(at, "compress run --prune 40% --tune-epochs 2 --out again --json");
    assert_eq!(std::fs::read(at.join("again/model.onnx")).unwrap(), first);

    // Not rounded, and not tuned: the file has fewer bytes and the metric is what it is.
    let done = json(at, "compress run --prune 12.5% --tune-epochs 0 --numbers float32 --json");
    let files = at.join("run/export/best/pruned-12.5");
    assert_eq!((number(&done, "/whole_numbers"), number(&done, "/calibration_rows")), (0.0, 0.0));
    assert_eq!(done["change"]["epochs"], 0);
    assert!(number(&done, "/after/bytes") < number(&done, "/before/bytes"), "{done}");
    assert!(files.join("preprocessing.json").exists() && files.join("card.md").exists());
    assert!(refused(at, "compress run --prune 50% --numbers float32 --rows 9").contains("leave rows out"));
    // A trial that learns from the best.
    let summary: Value =
        serde_json::from_slice(&std::fs::read(at.join("run/summary.json")).unwrap()).unwrap();
    let best = summary["best"]["trial"].as_u64().unwrap();
    let line = format!("compress run {} --train --teacher best --tune-epochs 1 --json", 1 - best);
    let done = json(at, &line);
    assert_eq!(done["change"]["teacher"], "the study's best network");
    assert!(done["change"]["pruned_percent"].is_null(), "{done}");
    assert!(at.join(format!("run/export/{:04}/tuned-by-best-int8/model.onnx", 1 - best)).exists());

    let wrong = |more: &str| refused(at, &format!("compress run {more}"));
    assert!(
        wrong("--prune 99.9%").contains("cannot be taken away: each layer keeps an eighth of its channels")
    );
    for share in ["0.5", "0%", "100%", "half"] {
        assert!(
            wrong(&format!("--prune {share}")).contains("no share above 0% and below 100%, such as \"50%\"")
        );
    }
    assert!(wrong("--teacher nobody").contains("there are itself, best, a trial's number, and none"));
    assert!(wrong("--teacher 99").contains("there is no trial 99"));
    assert!(wrong("--prune 10% --tune-epochs 0 --teacher best").contains("learns from nobody"));
    assert!(wrong("--numbers float32").contains("what there is already"));
    assert!(wrong("--numbers int4").contains("there are int8 and float32"));
}

#[test]
fn compressing_without_onnx_runtime_or_data_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let row = |i: usize| format!("{},{},{}\n", i % 17, i * 7 % 23, 3 * (i % 17) + i * 7 % 23);
    let rows: String = (0..200).map(row).collect();
    std::fs::write(at.join("rows.csv"), format!("size,age,price\n{rows}")).unwrap();
    let search = "search rows.csv --target price --trials 1 --epochs 1 --workers 1 --baseline none --out run";
    assert!(nascent(at, search).status.success());
    let ask = |line: &str| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_nascent"));
        command.args(line.split_whitespace()).current_dir(at).env("ORT_DYLIB_PATH", "/nowhere/lib.so");
        command.output().unwrap()
    };
    let output = ask("compress run --json");
    let done: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(done["runtime"].as_str().unwrap().contains("/nowhere/lib.so"), "{done}");
    assert!(done["before"]["milliseconds"].is_null() && done["after"]["value"].is_number(), "{done}");
    std::fs::rename(at.join("rows.csv"), at.join("away.csv")).unwrap();
    assert!(refused(at, "compress run").contains("rows.csv"));
}

#[test]
fn the_front_is_read_by_conditions() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    assert!(nascent(at, SMALL).status.success());
    let all = json(at, "show run --json");
    let params = |trial: &Value| trial["objectives"]["params"].as_f64().unwrap();
    let searched: Vec<&Value> =
        all["trials"].as_array().unwrap().iter().filter(|t| t["role"] == "search").collect();
    let least = searched.iter().map(|t| params(t)).fold(f64::INFINITY, f64::min);
    let found = json(at, &format!("show run --where params<={least} --best accuracy --json"));
    let found = found["trials"].as_array().unwrap();
    assert_eq!((found.len(), params(&found[0])), (1, least));
    assert!(!said(at, "show run").contains("o Pareto set"), "of one objective there is nothing to draw");
    said(at, &format!("{SMALL} --objective accuracy --objective params").replace("--out run", "--out two"));
    let drawn = said(at, "show two");
    assert!(drawn.contains("o Pareto set") && drawn.contains("@ recommended"), "{drawn}");
    let smallest = json(at, "show run --best params --json");
    assert_eq!(params(&smallest["trials"][0]), least);
    assert!(refused(at, "show run --where params<=0").contains("no trial keeps params<=0"));
    assert!(refused(at, "show run --where size<=3").contains("no trial has a metric \"size\""));
    assert!(refused(at, "show run --best size").contains("there are: "));
    assert!(refused(at, "show run --where params").contains("is not of the form"));
}

#[test]
fn a_machine_is_measured_and_a_limit_on_it_is_kept_when_measured_again() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let line = "device measure --space mlp --budget 4s --networks 12 --out here.toml";
    let measured = json(at, &format!("{line} --json"));
    assert_eq!(measured["name"], "here");
    assert!(measured["operations"].as_u64().unwrap() >= 3, "{measured}");
    // A busy machine has time for fewer than twelve networks, but never for fewer than eight.
    assert!(measured["validation"]["fitted"].as_u64().unwrap() >= 4, "{measured}");
    assert!(refused(at, line).contains("is there already"));

    // No network takes a second, so that every one keeps this limit, and none the next.
    let search =
        "search digits --space mlp --trials 2 --epochs 1 --workers 1 --baseline none --device-file here.toml";
    let output = nascent(at, &format!("{search} --limit latency_ms@here<=1000 --out kept"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8_lossy(&output.stdout).to_string();
    assert!(said.contains("ms on here, at most"), "{said}");
    let card = std::fs::read_to_string(at.join("kept/best/card.md")).unwrap();
    assert!(card.contains("latency\\_ms@here") && card.contains("| yes |"), "{card}");
    let output = nascent(at, &format!("{search} --limit latency_ms@here<=0.0000001 --out broken"));
    assert_eq!(output.status.code(), Some(3), "{}", String::from_utf8_lossy(&output.stderr));

    // What the device was not measured for is said, and added.
    let said =
        refused(at, "search digits --space convnet --device-file here.toml --limit latency_ms@here<=9");
    assert!(said.contains("was not measured for") && said.contains("Conv2d"), "{said}");
    let line =
        "device measure --space convnet --budget 4s --networks 12 --out here.toml --measure-missing --json";
    let more = json(at, line);
    assert!(more["operations"].as_u64() > measured["operations"].as_u64(), "{more}");
    let output = nascent(at, "search digits --space convnet --device-file here.toml --dry-run");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[cfg(unix)]
#[test]
fn a_board_with_a_meter_has_energies_and_one_without_says_why() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let script = |name: &str, answer: &str| {
        let path = at.join(name);
        let bytes = "bytes=$(wc -c < \"$1\")";
        std::fs::write(&path, format!("#!/bin/sh\n{bytes}\n{answer}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    };
    // A nanosecond and ten nanojoules a byte: 10 W.
    script("meter", "echo \"{\\\"latency_ms\\\": ${bytes}e-6, \\\"energy_mj\\\": ${bytes}e-5}\"");
    script("clock", "echo ${bytes}e-6");
    let measure = |name: &str| {
        json(at, &format!("device measure --space mlp --via ./{name} --networks 12 --out {name}.toml --json"))
    };
    let energy = &measure("meter")["energy"];
    assert!((energy["watts"].as_f64().unwrap() - 10.0).abs() < 1e-6, "{energy}");
    assert!(energy["rank_correlation"].as_f64().unwrap() > 0.5, "{energy}");
    let unknown = measure("clock")["energy"]["unknown"].to_string();
    assert!(unknown.contains("did not answer with energy_mj"), "{unknown}");

    let search = "search digits --space mlp --trials 2 --epochs 1 --workers 1 --baseline none";
    let found =
        said(at, &format!("{search} --device-file meter.toml --limit energy_mj@meter<=1000 --out kept"));
    assert!(found.contains("mJ on meter, at most"), "{found}");
    let card = std::fs::read_to_string(at.join("kept/best/card.md")).unwrap();
    assert!(card.contains("energy\\_mj@meter") && card.contains("| yes |"), "{card}");
    let none = format!("{search} --device-file meter.toml --limit energy_mj@meter<=0.0000001 --out broken");
    assert_eq!(nascent(at, &none).status.code(), Some(3));
    let refusal = refused(at, &format!("{search} --device-file clock.toml --objective energy_mj@clock"));
    assert!(refusal.contains("energy_mj of device \"clock\" is not known"), "{refusal}");
}

#[cfg(unix)]
#[test]
fn a_network_that_a_board_cannot_run_gives_way_and_a_dead_board_costs_nothing() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let script = "#!/bin/sh\n\
                  if [ -f dead ]; then echo no board >&2; exit 1; fi\n\
                  if [ -f small ]; then\n\
                  [ -f refused ] || echo \"$1\" > refused\n\
                  if [ \"$(cat refused)\" = \"$1\" ]; then echo too large >&2; exit 1; fi\n\
                  fi\n\
                  if [ -f slow ]; then echo 5000; exit; fi\n\
                  bytes=$(wc -c < \"$1\"); echo ${bytes}e-6\n";
    std::fs::write(at.join("board"), script).unwrap();
    std::fs::set_permissions(at.join("board"), std::fs::Permissions::from_mode(0o755)).unwrap();
    json(at, "device measure --space mlp --via ./board --networks 12 --out board.toml --json");
    let search = "search digits --space mlp --trials 4 --epochs 1 --workers 1 --baseline none --strategy random \
                  --device-file board.toml --limit latency_ms@board<=1000";

    std::fs::write(at.join("small"), "").unwrap();
    let found = said(at, &format!("{search} --out kept"));
    assert!(found.contains("cannot be handed over: the command") && found.contains("too large"), "{found}");
    let trials = json(at, "show kept --json");
    let states: Vec<&str> =
        trials["trials"].as_array().unwrap().iter().filter_map(|t| t["state"].as_str()).collect();
    assert_eq!(states.iter().filter(|state| **state == "failed").count(), 1, "{states:?}");
    std::fs::remove_file(at.join("small")).unwrap();
    // A study keeps the device as it was, wherever it goes.
    std::fs::rename(at.join("board.toml"), at.join("gone.toml")).unwrap();
    std::fs::rename(at.join("kept"), at.join("moved")).unwrap();
    assert_eq!(json(at, "show moved --json")["trials"], trials["trials"]);
    std::fs::rename(at.join("gone.toml"), at.join("board.toml")).unwrap();

    std::fs::write(at.join("dead"), "").unwrap();
    let output = nascent(at, &format!("{search} --out waits"));
    let failure = String::from_utf8_lossy(&output.stderr).replace('\n', " ");
    assert_eq!(output.status.code(), Some(1), "{failure}");
    assert!(failure.contains("a device gives no answer") && failure.contains("no board"), "{failure}");
    std::fs::remove_file(at.join("dead")).unwrap();
    let output = nascent(at, "resume waits");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    // Slower than it was when it was measured.
    std::fs::write(at.join("slow"), "").unwrap();
    let output = nascent(at, &format!("{search} --out late"));
    let failure = String::from_utf8_lossy(&output.stderr).replace('\n', " ");
    assert_eq!(output.status.code(), Some(3), "{failure}");
    assert!(failure.contains("keeps the limits when it is measured"), "{failure}");
    assert_eq!(json(at, "show late --json")["trials"].as_array().unwrap().len(), 4);
}

#[test]
fn mistakes_about_devices_are_answered() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    std::fs::write(at.join("old.toml"), "schema = 7\n").unwrap();
    std::fs::write(at.join("other.toml"), "task = \"digits\"\n").unwrap();
    let search = |more: &str| refused(at, &format!("search digits --space mlp {more}"));
    assert!(search("--device-file old.toml").contains("has schema 7, this version reads 1"));
    assert!(search("--device-file other.toml").contains("has no schema: it is no device file"));
    assert!(search("--device-file none.toml").contains("cannot be read"));
    assert!(search("--limit latency_ms@board<=3").contains("--device-file board.toml"));
    assert!(search("--limit params<=3 --limit params>=5").contains("contradict each other"));
    assert!(refused(at, "device measure --networks 3").contains("give 12 or more"));
    assert!(refused(at, "device measure --batch 0").contains("give 1 or more"));
    assert!(
        refused(at, "device measure --batch 8 --via true").contains("put {batch} where it reads the number")
    );
    assert!(refused(at, "device measure --runtime tensorrt").contains("there are: nascent, onnxruntime"));
    assert!(refused(at, "device measure --name my!board").contains("must be of letters, digits"));
    assert!(
        refused(at, "device measure --via false --budget 1s").contains("the command \"false\" ended with")
    );
    assert!(refused(at, "device adapt no-such-table").contains("no-such-table"));
    assert_eq!(std::fs::read_dir(at).unwrap().count(), 2, "a mistake left something behind");
}
