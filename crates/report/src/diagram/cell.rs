use super::blocks::{Block, Kind};
use nascent_core::architecture::op::{Cell, CellNode};

/// A recurrent cell as blocks, the first of which is block `first`: one for each node, and the mean of the loose ends where there are
/// several. The last has the cell's value.
///
/// A node has what its product with what it reads takes; what the input gives goes to the first node with the rest.
pub(super) fn opened(cell: &Cell, steps: u64, block: Block, first: usize) -> Vec<Block> {
    let product = 2 * (cell.size * cell.size) as u64;
    let others = cell.nodes.len() as u64 - 1;
    let node = |node: &CellNode| {
        let (inputs, title, [params, macs]) = match node.reads {
            Some(read) => (vec![first + read], node.function.name().into(), [product, product * steps]),
            None => {
                let rest = [block.params - others * product, block.macs - others * product * steps];
                (block.inputs.clone(), format!("cell {}: {}", cell.size, node.function.name()), rest)
            }
        };
        let (nodes, detail) = (Vec::new(), String::new());
        let (shape, scope) = (block.shape.clone(), block.scope.clone());
        Block { nodes, inputs, kind: Kind::Other, title, detail, shape, params, macs, scope }
    };
    let mut blocks: Vec<Block> = cell.nodes.iter().map(node).collect();
    let ends = cell.ends();
    if ends.len() > 1 {
        let inputs = ends.iter().map(|end| first + end).collect();
        blocks.push(Block { inputs, kind: Kind::Merge, title: "mean".into(), params: 0, macs: 0, ..block });
    } else if let Some(last) = blocks.last_mut() {
        (last.nodes, last.detail) = (block.nodes, block.detail);
    }
    blocks
}
