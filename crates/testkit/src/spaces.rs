use nascent_core::architecture::op::{Linear, Zero};
use nascent_core::architecture::{Architecture, ArchitectureBuilder, Shape};
use nascent_core::question::{Label, Path, Question, Scale, Topic};
use nascent_core::{Candidate, Chooser, Settings, Space, SpaceError};

fn network(features: usize) -> Result<Architecture, SpaceError> {
    let mut b = ArchitectureBuilder::new(Shape::new(&[4]));
    let hidden = b.add(Linear { features: features + 1, bias: true }, &[b.input()])?;
    let out = b.add(Linear { features: 2, bias: true }, &[hidden])?;
    Ok(b.finish(out)?)
}

static OPTIONS: [Label; 4] =
    [Label::Borrowed("0"), Label::Borrowed("1"), Label::Borrowed("2"), Label::Borrowed("3")];

/// A flat space of so many questions with so many options each (1 to 4); the answers' sum is the hidden width.
pub struct Bits {
    /// The number of questions.
    pub questions: u32,
    /// The options of each.
    pub options: usize,
}

impl Space for Bits {
    fn name(&self) -> &str {
        "bits"
    }

    fn build<'s>(&'s self, chooser: &mut dyn Chooser) -> Result<Candidate<'s>, SpaceError> {
        let options = &OPTIONS[..self.options];
        let mut sum = 0;
        for i in 0..self.questions {
            let question = Question { scale: Scale::Ordered, topic: Topic::Architecture, options };
            sum += chooser.choose(Path::new("bit").at(i), &question)?;
        }
        Ok(Candidate { settings: Settings::default(), draw: Box::new(move || network(sum)) })
    }
}

/// A space whose questions depend on answers: a depth from 0 to 3, then a width for each level.
pub struct Tree;

impl Space for Tree {
    fn name(&self) -> &str {
        "tree"
    }

    fn build<'s>(&'s self, chooser: &mut dyn Chooser) -> Result<Candidate<'s>, SpaceError> {
        let question = Question { scale: Scale::Ordered, topic: Topic::Architecture, options: &OPTIONS };
        let depth = chooser.choose(Path::new("depth"), &question)?;
        let mut widths = Vec::new();
        for level in 0..depth {
            let question = Question { options: &OPTIONS[..3], ..question };
            widths.push(chooser.choose(Path::new("level").at(level as u32).child("width"), &question)?);
        }
        let draw = move || {
            let mut b = ArchitectureBuilder::new(Shape::new(&[4]));
            let mut at = b.input();
            for width in widths {
                at = b.add(Linear { features: width + 1, bias: true }, &[at])?;
            }
            if depth == 0 {
                at = b.add(Zero { shape: Shape::new(&[4]) }, &[])?;
            }
            let out = b.add(Linear { features: 2, bias: true }, &[at])?;
            Ok(b.finish(out)?)
        };
        Ok(Candidate { settings: Settings::default(), draw: Box::new(draw) })
    }
}
