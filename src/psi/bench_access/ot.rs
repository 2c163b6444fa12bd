//! Base transfers and their extension.

use rand_core::CryptoRng;

use crate::base_ot::{self, OtReceiver};
use crate::field::F128;
use crate::ot_extension::{self, ChoiceBits};

const SESSION: [u8; 32] = [7; 32];

/// The receiver's first step of a batch.
pub struct Receiver(Box<OtReceiver>);

/// The receiver's keys.
pub struct ChosenKeys(base_ot::ChosenKeys);

/// The sender's keys.
pub struct KeyPairs(base_ot::KeyPairs);

/// Starts a batch.
pub fn receive(choices: u128, rng: &mut dyn CryptoRng) -> (Receiver, Vec<u8>) {
    let (receiver, message) = OtReceiver::new(&SESSION, choices, rng);
    (Receiver(receiver), message)
}

/// The sender's whole part.
pub fn send(message: &[u8], rng: &mut dyn CryptoRng) -> (KeyPairs, Vec<u8>) {
    let (pairs, message) = base_ot::send(&SESSION, message, rng).expect("the receiver is honest");
    (KeyPairs(pairs), message)
}

impl Receiver {
    /// Ends a batch.
    pub fn finish(self, message: &[u8]) -> ChosenKeys {
        ChosenKeys(self.0.finish(message).expect("the sender is honest"))
    }
}

impl KeyPairs {
    /// The extension's receiver: the message, after making `rows` rows.
    pub fn extend(self, rows: usize, rng: &mut dyn CryptoRng) -> Vec<u8> {
        let mut choices = ChoiceBits::with_capacity(rows);
        let element = F128::random(rng);
        (0..rows).for_each(|i| choices.push(element.0 >> (i % 128) & 1 == 1));
        ot_extension::extend_receiver(&SESSION, self.0, &choices, rng).1
    }
}

impl ChosenKeys {
    /// The extension's sender: how many rows it made.
    pub fn extend(self, rows: usize, message: &[u8]) -> usize {
        let rows = ot_extension::extend_sender(&SESSION, self.0, rows, message);
        rows.expect("the receiver is honest").len()
    }
}
