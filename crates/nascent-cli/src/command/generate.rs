use crate::arguments::Generate;
use nascent::{Error, Generating};
use std::io::Write;
use std::process::ExitCode;

pub fn generate(options: &Generate) -> Result<ExitCode, Error> {
    let settings = Generating {
        size: options.size,
        prompt: options.prompt.clone(),
        tokens: options.tokens,
        temperature: options.temperature,
        top_p: options.top_p,
        seed: options.seed,
    };
    let mut is_begun = false;
    nascent::generate(&options.run, &settings, &mut |piece| {
        // A prompt is only repeated where it can be continued; a reader that has gone is no error.
        let before = if is_begun { "" } else { &options.prompt };
        let _ = write!(std::io::stdout(), "{before}{piece}").and_then(|()| std::io::stdout().flush());
        is_begun = true;
    })?;
    out!();
    Ok(ExitCode::SUCCESS)
}
