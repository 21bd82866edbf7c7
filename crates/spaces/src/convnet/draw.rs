use super::{Convnet, Head, Plan, Stage, Stem, is_halved_by_flattening};
use nascent_core::architecture::op::{
    Add, BatchNorm, Conv2d, Dropout, Flatten, GlobalAveragePool, Linear, Pool2d, PoolKind,
};
use nascent_core::architecture::{Architecture, ArchitectureBuilder, ArchitectureError, NodeId};

/// A graph on its way, at its last node.
struct Drawing<'p> {
    b: ArchitectureBuilder,
    at: NodeId,
    plan: &'p Plan,
}

impl Convnet {
    pub(super) fn draw(&self, plan: &Plan) -> Result<Architecture, ArchitectureError> {
        let b = ArchitectureBuilder::new(self.input.clone());
        let at = b.input();
        let mut drawing = Drawing { b, at, plan };
        drawing.stem(self.stem)?;
        for (number, stage) in plan.stages[..plan.count].iter().enumerate() {
            if number > 0 {
                drawing.halve()?;
            }
            for block in 0..stage.depth {
                drawing.b.scope(format!("stage {} / block {}", number + 1, block + 1));
                drawing.block(stage)?;
            }
        }
        drawing.head(self.outputs)
    }
}

impl Drawing<'_> {
    fn channels(&self) -> usize {
        self.b.shape(self.at).extents()[0]
    }

    /// A convolution and its norm; without a norm it has a bias instead.
    fn convolve(&mut self, conv: Conv2d) -> Result<(), ArchitectureError> {
        self.at = self.b.add(Conv2d { bias: !self.plan.norm, ..conv }, &[self.at])?;
        if self.plan.norm {
            self.at = self.b.add(BatchNorm {}, &[self.at])?;
        }
        Ok(())
    }

    fn activate(&mut self) -> Result<(), ArchitectureError> {
        self.at = self.b.add(self.plan.activation, &[self.at])?;
        Ok(())
    }

    fn halve(&mut self) -> Result<(), ArchitectureError> {
        let pool = Pool2d { kind: PoolKind::Max, kernel: 2, stride: 2, padding: 0 };
        self.at = self.b.add(pool, &[self.at])?;
        Ok(())
    }

    fn stem(&mut self, stem: Stem) -> Result<(), ArchitectureError> {
        self.b.scope("stem");
        let stride = if stem == Stem::Keep { 1 } else { 2 };
        self.convolve(Conv2d::same(self.plan.stem_width, 3, stride))?;
        self.activate()?;
        if stem == Stem::Quarter { self.halve() } else { Ok(()) }
    }

    fn block(&mut self, stage: &Stage) -> Result<(), ArchitectureError> {
        let before = self.at;
        let is_kept = stage.skip && self.channels() == stage.width;
        if stage.expansion > 1 {
            self.b.branch("expanded");
            let hidden = stage.expansion * self.channels();
            self.convolve(Conv2d::same(hidden, 1, 1))?;
            self.activate()?;
            self.convolve(Conv2d::depthwise(hidden, stage.kernel, 1))?;
            self.activate()?;
            // The bottleneck itself is linear.
            self.convolve(Conv2d::same(stage.width, 1, 1))?;
        } else {
            self.convolve(Conv2d::same(stage.width, stage.kernel, 1))?;
            self.activate()?;
        }
        if is_kept {
            self.at = self.b.add(Add {}, &[before, self.at])?;
        }
        Ok(())
    }

    fn head(mut self, outputs: usize) -> Result<Architecture, ArchitectureError> {
        self.b.scope("head");
        match self.plan.head {
            Head::Average => self.at = self.b.add(GlobalAveragePool {}, &[self.at])?,
            Head::Flatten => {
                if let Some((_, height, width)) = self.b.shape(self.at).image()
                    && is_halved_by_flattening(height, width)
                {
                    self.halve()?;
                }
                // What a row of the last layer sees depends on how many pixels there are.
                let pixels = self.b.shape(self.at).to_string();
                let pixels = pixels.split_once('×').map_or("", |(_, pixels)| pixels);
                self.b.branch(format_args!("of {pixels}"));
                self.at = self.b.add(Flatten {}, &[self.at])?;
            }
        }
        if self.plan.dropout > 0 {
            self.at = self.b.add(Dropout { per_mille: self.plan.dropout }, &[self.at])?;
        }
        let output = self.b.add(Linear { features: outputs, bias: true }, &[self.at])?;
        self.b.finish(output)
    }
}
