//! The text of a `model.py`.

use super::network::{Network, Statement};
use crate::Model;
use nascent_data::{Inputs, Preprocessing};
use std::fmt::Write;

/// The longest line.
const WIDTH: usize = 100;

/// A literal of Python: JSON's texts are ones.
fn literal(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A text that may stand in a comment or a string of several lines.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() || c == '\\' || c == '"' { ' ' } else { c }).collect()
}

/// The whole file.
pub(super) fn write(model: &Model<'_>, network: &Network) -> String {
    let mut out = String::new();
    let graph = model.graph;
    let _ = write!(
        out,
        "\"\"\"{}: a network that Nascent found.\n\n{} parameters; input {}, output {}; hash {}.\n\n    from model import load\n    \
         network = load()\n\"\"\"\n\n",
        plain(model.name),
        graph.cost().params,
        graph.input_shape(),
        graph.output_shape(),
        graph.hash()
    );
    let mut body = String::new();
    if let Some(preprocessing) = model.preprocessing {
        meaning(&mut body, preprocessing);
    }
    for helper in &network.helpers {
        let _ = write!(body, "\n\n{}", helper.source());
    }
    class(&mut body, network);
    body.push_str(
        "\n\ndef load(folder=Path(__file__).parent):\n    \"\"\"The trained network, from the numbers beside this file.\"\"\"\n    \
         network = Network()\n    network.load_state_dict(load_file(Path(folder) / \"model.safetensors\"))\n    \
         return network.eval()\n",
    );
    if body.contains("math.") {
        out.push_str("import math\n");
    }
    out.push_str("from pathlib import Path\n\nimport torch\nfrom safetensors.torch import load_file\nfrom torch import nn\n");
    out.push_str(&body);
    out
}

/// What inputs go through and what answers mean.
fn meaning(out: &mut String, preprocessing: &Preprocessing) {
    if !preprocessing.classes.is_empty() {
        let classes: Vec<String> = preprocessing.classes.iter().map(|c| literal(c)).collect();
        out.push_str("\n# What the answers stand for, in their order: the logarithms of the classes' odds.\nCLASSES = [\n");
        classes.iter().for_each(|class| {
            let _ = writeln!(out, "    {class},");
        });
        out.push_str("]\n");
    }
    if let Some(scale) = preprocessing.scale {
        let _ = write!(
            out,
            "\n# An answer times the deviation plus the mean is the value of {}.\nTARGET_MEAN = {:?}\nTARGET_DEVIATION = {:?}\n",
            plain(&preprocessing.target),
            scale.mean,
            scale.deviation
        );
    }
    match &preprocessing.inputs {
        Inputs::Image(rule) => {
            let _ = write!(
                out,
                "\n# What pictures go through: each channel is standardised.\nMAXIMUM = {:?}\nMEAN = {:?}\nDEVIATION = {:?}\n\n\n\
                 def preprocess(pixels):\n    \"\"\"Pictures, [batch, channels, rows, columns] of values from 0 to MAXIMUM, as the \
                 network reads them.\"\"\"\n    mean = torch.tensor(MEAN).view(-1, 1, 1)\n    deviation = \
                 torch.tensor(DEVIATION).view(-1, 1, 1)\n    return (pixels / MAXIMUM - mean) / deviation\n",
                rule.maximum, rule.mean, rule.deviation
            );
        }
        _ => out.push_str(
            "\n# Raw input goes through what preprocessing.json says before the network reads it.\n",
        ),
    }
}

fn class(out: &mut String, network: &Network) {
    out.push_str("\n\nclass Network(nn.Module):\n    def __init__(self):\n        super().__init__()\n");
    for chain in &network.chains {
        match &chain.makes[..] {
            [only] => {
                let begin = format!("        self.{} = ", chain.name);
                let _ = writeln!(out, "{begin}{}", made(only, 8, begin.len()));
            }
            several => {
                let _ = writeln!(out, "        self.{} = nn.Sequential(", chain.name);
                several.iter().for_each(|make| {
                    let _ = writeln!(out, "            {},", made(make, 12, 12));
                });
                out.push_str("        )\n");
            }
        }
    }
    out.push_str("\n    def forward(self, x):\n");
    for (i, statement) in network.statements.iter().enumerate() {
        let is_last = i + 1 == network.statements.len() && statement.name == network.answer;
        line(out, statement, is_last);
    }
    if network.statements.last().is_none_or(|s| s.name != network.answer) {
        let _ = writeln!(out, "        return {}", network.answer);
    }
}

/// How a layer is made: a list of pairs in it stands over several lines where it is long.
fn made(make: &str, indent: usize, before: usize) -> String {
    if before + make.len() < WIDTH {
        return make.to_string();
    }
    let outer = format!("\n{}", " ".repeat(indent));
    let inner = format!("{outer}    ");
    make.replace("[(", &format!("[{inner}("))
        .replace("), (", &format!("),{inner}("))
        .replace(")]", &format!("),{outer}]"))
}

/// One statement, over several lines where it is long.
fn line(out: &mut String, statement: &Statement, is_last: bool) {
    let begin = if is_last { "return ".to_string() } else { format!("{} = ", statement.name) };
    let text = format!("        {begin}{}", statement.text);
    if text.len() <= WIDTH || !statement.text.contains(" + ") {
        let _ = writeln!(out, "{text}");
        return;
    }
    let terms = statement.text.split(" + ").collect::<Vec<_>>().join("\n            + ");
    let _ = writeln!(out, "        {begin}(\n            {terms}\n        )");
}
