//! Byte-pair encodings as the data that a file holds: pieces in the order of their codes, and which two are put together.

use serde_json::{Map, Value, json};
use tokenizers::Trainer;
use tokenizers::models::bpe::{BPE, BpeTrainer};

/// Which two pieces are put together.
type Merges = Vec<(String, String)>;

/// What a trainer that was fed learned: all pieces, and the merges, the first first.
pub(super) fn learned(trainer: &BpeTrainer) -> Result<(Vec<String>, Merges), String> {
    let mut model = BPE::default();
    trainer.train(&mut model).map_err(|e| e.to_string())?;
    let mut vocabulary: Vec<(String, u32)> = model.get_vocab().into_iter().collect();
    vocabulary.sort_unstable_by_key(|(_, id)| *id);
    let merges = serde_json::to_value(&model).map_err(|e| e.to_string())?;
    let merges = serde_json::from_value(merges["merges"].clone()).map_err(|e| e.to_string())?;
    Ok((vocabulary.into_iter().map(|(piece, _)| piece).collect(), merges))
}

/// The model of pieces and merges; `strange` is the piece of what has none.
pub(super) fn model<'p>(
    pieces: impl Iterator<Item = &'p str>,
    merges: &[(String, String)],
    strange: Option<&str>,
) -> Result<BPE, String> {
    let vocabulary: Map<String, Value> =
        pieces.enumerate().map(|(i, piece)| (piece.into(), json!(i))).collect();
    let model = json!({"type": "BPE", "vocab": vocabulary, "merges": merges, "unk_token": strange});
    // Its deserializer borrows, so that it must go through text.
    serde_json::from_str(&model.to_string()).map_err(|e| e.to_string())
}
