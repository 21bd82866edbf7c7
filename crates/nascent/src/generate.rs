use crate::error::{Error, InputError};
use crate::predict::{Best, best};
use crate::settings::Size;
use nascent_core::rng::Rng;
use nascent_data::Inputs;
use nascent_data::preprocessing::Codes;
use nascent_train::Continuation;
use std::path::Path;

/// How text is continued.
#[derive(Clone, Debug, PartialEq)]
pub struct Generating {
    /// The size whose network it is, where the study found one for each of several sizes; that of the largest unless given.
    pub size: Option<Size>,
    /// What the text begins with; a line's end where it is empty.
    pub prompt: String,
    /// Tokens to be drawn, at least 1.
    pub tokens: usize,
    /// What the logarithms of probabilities are divided by, 0 to 100: below 1, what is likely becomes likelier; at 0, the likeliest token
    /// is taken each time.
    pub temperature: f64,
    /// Only the likeliest tokens are drawn from that have this probability together, above 0 up to 1 (Holtzman et al. 2020,
    /// arXiv:1904.09751).
    pub top_p: f64,
    /// What decides which tokens are drawn.
    pub seed: u64,
}

impl Default for Generating {
    fn default() -> Self {
        Self { size: None, prompt: String::new(), tokens: 200, temperature: 0.8, top_p: 0.95, seed: 0 }
    }
}

impl Generating {
    fn check(&self) -> Result<(), Error> {
        let bad = |key, message: String| Err(InputError::about(key, message).into());
        if self.tokens == 0 {
            return bad("tokens", "0 tokens are no text: give at least 1".into());
        }
        if !(0.0..=100.0).contains(&self.temperature) {
            return bad("temperature", format!("{} is not from 0 to 100", self.temperature));
        }
        if !(self.top_p > 0.0 && self.top_p <= 1.0) {
            return bad("top_p", format!("{} is not above 0 and at most 1", self.top_p));
        }
        Ok(())
    }
}

/// Continues a text with the network of a finished study, and hands over each piece as it comes; pieces that end within a character
/// wait for the rest of it.
///
/// Where the text outgrows what the network sees at once, it goes on from the second half of that.
///
/// # Errors
/// Where the folder holds no finished network for running text, a setting is out of range, or the prompt has a character that the
/// training text has not.
pub fn generate(run: &Path, settings: &Generating, hear: &mut dyn FnMut(&str)) -> Result<(), Error> {
    settings.check()?;
    let Best { graph, preprocessing, weights } = best(run, settings.size)?;
    let Inputs::Language(inputs) = &preprocessing.inputs else {
        let reason = format!(
            "answers {}, and does not continue text: ask it with nascent predict",
            preprocessing.target
        );
        return Err(Error::file(run, reason));
    };
    let codes = &inputs.codes;
    let prompt = if settings.prompt.is_empty() { "\n" } else { &settings.prompt };
    let mut all = codes.encode(prompt).map_err(|e| Error::file(run, e))?;
    if let (Some(at), Codes::Characters(known)) = (all.iter().position(|code| *code == Codes::UNKNOWN), codes)
    {
        let strange = prompt.chars().nth(at).unwrap_or_default();
        let message = format!(
            "the training text has no {strange:?}, character {} of the prompt; it has: {known:?}",
            at + 1
        );
        return Err(InputError::about("prompt", message).into());
    }
    let mut continuation = Continuation::new(&graph, &weights).map_err(|e| Error::file(run, e))?;
    let mut rng = Rng::new(settings.seed, 0);
    // Of a prompt that is too long the end is read.
    let mut from = all.len().saturating_sub(continuation.capacity());
    let mut bytes = Vec::new();
    for _ in 0..settings.tokens {
        if all.len() - from > continuation.capacity() {
            from = all.len() - (continuation.capacity() / 2).max(1);
            continuation.restart();
        }
        let mut answers = Vec::new();
        for code in &all[from + continuation.read()..] {
            answers = continuation.read_token(*code).map_err(|e| Error::file(run, e))?.to_vec();
        }
        let code = draw(&answers, settings, &mut rng);
        all.push(code);
        bytes.extend(codes.bytes(code));
        tell(&mut bytes, hear);
    }
    if !bytes.is_empty() {
        hear(&String::from_utf8_lossy(&bytes));
    }
    Ok(())
}

/// Hands over the whole characters.
fn tell(bytes: &mut Vec<u8>, hear: &mut dyn FnMut(&str)) {
    let whole = match std::str::from_utf8(bytes) {
        Ok(text) => text.len(),
        // What can never become a character is not waited for.
        Err(error) => error.valid_up_to() + error.error_len().unwrap_or(0),
    };
    if whole > 0 {
        hear(&String::from_utf8_lossy(&bytes[..whole]));
        bytes.drain(..whole);
    }
}

/// A token by its probability.
fn draw(answers: &[f32], settings: &Generating, rng: &mut Rng) -> u32 {
    let mut ranked: Vec<(usize, f64)> = answers
        .iter()
        .enumerate()
        .skip(Codes::FIRST as usize)
        .map(|(code, x)| (code, f64::from(*x)))
        .collect();
    ranked.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    let Some(&(likeliest, most)) = ranked.first() else { return 0 };
    if settings.temperature == 0.0 {
        return likeliest as u32;
    }
    ranked.iter_mut().for_each(|(_, x)| *x = ((*x - most) / settings.temperature).exp());
    let total: f64 = ranked.iter().map(|(_, p)| p).sum();
    let mut kept = 0.0;
    let count = ranked.iter().take_while(|(_, p)| {
        let goes_on = kept < settings.top_p * total;
        kept += p;
        goes_on
    });
    let count = count.count().max(1);
    ranked.truncate(count);
    let mut left = rng.unit() * ranked.iter().map(|(_, p)| p).sum::<f64>();
    for (code, p) in &ranked {
        left -= p;
        if left < 0.0 {
            return *code as u32;
        }
    }
    likeliest as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_likely_tokens_are_drawn() {
        let answers = [9.0, 9.0, 3.0, 2.0, 1.0, -20.0];
        let mut rng = Rng::new(1, 0);
        let mut drawn = |temperature, top_p| {
            let settings = Generating { temperature, top_p, ..Generating::default() };
            let mut counts = [0; 6];
            (0..2000).for_each(|_| counts[draw(&answers, &settings, &mut rng) as usize] += 1);
            counts
        };
        assert_eq!(drawn(0.0, 1.0), [0, 0, 2000, 0, 0, 0]);
        // Two of them have 0.665 and 0.245 of all.
        let counts = drawn(1.0, 0.7);
        assert_eq!(counts[..2], [0, 0]);
        assert_eq!(counts[2] + counts[3], 2000);
        assert!((1390..1540).contains(&counts[2]), "{counts:?}");
        assert!(drawn(1.0, 1.0)[4] > 100);
        assert!(drawn(100.0, 1.0)[5] > 400);
    }

    #[test]
    fn pieces_of_characters_wait_for_the_rest() {
        let mut heard = Vec::new();
        let mut bytes = Vec::new();
        for byte in "aé😀".bytes() {
            bytes.push(byte);
            tell(&mut bytes, &mut |text| heard.push(text.to_string()));
        }
        assert_eq!(heard, ["a", "é", "😀"]);
        bytes.extend([0xff, b'b']);
        tell(&mut bytes, &mut |text| heard.push(text.to_string()));
        tell(&mut bytes, &mut |text| heard.push(text.to_string()));
        assert_eq!(heard[3..], ["\u{fffd}", "b"]);
    }
}
