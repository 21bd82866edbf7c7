use super::*;
use image::{DynamicImage, GrayImage, Luma, Rgb, RgbImage};
use nascent_data::Resize;
use nascent_data::read::Source;

pub fn picture(size: u32, seed: u32) -> DynamicImage {
    GrayImage::from_fn(size, size, |x, y| Luma([((x * 31 + y * 17 + seed * 57) % 256) as u8])).into()
}

pub fn png(picture: &DynamicImage) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

/// Twelve pictures of each of two classes.
pub fn classes(folder: &Folder, size: u32) {
    for i in 0..24 {
        folder.put(&format!("{}/{i}.png", ["cat", "dog"][i as usize % 2]), png(&picture(size, i)));
    }
}

#[test]
fn class_folders_are_read() {
    let folder = Folder::new();
    classes(&folder, 10);
    let task = read(folder.path(), &Options::default()).unwrap();
    assert_eq!(
        (task.classes(), task.kind.to_string()),
        (&["cat".into(), "dog".into()][..], "image-classification".into())
    );
    assert_eq!(task.signature().shape().to_string(), "1×10×10");
    // Colours make three channels, other sizes are scaled to the commonest, and that is said.
    let colour: DynamicImage = RgbImage::from_fn(14, 9, |x, y| Rgb([x as u8 * 9, y as u8 * 9, 200])).into();
    folder.put("dog/z.png", png(&colour));
    let task = read(folder.path(), &Options::default()).unwrap();
    assert_eq!(task.signature().shape().to_string(), "3×10×10");
    assert!(
        task.findings().notes.iter().any(|n| n.contains("2 sizes") && n.contains("10×10")),
        "{:?}",
        task.findings()
    );
    let options = Options { image_size: Some([6, 8]), ..Options::default() };
    assert_eq!(read(folder.path(), &options).unwrap().signature().shape().to_string(), "3×6×8");
    // What training scaled, prediction scales too.
    let file = folder.put("one.png", png(&picture(33, 5)));
    assert_eq!(task.preprocessing.read_inputs(Source::File(&file), Resize::No).unwrap().inputs.len(), 300);
}

#[test]
fn large_pictures_are_scaled_down() {
    let folder = Folder::new();
    classes(&folder, 200);
    let task = read(folder.path(), &Options::default()).unwrap();
    assert_eq!(task.signature().shape().to_string(), "1×64×64");
    assert!(task.findings().notes.iter().any(|n| n.contains("200×200 is large")));
}

#[test]
fn train_and_test_folders_are_found() {
    let folder = Folder::new();
    for i in 0..30 {
        let part = if i < 20 { "train" } else { "test" };
        folder.put(&format!("{part}/{}/{i}.png", ["cat", "dog"][i as usize % 2]), png(&picture(8, i)));
    }
    assert_eq!(read(folder.path(), &Options::default()).unwrap().split.test.len(), 10);
    folder.put("test/cow/1.png", png(&picture(8, 77)));
    says(read(folder.path(), &Options::default()), &["cow", "no training pictures", "cat, dog"]);
}

#[test]
fn folders_that_are_none_are_refused() {
    let folder = Folder::new();
    folder.put("cat/1.png", png(&picture(8, 1)));
    says(read(folder.path(), &Options::default()), &["one folder of pictures only (cat)"]);
    let folder = Folder::new();
    folder.put("1.png", png(&picture(8, 1)));
    says(read(folder.path(), &Options::default()), &["pictures and no folders", "called like the class"]);
    let folder = Folder::new();
    folder.put("cat/readme.md", "none");
    says(read(folder.path(), &Options::default()), &["has no data that can be read"]);
}

#[test]
fn broken_pictures_are_named_or_left_out() {
    let folder = Folder::new();
    classes(&folder, 10);
    let whole = png(&picture(10, 3));
    folder.put("cat/broken.png", &whole[..whole.len() / 2]);
    folder.put("dog/text.jpg", "hello");
    says(read(folder.path(), &Options::default()), &["not a whole PNG or JPEG", "--skip-broken"]);
    let options = Options { skip_broken: true, ..Options::default() };
    let task = read(folder.path(), &options).unwrap();
    warns(&task, &["2 broken pictures are left out", "broken.png", "text.jpg"]);
    let split = &task.split;
    assert_eq!(split.train.len() + split.validation.len() + split.test.len(), 24);
}

#[test]
fn deep_transparent_and_palette_pictures_are_read() {
    let folder = Folder::new();
    classes(&folder, 10);
    folder.put("cat/deep.png", png(&picture(10, 50).to_luma16().into()));
    folder.put("dog/clear.png", png(&picture(10, 51).to_rgba8().into()));
    folder.put("dog/deep_clear.png", png(&picture(10, 52).to_rgba16().into()));
    folder.put("cat/palette.png", palette());
    let task = read(folder.path(), &Options::default()).unwrap();
    assert_eq!(task.signature().shape().to_string(), "3×10×10");
    assert!(task.train().all().unwrap().iter().all(|v| v.is_finite()));
}

/// A picture of two colours by number, which the encoder of `image` does not write.
fn palette() -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png_file::Encoder::new(&mut bytes, 10, 10);
    encoder.set_color(png_file::ColorType::Indexed);
    encoder.set_depth(png_file::BitDepth::Eight);
    encoder.set_palette(vec![255, 0, 0, 0, 0, 255]);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&(0..100).map(|i| (i % 2) as u8).collect::<Vec<_>>()).unwrap();
    writer.finish().unwrap();
    bytes
}

#[test]
fn options_for_other_data_are_refused() {
    let folder = Folder::new();
    classes(&folder, 10);
    let options = Options { tokens: Some(nascent_data::Tokens::Bpe), ..Options::default() };
    says(read(folder.path(), &options), &["tokens", "read as pictures", "it is for texts"]);
    says(read(folder.path(), &target("class")), &["--target means nothing for", "a folder of pictures"]);
}
