use super::blocks::{Block, Kind};
use super::layout::{ANSWER, Frame, Layout, Line, Placed, merge_text, text_width};
use super::plan::Plan;
use crate::escape::html;
use crate::format::compact;
use nascent_core::architecture::Architecture;
use std::collections::HashMap;
use std::fmt::Write;

/// Colours after Okabe & Ito, readable without full colour vision; kinds also differ in their words.
const STYLE: &str = "<style>\
.nd{--nd-ink:#1f2328;--nd-dim:#656d76;--nd-line:#8c959f;--nd-page:#fff;--nd-band:#f6f8fa;--nd-frame:#d0d7de;\
--nd-conv:#0072b2;--nd-conv-fill:#e8f2f9;--nd-linear:#8c4a78;--nd-linear-fill:#f8ecf4;--nd-pool:#00785a;--nd-pool-fill:#e6f4ef;\
--nd-other:#6e7781;--nd-other-fill:#f3f4f6;font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif}\
@media screen and (prefers-color-scheme:dark){.nd{--nd-ink:#e6edf3;--nd-dim:#9198a1;--nd-line:#6e7681;--nd-page:#0d1117;\
--nd-band:#161b22;--nd-frame:#3d444d;--nd-conv:#56b4e9;--nd-conv-fill:#10283a;--nd-linear:#d48fbe;--nd-linear-fill:#301e2b;\
--nd-pool:#35c29a;--nd-pool-fill:#0f2a23;--nd-other:#9198a1;--nd-other-fill:#1f242b}}\
.nd text{fill:var(--nd-ink);font-size:12.5px}.nd .d{fill:var(--nd-dim);font-size:10.5px}\
.nd .s{fill:var(--nd-dim);font-size:10.5px;paint-order:stroke;stroke:var(--nd-halo,var(--nd-band));stroke-width:3px;stroke-linejoin:round}\
.nd .b{font-weight:600}.nd .l{fill:none;stroke:var(--nd-line);stroke-width:1.4}.nd .a{fill:var(--nd-line)}\
.nd .n{font-size:11.5px}.nd .band{fill:var(--nd-band)}.nd .plain{fill:none}.nd .frame{fill:var(--nd-page);stroke:var(--nd-frame)}\
.nd .k{stroke-width:1.2}.nd .c{fill:var(--nd-conv-fill);stroke:var(--nd-conv)}.nd .f{fill:var(--nd-linear-fill);stroke:var(--nd-linear)}\
.nd .p{fill:var(--nd-pool-fill);stroke:var(--nd-pool)}.nd .o{fill:var(--nd-other-fill);stroke:var(--nd-other)}\
.nd .m{fill:var(--nd-page);stroke:var(--nd-line)}</style>";

/// Whether a line comes in at a merging block's side.
const ASIDE: f64 = 12.0;

pub(super) fn svg(architecture: &Architecture, plan: &Plan, layout: &Layout) -> String {
    let cost = architecture.cost();
    let mut out = String::new();
    let (w, h) = (layout.width.ceil(), layout.height.ceil());
    let what = format!(
        "A network from {} to {} with {} parameters, drawn from top to bottom.",
        architecture.input_shape(),
        architecture.output_shape(),
        cost.params
    );
    let _ = write!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"nd\" viewBox=\"0 0 {w} {h}\" width=\"{w}\" height=\"{h}\" \
         role=\"img\" aria-label=\"{what}\">{STYLE}",
    );
    layout.bands.iter().enumerate().for_each(|(i, band)| draw_band(&mut out, plan, band, i));
    for frame in &layout.frames {
        let first = layout.bands.iter().any(|b| b.segments.first() == frame.segments.first());
        draw_frame(&mut out, plan, frame, first);
    }
    let placed: HashMap<usize, &Placed> = layout.placed.iter().map(|p| (p.block, p)).collect();
    for line in &layout.lines {
        if let (Some(from), Some(to)) = (placed.get(&line.from), placed.get(&line.to)) {
            draw_line(&mut out, line, from, to, plan.blocks[line.to].kind == Kind::Merge);
        }
    }
    for p in &layout.placed {
        draw_block(&mut out, &plan.blocks[p.block], p);
        if changes_shape(plan, p.block) && p.block != plan.output {
            let (dx, anchor) = if turns_right(layout, p, &placed) { (-7.0, "end") } else { (7.0, "start") };
            let (x, y) = (p.middle() + dx, p.bottom() + 14.0);
            let shape = &plan.blocks[p.block].shape;
            let _ = write!(
                out,
                "<text class=\"s\" x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{shape}</text>"
            );
        }
    }
    if let Some(last) = placed.get(&plan.output) {
        draw_answer(&mut out, architecture, last);
    }
    out.push_str("</svg>");
    out
}

/// Whether lines leave a block to the right and none to the left: its shape is then written on the free side.
fn turns_right(layout: &Layout, from: &Placed, placed: &HashMap<usize, &Placed>) -> bool {
    let toward = |line: &Line| match line.through.first() {
        Some((x, ..)) => *x,
        None => placed.get(&line.to).map_or(0.0, |to| to.middle()),
    };
    let mut own = layout.lines.iter().filter(|l| l.from == from.block).map(toward);
    let middle = from.middle();
    let mut right = false;
    own.all(|x| {
        right |= x > middle + 1.0;
        x > middle - 1.0
    }) && right
}

/// A shape is written where it is new, so that a reader finds the changes.
fn changes_shape(plan: &Plan, b: usize) -> bool {
    let block = &plan.blocks[b];
    block.kind != Kind::Input && block.inputs.iter().all(|&x| plan.blocks[x].shape != block.shape)
}

fn draw_band(out: &mut String, plan: &Plan, band: &Frame, number: usize) {
    let segments = || band.segments.iter().map(|&s| &plan.segments[s]);
    let Some(first) = segments().next() else { return };
    let class = if number.is_multiple_of(2) { "plain" } else { "band" };
    let _ = write!(
        out,
        "<rect class=\"{class}\" x=\"0\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" rx=\"6\"/>",
        band.top, band.width, band.height
    );
    let mut name = first.band().to_string();
    if first.inner().is_none() && first.times > 1 {
        let _ = write!(name, " (×{})", first.times);
    }
    let y = band.top + 24.0;
    let _ = write!(out, "<text class=\"b\" x=\"12\" y=\"{y:.1}\">{}</text>", html(&shortened(&name, 17)));
    let (params, macs) = segments().map(|s| plan.cost(s)).fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1));
    let mut y = y;
    for (value, unit) in [(params, "params"), (macs, "MACs")].iter().filter(|(v, _)| *v > 0) {
        y += 15.0;
        let _ =
            write!(out, "<text class=\"d\" x=\"12\" y=\"{y:.1}\">{} {unit}</text>", compact(*value as f64));
    }
}

fn draw_frame(out: &mut String, plan: &Plan, frame: &Frame, first_in_band: bool) {
    let segment = &plan.segments[frame.segments[0]];
    let Frame { left, top, width, height, .. } = *frame;
    let mut rect = |class: &str, by: f64| {
        let (x, y) = (left + by, top + by);
        let _ = write!(
            out,
            "<rect class=\"frame {class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" rx=\"6\"/>"
        );
    };
    if segment.times > 1 {
        // A stack of cards: there is more than one of these.
        rect("back", 6.0);
        rect("back", 3.0);
    }
    rect("front", 0.0);
    // The band's own name and cost come first.
    let mut y = if first_in_band { top + 79.0 } else { top + 16.0 };
    let mut line = |class: &str, text: &str| {
        let _ = write!(out, "<text class=\"{class}\" x=\"12\" y=\"{y:.1}\">{}</text>", html(text));
        y += 15.0;
    };
    let name = shortened(segment.inner().unwrap_or(&segment.name), 19);
    if segment.times == 1 {
        return line("d", &name);
    }
    line("n", &format!("×{}  {name}", segment.times));
    let each = plan.cost(segment).0 / segment.times as u64;
    if each > 0 {
        line("d", &format!("{} params each", compact(each as f64)));
    }
}

fn draw_block(out: &mut String, block: &Block, p: &Placed) {
    let class = match block.kind {
        Kind::Convolution => "c",
        Kind::Linear => "f",
        Kind::Pool => "p",
        Kind::Merge => "m",
        Kind::Input | Kind::Other => "o",
    };
    let radius = if matches!(block.kind, Kind::Merge | Kind::Input) { p.height / 2.0 } else { 5.0 };
    let _ = write!(
        out,
        "<rect class=\"k {class}\" x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" rx=\"{radius}\"/>",
        p.left, p.top, p.width, p.height
    );
    if matches!(block.kind, Kind::Merge | Kind::Input) {
        let y = p.top + p.height / 2.0 + 4.3;
        let text = html(&merge_text(&block.title, &block.detail));
        let _ =
            write!(out, "<text x=\"{:.1}\" y=\"{y:.1}\" text-anchor=\"middle\">{text}</text>", p.middle());
        return;
    }
    let y = p.top + if block.detail.is_empty() { p.height / 2.0 + 4.3 } else { 18.0 };
    let _ = write!(out, "<text x=\"{:.1}\" y=\"{y:.1}\">{}</text>", p.left + 11.0, html(&block.title));
    if block.params > 0 {
        let (x, params) = (p.left + p.width - 11.0, compact(block.params as f64));
        let _ =
            write!(out, "<text class=\"d\" x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"end\">{params}</text>");
    }
    if !block.detail.is_empty() {
        let fits = ((p.width - 20.0) / text_width("x", 10.5)) as usize;
        let (x, y) = (p.left + 11.0, p.top + 34.0);
        let detail = html(&shortened(&block.detail, fits));
        let _ = write!(out, "<text class=\"d\" x=\"{x:.1}\" y=\"{y:.1}\">{detail}</text>");
    }
}

fn draw_line(out: &mut String, line: &Line, from: &Placed, to: &Placed, merges: bool) {
    let mut at = (from.middle(), from.bottom());
    let mut path = format!("M{:.1} {:.1}", at.0, at.1);
    for &(x, top, bottom) in &line.through {
        curve(&mut path, at, (x, top));
        let _ = write!(path, "V{bottom:.1}");
        at = (x, bottom);
    }
    let aside = (at.0 - to.middle()).abs() > to.width / 2.0 + ASIDE;
    let (tip, angle) = if merges && aside {
        let right = at.0 > to.middle();
        let edge = if right { to.left + to.width } else { to.left };
        let (x, y) = (if right { edge + 1.0 } else { edge - 1.0 }, to.top + to.height / 2.0);
        let bend = (y - at.1).min((at.0 - x).abs()).min(16.0);
        let turn = if right { at.0 - bend } else { at.0 + bend };
        let base = if right { x + 6.0 } else { x - 6.0 };
        let _ = write!(path, "V{:.1}Q{:.1} {y:.1} {turn:.1} {y:.1}H{base:.1}", y - bend, at.0);
        ((x, y), if right { 180 } else { 0 })
    } else {
        let (x, y) = (to.middle(), to.top - 1.0);
        curve(&mut path, at, (x, y - 6.0));
        ((x, y), 90)
    };
    let _ = write!(out, "<path class=\"l\" d=\"{path}\"/>");
    arrow(out, tip, angle);
}

/// Down from one point to another, leaving and arriving vertically.
fn curve(path: &mut String, from: (f64, f64), to: (f64, f64)) {
    if (from.0 - to.0).abs() < 0.5 {
        let _ = write!(path, "V{:.1}", to.1);
    } else {
        let middle = (from.1 + to.1) / 2.0;
        let _ = write!(path, "C{:.1} {middle:.1} {:.1} {middle:.1} {:.1} {:.1}", from.0, to.0, to.0, to.1);
    }
}

fn arrow(out: &mut String, tip: (f64, f64), angle: i32) {
    let _ = write!(
        out,
        "<path class=\"a\" transform=\"translate({:.1} {:.1}) rotate({angle})\" d=\"M0 0L-7 -3.6V3.6z\"/>",
        tip.0, tip.1
    );
}

fn draw_answer(out: &mut String, architecture: &Architecture, last: &Placed) {
    let (x, top) = (last.middle(), last.bottom() + ANSWER - 30.0);
    let text = html(&format!("output {}", architecture.output_shape()));
    let width = text_width(&text, 12.5) + 30.0;
    let _ = write!(out, "<path class=\"l\" d=\"M{x:.1} {:.1}V{:.1}\"/>", last.bottom(), top - 7.0);
    arrow(out, (x, top - 1.0), 90);
    let _ = write!(
        out,
        "<rect class=\"k o\" x=\"{:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"26\" rx=\"13\"/>\
         <text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{text}</text>",
        x - width / 2.0,
        top + 17.3
    );
}

/// A name that fits, its end replaced by an ellipsis where it does not.
fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_string();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}
