//! Line and point charts as SVG: axes with sensible ticks, colours and dashes from the page's style sheet.

mod axis;

pub(crate) use axis::{Axis, Format};

use crate::escape::html;
use std::fmt::Write;

const LEFT: f64 = 58.0;
const RIGHT: f64 = 16.0;
const TOP: f64 = 14.0;
const BOTTOM: f64 = 44.0;

/// Beyond this, points are one path without hints: a page with 10,000 trials stays small.
const MOST_HINTS: usize = 400;

/// A point with what is said when it is pointed at.
pub(crate) struct Point {
    pub x: f64,
    pub y: f64,
    pub hint: String,
}

/// A chart while it is drawn.
pub(crate) struct Chart {
    width: f64,
    height: f64,
    x: Axis,
    y: Axis,
    body: String,
    outside: usize,
}

impl Chart {
    pub fn new(width: f64, height: f64, x: Axis, y: Axis) -> Self {
        Self { width, height, x, y, body: String::new(), outside: 0 }
    }

    /// How many points lay outside the axes and were drawn on their edge.
    pub fn outside(&self) -> usize {
        self.outside
    }

    /// Width and height between the axes.
    fn inner(&self) -> (f64, f64) {
        (self.width - LEFT - RIGHT, self.height - TOP - BOTTOM)
    }

    fn at(&self, x: f64, y: f64) -> (f64, f64) {
        let (w, h) = self.inner();
        (LEFT + w * self.x.place(x), TOP + h * (1.0 - self.y.place(y)))
    }

    /// Dots, of series `series` of the page's colours; those outside become arrowheads on the edge.
    pub fn points(&mut self, series: usize, class: &str, points: &[Point]) {
        let (mut inside, mut edge) = (String::new(), String::new());
        let mut hinted = String::new();
        for point in points {
            let (x, y) = self.at(point.x, point.y);
            let (low, high) = self.y.range();
            if point.y < low || point.y > high {
                self.outside += 1;
                let (tip, base) = if point.y < low { (y, y - 6.0) } else { (y, y + 6.0) };
                let _ = write!(edge, "M{:.1} {base:.1}h7L{x:.1} {tip:.1}z", x - 3.5);
            } else if points.len() > MOST_HINTS {
                let _ = write!(inside, "M{x:.1} {y:.1}h0");
            } else {
                let hint = html(&point.hint);
                let _ = write!(
                    hinted,
                    "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.2\"><title>{hint}</title></circle>"
                );
            }
        }
        let _ = write!(self.body, "<g class=\"pt s{series} {class}\">{hinted}");
        if !inside.is_empty() {
            let _ = write!(self.body, "<path class=\"many\" d=\"{inside}\"/>");
        }
        if !edge.is_empty() {
            let _ = write!(self.body, "<path class=\"edge\" d=\"{edge}\"/>");
        }
        self.body.push_str("</g>");
    }

    /// The area between two lines, lightly filled: points with their low and high ends.
    pub fn band(&mut self, series: usize, points: &[(f64, f64, f64)]) {
        let (left, (w, h)) = (LEFT, self.inner());
        let place = |x: f64, y: f64| (self.at(x, y).0, TOP + h * (1.0 - self.y.beyond(y)));
        let mut d = String::new();
        let lows = points.iter().map(|(x, low, _)| place(*x, *low));
        let highs = points.iter().rev().map(|(x, _, high)| place(*x, *high));
        for (i, (x, y)) in lows.chain(highs).enumerate() {
            let _ = write!(d, "{}{x:.1} {y:.1}", if i == 0 { 'M' } else { 'L' });
        }
        let _ = write!(
            self.body,
            "<svg x=\"{left}\" y=\"{TOP}\" width=\"{w}\" height=\"{h}\" viewBox=\"{left} {TOP} {w} {h}\">\
             <path class=\"band s{series}\" d=\"{d}z\"/></svg>"
        );
    }

    /// A line from point to point.
    pub fn line(&mut self, series: usize, class: &str, points: &[(f64, f64)]) {
        self.path(series, class, points, false);
    }

    /// A line that keeps each value until the next.
    pub fn steps(&mut self, series: usize, class: &str, points: &[(f64, f64)]) {
        self.path(series, class, points, true);
    }

    fn path(&mut self, series: usize, class: &str, points: &[(f64, f64)], steps: bool) {
        let mut d = String::new();
        for (i, &(x, y)) in points.iter().enumerate() {
            let (x, y) = (self.at(x, y).0, TOP + self.inner().1 * (1.0 - self.y.beyond(y)));
            let _ = match (i, steps) {
                (0, _) => write!(d, "M{x:.1} {y:.1}"),
                (_, true) => write!(d, "H{x:.1}V{y:.1}"),
                (_, false) => write!(d, "L{x:.1} {y:.1}"),
            };
        }
        // What leaves the range is cut off, not bent along the edge.
        let (left, top, (w, h)) = (LEFT - 2.0, TOP - 2.0, self.inner());
        let (w, h) = (w + 4.0, h + 2.0);
        let _ = write!(
            self.body,
            "<svg x=\"{left}\" y=\"{top}\" width=\"{w}\" height=\"{h}\" viewBox=\"{left} {top} {w} {h}\">\
             <path class=\"ln s{series} {class}\" d=\"{d}\"/></svg>"
        );
    }

    /// A dashed line across at a value of the vertical axis, with its name.
    pub fn limit_y(&mut self, value: f64, name: &str) {
        if self.y.holds(value) {
            let (_, y) = self.at(0.0, value);
            let (right, name) = (self.width - RIGHT, html(name));
            let _ = write!(
                self.body,
                "<path class=\"limit\" d=\"M{LEFT} {y:.1}H{right}\"/>\
                 <text class=\"halo\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{name}</text>",
                right - 4.0,
                y - 5.0
            );
        }
    }

    /// A dashed line down at a value of the horizontal axis, with its name.
    pub fn limit_x(&mut self, value: f64, name: &str) {
        if self.x.holds(value) {
            let (x, _) = self.at(value, 0.0);
            let (bottom, name) = (self.height - BOTTOM, html(name));
            let (tx, anchor) = if x > self.width * 0.6 { (x - 5.0, "end") } else { (x + 5.0, "start") };
            let _ = write!(
                self.body,
                "<path class=\"limit\" d=\"M{x:.1} {TOP}V{bottom}\"/>\
                 <text class=\"halo\" x=\"{tx:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\">{name}</text>",
                bottom - 8.0
            );
        }
    }

    /// A ring around a point, with a name beside it.
    pub fn mark(&mut self, x: f64, y: f64, name: &str) {
        let (x, y) = self.at(x, y);
        let (tx, anchor) = if x > self.width * 0.65 { (x - 11.0, "end") } else { (x + 11.0, "start") };
        let ty = if y < TOP + 16.0 { y + 16.0 } else { y - 8.0 };
        let name = html(name);
        let _ = write!(
            self.body,
            "<circle class=\"ring\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"7\"/>\
             <text class=\"halo strong\" x=\"{tx:.1}\" y=\"{ty:.1}\" text-anchor=\"{anchor}\">{name}</text>"
        );
    }

    /// The chart as an SVG element; `what` is read to people who cannot see it.
    pub fn svg(&self, what: &str) -> String {
        let (w, h) = (self.width, self.height);
        let (bottom, right) = (h - BOTTOM, w - RIGHT);
        let mut out = format!(
            "<svg class=\"chart\" viewBox=\"0 0 {w} {h}\" width=\"{w}\" height=\"{h}\" role=\"img\" aria-label=\"{}\">",
            html(what)
        );
        for (value, label) in self.y.ticks() {
            let (_, y) = self.at(0.0, value);
            let _ = write!(
                out,
                "<path class=\"grid\" d=\"M{LEFT} {y:.1}H{right}\"/>\
                 <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{label}</text>",
                LEFT - 8.0,
                y + 4.0
            );
        }
        for (value, label) in self.x.ticks() {
            let (x, _) = self.at(value, 0.0);
            let _ = write!(
                out,
                "<path class=\"tick\" d=\"M{x:.1} {bottom}v4\"/>\
                 <text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{label}</text>",
                bottom + 17.0
            );
        }
        let middle = TOP + (bottom - TOP) / 2.0;
        let _ = write!(
            out,
            "<path class=\"axis\" d=\"M{LEFT} {bottom}H{right}\"/>\
             <text class=\"name\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>\
             <text class=\"name\" transform=\"translate(13 {middle:.1}) rotate(-90)\" text-anchor=\"middle\">{}</text>\
             {}</svg>",
            LEFT + (right - LEFT) / 2.0,
            h - 7.0,
            html(&self.x.name),
            html(&self.y.name),
            self.body
        );
        out
    }
}

/// The names of series with their colours and dashes, to stand above a chart.
pub(crate) fn legend(entries: &[(usize, &str, String)]) -> String {
    let mut out = String::from("<p class=\"legend\">");
    for (series, class, name) in entries {
        let (series, name) = (*series, html(name));
        let _ = write!(
            out,
            "<span><svg width=\"30\" height=\"10\" aria-hidden=\"true\"><path class=\"ln s{series} {class}\" d=\"M1 5H29\"/></svg>{name}</span>"
        );
    }
    out.push_str("</p>");
    out
}
