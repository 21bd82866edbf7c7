//! Networks as pictures a person can read: an SVG for pages, lines of text for terminals.
//!
//! Read in this order: `blocks` (operations that belong together become one box, `cell` opens recurrent ones), `plan` (parts of the network in
//! order, repeated parts drawn once), `layout` (rows, columns and coordinates), then `draw` and `lines`.

mod blocks;
mod cell;
mod draw;
mod layout;
mod lines;
mod order;
mod plan;

use nascent_core::architecture::Architecture;
use plan::Plan;

/// The network as a self-contained SVG element that follows the reader's light or dark scheme.
///
/// Data flows downwards. A box is a chain of operations that belong together, such as a convolution with its norm
/// and activation; a line carries a tensor, with its shape where it leaves a box; a band is a part of the network;
/// a part that is repeated without change is drawn once with its number.
#[must_use]
pub fn svg(architecture: &Architecture) -> String {
    let plan = Plan::new(architecture);
    draw::svg(architecture, &plan, &layout::Layout::new(&plan))
}

/// The network as lines of text for a terminal, one line a block, with branches drawn at the left.
///
/// Ends with a line break.
#[must_use]
pub fn text(architecture: &Architecture) -> String {
    lines::text(architecture, &Plan::new(architecture))
}

#[cfg(test)]
mod tests;
