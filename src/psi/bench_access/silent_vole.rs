//! The silent VOLE and its parts.

use rand_core::CryptoRng;

use crate::expand_convolute::{ExpandConvolute, Pair};
use crate::field::F128;
use crate::ggm::{Ggm, Shape};
use crate::silent_vole::{Noise, NoiseChoice, SilentReceiver, SilentSender};

const SESSION: [u8; 32] = [1; 32];

/// Both sides' inputs, with the rows of an ideal extension.
pub struct Vole {
    noise: Noise,
    delta: F128,
    rows: Vec<F128>,
}

impl Vole {
    pub fn new(outputs: usize, trees: usize, rng: &mut dyn CryptoRng) -> Self {
        let leaves = (2 * outputs).div_ceil(trees);
        let depth = leaves.next_power_of_two().ilog2() as usize;
        let noise = Noise { trees, leaves, depth, outputs };
        let rows = (0..noise.rows()).map(|_| F128::random(rng)).collect();
        Self { noise, delta: F128::random(rng), rows }
    }

    /// All of the sender's work, and what it sends.
    pub fn send(&self, rng: &mut dyn CryptoRng) -> Vec<u8> {
        let (sender, message) = SilentSender::new(&SESSION, self.noise, self.delta, &self.rows, rng);
        let answer = sender.answer(&[3; 32]);
        std::hint::black_box((answer, sender.expand()));
        message
    }

    /// All of the receiver's work.
    pub fn receive(&self, message: &[u8], rng: &mut dyn CryptoRng) {
        let choice = NoiseChoice::random(self.noise, rng);
        let receiver = SilentReceiver::new(&SESSION, choice, &self.rows, message, rng);
        let (receiver, challenge) = receiver.expect("the message has the right length");
        std::hint::black_box((challenge.message, receiver.expand()));
    }
}

/// Trees and the memory for their leaves.
pub struct Trees {
    shape: Shape,
    leaves: Vec<F128>,
    roots: Vec<F128>,
}

impl Trees {
    pub fn new(trees: usize, leaves: usize) -> Self {
        let depth = leaves.next_power_of_two().ilog2() as usize;
        let shape = Shape { trees, leaves, depth };
        Self { shape, leaves: vec![F128::ONE; shape.len()], roots: vec![F128::ONE; trees] }
    }

    pub fn expand(&mut self) {
        std::hint::black_box(Ggm::new(&SESSION).expand(&self.shape, &self.roots, &mut self.leaves));
    }
}

/// The code, and vectors for it.
pub struct Code {
    one: [Vec<F128>; 2],
    two: [Vec<Pair>; 2],
}

impl Code {
    pub fn new(outputs: usize) -> Self {
        let element = |i: usize| F128(i as u128);
        let one = [1, 2].map(|from: usize| (from..from + outputs).map(element).collect());
        let two = [1, 2].map(|from: usize| (from..from + outputs).map(|i| Pair([element(i); 2])).collect());
        Self { one, two }
    }

    pub fn encode(&mut self) {
        let [left, right] = &mut self.one;
        ExpandConvolute::new(left.len()).encode(left, right);
    }

    pub fn encode_two(&mut self) {
        let [left, right] = &mut self.two;
        ExpandConvolute::new(left.len()).encode(left, right);
    }
}
