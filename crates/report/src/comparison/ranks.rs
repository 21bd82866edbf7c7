use super::{Comparison, series};
use crate::escape::html;
use std::fmt::Write;

pub(super) fn section(of: &Comparison) -> String {
    let lead = match of.groups.is_empty() {
        true if of.ranks.len() > 1 => "Every pair differs.".to_string(),
        true => String::new(),
        false => {
            let group = |g: &Vec<usize>| {
                let names: Vec<String> =
                    g.iter().filter_map(|i| of.strategies.get(*i)).map(|s| html(s)).collect();
                names.join(", ")
            };
            let groups: Vec<String> = of.groups.iter().map(group).collect();
            format!("Indistinguishable by these runs: {}.", groups.join("; "))
        }
    };
    format!(
        "<p class=\"lead\">The mean rank of each strategy at the end of the budget, over all runs and problems; 1 is the \
         best. A bar joins strategies that paired Wilcoxon tests, corrected by Holm, cannot tell apart at 5 %. {lead}</p>\n{}\n",
        diagram(of)
    )
}

const WIDTH: f64 = 760.0;
const LEFT: f64 = 60.0;
const ROW: f64 = 24.0;

/// The diagram of mean ranks (Demšar 2006, <https://jmlr.org/papers/v7/demsar06a.html>), one line a strategy.
fn diagram(of: &Comparison) -> String {
    let most = of.strategies.len().max(2) as f64;
    let x = |rank: f64| LEFT + (rank - 1.0) / (most - 1.0) * 260.0;
    let top = 34.0;
    let height = top + ROW * of.ranks.len() as f64 + 10.0;
    let mut out = format!(
        "<svg class=\"chart\" style=\"max-width:{WIDTH}px\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" \
         role=\"img\" aria-label=\"Mean ranks of the strategies\"><path class=\"axis\" d=\"M{:.1} {}H{:.1}\"/>",
        x(1.0),
        top - 10.0,
        x(most)
    );
    for rank in 1..=most as usize {
        let at = x(rank as f64);
        let _ = write!(
            out,
            "<path class=\"tick\" d=\"M{at:.1} {}v-4\"/><text x=\"{at:.1}\" y=\"{}\" text-anchor=\"middle\">{rank}</text>",
            top - 10.0,
            top - 18.0
        );
    }
    let bars = of.groups.len() as f64;
    let names = x(most) + 24.0 + 12.0 * bars;
    for (line, (strategy, rank)) in of.ranks.iter().enumerate() {
        let y = top + ROW * (line as f64 + 0.5);
        let name = of.strategies.get(*strategy).map(|s| html(s)).unwrap_or_default();
        let s = series(*strategy);
        let _ = write!(
            out,
            "<path class=\"grid\" d=\"M{:.1} {y:.1}H{:.1}\"/><g class=\"pt s{s}\"><circle cx=\"{:.1}\" cy=\"{y:.1}\" r=\"5\"/></g>\
             <text class=\"name\" x=\"{names:.1}\" y=\"{:.1}\">{rank:.2}  {name}</text>",
            x(1.0),
            names - 8.0,
            x(*rank),
            y + 4.0
        );
    }
    let line_of = |strategy: &usize| of.ranks.iter().position(|(s, _)| s == strategy);
    for (bar, group) in of.groups.iter().enumerate() {
        let lines: Vec<usize> = group.iter().filter_map(line_of).collect();
        let (Some(first), Some(last)) = (lines.iter().min(), lines.iter().max()) else { continue };
        let at = x(most) + 14.0 + 12.0 * bar as f64;
        let _ = write!(
            out,
            "<path class=\"group\" d=\"M{at:.1} {:.1}V{:.1}\"/>",
            top + ROW * (*first as f64 + 0.2),
            top + ROW * (*last as f64 + 0.8)
        );
    }
    out.push_str("</svg>");
    out
}
