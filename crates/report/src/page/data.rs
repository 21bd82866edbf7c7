use super::{Section, View};
use crate::chart::{Axis, Chart, Format, Point};
use crate::escape::html;
use crate::format::{count, plural};
use crate::input::{ClassesTested, DataFacts, Tested, ValuesTested};
use std::fmt::Write;

/// Classes up to which the whole confusion matrix is drawn; above, its largest cells are listed.
const MOST_CLASSES: usize = 20;
/// Cells of a large confusion matrix that are listed.
const MOST_CONFUSIONS: usize = 20;

pub(super) fn section(view: &View<'_, '_>) -> Option<Section> {
    let data = view.report.data.as_ref()?;
    let mut body = String::new();
    warnings(&mut body, data);
    parts(&mut body, data);
    columns(&mut body, data);
    match &data.tested {
        Some(Tested::Classes(tested)) => classes(&mut body, tested),
        Some(Tested::Values(tested)) => values(&mut body, tested),
        None => {}
    }
    let lead = format!(
        "From {}: {}. The target is <b>{}</b>. How it was cut: {}.",
        html(&data.places.join(", ")),
        html(&data.inputs),
        html(&data.target),
        html(&data.split)
    );
    Some(Section { id: "data", title: "The data", lead, body })
}

fn warnings(out: &mut String, data: &DataFacts) {
    for (class, lines) in [("warn", &data.warnings), ("note", &data.notes)] {
        if !lines.is_empty() {
            let items: String = lines.iter().map(|line| format!("<li>{}</li>", html(line))).collect();
            let _ = writeln!(out, "<ul class=\"{class}\">{items}</ul>");
        }
    }
}

/// Rows of each part, and of each class in it.
fn parts(out: &mut String, data: &DataFacts) {
    let row = |name: &str, [train, validation, test]: [usize; 3]| {
        format!(
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            html(name),
            count(train as f64),
            count(validation as f64),
            count(test as f64)
        )
    };
    let rows: String = data.classes.iter().map(|(name, rows)| row(name, *rows)).collect();
    let all = row("all rows", data.rows);
    let _ = writeln!(
        out,
        "<details{}><summary>Rows of each part{}</summary><table><thead><tr><th></th><th>training</th>\
         <th>validation</th><th>test</th></tr></thead><tbody>{all}{rows}</tbody></table></details>",
        if data.classes.len() <= MOST_CLASSES { " open" } else { "" },
        if data.classes.is_empty() { "" } else { " and class" }
    );
}

fn columns(out: &mut String, data: &DataFacts) {
    if data.columns.is_empty() {
        return;
    }
    let rows: String = data
        .columns
        .iter()
        .map(|c| {
            format!(
                "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
                html(&c.name),
                html(&c.treatment),
                count(c.different as f64),
                count(c.missing as f64)
            )
        })
        .collect();
    let _ = writeln!(
        out,
        "<details><summary>{} and what becomes of them</summary><table><thead><tr><th>column</th><th>treatment</th>\
         <th>different values</th><th>missing</th></tr></thead><tbody>{rows}</tbody></table></details>",
        plural(data.columns.len(), "column")
    );
}

fn classes(out: &mut String, tested: &ClassesTested) {
    let rows: String = tested
        .names
        .iter()
        .zip(&tested.confusion)
        .enumerate()
        .map(|(i, (name, row))| {
            let n: usize = row.iter().sum();
            let (low, high) = wilson(row[i], n);
            let recall =
                if n == 0 { "–".into() } else { format!("{:.1} %", 100.0 * row[i] as f64 / n as f64) };
            format!(
                "<tr><td>{}</td><td>{n}</td><td>{recall}</td><td>{:.1} to {:.1} %</td></tr>",
                html(name),
                100.0 * low,
                100.0 * high
            )
        })
        .collect();
    let _ = writeln!(
        out,
        "<h3>The final network on the test part, class by class</h3><table><thead><tr><th>class</th><th>test \
         examples</th><th>answered right</th><th>95 % interval</th></tr></thead><tbody>{rows}</tbody></table>"
    );
    confusion(out, tested);
    if !tested.errors.is_empty() {
        let rows: String = tested
            .errors
            .iter()
            .map(|e| {
                let picture = e.picture.as_ref().map_or(String::new(), |p| {
                    format!("<img class=\"example\" alt=\"test example {}\" src=\"{}\">", e.row, html(p))
                });
                format!(
                    "<tr><td>{}</td><td>{picture}</td><td>{}</td><td>{}</td><td>{:.1} %</td></tr>",
                    e.row,
                    html(&e.truth),
                    html(&e.said),
                    100.0 * e.probability
                )
            })
            .collect();
        let _ = writeln!(
            out,
            "<h3>Its most confident errors</h3><table><thead><tr><th>row</th><th></th><th>is</th><th>answered</th>\
             <th>probability</th></tr></thead><tbody>{rows}</tbody></table>"
        );
    }
}

fn confusion(out: &mut String, tested: &ClassesTested) {
    if tested.names.len() > MOST_CLASSES {
        let mut cells: Vec<(usize, usize, usize)> = Vec::new();
        for (i, row) in tested.confusion.iter().enumerate() {
            cells.extend(row.iter().enumerate().filter(|(j, n)| *j != i && **n > 0).map(|(j, n)| (*n, i, j)));
        }
        cells.sort_by(|a, b| b.cmp(a));
        let rows: String = cells
            .iter()
            .take(MOST_CONFUSIONS)
            .map(|&(n, i, j)| {
                format!(
                    "<tr><td>{}</td><td>{}</td><td>{n}</td></tr>",
                    html(&tested.names[i]),
                    html(&tested.names[j])
                )
            })
            .collect();
        let _ = writeln!(
            out,
            "<h3>What is taken for what most often</h3><table><thead><tr><th>is</th><th>answered</th><th>times</th></tr>\
             </thead><tbody>{rows}</tbody></table>"
        );
        return;
    }
    let heads: String = tested.names.iter().map(|n| format!("<th>{}</th>", html(n))).collect();
    let rows: String = tested
        .names
        .iter()
        .zip(&tested.confusion)
        .enumerate()
        .map(|(i, (name, row))| {
            let n = row.iter().sum::<usize>().max(1) as f64;
            let cells: String = row
                .iter()
                .enumerate()
                .map(|(j, &c)| {
                    let class = if i == j { "hit" } else { "miss" };
                    let share = c as f64 / n;
                    format!("<td class=\"{class}\" style=\"--share:{share:.3}\">{c}</td>")
                })
                .collect();
            format!("<tr><th>{}</th>{cells}</tr>", html(name))
        })
        .collect();
    let _ = writeln!(
        out,
        "<h3>Confusion matrix</h3><p>A row for each true class, a column for each answer.</p><table \
         class=\"confusion\"><thead><tr><th></th>{heads}</tr></thead><tbody>{rows}</tbody></table>"
    );
}

fn values(out: &mut String, tested: &ValuesTested) {
    let truths: Vec<f64> = tested.points.iter().map(|p| p.0).collect();
    let errors: Vec<f64> = tested.points.iter().map(|p| p.1 - p.0).collect();
    let x = Axis::around("true value", &truths, Format::Plain);
    let y = Axis::around("answer − true value", &errors, Format::Plain);
    let mut chart = Chart::new(720.0, 320.0, x, y);
    chart.limit_y(0.0, "no error");
    let points: Vec<Point> = truths
        .iter()
        .zip(&errors)
        .map(|(&x, &y)| Point { x, y, hint: format!("true {x:.4}, answered {:.4}", x + y) })
        .collect();
    chart.points(0, "", &points);
    let _ = writeln!(
        out,
        "<h3>Residuals of the final network on the test part</h3>{}",
        chart.svg("Errors of the final network against the true values of the test part")
    );
}

/// The 95 % interval of a share (Wilson 1927, doi:10.1080/01621459.1927.10502953).
fn wilson(hits: usize, n: usize) -> (f64, f64) {
    if n == 0 {
        return (0.0, 1.0);
    }
    let (n, z2) = (n as f64, 1.96f64 * 1.96);
    let p = hits as f64 / n;
    let middle = (p + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = (z2 * (p * (1.0 - p) / n + z2 / (4.0 * n * n))).sqrt() / (1.0 + z2 / n);
    ((middle - half).max(0.0), (middle + half).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::wilson;

    #[test]
    fn the_interval_of_a_share_is_wilsons() {
        let (low, high) = wilson(9, 10);
        assert!((low - 0.5958).abs() < 1e-3 && (high - 0.9821).abs() < 1e-3, "{low} {high}");
        assert_eq!(wilson(0, 0), (0.0, 1.0));
        assert_eq!(wilson(5, 5).1, 1.0);
    }
}
