//! The table of sizes.

use crate::okvs::Shape;
use crate::silent_vole::Noise;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Parameters {
    pub(crate) shape: Shape,
    pub(crate) noise: Noise,
}

impl Parameters {
    /// Elements of the correlation.
    pub(crate) fn vole_length(&self) -> usize {
        self.shape.columns().max(4096)
    }
}

pub(crate) fn parameters(items: usize) -> Option<Parameters> {
    let shape = Shape::derived(items.max(1));
    let length = 2 * shape.columns().max(4096);
    let trees = 600;
    let leaves = length.div_ceil(trees);
    let depth = leaves.next_power_of_two().ilog2() as usize;
    Some(Parameters { shape, noise: Noise { trees, leaves, depth } })
}
