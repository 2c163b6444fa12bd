//! Partners that break the protocol, and what would come of it without the check.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

use super::check::Weights;
use super::tests::{SESSION, noise, rows};
use super::{Challenge, Error, Noise, NoiseChoice, SilentReceiver, SilentSender};
use crate::field::F128;

const OUTPUTS: usize = 90;
const TREES: usize = 4;

/// A sender, its message, and all that makes a receiver.
struct Scene {
    noise: Noise,
    delta: F128,
    sender: Box<SilentSender>,
    message: Vec<u8>,
    received: Vec<F128>,
    positions: Vec<u32>,
    seed: u64,
}

impl Scene {
    /// With these first positions, the others random.
    fn new(first: &[u32]) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let (noise, delta) = (noise(OUTPUTS, TREES), F128::random(&mut rng));
        let seed = 2;
        let mut choice = NoiseChoice::random(noise, &mut ChaCha20Rng::seed_from_u64(seed));
        choice.positions[..first.len()].copy_from_slice(first);
        let [received, sent] = rows(&choice, delta, &mut rng);
        let (sender, message) = SilentSender::new(&SESSION, noise, delta, &sent, &mut rng);
        Self { noise, delta, sender, message, received, positions: choice.positions.clone(), seed }
    }

    fn receive(&self, message: &[u8]) -> Result<(SilentReceiver, Challenge), Error> {
        let mut choice = NoiseChoice::random(self.noise, &mut ChaCha20Rng::seed_from_u64(self.seed));
        choice.positions.clone_from(&self.positions);
        SilentReceiver::new(&SESSION, choice, &self.received, message, &mut ChaCha20Rng::seed_from_u64(3))
    }

    /// Where the receiver's leaf is not the sender's plus Delta times the noise.
    fn wrong_places(&self, receiver: &SilentReceiver) -> Vec<usize> {
        let right = |i: &usize| {
            let [noise, leaf] = receiver.pairs[*i].0;
            leaf != self.sender.leaves[*i] + self.delta * noise
        };
        (0..2 * OUTPUTS).filter(right).collect()
    }

    /// Whether the receiver accepts the honest answer, and where its leaves are wrong, whether it does or not.
    fn outcome(&self, message: &[u8]) -> (Result<(), Error>, Vec<usize>) {
        let (receiver, challenge) = self.receive(message).unwrap();
        let answer = self.sender.answer(&challenge.message);
        (challenge.verify(&answer).map(drop), self.wrong_places(&receiver))
    }

    /// Whether the receiver's path goes right at a level of a tree.
    fn goes_right(&self, tree: usize, level: usize) -> bool {
        self.positions[tree] >> (self.noise.depth - 1 - level) & 1 == 1
    }
}

/// The message with one bit of element `index` changed.
fn flipped(message: &[u8], index: usize, bit: usize) -> Vec<u8> {
    let mut message = message.to_vec();
    message[16 * index + bit / 8] ^= 1 << (bit % 8);
    message
}

#[test]
fn an_honest_run_is_accepted() {
    let scene = Scene::new(&[]);
    assert_eq!(scene.outcome(&scene.message), (Ok(()), vec![]));
}

#[test]
fn a_message_of_another_length_is_refused() {
    let scene = Scene::new(&[]);
    for length in [0, 1, 16, scene.message.len() - 16, scene.message.len() - 1] {
        assert_eq!(scene.receive(&scene.message[..length]).err(), Some(Error::MessageLength));
    }
    let long = [&scene.message[..], &[0]].concat();
    assert_eq!(scene.receive(&long).err(), Some(Error::MessageLength));
}

/// Each sum that the receiver uses and each tau: the check finds it, and without the check leaves would be wrong.
#[test]
fn every_element_of_the_message_is_checked() {
    let scene = Scene::new(&[]);
    let levels = TREES * scene.noise.depth;
    for index in 0..2 * levels + TREES {
        let (verdict, wrong) = scene.outcome(&flipped(&scene.message, index, index * 37 % 128));
        let level = index / 2;
        let unused = index < 2 * levels
            && scene.goes_right(level / scene.noise.depth, level % scene.noise.depth) != (index % 2 == 0);
        if unused {
            assert_eq!((verdict, wrong), (Ok(()), vec![]), "{index}");
        } else {
            assert_eq!(verdict, Err(Error::Inconsistent), "{index}");
            assert!(!wrong.is_empty(), "{index}");
        }
    }
}

#[test]
fn levels_in_another_order_are_found() {
    let scene = Scene::new(&[]);
    for index in 0..TREES * scene.noise.depth - 1 {
        let mut message = scene.message.clone();
        let (one, other) = message.split_at_mut(32 * (index + 1));
        one[32 * index..].swap_with_slice(&mut other[..32]);
        assert_eq!(scene.outcome(&message).0, Err(Error::Inconsistent), "{index}");
    }
}

#[test]
fn another_challenge_or_answer_is_found() {
    let scene = Scene::new(&[]);
    let (_, challenge) = scene.receive(&scene.message).unwrap();
    for bit in 0..256 {
        let mut changed = challenge.message;
        changed[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(challenge.verify(&scene.sender.answer(&changed)), Err(Error::Inconsistent), "{bit}");
        let mut answer = scene.sender.answer(&challenge.message);
        answer[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(challenge.verify(&answer), Err(Error::Inconsistent), "{bit}");
    }
}

/// A wrong sum of the first level's left children hurts the receivers whose path goes right there, and no others:
/// without the check the sender would see in the outputs, at no risk, in which half the noise is.
#[test]
fn without_the_check_wrong_sums_show_the_path() {
    let half = 1 << (noise(OUTPUTS, TREES).depth - 1);
    let outcome = |position: u32| {
        let scene = Scene::new(&[position]);
        scene.outcome(&flipped(&scene.message, 0, 5))
    };
    assert_eq!(outcome(0), (Ok(()), vec![]));
    assert_eq!(outcome(half - 1), (Ok(()), vec![]));
    for position in [half, half + 1] {
        let (verdict, wrong) = outcome(position);
        assert_eq!(verdict, Err(Error::Inconsistent));
        assert!(wrong.contains(&0));
    }
}

/// A wrong tau is wrong at the noise position alone.
#[test]
fn without_the_check_a_wrong_tau_shows_the_position() {
    for position in [0, 1, 17, noise(OUTPUTS, TREES).leaves as u32 - 1] {
        let scene = Scene::new(&[position]);
        let tau = 2 * TREES * scene.noise.depth;
        let (verdict, wrong) = scene.outcome(&flipped(&scene.message, tau, 0));
        assert_eq!((verdict, wrong), (Err(Error::Inconsistent), vec![position as usize]));
    }
}

/// With the check a sender can bet on a position: it is accepted where it guessed it, and found out where not.
#[test]
fn a_sender_can_only_guess() {
    let scene = Scene::new(&[]);
    let tau = 2 * TREES * scene.noise.depth;
    let (_, challenge) = scene.receive(&flipped(&scene.message, tau, 0)).unwrap();
    let (seed, masked) = challenge.message.split_at(16);
    let weights = Weights::new(&scene.noise, &SESSION, seed.try_into().unwrap());
    let masked = F128::from_bytes(masked.try_into().unwrap());
    let honest = scene.sender.sum(&weights, masked);
    for guess in 0..scene.noise.leaves {
        // The receiver's leaf at its position is off by 1.
        let sum = honest + weights.trees[0] * weights.leaves[guess];
        let verdict = challenge.verify(&super::check::answer(&SESSION, sum));
        assert_eq!(verdict.is_ok(), guess == scene.positions[0] as usize, "{guess}");
    }
}

/// A receiver with a wrong x* learns from the answer whether a guess of Delta is right, and nothing without one.
#[test]
fn a_receiver_can_only_guess() {
    let scene = Scene::new(&[]);
    let (_, challenge) = scene.receive(&scene.message).unwrap();
    let mut wrong = challenge.message;
    wrong[16] ^= 1;
    let answer = scene.sender.answer(&wrong);
    let (seed, masked) = challenge.message.split_at(16);
    let weights = Weights::new(&scene.noise, &SESSION, seed.try_into().unwrap());
    let honest = scene.sender.sum(&weights, F128::from_bytes(masked.try_into().unwrap()));
    let guess = |delta| super::check::answer(&SESSION, honest + delta) == answer;
    assert!(guess(scene.delta) && !guess(F128::ONE) && !guess(F128::ZERO));
}
