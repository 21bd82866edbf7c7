//! Graphs in which choices are still open, and what becomes of them when choices are made.

use super::{Architecture, ArchitectureError, Node, Op, op};
use smallvec::smallvec;

/// A choice that a graph leaves open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The path of its question.
    pub path: String,
    /// The labels of its options.
    pub options: Vec<String>,
}

impl Architecture {
    /// The choices that are still open, each once, in the order of their first nodes.
    #[must_use]
    pub fn choices(&self) -> Vec<Choice> {
        let mut choices: Vec<Choice> = Vec::new();
        for node in &self.nodes {
            if let Op::Mixed(op::Mixed { path, options }) = &node.op
                && choices.iter().all(|c| c.path != *path)
            {
                choices.push(Choice { path: path.clone(), options: options.clone() });
            }
        }
        choices
    }

    /// The canonical graph in which each open choice is made: `option` is asked for the place of the option among those
    /// of a path.
    ///
    /// # Errors
    /// Where it gives no option that there is.
    pub fn derive(&self, option: impl Fn(&str) -> Option<usize>) -> Result<Self, ArchitectureError> {
        let mut graph = self.clone();
        for node in &mut graph.nodes {
            let Op::Mixed(op::Mixed { path, options }) = &node.op else { continue };
            let Some(&chosen) = option(path).and_then(|chosen| node.inputs.get(chosen)) else {
                let reason = format!("at {path:?} none of {} is chosen", options.join(", "));
                return Err(ArchitectureError::Graph(reason));
            };
            *node = Node { op: op::Identity {}.into(), inputs: smallvec![chosen], scope: node.scope };
        }
        Ok(graph.canonical())
    }

    /// The same graph with fewer options: those of a path that `is_kept`.
    ///
    /// # Errors
    /// Where a choice would have none left.
    pub fn narrowed(mut self, is_kept: impl Fn(&str, &str) -> bool) -> Result<Self, ArchitectureError> {
        for node in &mut self.nodes {
            let Op::Mixed(op::Mixed { path, options }) = &mut node.op else { continue };
            let mut kept = options.iter().map(|option| is_kept(path, option));
            let mut inputs = node.inputs.clone();
            inputs.retain(|_| kept.next().unwrap_or(true));
            let before = options.join(", ");
            options.retain(|option| is_kept(path, option));
            if options.is_empty() {
                let reason = format!("at {path:?} none of {before} is kept");
                return Err(ArchitectureError::Graph(reason));
            }
            node.inputs = inputs;
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{ArchitectureBuilder, NodeId, Shape, op::*};
    use super::*;

    /// Two layers, each of which may be left out; both places ask one question.
    fn open() -> Architecture {
        let mut b = ArchitectureBuilder::new(Shape::new(&[4]));
        let mut at = NodeId(0);
        for layer in 0..2 {
            b.scope(format!("layer {layer}")).branch("on");
            let on =
                b.chain(at, [Linear { features: 4, bias: true }.into(), Activation::Relu.into()]).unwrap();
            let off = b.add(Identity {}, &[at]).unwrap();
            let mixed = Mixed { path: "layer".into(), options: vec!["on".into(), "off".into()] };
            at = b.add(mixed, &[on, off]).unwrap();
        }
        b.scope("head");
        let output = b.add(Linear { features: 2, bias: true }, &[at]).unwrap();
        b.finish(output).unwrap()
    }

    #[test]
    fn a_choice_is_listed_once_and_made_everywhere() {
        let graph = open();
        assert_eq!(graph.choices().len(), 1);
        assert_eq!(graph.choices()[0].options, ["on", "off"]);
        let ops = |option| {
            let made = graph.derive(|path| (path == "layer").then_some(option)).unwrap();
            made.nodes().iter().map(|n| n.op.name()).collect::<Vec<_>>()
        };
        assert_eq!(ops(0), ["Input", "Linear", "Activation", "Linear", "Activation", "Linear"]);
        assert_eq!(ops(1), ["Input", "Linear"]);
        assert!(graph.derive(|_| Some(2)).unwrap_err().to_string().contains("on, off"));
        assert!(graph.derive(|_| None).is_err());
    }

    #[test]
    fn fewer_options_may_be_kept_but_not_none() {
        let only = open().narrowed(|_, option| option == "off").unwrap();
        assert_eq!(only.choices()[0].options, ["off"]);
        assert_eq!(only.derive(|_| Some(0)).unwrap().nodes().len(), 2);
        assert!(open().narrowed(|_, _| false).unwrap_err().to_string().contains("\"layer\""));
    }

    #[test]
    fn a_branch_is_told_from_its_scope_and_both_survive_json() {
        let text = serde_json::to_string(&open()).unwrap();
        let graph: Architecture = serde_json::from_str(&text).unwrap();
        assert_eq!(graph, open());
        assert_eq!((graph.scope(NodeId(1)), graph.place(NodeId(1))), ("layer 0", "layer 0#on"));
        assert_eq!(graph.place(NodeId(9)), "head");
    }
}
