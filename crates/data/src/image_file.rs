use crate::preprocessing::{ImageInputs, Inputs};
use crate::{DataError, Preprocessing};
use image::imageops::FilterType;
use image::{DynamicImage, ImageDecoder, ImageReader};
use std::io::Cursor;
use std::path::Path;

/// What to do with a picture of another size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resize {
    /// Refuse it.
    No,
    /// Scale it to the task's size (triangle filter), its proportions not kept.
    Yes,
}

/// Reads a PNG or JPEG picture as one preprocessed input.
///
/// Colours become grey by luminance where the task has one channel; grey becomes three equal channels where it has
/// three; transparency is laid on black; all depths are read as 0 to 1.
///
/// # Errors
/// Where the file is no picture, is damaged, or has another size and may not be resized.
pub fn read_image(path: &Path, preprocessing: &Preprocessing, resize: Resize) -> Result<Vec<f32>, DataError> {
    let place = path.display().to_string();
    let bytes = std::fs::read(path).map_err(|e| DataError::file(&place, format!("cannot be read: {e}")))?;
    picture(&place, &bytes, preprocessing, resize)
}

/// The same, for bytes that are already here.
pub(crate) fn picture(
    place: &str,
    bytes: &[u8],
    preprocessing: &Preprocessing,
    resize: Resize,
) -> Result<Vec<f32>, DataError> {
    let fail = |reason: String| DataError::file(place, reason);
    let Inputs::Image(inputs) = &preprocessing.inputs else {
        return Err(fail("this model does not take pictures".into()));
    };
    let Some((channels, height, width)) = inputs.shape.image().filter(|(c, ..)| matches!(c, 1 | 3)) else {
        return Err(fail(format!("this model takes {}, not pictures of 1 or 3 channels", inputs.shape)));
    };
    let picture = open(place, bytes)?;
    let found = (picture.height() as usize, picture.width() as usize);
    if found != (height, width) && resize == Resize::No && !inputs.resize {
        return Err(fail(format!(
            "is {}×{} pixels, the model takes {width}×{height}: scale it, or pass --resize",
            found.1, found.0
        )));
    }
    let mut raw = pixels(picture, channels, (height, width));
    raw.iter_mut().for_each(|p| *p *= inputs.maximum);
    inputs.apply(&mut raw);
    Ok(raw)
}

/// The most pixels of a picture.
const MOST_PIXELS: u64 = 1 << 26;

/// Whether a picture has shades of grey only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Colours {
    One,
    Three,
}

/// The size of a picture, height first, and its colours, by its header.
pub(crate) fn size_of(path: &Path) -> Result<((usize, usize), Colours), DataError> {
    let fail = |reason: String| DataError::file(&path.display().to_string(), reason);
    let reader = ImageReader::open(path).and_then(ImageReader::with_guessed_format);
    let reader = reader.map_err(|e| fail(format!("cannot be read: {e}")))?;
    let decoder =
        reader.into_decoder().map_err(|e| fail(format!("is not a whole PNG or JPEG picture: {e}")))?;
    let (width, height) = decoder.dimensions();
    let colours = if decoder.color_type().has_color() { Colours::Three } else { Colours::One };
    Ok(((height as usize, width as usize), colours))
}

/// A picture of a file as planes of values from 0 to 1, scaled to a size.
pub(crate) fn decode(path: &Path, channels: usize, size: (usize, usize)) -> Result<Vec<f32>, DataError> {
    let place = path.display().to_string();
    let bytes = std::fs::read(path).map_err(|e| DataError::file(&place, format!("cannot be read: {e}")))?;
    Ok(pixels(open(&place, &bytes)?, channels, size))
}

fn open(place: &str, bytes: &[u8]) -> Result<DynamicImage, DataError> {
    let fail = |reason: String| DataError::file(place, reason);
    let broken = |e: &dyn std::fmt::Display| fail(format!("is not a whole PNG or JPEG picture: {e}"));
    let reader = || ImageReader::new(Cursor::new(bytes)).with_guessed_format();
    let (width, height) = reader().map_err(|e| broken(&e))?.into_dimensions().map_err(|e| broken(&e))?;
    if u64::from(width) * u64::from(height) > MOST_PIXELS {
        return Err(fail(format!(
            "says it is {width}×{height} pixels: at most {MOST_PIXELS} pixels are read, scale it down"
        )));
    }
    reader().map_err(|e| broken(&e))?.decode().map_err(|e| broken(&e))
}

/// Planes of values from 0 to 1: grey by luminance where one is wanted, transparency laid on black.
fn pixels(picture: DynamicImage, channels: usize, (height, width): (usize, usize)) -> Vec<f32> {
    let same = (picture.height() as usize, picture.width() as usize) == (height, width);
    let picture =
        if same { picture } else { picture.resize_exact(width as u32, height as u32, FilterType::Triangle) };
    let mut raw = vec![0.0; channels * height * width];
    for (i, pixel) in picture.into_rgba32f().pixels().enumerate() {
        let [red, green, blue, alpha] = pixel.0;
        let colours = [red * alpha, green * alpha, blue * alpha];
        if channels == 1 {
            // The luminance weights of ITU-R BT.709.
            raw[i] = 0.2126 * colours[0] + 0.7152 * colours[1] + 0.0722 * colours[2];
        } else {
            for (channel, value) in colours.into_iter().enumerate() {
                raw[channel * height * width + i] = value;
            }
        }
    }
    raw
}

/// A preprocessed picture as a PNG file, for people to look at; `None` where it has neither one channel nor three.
#[must_use]
pub fn png(inputs: &ImageInputs, values: &[f32]) -> Option<Vec<u8>> {
    let (channels, height, width) = inputs.shape.image()?;
    let plane = height * width;
    if values.len() != channels * plane {
        return None;
    }
    let brightness = |channel: usize, pixel: usize| {
        let value = values[channel * plane + pixel] * inputs.deviation[channel] + inputs.mean[channel];
        (value * 255.0).round().clamp(0.0, 255.0) as u8
    };
    let (width, height) = (u32::try_from(width).ok()?, u32::try_from(height).ok()?);
    let picture: image::DynamicImage = match channels {
        1 => {
            image::GrayImage::from_raw(width, height, (0..plane).map(|i| brightness(0, i)).collect())?.into()
        }
        3 => {
            let pixels = (0..plane).flat_map(|i| [0, 1, 2].map(|c| brightness(c, i))).collect();
            image::RgbImage::from_raw(width, height, pixels)?.into()
        }
        _ => return None,
    };
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut bytes, image::ImageFormat::Png).ok()?;
    Some(bytes.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preprocessing::ImageInputs;
    use image::GrayImage;
    use nascent_core::architecture::Shape;

    fn preprocessing() -> Preprocessing {
        let picture = [0.0, 16.0].repeat(32);
        let inputs = ImageInputs::fit(Shape::new(&[1, 8, 8]), 16.0, [&picture[..]].into_iter());
        Preprocessing::of_classes(Inputs::Image(inputs), "x".into(), vec!["a".into()])
    }

    #[test]
    fn every_kind_of_picture_gives_the_same_numbers() {
        let dir = tempfile::tempdir().unwrap();
        let grey =
            DynamicImage::ImageLuma8(GrayImage::from_fn(8, 8, |x, y| image::Luma([(x * 30 + y) as u8])));
        let expected: Vec<f32> =
            grey.to_luma8().pixels().map(|p| (f32::from(p.0[0]) / 255.0 - 0.5) / 0.5).collect();
        let kinds = [
            ("l8.png", grey.clone()),
            ("rgb.png", grey.to_rgb8().into()),
            ("rgba.png", grey.to_rgba8().into()),
            ("l16.png", grey.to_luma16().into()),
        ];
        for (name, picture) in kinds {
            let path = dir.path().join(name);
            picture.save(&path).unwrap();
            let read = read_image(&path, &preprocessing(), Resize::No).unwrap();
            assert!(read.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-3), "{name}");
        }
    }

    #[test]
    fn what_is_no_fitting_picture_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.png");
        let error = |resize| read_image(&path, &preprocessing(), resize).unwrap_err().to_string();
        assert!(error(Resize::No).contains("cannot be read"));
        std::fs::write(&path, "hello").unwrap();
        assert!(error(Resize::No).contains("x.png: is not a whole PNG or JPEG"));
        GrayImage::new(9, 7).save(&path).unwrap();
        assert!(error(Resize::No).contains("is 9×7 pixels, the model takes 8×8"));
        assert_eq!(read_image(&path, &preprocessing(), Resize::Yes).unwrap().len(), 64);
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
        assert!(error(Resize::No).contains("is not a whole"));
    }
}
