use super::plan::Plan;
use crate::format::compact;
use nascent_core::architecture::Architecture;
use std::fmt::Write;

/// What a terminal's column is used for: a value that is still to be read.
#[derive(Clone, Copy, PartialEq)]
struct Lane {
    value: usize,
    left: usize,
}

/// One line a block, with a lane for each value on its way.
pub(super) fn text(architecture: &Architecture, plan: &Plan) -> String {
    let mut reads = vec![0usize; plan.blocks.len()];
    for b in plan.drawn() {
        distinct(&plan.blocks[b].inputs).iter().for_each(|&x| reads[x] += 1);
    }
    let mut rows: Vec<[String; 4]> = Vec::new();
    let mut lanes: Vec<Option<Lane>> = Vec::new();
    for segment in &plan.segments {
        let times = if segment.times > 1 { format!("  ×{}", segment.times) } else { String::new() };
        let before = lines_of(&lanes);
        rows.push([before.clone(), format!("{}{times}", segment.name), String::new(), String::new()]);
        for &b in &segment.blocks {
            let block = &plan.blocks[b];
            let inputs = distinct(&block.inputs);
            let mut own = None;
            // From left to right, so that the block goes on in the leftmost lane.
            let of = |lane: &Option<Lane>| lane.is_some_and(|l| inputs.contains(&l.value));
            let read: Vec<usize> = (0..lanes.len()).filter(|&l| of(&lanes[l])).collect();
            for lane in read {
                take(&mut lanes, lane, &mut own, &mut rows);
            }
            let own = own.unwrap_or_else(|| free(&mut lanes));
            lanes[own] = None;
            let gutter = mark(&lanes, own);
            let detail =
                if block.detail.is_empty() { String::new() } else { format!(" · {}", block.detail) };
            let params = if block.params > 0 { compact(block.params as f64) } else { String::new() };
            rows.push([gutter, format!("  {}{detail}", block.title), block.shape.clone(), params]);
            lanes[own] = (reads[b] > 0).then_some(Lane { value: b, left: reads[b] });
        }
    }
    let cost = architecture.cost();
    let mut out = aligned(&rows);
    let _ = writeln!(
        out,
        "\n{} parameters · {} MACs · output {}",
        crate::format::count(cost.params as f64),
        compact(cost.macs as f64),
        architecture.output_shape()
    );
    out
}

/// Reads the value of a lane: the block takes the lane if it is its first, else the lane joins the block's.
fn take(lanes: &mut Vec<Option<Lane>>, lane: usize, own: &mut Option<usize>, rows: &mut Vec<[String; 4]>) {
    let Some(Lane { value, left }) = lanes[lane] else { return };
    let line = |gutter| [gutter, String::new(), String::new(), String::new()];
    match *own {
        None if left > 1 => {
            // The value is wanted again: it goes on in a lane of its own, on the right.
            let other = free(lanes);
            rows.push(line(joint(lanes, lane, other, '╮')));
            lanes[other] = Some(Lane { value, left: left - 1 });
            *own = Some(lane);
        }
        None => *own = Some(lane),
        Some(own) => {
            let end = if left > 1 { '┤' } else { '╯' };
            rows.push(line(joint(lanes, own, lane, end)));
            lanes[lane] = (left > 1).then_some(Lane { value, left: left - 1 });
        }
    }
}

fn free(lanes: &mut Vec<Option<Lane>>) -> usize {
    lanes.iter().position(Option::is_none).unwrap_or_else(|| {
        lanes.push(None);
        lanes.len() - 1
    })
}

fn lines_of(lanes: &[Option<Lane>]) -> String {
    lanes.iter().map(|l| if l.is_some() { "│ " } else { "  " }).collect()
}

fn mark(lanes: &[Option<Lane>], own: usize) -> String {
    let sign = |(i, l): (usize, &Option<Lane>)| match l {
        _ if i == own => "● ",
        Some(_) => "│ ",
        None => "  ",
    };
    lanes.iter().enumerate().map(sign).collect()
}

/// A line across from lane `a`, which goes on, to lane `b`, which begins, ends or goes on.
fn joint(lanes: &[Option<Lane>], a: usize, b: usize, right: char) -> String {
    let (from, to) = (a.min(b), a.max(b));
    let at_b = if b > a { right } else { mirrored(right) };
    let mut out = String::new();
    for (i, lane) in lanes.iter().enumerate() {
        let inside = i > from && i < to;
        out.push(match lane {
            _ if i == a => {
                if b > a {
                    '├'
                } else {
                    '┤'
                }
            }
            _ if i == b => at_b,
            Some(_) if inside => '┼',
            None if inside => '─',
            Some(_) => '│',
            None => ' ',
        });
        out.push(if i >= from && i < to { '─' } else { ' ' });
    }
    out
}

fn mirrored(right: char) -> char {
    match right {
        '╮' => '╭',
        '╯' => '╰',
        _ => '├',
    }
}

fn distinct(inputs: &[usize]) -> Vec<usize> {
    let mut out: Vec<usize> = Vec::new();
    for &x in inputs {
        if !out.contains(&x) {
            out.push(x);
        }
    }
    out
}

fn aligned(rows: &[[String; 4]]) -> String {
    let wide = |column: usize| rows.iter().map(|r| r[column].chars().count()).max().unwrap_or(0);
    let (gutter, title, shape, params) = (wide(0), wide(1), wide(2), wide(3));
    let mut out = String::new();
    for [g, t, s, p] in rows {
        let line = format!("{g:<gutter$}{t:<title$}  {s:<shape$}  {p:>params$}");
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}
