use crate::error::nearest;
use nascent_core::SpaceError;
use nascent_core::question::Label;
use std::fmt;
use std::str::FromStr;

/// The operation on an edge of a cell; the numbers are those of the published tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Nb201Op {
    /// The edge is cut.
    None = 0,
    /// The input, unchanged.
    SkipConnect = 1,
    /// ReLU, 1×1 convolution, batch norm.
    NorConv1x1 = 2,
    /// ReLU, 3×3 convolution, batch norm.
    NorConv3x3 = 3,
    /// 3×3 average.
    AvgPool3x3 = 4,
}

impl Nb201Op {
    /// All operations, in the published order.
    pub const ALL: [Self; 5] =
        [Self::None, Self::SkipConnect, Self::NorConv1x1, Self::NorConv3x3, Self::AvgPool3x3];

    /// The published name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::SkipConnect => "skip_connect",
            Self::NorConv1x1 => "nor_conv_1x1",
            Self::NorConv3x3 => "nor_conv_3x3",
            Self::AvgPool3x3 => "avg_pool_3x3",
        }
    }

    /// The operation of this number in the published tables.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code)).copied()
    }
}

pub(super) static LABELS: [Label; 5] = [
    Label::Borrowed(Nb201Op::None.name()),
    Label::Borrowed(Nb201Op::SkipConnect.name()),
    Label::Borrowed(Nb201Op::NorConv1x1.name()),
    Label::Borrowed(Nb201Op::NorConv3x3.name()),
    Label::Borrowed(Nb201Op::AvgPool3x3.name()),
];

/// A cell: the operations on its edges 1←0, 2←0, 2←1, 3←0, 3←1, 3←2, which is the order of the published text
/// `|op~0|+|op~0|op~1|+|op~0|op~1|op~2|` and of the tables' columns `op_01 op_02 op_12 op_03 op_13 op_23`.
///
/// The published index of a cell comes from a shuffled list, so only a table turns it into a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Nb201Cell(pub [Nb201Op; 6]);

/// How the edges of the cell run: to a node, from a node before it.
pub(super) const EDGES: [(usize, usize); 6] = [(1, 0), (2, 0), (2, 1), (3, 0), (3, 1), (3, 2)];

impl Nb201Cell {
    /// The residual block of two 3×3 convolutions, written as a cell (`ResNet` in the paper).
    pub const RESNET: Self = Self([
        Nb201Op::NorConv3x3,
        Nb201Op::None,
        Nb201Op::NorConv3x3,
        Nb201Op::SkipConnect,
        Nb201Op::None,
        Nb201Op::SkipConnect,
    ]);
}

impl fmt::Display for Nb201Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for ((to, from), op) in EDGES.iter().zip(&self.0) {
            if *from == 0 {
                f.write_str(if *to == 1 { "|" } else { "+|" })?;
            }
            write!(f, "{}~{from}|", op.name())?;
        }
        Ok(())
    }
}

impl FromStr for Nb201Cell {
    type Err = SpaceError;

    /// Reads the published text.
    fn from_str(text: &str) -> Result<Self, SpaceError> {
        let fail = |reason: String| {
            SpaceError::Parameter(format!(
                "{text:?} is no cell of NAS-Bench-201: {reason}; the form is |op~0|+|op~0|op~1|+|op~0|op~1|op~2|"
            ))
        };
        let mut ops = [Nb201Op::None; 6];
        let mut edges = EDGES.iter().zip(&mut ops);
        let nodes: Vec<&str> = text.trim().split('+').collect();
        if nodes.len() != 3 {
            return Err(fail(format!("it has {} nodes, not 3", nodes.len())));
        }
        for (node, place) in nodes.iter().zip(1..) {
            let inner = node.strip_prefix('|').and_then(|n| n.strip_suffix('|'));
            let terms: Vec<&str> = inner.map(|n| n.split('|').collect()).unwrap_or_default();
            if terms.len() != place {
                return Err(fail(format!(
                    "node {place} is {node:?}, which is not {place} operations in bars"
                )));
            }
            for (term, ((_, from), op)) in terms.iter().zip(&mut edges) {
                let (name, source) = term.split_once('~').unwrap_or((term, ""));
                if source != from.to_string() {
                    return Err(fail(format!("{term:?} stands where an operation on node {from} belongs")));
                }
                *op = Nb201Op::ALL.into_iter().find(|o| o.name() == name).ok_or_else(|| {
                    let names = Nb201Op::ALL.map(Nb201Op::name);
                    let hint = nearest(name, names).map(|n| format!(", did you mean {n:?}?"));
                    let hint = hint.unwrap_or_default();
                    fail(format!("there is no operation {name:?}{hint} (there are {})", names.join(", ")))
                })?;
            }
        }
        Ok(Self(ops))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_text_is_read_and_written() {
        let text = "|nor_conv_3x3~0|+|nor_conv_1x1~0|none~1|+|skip_connect~0|avg_pool_3x3~1|nor_conv_3x3~2|";
        let cell: Nb201Cell = text.parse().unwrap();
        assert_eq!(cell.0.map(|o| o as u8), [3, 2, 0, 1, 4, 3]);
        assert_eq!(cell.to_string(), text);
    }

    #[test]
    fn text_that_is_no_cell_is_refused_with_the_reason() {
        let error = |text: &str| text.parse::<Nb201Cell>().unwrap_err().to_string();
        assert!(error("").contains("1 nodes"));
        assert!(error("|none~0|+|none~0|+|none~0|none~1|none~2|").contains("node 2"));
        assert!(error("|none~0|+|none~0|none~0|+|none~0|none~1|none~2|").contains("node 1 belongs"));
        let misspelt = error("|none~0|+|none~0|nor_conv_3x2~1|+|none~0|none~1|none~2|");
        assert!(misspelt.contains("did you mean \"nor_conv_3x3\""), "{misspelt}");
        assert!(error("none~0+|none~0|none~1|+|none~0|none~1|none~2|").contains("in bars"));
        assert!(error("|none~0|+|none~0|none~1|+|none~0|none~1|none~2|x").contains("node 3"));
    }
}
