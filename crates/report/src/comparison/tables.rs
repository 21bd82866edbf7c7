use super::{Comparison, Panel, name, number};
use crate::escape::html;
use crate::format::{count, p_value};
use std::fmt::Write;

/// Means, standard deviations and intervals at each checkpoint.
pub(super) fn numbers(of: &Comparison) -> String {
    let mut out = String::from(
        "<p class=\"lead\">Mean over runs, its 95 % interval, and the standard deviation of a run, where the budget is read.</p>\n",
    );
    for panel in &of.panels {
        let _ = write!(
            out,
            "<h3>{}</h3><p class=\"dim\">the best that can be had is {}</p><div class=\"scroll\"><table class=\"plain\"><thead><tr><th>{}</th>",
            html(&name(panel)),
            number(panel.optimum),
            html(&of.unit)
        );
        for at in &panel.checkpoints {
            let _ = write!(out, "<th class=\"n\">{}</th>", count(*at));
        }
        out.push_str("</tr></thead><tbody>");
        for (strategy, cells) in of.strategies.iter().zip(&panel.cells) {
            let _ = write!(out, "<tr><th scope=\"row\">{}</th>", html(strategy));
            for cell in cells {
                let [low, high] = cell.ci95;
                let _ = write!(
                    out,
                    "<td class=\"n\"><b>{}</b><br/><small class=\"dim\">{} to {}<br/>sd {}</small></td>",
                    number(cell.mean),
                    number(low),
                    number(high),
                    number(cell.sd)
                );
            }
            out.push_str("</tr>");
        }
        out.push_str("</tbody></table></div>\n");
    }
    out
}

/// Paired comparisons at the end of the budget.
pub(super) fn pairs(of: &Comparison) -> String {
    let mut out = String::from(
        "<p class=\"lead\">Both strategies of a pair had the same seeds. The p-value is that of the Wilcoxon signed-rank test, \
         corrected for all pairs (Holm); the effect is the rank-biserial correlation: 1 where the first is better in every \
         run, 0 where neither is.</p>\n",
    );
    for panel in of.panels.iter().filter(|p| !p.pairs.is_empty()) {
        let _ = write!(
            out,
            "<h3>{} at {} {}</h3><div class=\"scroll\"><table class=\"plain\"><thead><tr><th>first</th><th>second</th>\
             <th>the first is</th><th class=\"n\">mean advantage</th><th class=\"n\">95 % interval</th><th class=\"n\">p</th>\
             <th class=\"n\">effect</th></tr></thead><tbody>",
            html(&name(panel)),
            count(of.budget),
            html(&of.unit)
        );
        rows(&mut out, of, panel);
        out.push_str("</tbody></table></div>\n");
    }
    out
}

fn rows(out: &mut String, of: &Comparison, panel: &Panel) {
    let strategy = |i: usize| of.strategies.get(i).map(|s| html(s)).unwrap_or_default();
    for pair in &panel.pairs {
        let class = match pair.verdict.as_str() {
            "better" => "v better",
            "worse" => "v worse",
            _ => "v",
        };
        let _ = write!(
            out,
            "<tr><td>{}</td><td>{}</td><td><span class=\"{class}\">{}</span></td><td class=\"n\">{}</td>\
             <td class=\"n\">{} to {}</td><td class=\"n\">{}</td><td class=\"n\">{}</td></tr>",
            strategy(pair.first),
            strategy(pair.second),
            html(&pair.verdict),
            number(pair.advantage),
            number(pair.ci95[0]),
            number(pair.ci95[1]),
            html(&p_value(pair.p)),
            format!("{:.2}", pair.effect).replace('-', "−")
        );
    }
}

/// Where the numbers are from, and the commands that give them again.
pub(super) fn sources(of: &Comparison) -> String {
    let mut out = String::new();
    if !of.commands.is_empty() {
        let lines: Vec<String> = of.commands.iter().map(|c| html(c)).collect();
        let _ = write!(
            out,
            "<p class=\"lead\">The same command gives the same numbers, to the last digit.</p><pre>{}</pre>",
            lines.join("\n")
        );
    }
    out.push_str("<table class=\"facts\"><tbody>");
    for [table, rows, source, licence] in &of.sources {
        let text = format!("{rows} networks; {source}; licence: {licence}");
        let _ = write!(out, "<tr><th scope=\"row\">{}</th><td>{}</td></tr>", html(table), html(&text));
    }
    out.push_str("</tbody></table>\n");
    out
}
