use super::{Comparison, Panel, name, series};
use crate::chart::{Axis, Chart, Format, legend};
use crate::escape::html;
use std::fmt::Write;

/// The part of the budget at the beginning that is left out when the range of a chart is chosen: there, all fall fast.
const BEGINNING: f64 = 0.08;

pub(super) fn section(of: &Comparison) -> String {
    let entries: Vec<_> = of.strategies.iter().enumerate().map(|(i, s)| (series(i), "", s.clone())).collect();
    let mut out = format!(
        "<p class=\"lead\">The mean over all runs of what the best network so far is worth, with its 95 % interval. \
         The beginning, where every strategy falls fast, may leave the picture.</p>\n{}<div class=\"pair\">",
        legend(&entries)
    );
    for panel in of.panels.iter().filter(|p| p.is_headline) {
        let title = html(&name(panel));
        let _ = write!(out, "<figure><h3>{title}</h3>{}</figure>", chart(of, panel));
    }
    out.push_str("</div>\n");
    out
}

fn chart(of: &Comparison, panel: &Panel) -> String {
    let late = panel.curves.iter().flatten().filter(|(at, ..)| *at >= BEGINNING * of.budget);
    let values: Vec<f64> = late.flat_map(|(_, mean, low, high)| [*mean, *low, *high]).collect();
    let format = if of.unit == "seconds" { Format::Seconds } else { Format::Compact };
    let x = Axis::linear(&*of.unit, 0.0, of.budget, format);
    let y = Axis::around(panel.metric.replace('_', " "), &values, Format::Plain);
    let mut chart = Chart::new(560.0, 330.0, x, y);
    for (strategy, curve) in panel.curves.iter().enumerate() {
        let band: Vec<_> = curve.iter().map(|(at, _, low, high)| (*at, *low, *high)).collect();
        chart.band(series(strategy), &band);
    }
    for (strategy, curve) in panel.curves.iter().enumerate() {
        let line: Vec<_> = curve.iter().map(|(at, mean, ..)| (*at, *mean)).collect();
        chart.line(series(strategy), "", &line);
    }
    chart.svg(&format!("{} as {} are used, one line a strategy", name(panel), of.unit))
}
