use super::Value;
use burn::tensor::Tensor;
use nascent_core::architecture::Op;

/// The sum, product or concatenation of some values; `None` where there are none.
pub(super) fn join(op: &Op, inputs: Vec<Value>) -> Option<Value> {
    match op {
        Op::Add(_) => inputs.into_iter().reduce(add),
        Op::Multiply(_) => inputs.into_iter().reduce(multiply),
        _ => concat(inputs),
    }
}

fn add(a: Value, b: Value) -> Value {
    match (a, b) {
        (Value::Images(a), Value::Images(b)) => Value::Images(a + b),
        (Value::Vectors(a), Value::Vectors(b)) => Value::Vectors(a + b),
        (a, _) => a,
    }
}

fn multiply(value: Value, gate: Value) -> Value {
    match (value, gate) {
        (Value::Images(a), Value::Images(b)) => Value::Images(a * b),
        (Value::Vectors(a), Value::Vectors(b)) => Value::Vectors(a * b),
        (Value::Images(a), Value::Vectors(b)) => {
            let [n, c] = b.dims();
            Value::Images(a * b.reshape([n, c, 1, 1]))
        }
        (a, _) => a,
    }
}

fn concat(inputs: Vec<Value>) -> Option<Value> {
    let (mut images, mut vectors) = (Vec::new(), Vec::new());
    for input in inputs {
        match input {
            Value::Images(x) => images.push(x),
            Value::Vectors(x) => vectors.push(x),
        }
    }
    if !images.is_empty() {
        return Some(Value::Images(Tensor::cat(images, 1)));
    }
    (!vectors.is_empty()).then(|| Value::Vectors(Tensor::cat(vectors, 1)))
}
