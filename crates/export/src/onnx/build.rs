//! Nodes and constants of a file, one after another.

use super::format::*;
use crate::exporter::to_bytes;
use nascent_core::architecture::Shape;

/// The name of the batch's extent.
pub(super) const BATCH: &str = "batch";

/// A setting of an operator.
pub(super) fn int(name: &str, value: i64) -> AttributeProto {
    let kind = Some(AttributeType::Int as i32);
    AttributeProto { name: Some(name.into()), i: Some(value), r#type: kind, ..AttributeProto::default() }
}

/// A setting of whole numbers.
pub(super) fn ints(name: &str, values: &[usize]) -> AttributeProto {
    let ints = values.iter().map(|v| *v as i64).collect();
    let kind = Some(AttributeType::Ints as i32);
    AttributeProto { name: Some(name.into()), ints, r#type: kind, ..AttributeProto::default() }
}

/// A setting that is a number.
pub(super) fn float(name: &str, value: f32) -> AttributeProto {
    let kind = Some(AttributeType::Float as i32);
    AttributeProto { name: Some(name.into()), f: Some(value), r#type: kind, ..AttributeProto::default() }
}

/// The type of a value of which there is one an example.
pub(super) fn value(name: &str, shape: &Shape) -> ValueInfoProto {
    let extents = shape.extents().iter().map(|n| Extent::Value(*n as i64));
    let extents = std::iter::once(Extent::Name(BATCH.into())).chain(extents);
    typed(name, DataType::Float, extents)
}

/// The type of such a value in the body of a loop, where not every runtime knows the batch by its name.
fn of_loop(name: &str, shape: &Shape) -> ValueInfoProto {
    let mut value = value(name, shape);
    let shape = value.r#type.as_mut().and_then(|kind| kind.tensor_type.as_mut()?.shape.as_mut());
    if let Some(batch) = shape.and_then(|shape| shape.dim.first_mut()) {
        batch.value = None;
    }
    value
}

/// The type of a value.
pub(super) fn typed(name: &str, kind: DataType, extents: impl IntoIterator<Item = Extent>) -> ValueInfoProto {
    let dim = extents.into_iter().map(|value| Dimension { value: Some(value) }).collect();
    let tensor = TensorType { elem_type: Some(kind as i32), shape: Some(TensorShapeProto { dim }) };
    ValueInfoProto {
        name: Some(name.into()),
        r#type: Some(TypeProto { tensor_type: Some(tensor) }),
        doc_string: None,
    }
}

/// Nodes and constants so far.
#[derive(Default)]
pub(super) struct Build {
    pub nodes: Vec<NodeProto>,
    pub constants: Vec<TensorProto>,
    pub shapes: Vec<ValueInfoProto>,
    /// What names of values begin with.
    prefix: String,
    /// How many values have begun with it.
    count: usize,
}

impl Build {
    /// From here on, values belong to this part.
    pub fn part(&mut self, prefix: String) {
        (self.prefix, self.count) = (prefix, 0);
    }

    /// A name for a value of this part.
    pub fn name(&mut self) -> String {
        self.count += 1;
        format!("{}/{}", self.prefix, self.count)
    }

    /// Adds an operation; answers with the name of its value.
    pub fn node(&mut self, op: &str, inputs: &[&str], attributes: Vec<AttributeProto>) -> String {
        let name = self.name();
        self.named(op, inputs, attributes, name)
    }

    /// Adds an operation whose value has a name already.
    pub fn named(
        &mut self,
        op: &str,
        inputs: &[&str],
        attributes: Vec<AttributeProto>,
        output: String,
    ) -> String {
        self.several(op, inputs, attributes, vec![output.clone()]);
        output
    }

    /// Adds an operation that gives values of these names.
    pub fn several(
        &mut self,
        op: &str,
        inputs: &[&str],
        attributes: Vec<AttributeProto>,
        outputs: Vec<String>,
    ) {
        self.nodes.push(NodeProto {
            input: inputs.iter().map(ToString::to_string).collect(),
            name: outputs.first().cloned(),
            output: outputs,
            op_type: Some(op.into()),
            attribute: attributes,
        });
    }

    /// Adds a constant of numbers.
    pub fn floats(&mut self, name: &str, extents: &[usize], numbers: &[f32]) -> String {
        self.constant(name, DataType::Float, extents, to_bytes(numbers))
    }

    /// Adds a constant of bytes.
    pub fn constant(&mut self, name: &str, kind: DataType, extents: &[usize], raw: Vec<u8>) -> String {
        self.constants.push(TensorProto {
            dims: extents.iter().map(|n| *n as i64).collect(),
            data_type: Some(kind as i32),
            name: Some(name.into()),
            raw_data: Some(raw),
        });
        name.into()
    }

    /// Adds a constant of whole numbers of 32 bits.
    pub fn steps(&mut self, name: &str, steps: &[i32]) -> String {
        let raw = steps.iter().flat_map(|n| n.to_le_bytes()).collect();
        self.constant(name, DataType::Int32, &[steps.len()], raw)
    }

    /// Adds a constant that has no name of its own.
    pub fn numbers(&mut self, extents: &[usize], numbers: &[f32]) -> String {
        let name = self.name();
        self.floats(&name, extents, numbers)
    }

    /// Adds a single number.
    pub fn number(&mut self, number: f32) -> String {
        self.numbers(&[], &[number])
    }

    /// Adds a whole number from 0 to 255.
    pub fn byte(&mut self, number: u8) -> String {
        let name = self.name();
        self.constant(&name, DataType::Uint8, &[], vec![number])
    }

    /// Adds a vector of whole numbers of eight bits that are 0. Not every runtime takes one that several nodes read.
    pub fn zeros(&mut self, len: usize) -> String {
        let name = self.name();
        self.constant(&name, DataType::Int8, &[len], vec![0; len])
    }

    /// Adds a single whole number of 64 bits.
    pub fn index(&mut self, number: i64) -> String {
        let name = self.name();
        self.constant(&name, DataType::Int64, &[], number.to_le_bytes().to_vec())
    }

    /// Adds a vector of whole numbers, such as axes or extents.
    pub fn indices(&mut self, numbers: &[i64]) -> String {
        let name = self.name();
        let raw = numbers.iter().flat_map(|n| n.to_le_bytes()).collect();
        self.constant(&name, DataType::Int64, &[numbers.len()], raw)
    }

    /// The value with new axes of extent 1 in these places.
    pub fn unsqueeze(&mut self, value: &str, axes: &[i64]) -> String {
        let axes = self.indices(axes);
        self.node("Unsqueeze", &[value, &axes], Vec::new())
    }

    /// The value with its axes in another order.
    pub fn transpose(&mut self, value: &str, order: &[usize]) -> String {
        self.node("Transpose", &[value], vec![ints("perm", order)])
    }

    /// The value with other extents: 0 keeps the one in its place, -1 is what is left.
    pub fn reshape(&mut self, value: &str, extents: &[i64]) -> String {
        let extents = self.indices(extents);
        self.node("Reshape", &[value, &extents], Vec::new())
    }

    /// All but the batch's axis as one.
    pub fn flatten(&mut self, value: &str) -> String {
        self.node("Flatten", &[value], vec![int("axis", 1)])
    }

    /// The sum over an axis, which goes.
    pub fn sum(&mut self, value: &str, axis: i64) -> String {
        let axes = self.indices(&[axis]);
        self.node("ReduceSum", &[value, &axes], vec![int("keepdims", 0)])
    }

    /// Neighbours along an axis.
    pub fn slice(&mut self, value: &str, axis: i64, from: usize, len: usize) -> String {
        let (starts, ends) = (self.indices(&[from as i64]), self.indices(&[(from + len) as i64]));
        self.between(value, axis, &starts, &ends)
    }

    /// Neighbours along an axis, from a place that is computed to another; both are vectors of one whole number.
    pub fn between(&mut self, value: &str, axis: i64, starts: &str, ends: &str) -> String {
        let axes = self.indices(&[axis]);
        self.node("Slice", &[value, starts, ends, &axes], Vec::new())
    }

    /// A sequence moved to later steps: as much cut off behind as is then padded in front. Not every runtime pads by less than nothing.
    pub fn delay(&mut self, value: &str, steps: i64) -> String {
        let [starts, ends, pads] = [&[0][..], &[-steps], &[0, 0, steps, 0, 0, 0]].map(|n| self.indices(n));
        let cut = self.between(value, 2, &starts, &ends);
        self.node("Pad", &[&cut, &pads], Vec::new())
    }

    /// The states of a loop over the first axis of a value, one below the other, and the last of them. Each step reads the state before it, the first of
    /// which is `start`, and its part of `given`, both of the shapes that stand beside them; `body` makes the new state of them. What is
    /// constant in the loop stands outside.
    pub fn scan(
        &mut self,
        (start, of_state): (&str, &Shape),
        (given, of_given): (&str, &Shape),
        body: impl FnOnce(&mut Self, &str, &str) -> String,
    ) -> (String, String) {
        let [state, part, last, all] = [self.name(), self.name(), self.name(), self.name()];
        let outside = std::mem::take(&mut self.nodes);
        let next = body(self, &state, &part);
        // What a step gives has a name for the next step, and another for all states.
        let seen = self.node("Identity", &[&next], Vec::new());
        let inside = GraphProto {
            node: std::mem::replace(&mut self.nodes, outside),
            name: Some(format!("{}/step", self.prefix)),
            input: vec![of_loop(&state, of_state), of_loop(&part, of_given)],
            output: vec![of_loop(&next, of_state), of_loop(&seen, of_state)],
            ..GraphProto::default()
        };
        let kind = Some(AttributeType::Graph as i32);
        let inside = AttributeProto {
            name: Some("body".into()),
            g: Some(inside),
            r#type: kind,
            ..AttributeProto::default()
        };
        self.nodes.push(NodeProto {
            input: vec![start.into(), given.into()],
            output: vec![last.clone(), all.clone()],
            name: Some(all.clone()),
            op_type: Some("Scan".into()),
            attribute: vec![inside, int("num_scan_inputs", 1)],
        });
        (all, last)
    }

    /// The value as numbers of another kind.
    pub fn cast(&mut self, value: &str, to: DataType) -> String {
        self.node("Cast", &[value], vec![int("to", to as i64)])
    }
}
