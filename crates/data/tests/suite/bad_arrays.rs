use super::*;

fn idx(extents: &[u32], values: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, extents.len() as u8];
    extents.iter().for_each(|e| bytes.extend(e.to_be_bytes()));
    bytes.extend(values);
    bytes
}

fn pixels(n: usize) -> Vec<u8> {
    (0..n * 16).map(|i| (i * 7 % 251) as u8).collect()
}

fn pair(images: &[u8], labels: &[u8]) -> Result<Task, DataError> {
    let folder = Folder::new();
    folder.put("train-images-idx3-ubyte", images);
    folder.put("train-labels-idx1-ubyte", labels);
    read(folder.path(), &Options::default())
}

#[test]
fn idx_files_are_checked() {
    let labels: Vec<u8> = (0..30).map(|i| i % 3).collect();
    let (images, names) = (idx(&[30, 4, 4], &pixels(30)), idx(&[30], &labels));
    let task = pair(&images, &names).unwrap();
    assert_eq!((task.classes().len(), task.signature().shape().to_string()), (3, "1×4×4".into()));
    says(pair(&images[..images.len() - 5], &names), &["train-images-idx3-ubyte", "30×4×4", "but has 475"]);
    says(pair(&[images.clone(), vec![0]].concat(), &names), &["but has more"]);
    says(pair(&images, &idx(&[29], &labels[..29])), &["29 labels", "30 pictures", "do not belong together"]);
    says(pair(&images, &idx(&[30, 1], &labels)), &["labels have 1"]);
    says(pair(&images[..7], &names), &["damaged or cut off"]);
    says(pair(b"hello there", &names), &["is no IDX file"]);
    says(pair(&[0, 0, 7, 3], &names), &["type 0x07"]);
    says(pair(&idx(&[u32::MAX, u32::MAX, u32::MAX], &[]), &names), &["more than can be"]);
    says(pair(&idx(&[1_000_000, 28, 28], &[1, 2, 3]), &names), &["but has 3"]);
    says(pair(&images, &idx(&[30], &[5; 30])), &["one class only"]);
    let folder = Folder::new();
    folder.put("train-images-idx3-ubyte", &images);
    says(read(folder.path(), &Options::default()), &["without its counterpart"]);
    folder.put("train-labels-idx1-ubyte", &names);
    folder.put("classes.txt", "zero\none\n");
    says(
        read(folder.path(), &Options::default()),
        &["label 2 of picture 2 is out of range", "names 2 classes"],
    );
    folder.put("classes.txt", "zero\none\ntwo\n");
    folder.put("t10k-images-idx3-ubyte", idx(&[3, 4, 4], &pixels(3)));
    folder.put("t10k-labels-idx1-ubyte", idx(&[3], &[0, 1, 2]));
    let task = read(folder.path(), &Options::default()).unwrap();
    assert_eq!(
        (task.split.test.clone(), task.classes()),
        (vec![30, 31, 32], &["zero".into(), "one".into(), "two".into()][..])
    );
    folder.put("t10k-images-idx3-ubyte", idx(&[3, 2, 8], &pixels(3)));
    says(read(folder.path(), &Options::default()), &["t10k-images", "must be alike"]);
}

#[test]
fn cifar_files_are_checked() {
    let records = |n: usize, bytes: usize| -> Vec<u8> {
        (0..n)
            .flat_map(|i| [(i % 4) as u8].into_iter().chain((0..bytes).map(move |p| (i * 31 + p * 17) as u8)))
            .collect()
    };
    let cifar = |bytes: &[u8]| {
        let folder = Folder::new();
        read(&folder.put("data.bin", bytes), &Options::default())
    };
    assert_eq!(cifar(&records(40, 3072)).unwrap().signature().shape().to_string(), "3×32×32");
    assert_eq!(cifar(&records(41, 12 * 12)).unwrap().signature().shape().to_string(), "1×12×12");
    says(
        cifar(&records(40, 3072)[..40 * 3073 - 100]),
        &["data.bin", "122820 bytes", "no whole number of records"],
    );
    says(cifar(&[]), &["is empty"]);
    let folder = Folder::new();
    let path = folder.put("data.bin", records(40, 3072));
    folder.put("classes.txt", "a\nb\nc\n");
    says(read(&path, &Options::default()), &["picture 3 has label 3", "3 classes, 0 to 2"]);
}

#[test]
fn ts_files_are_checked() {
    let ts = |text: &str| {
        let folder = Folder::new();
        read(&folder.put("x.ts", text), &Options::default())
    };
    let header = "@problemName x\n@univariate true\n@classLabel true a b\n@data\n";
    let rows = |n: usize| {
        (0..n).map(|i| format!("{},2,{}:{}\n", i, i * i % 7, ["a", "b"][i % 2])).collect::<String>()
    };
    let good = format!("{header}{}", rows(20));
    assert_eq!(ts(&good).unwrap().signature().shape().to_string(), "1×3");
    says(ts("1,2,3:a\n"), &["x.ts, line 1", "begins with headers"]);
    says(ts(&good.replace("@data\n", "")), &["line 4", "begins with headers"]);
    says(ts("@problemName x\n"), &["no @data line"]);
    says(ts(header), &["no series after @data"]);
    says(ts(&good.replace("@univariate", "@universe")), &["line 2", "@universe is no header"]);
    says(ts(&good.replace("@univariate true", "@timeStamps true")), &["time stamps"]);
    says(ts(&format!("{good}1,2,3:c\n")), &["line 25", "class \"c\"", "a, b"]);
    says(ts(&format!("{good}1,x,3:a\n")), &["line 25", "\"x\" is no finite number"]);
    says(ts(&format!("{good}1,x,3:a\n").replace('\n', "\r")), &["line 25", "\"x\" is no finite number"]);
    says(ts(&format!("{good}1,inf,3:a\n")), &["\"inf\""]);
    says(ts(&format!("{good}1,2,3\n")), &["line 25", "no answer"]);
    says(ts(&format!("{good}1,2:3,4:a\n")), &["line 25", "has 2 channels where 1"]);
    says(
        ts(&good.replace("@classLabel true a b", "@classLabel false")),
        &["line 5", "\"a\" is no finite number"],
    );
    says(ts(&good.replace(":b", ":a")), &["only class a"]);
    let uneven = format!("{good}{}", "1,2,3,4,?,6:a\n2,2,3,4,?,6,7:b\n".repeat(9))
        .replace("@univariate true", "@equalLength false");
    let task = ts(&uneven).unwrap();
    assert!(task.signature().shape().to_string().starts_with("2×"), "{}", task.signature().shape());
    let values = format!(
        "@targetLabel true\n@data\n{}",
        (0..20).map(|i| format!("1,{i},{}:{i}.5\n", i % 3)).collect::<String>()
    );
    assert_eq!(ts(&values).unwrap().kind.to_string(), "series-regression");
}

#[test]
fn npz_files_are_checked() {
    let npy = |kind: &str, shape: &str, data: &[u8]| {
        let header = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}");
        [b"\x93NUMPY\x01\x00", &(header.len() as u16).to_le_bytes()[..], header.as_bytes(), data].concat()
    };
    let npz = |arrays: &[(&str, Vec<u8>)]| {
        let mut file = std::io::Cursor::new(Vec::new());
        let mut writer = zip::ZipWriter::new(&mut file);
        for (name, bytes) in arrays {
            writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
            std::io::Write::write_all(&mut writer, bytes).unwrap();
        }
        writer.finish().unwrap();
        file.into_inner()
    };
    let open = |bytes: &[u8]| {
        let folder = Folder::new();
        read(&folder.put("data.npz", bytes), &Options::default())
    };
    let pixels: Vec<u8> = (0..30 * 64).map(|i| (i * 37 % 256) as u8).collect();
    let labels: Vec<u8> = (0..30).map(|i| i % 2).collect();
    let x = npy("|u1", "(30, 8, 8)", &pixels);
    let y = npy("|u1", "(30,)", &labels);
    let whole = npz(&[("x_train.npy", x.clone()), ("y_train.npy", y.clone())]);
    assert_eq!(open(&whole).unwrap().kind.to_string(), "image-classification");
    says(open(&whole[..whole.len() / 2]), &["data.npz", "no whole NPZ file"]);
    says(open(b"hello"), &["no whole NPZ file"]);
    says(open(&npz(&[("x_train.npy", x.clone())])), &["inputs without answers"]);
    says(open(&npz(&[("a.txt", vec![1])])), &["has no arrays"]);
    says(
        open(&npz(&[("x.npy", x[..x.len() - 3].to_vec()), ("y.npy", y.clone())])),
        &["array x.npy", "get the file again"],
    );
    says(
        open(&npz(&[("x.npy", x.clone()), ("y.npy", npy("|u1", "(29,)", &labels[..29]))])),
        &["29 answers for 30 inputs"],
    );
    says(open(&npz(&[("x.npy", x.clone()), ("y.npy", npy("<U3", "(30,)", &[0; 360]))])), &["type \"<U3\""]);
    let rows: Vec<u8> = (0..90).flat_map(|i| ((i * 7 % 11) as f32).to_le_bytes()).collect();
    let flat = npz(&[("X.npy", npy("<f4", "(30, 3)", &rows)), ("y.npy", y)]);
    assert_eq!(open(&flat).unwrap().kind.to_string(), "table-classification");
}

#[test]
fn parquet_files_are_checked() {
    let folder = Folder::new();
    says(
        read(&folder.put("data.parquet", b"PAR1 and nothing else"), &target("y")),
        &["data.parquet", "no whole Parquet file"],
    );
    says(read(&folder.put("empty.parquet", b""), &target("y")), &["no whole Parquet file"]);
}
