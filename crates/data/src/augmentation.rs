use nascent_core::architecture::Shape;
use nascent_core::rng::Rng;

/// How training images are varied: shifts that fit the image's size, and at the strongest level small turns.
///
/// Never flips: a mirrored digit is another sign, and whether it is one cannot be seen from the data.
#[derive(Clone, Debug, PartialEq)]
pub struct Augmentation {
    level: u8,
    background: Vec<f32>,
}

/// How far an image is moved at most, in pixels, for its shorter side.
fn reach(side: usize) -> usize {
    (side / 8).max(1)
}

/// The largest turn at level 2, in radians, and the largest change of size.
const TURN: f64 = 0.2;
const SCALE: f64 = 0.1;

impl Augmentation {
    /// Level 0 changes nothing, 1 shifts by up to an eighth of the side, 2 also turns by up to 11° and scales by up to
    /// 10 %. `background` is what uncovered pixels get, one value a channel.
    #[must_use]
    pub fn new(level: u8, background: Vec<f32>) -> Self {
        Self { level, background }
    }

    /// Varies each image of a batch in place; `shape` is that of one image.
    pub fn apply(&self, shape: &Shape, batch: &mut [f32], rng: &mut Rng) {
        let Some((channels, height, width)) = shape.image() else { return };
        if self.level == 0 {
            return;
        }
        let mut before = vec![0.0; channels * height * width];
        let reach = reach(height.min(width));
        for image in batch.chunks_exact_mut(channels * height * width) {
            before.copy_from_slice(image);
            let move_y = rng.below(2 * reach + 1) as f64 - reach as f64;
            let move_x = rng.below(2 * reach + 1) as f64 - reach as f64;
            if self.level == 1 {
                self.shift(&before, image, (height, width), (move_y as isize, move_x as isize));
            } else {
                let turn = TURN * (2.0 * rng.unit() - 1.0);
                let scale = 1.0 + SCALE * (2.0 * rng.unit() - 1.0);
                self.warp(&before, image, (height, width), (move_y, move_x), (turn, scale));
            }
        }
    }

    fn background(&self, channel: usize) -> f32 {
        self.background.get(channel).copied().unwrap_or(0.0)
    }

    fn shift(&self, from: &[f32], to: &mut [f32], (height, width): (usize, usize), (dy, dx): (isize, isize)) {
        for (i, pixel) in to.iter_mut().enumerate() {
            let (channel, y, x) = (i / (height * width), i / width % height, i % width);
            let source = y.checked_add_signed(-dy).zip(x.checked_add_signed(-dx));
            *pixel = match source.filter(|(y, x)| *y < height && *x < width) {
                Some((y, x)) => from[(channel * height + y) * width + x],
                None => self.background(channel),
            };
        }
    }

    /// Moves, turns and scales around the centre, between pixels by bilinear interpolation.
    fn warp(
        &self,
        from: &[f32],
        to: &mut [f32],
        (height, width): (usize, usize),
        (dy, dx): (f64, f64),
        (turn, scale): (f64, f64),
    ) {
        let (middle_y, middle_x) = ((height as f64 - 1.0) / 2.0, (width as f64 - 1.0) / 2.0);
        let (sin, cos) = (turn.sin() / scale, turn.cos() / scale);
        for (i, pixel) in to.iter_mut().enumerate() {
            let (channel, y, x) = (i / (height * width), i / width % height, i % width);
            let (v, u) = (y as f64 - middle_y - dy, x as f64 - middle_x - dx);
            let (y, x) = (cos * v - sin * u + middle_y, sin * v + cos * u + middle_x);
            let (y0, x0) = (y.floor(), x.floor());
            let (part_y, part_x) = ((y - y0) as f32, (x - x0) as f32);
            let at = |y: f64, x: f64| {
                if y < 0.0 || x < 0.0 || y >= height as f64 || x >= width as f64 {
                    return self.background(channel);
                }
                from[(channel * height + y as usize) * width + x as usize]
            };
            let top = at(y0, x0) * (1.0 - part_x) + at(y0, x0 + 1.0) * part_x;
            let bottom = at(y0 + 1.0, x0) * (1.0 - part_x) + at(y0 + 1.0, x0 + 1.0) * part_x;
            *pixel = top * (1.0 - part_y) + bottom * part_y;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image() -> (Shape, Vec<f32>) {
        (Shape::new(&[1, 8, 8]), (0..64).map(|i| i as f32).collect())
    }

    #[test]
    fn level_0_is_the_identity_and_the_same_stream_gives_the_same_images() {
        let (shape, pixels) = image();
        for level in 0..=2 {
            let run = |seed| {
                let mut batch = pixels.clone();
                Augmentation::new(level, vec![-1.0]).apply(&shape, &mut batch, &mut Rng::new(seed, 0));
                batch
            };
            assert_eq!(run(5), run(5));
            assert_eq!((0..20).all(|seed| run(seed) == pixels), level == 0);
        }
    }

    #[test]
    fn a_shift_moves_pixels_and_uncovers_background() {
        let (_, pixels) = image();
        let mut moved = pixels.clone();
        Augmentation::new(1, vec![-1.0]).shift(&pixels, &mut moved, (8, 8), (1, -1));
        assert_eq!(moved[8], pixels[1]);
        assert!(moved[..8].iter().all(|p| *p == -1.0) && moved[15] == -1.0);
        let mut still = pixels.clone();
        Augmentation::new(2, vec![-1.0]).warp(&pixels, &mut still, (8, 8), (0.0, 0.0), (0.0, 1.0));
        assert_eq!(still, pixels);
    }
}
