use super::*;
use nascent_data::read::Source;
use nascent_data::{Answering, Preprocessing, Resize, Rows};

fn bytes<'a>(name: &'a str, text: &'a str) -> Source<'a> {
    Source::Bytes { name, bytes: text.as_bytes() }
}

fn inputs(task: &Task, text: &str) -> Result<Rows, String> {
    // As it comes back from the run's folder.
    let stored = serde_json::to_string(&task.preprocessing).unwrap();
    let preprocessing: Preprocessing = serde_json::from_str(&stored).unwrap();
    assert_eq!(preprocessing, task.preprocessing);
    preprocessing.read_inputs(bytes("rows.csv", text), Resize::No).map_err(|e| e.to_string())
}

#[test]
fn raw_rows_become_what_training_saw() {
    let folder = Folder::new();
    let task = read(&folder.put("data.csv", small_table(60)), &target("y")).unwrap();
    let rows = inputs(&task, &small_table(60)).unwrap();
    let len = task.signature().shape().len() as usize;
    let row = |r: usize| &rows.inputs[r * len..(r + 1) * len];
    let seen: Vec<f32> = task.split.test.iter().flat_map(|&r| row(r).to_vec()).collect();
    assert_eq!(seen, *task.test().all().unwrap());
    assert_eq!(rows.names[..2], ["line 2", "line 3"]);
    assert!(rows.notes.iter().any(|n| n.contains("\"y\" is what is answered")), "{:?}", rows.notes);
    // Other orders and other columns do not matter, and are said.
    let turned = "k,more,x\nu,1,0.37\n";
    let one = inputs(&task, turned).unwrap();
    assert!(one.notes.contains(&"ignored columns: more".to_string()));
    assert_eq!(one.inputs, inputs(&task, "x,k\n0.37,u\n").unwrap().inputs);
}

#[test]
fn rows_that_training_never_saw_are_defined() {
    let folder = Folder::new();
    let task = read(&folder.put("data.csv", small_table(60)), &target("y")).unwrap();
    let unknown = inputs(&task, "x,k\n1.5,new\n,u\n").unwrap();
    assert_eq!(unknown.inputs[2], 0.0);
    assert!(
        unknown.notes.iter().any(|n| n.contains("\"k\" has 1 cells") && n.contains("\"new\"")),
        "{:?}",
        unknown.notes
    );
    assert!(unknown.notes.iter().any(|n| n.contains("\"x\" is missing in 1 rows")), "{:?}", unknown.notes);
    assert!(unknown.inputs.iter().all(|v| v.is_finite()));
    assert!(inputs(&task, "k\nu\n").unwrap_err().contains("no column \"x\", which the model needs"));
    assert!(
        inputs(&task, "x,k\nbig,u\n")
            .unwrap_err()
            .contains("rows.csv, line 2: \"big\" in column \"x\" is not a number")
    );
    assert!(inputs(&task, "x,k\ninf,u\n").unwrap_err().contains("\"inf\""));
    assert!(inputs(&task, "").unwrap_err().contains("is empty"));
    assert!(inputs(&task, "x,k\n").unwrap_err().contains("no rows"));
    let huge = inputs(&task, "x,k\n1e300,u\n").unwrap();
    assert!(huge.inputs[0] <= 10.0 && huge.inputs[1] <= 1.0);
}

#[test]
fn nameless_rows_are_read_with_and_without_the_target() {
    let folder = Folder::new();
    let text = small_table(60).replace("x,k,y\n", "");
    let task = read(&folder.put("data.csv", &text), &target("last")).unwrap();
    let with = inputs(&task, "0.37,u,a\n1.5,v,b\n").unwrap();
    let without = inputs(&task, "0.37,u\n1.5,v\n").unwrap();
    assert_eq!(with.inputs, without.inputs);
    assert!(inputs(&task, "0.37\n").unwrap_err().contains("has 1 columns and no header"));
}

#[test]
fn series_and_texts_are_read_raw() {
    let folder = Folder::new();
    let ts: String = (0..20).map(|i| format!("{i},1,{}:{}\n", i % 5, ["a", "b"][i % 2])).collect();
    let task =
        read(&folder.put("x.ts", format!("@classLabel true a b\n@data\n{ts}")), &Options::default()).unwrap();
    let read_ts = |text: &str| task.preprocessing.read_inputs(bytes("y.ts", text), Resize::No);
    let rows = read_ts("@classLabel false\n@data\n1,2,3\n4,5\n1,2,3,4\n").unwrap();
    assert_eq!((rows.inputs.len(), rows.names.len(), rows.notes.len()), (9, 3, 1));
    assert!(read_ts("@data\n1:2\n").unwrap_err().to_string().contains("2 channels, the model takes 1"));
    let texts: String = (0..60)
        .map(|i| format!("\"the text of {} words, no {}\",{}\n", i % 9, i, ["a", "b"][i % 2]))
        .collect();
    let task = read(&folder.put("t.csv", format!("what,kind\n{texts}")), &target("kind")).unwrap();
    let texts = |name: &str, text: &str| task.preprocessing.read_inputs(bytes(name, text), Resize::No);
    let lines = texts("-", "the text of words\n\nno text\n").unwrap();
    assert_eq!(lines.names, ["line 1", "line 3"]);
    assert_eq!(texts("-", "the text of words\r\rno text\r").unwrap(), lines);
    assert_eq!(texts("-", "what\nthe text of words\nno text\n").unwrap().inputs, lines.inputs);
    assert_eq!(
        texts("x.jsonl", "{\"what\": \"the text of words\"}\n{\"what\": \"no text\"}\n").unwrap().inputs,
        lines.inputs
    );
    assert!(texts("x.csv", "why,x\nthe text,1\n").unwrap_err().to_string().contains("no column \"what\""));
    assert!(texts("-", " \n").unwrap_err().to_string().contains("no texts"));
}

#[test]
fn what_is_stored_is_checked() {
    let folder = Folder::new();
    let rows: String = (0..40).map(|i| format!("{},{}\n", i % 11, i * 7 % 13)).collect();
    let options = Options { task: Some(Answering::Regression), ..target("y") };
    let task = read(&folder.put("data.csv", format!("x,y\n{rows}")), &options).unwrap();
    let stored = serde_json::to_string(&task.preprocessing).unwrap();
    let parse = |text: String| serde_json::from_str::<Preprocessing>(&text).map_err(|e| e.to_string());
    assert!(parse(stored.clone()).is_ok());
    let deviation = stored.find("\"deviation\":").unwrap();
    let zero = format!("{}\"deviation\":0.0,\"unused\":{}", &stored[..deviation], &stored[deviation + 12..]);
    assert!(parse(zero).is_err());
    let mut value: serde_json::Value = serde_json::from_str(&stored).unwrap();
    value["inputs"]["table"]["columns"][0]["rule"]["number"]["deviation"] = 0.0.into();
    assert!(parse(value.to_string()).unwrap_err().contains("deviation of 0"));
    let mut value: serde_json::Value = serde_json::from_str(&stored).unwrap();
    let notation = serde_json::json!({ "thousands": ",", "decimal_comma": true });
    value["inputs"]["table"]["columns"][0]["rule"]["number"]["notation"] = notation;
    assert!(parse(value.to_string()).unwrap_err().contains("some rule of the inputs"));
    value["inputs"]["table"]["columns"][0]["rule"]["number"]["notation"]["decimal_comma"] = false.into();
    assert!(parse(value.to_string()).is_ok());
    let mut value: serde_json::Value = serde_json::from_str(&stored).unwrap();
    value["schema"] = 9.into();
    assert!(parse(value.to_string()).unwrap_err().contains("schema 9"));
    let mut value: serde_json::Value = serde_json::from_str(&stored).unwrap();
    value["scale"]["deviation"] = 0.0.into();
    assert!(parse(value.to_string()).unwrap_err().contains("deviation 0 is not above 0"));
}
