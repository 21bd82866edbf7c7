//! Errors as people read them: what, where, and the exit code.

use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteDiagnostic, NamedSource};
use nascent::Error;
use std::io::IsTerminal;
use std::process::ExitCode;

/// Prints an error and gives its exit code.
pub fn print(error: &Error) -> ExitCode {
    let pointed = match error {
        Error::Input(input) => input.place.as_ref().map(|place| (input, place)),
        _ => None,
    };
    match pointed {
        Some((input, (name, text, span))) => {
            let label = LabeledSpan::new_with_span(Some("here".into()), span.clone());
            let diagnostic = MietteDiagnostic::new(input.message.clone()).with_label(label);
            let report =
                miette::Report::new(diagnostic).with_source_code(NamedSource::new(name, text.clone()));
            let colours = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
            let theme = if colours { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
            let mut out = String::new();
            let drawn = GraphicalReportHandler::new_themed(theme).render_report(&mut out, report.as_ref());
            match drawn {
                Ok(()) => eprintln!("{out}"),
                Err(_) => eprintln!("error: {error}"),
            }
        }
        None => eprintln!("error: {error}"),
    }
    ExitCode::from(error.exit_code())
}
