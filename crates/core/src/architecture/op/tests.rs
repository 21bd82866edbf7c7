use super::super::{ArchitectureBuilder, Shape};
use super::*;
use std::collections::BTreeSet;

fn shape(extents: &[usize]) -> Shape {
    Shape::new(extents)
}

/// A cell of three nodes, two of which are loose ends.
fn cell(size: usize) -> Cell {
    let node = |reads, function| CellNode { reads, function };
    let (second, third) = (node(Some(0), CellFunction::Relu), node(Some(0), CellFunction::Identity));
    Cell { size, nodes: vec![node(None, CellFunction::Tanh), second, third] }
}

/// One of each operation that takes a sequence `[4, 9]`, a vector `[6]`, or a sequence with its codes.
fn each() -> Vec<(Op, Vec<Shape>, Shape)> {
    let (steps, vector, codes) = (shape(&[4, 9]), shape(&[6]), shape(&[9]));
    let conv = Conv1d { channels: 6, kernel: 3, stride: 2, padding: 1, dilation: 2, groups: 2, bias: true };
    let pool = Pool1d { kind: PoolKind::Max, kernel: 3, stride: 3, padding: 1 };
    let on_steps: Vec<(Op, Shape)> = vec![
        (conv.into(), shape(&[6, 4])),
        (Conv1d::same(2, 3, 1).dilated(4).into(), shape(&[2, 9])),
        (Conv1d::depthwise(4, 5, 1).into(), steps.clone()),
        (pool.into(), shape(&[4, 3])),
        (GlobalMaxPool {}.into(), shape(&[4])),
        (GlobalAveragePool {}.into(), shape(&[4])),
        (BatchNorm {}.into(), steps.clone()),
        (LayerNorm {}.into(), steps.clone()),
        (PositionEmbedding {}.into(), steps.clone()),
        (Delay { steps: 2 }.into(), steps.clone()),
        (
            SelfAttention { heads: 2, key_heads: 2, causal: true, relative: Relative::None }.into(),
            steps.clone(),
        ),
        (
            SelfAttention { heads: 2, key_heads: 1, causal: true, relative: Relative::None }.into(),
            steps.clone(),
        ),
        (Gru { size: 5 }.into(), shape(&[5, 9])),
        (Slice { from: 1, len: 2 }.into(), shape(&[2, 9])),
        (Lstm { size: 5 }.into(), shape(&[5, 9])),
        (cell(5).into(), shape(&[5, 9])),
        (Cell { nodes: cell(5).nodes[..2].to_vec(), size: 5 }.into(), shape(&[5, 9])),
        (Flatten {}.into(), shape(&[36])),
    ];
    let on_vectors: Vec<(Op, Shape)> = vec![
        (Slice { from: 1, len: 5 }.into(), shape(&[5])),
        (Embedding { vocabulary: 10, size: 3 }.into(), shape(&[3, 6])),
        (EmbeddingBag { vocabulary: 10, size: 3 }.into(), shape(&[3])),
        (PiecewiseLinear { bins: 7 }.into(), shape(&[42])),
        (PerFeature { features: 2, size: 5 }.into(), shape(&[10])),
        (Periodic { frequencies: 4, sigma_per_mille: 100 }.into(), shape(&[48])),
    ];
    let with_codes: Vec<(Op, Shape)> = vec![
        (
            SelfAttention { heads: 1, key_heads: 1, causal: false, relative: Relative::None }.into(),
            steps.clone(),
        ),
        (
            SelfAttention { heads: 1, key_heads: 1, causal: false, relative: Relative::Rotary }.into(),
            steps.clone(),
        ),
        (MaskedPool { kind: PoolKind::Average }.into(), shape(&[4])),
    ];
    let tied: (Op, Vec<Shape>, Shape) =
        (TiedOutput { vocabulary: 10, size: 4 }.into(), vec![steps.clone(), shape(&[4, 6])], shape(&[10, 9]));
    let gate: (Op, Vec<Shape>, Shape) = (Multiply {}.into(), vec![steps.clone(), shape(&[4])], steps.clone());
    let one = |inputs: Vec<Shape>| move |(op, shape): (Op, Shape)| (op, inputs.clone(), shape);
    on_steps
        .into_iter()
        .map(one(vec![steps.clone()]))
        .chain(on_vectors.into_iter().map(one(vec![vector])))
        .chain(with_codes.into_iter().map(one(vec![steps, codes])))
        .chain([gate, tied])
        .collect()
}

#[test]
fn shapes_follow_and_codes_and_json_tell_operations_apart() {
    let mut codes = BTreeSet::new();
    for (op, inputs, expected) in each() {
        let inputs: Vec<&Shape> = inputs.iter().collect();
        assert_eq!(op.output(&inputs).unwrap(), expected, "{}", op.label());
        let (least, most) = op.arity();
        assert!((least..=most).contains(&inputs.len()), "{}", op.label());
        assert!(codes.insert(op.code()), "{} has the code of another", op.label());
        let text = serde_json::to_string(&op).unwrap();
        assert_eq!(serde_json::from_str::<Op>(&text).unwrap(), op, "{text}");
    }
}

#[test]
fn params_and_macs_are_counted_as_layers_are_written() {
    let cost = |op: Op, input: &[usize]| {
        let input = shape(input);
        (op.params(&[&input]), op.macs(&[&input], &op.output(&[&input]).unwrap()))
    };
    let conv = Conv1d { channels: 6, kernel: 3, stride: 2, padding: 1, dilation: 2, groups: 2, bias: true };
    assert_eq!(cost(conv.into(), &[4, 9]), (6 * 2 * 3 + 6, 6 * 2 * 3 * 4));
    assert_eq!(cost(Embedding { vocabulary: 10, size: 3 }.into(), &[6]), (27, 0));
    assert_eq!(cost(PerFeature { features: 2, size: 5 }.into(), &[6]), (2 * (3 * 5 + 5), 2 * 3 * 5));
    assert_eq!(cost(Periodic { frequencies: 4, sigma_per_mille: 1 }.into(), &[6]), (24, 0));
    let attention = SelfAttention { heads: 2, key_heads: 2, causal: false, relative: Relative::None }.into();
    assert_eq!(cost(attention, &[4, 9]), (4 * 16 + 4 * 4, 9 * 4 * 16 + 2 * 4 * 81));
    // Keys and values of one head of two channels.
    let shared = SelfAttention { heads: 2, key_heads: 1, causal: false, relative: Relative::None };
    assert_eq!(shared.kept(&[&shape(&[4, 9])]), (4 + 2 + 2 + 4) * 9 + 2 * 81);
    assert_eq!(
        cost(shared.into(), &[4, 9]),
        ((4 + 2 + 2 + 4) * 4 + 4 + 2 + 2 + 4, 9 * (4 + 2 + 2 + 4) * 4 + 2 * 4 * 81)
    );
    assert_eq!(cost(Gru { size: 5 }.into(), &[4, 9]), (3 * 5 * (4 + 5 + 1), 9 * 3 * 5 * 9));
    assert_eq!(cost(Lstm { size: 5 }.into(), &[4, 9]), (4 * 5 * (4 + 5 + 1), 9 * 4 * 5 * 9));
    assert_eq!(cost(cell(5).into(), &[4, 9]), (10 * (4 + 1) + 3 * 50, 9 * (10 * 4 + 3 * 50)));
    assert_eq!(cost(LayerNorm {}.into(), &[4, 9]), (8, 0));
    assert_eq!(cost(PositionEmbedding {}.into(), &[4, 9]), (36, 0));
}

#[test]
fn what_does_not_fit_is_refused_by_name_and_number() {
    let refused: [(Op, &[&[usize]], &str); 24] = [
        (Conv1d::same(4, 3, 1).into(), &[&[4, 9, 9]], "needs channels×steps, got 4×9×9"),
        (Conv1d { groups: 3, ..Conv1d::same(6, 3, 1) }.into(), &[&[4, 9]], "3 groups must divide 4"),
        (
            Conv1d { padding: 0, ..Conv1d::same(6, 11, 1) }.into(),
            &[&[4, 9]],
            "window of 11 does not fit into 9",
        ),
        (
            Pool1d { kind: PoolKind::Max, kernel: 3, stride: 1, padding: 2 }.into(),
            &[&[4, 9]],
            "padding 2 is over half",
        ),
        (GlobalMaxPool {}.into(), &[&[4]], "needs channels×steps or channels×height×width, got 4"),
        (Slice { from: 3, len: 4 }.into(), &[&[6]], "4 numbers from 3 on are not among 6"),
        (Slice { from: usize::MAX, len: 1 }.into(), &[&[6]], "are not among 6"),
        (Embedding { vocabulary: 1, size: 3 }.into(), &[&[6]], "got 1 and 3"),
        (EmbeddingBag { vocabulary: 5, size: 0 }.into(), &[&[6]], "got 5 and 0"),
        (PiecewiseLinear { bins: 0 }.into(), &[&[6]], "at least 1 bin"),
        (PerFeature { features: 4, size: 2 }.into(), &[&[6]], "must share 6 numbers equally"),
        (Periodic { frequencies: 3, sigma_per_mille: 0 }.into(), &[&[6]], "got 3 and 0"),
        (
            SelfAttention { heads: 3, key_heads: 3, causal: false, relative: Relative::None }.into(),
            &[&[4, 9]],
            "3 heads must divide 4 channels",
        ),
        (
            SelfAttention { heads: 0, key_heads: 0, causal: false, relative: Relative::None }.into(),
            &[&[4, 9]],
            "0 heads must divide 4 channels",
        ),
        (
            SelfAttention { heads: 4, key_heads: 3, causal: false, relative: Relative::None }.into(),
            &[&[4, 9]],
            "3 heads of keys and values must be at least 1 and divide 4 heads",
        ),
        (
            SelfAttention { heads: 4, key_heads: 0, causal: false, relative: Relative::None }.into(),
            &[&[4, 9]],
            "0 heads of keys and values must be at least 1 and divide 4 heads",
        ),
        (
            SelfAttention { heads: 2, key_heads: 2, causal: false, relative: Relative::Alibi }.into(),
            &[&[4, 9]],
            "need causal attention",
        ),
        (
            SelfAttention { heads: 4, key_heads: 4, causal: false, relative: Relative::Rotary }.into(),
            &[&[4, 9]],
            "1 channels a head cannot be turned",
        ),
        (
            SelfAttention { heads: 2, key_heads: 2, causal: false, relative: Relative::None }.into(),
            &[&[4, 9], &[8]],
            "codes of 8 do not fit 9 steps",
        ),
        (MaskedPool { kind: PoolKind::Max }.into(), &[&[4, 9], &[4, 9]], "codes of 4×9 do not fit 9 steps"),
        (Gru { size: 0 }.into(), &[&[4, 9]], "at least 1, got 0"),
        (Lstm { size: 2 }.into(), &[&[4]], "needs channels×steps, got 4"),
        (cell(0).into(), &[&[4, 9]], "at least 1, got 0"),
        (Cell { size: 4, nodes: Vec::new() }.into(), &[&[4, 9]], "1 to 12 nodes, got 0"),
    ];
    for (op, inputs, expected) in refused {
        let inputs: Vec<Shape> = inputs.iter().map(|x| shape(x)).collect();
        let error = op.output(&inputs.iter().collect::<Vec<_>>()).unwrap_err();
        assert!(error.contains(expected), "{}: {error}", op.label());
    }
}

#[test]
fn answers_share_the_table_of_an_embedding_and_of_nothing_else() {
    let mut b = ArchitectureBuilder::new(shape(&[6]));
    let embedded = b.add(Embedding { vocabulary: 10, size: 4 }, &[b.input()]).unwrap();
    let normed = b.add(LayerNorm {}, &[embedded]).unwrap();
    for (tied, from, expected) in [
        (TiedOutput { vocabulary: 10, size: 4 }, normed, "reads node 2, which is not that embedding"),
        (TiedOutput { vocabulary: 11, size: 4 }, embedded, "reads node 1, which is not that embedding"),
        (TiedOutput { vocabulary: 10, size: 3 }, embedded, "needs 3 channels×steps, got 4×6"),
        (TiedOutput { vocabulary: 10, size: 4 }, b.input(), "needs 4 channels×steps, got 6"),
    ] {
        let error = b.add(tied, &[normed, from]).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    let answers = b.add(TiedOutput { vocabulary: 10, size: 4 }, &[normed, embedded]).unwrap();
    let graph = b.finish(answers).unwrap();
    assert_eq!((graph.cost().params, graph.cost().macs), (9 * 4 + 8 + 10, 10 * 4 * 6));
    assert!(graph.is_tied(embedded) && !graph.is_tied(normed));
    // The spelling that all networks of a space are known by keeps what it shares.
    assert_eq!(graph.canonical().canonical(), graph.canonical());
}

#[test]
fn what_continues_a_text_keeps_keys_and_values_windows_and_states() {
    let mut b = ArchitectureBuilder::new(shape(&[6]));
    let embedded = b.add(Embedding { vocabulary: 10, size: 4 }, &[b.input()]).unwrap();
    let attention = SelfAttention { heads: 2, key_heads: 2, causal: true, relative: Relative::None };
    let layers = [attention.into(), Conv1d::depthwise(4, 5, 1).into(), Delay { steps: 2 }.into()];
    let at = b.chain(embedded, layers).unwrap();
    let states = b.chain(at, [Gru { size: 7 }.into(), Lstm { size: 3 }.into(), cell(2).into()]).unwrap();
    let pooled = b.add(GlobalMaxPool {}, &[states]).unwrap();
    let shared = SelfAttention { heads: 4, key_heads: 1, causal: true, relative: Relative::None };
    let shared = b.add(shared, &[embedded]).unwrap();
    let bytes = |output| b.clone().finish(output).unwrap().canonical().cache_bytes();
    assert_eq!(bytes(states), 4 * (2 * 4 * 6 + 4 * 4 + 7 + 2 * 3 + 2));
    assert_eq!(bytes(shared), 4 * (2 * 6));
    assert_eq!(bytes(pooled), 0, "nothing is continued");
}

#[test]
fn attention_is_written_and_spelled_as_before_where_heads_have_their_own_keys() {
    let own = SelfAttention { heads: 4, key_heads: 4, causal: true, relative: Relative::None };
    let shared = SelfAttention { key_heads: 2, ..own.clone() };
    let json = |op: &SelfAttention| serde_json::to_string(&Op::from(op.clone())).unwrap();
    assert_eq!(json(&own), r#"{"op":"self_attention","heads":4,"causal":true}"#);
    assert_eq!(json(&shared), r#"{"op":"self_attention","heads":4,"causal":true,"key_heads":2}"#);
    let before = r#"{"op":"self_attention","heads":4,"causal":true,"relative":"rotary"}"#;
    let read: Op = serde_json::from_str(before).unwrap();
    assert_eq!(read, SelfAttention { relative: Relative::Rotary, ..own.clone() }.into());
    assert_eq!((&own.code()[..], &read.code()[..]), (&[25, 4, 1][..], &[25, 4, 1, 2][..]));
    assert_eq!(shared.code()[..], [25, 4, 1, 0, 2]);
    assert_eq!(
        [own.label(), shared.label()],
        ["causal attention, 4 heads", "causal attention, 4 heads, 2 of keys"]
    );
}

#[test]
fn all_of_a_vector_is_the_vector_and_memory_counts_what_training_keeps() {
    let mut b = ArchitectureBuilder::new(shape(&[6]));
    let all = b.add(Slice { from: 0, len: 6 }, &[b.input()]).unwrap();
    let waves = b.add(Periodic { frequencies: 2, sigma_per_mille: 10 }, &[all]).unwrap();
    let head = b.add(Linear { features: 2, bias: true }, &[waves]).unwrap();
    let graph = b.finish(head).unwrap().canonical();
    assert_eq!(graph.nodes().len(), 3);
    assert_eq!(graph.training_activation_bytes(), 4 * (6 + 24 + 24 + 2));
}
