//! The `voprf` crate, an implementation of RFC 9497 by others, as an oracle.

use curve25519_dalek::scalar::Scalar;
use proptest::prelude::*;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use voprf::{BlindedElement, EvaluationElement, Group, Ristretto255, VoprfClient, VoprfServer};

use super::dleq::Proof;
use super::key::{PublicKey, SecretKey};
use super::vectors::rfc_composites;
use super::{bulk, group};
use crate::output::OutputHash;
use crate::pair;
use crate::{Message, MessageKind, SessionItem};

type Suite = Ristretto255;

/// Our randomness behind the traits that the oracle knows.
struct OracleRng(ChaCha20Rng);

impl rand_core_06::RngCore for OracleRng {
    fn next_u32(&mut self) -> u32 {
        self.0.next_u32()
    }

    fn next_u64(&mut self) -> u64 {
        self.0.next_u64()
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        self.0.fill_bytes(bytes);
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), rand_core_06::Error> {
        self.0.fill_bytes(bytes);
        Ok(())
    }
}

impl rand_core_06::CryptoRng for OracleRng {}

/// One key on both sides.
fn keys(rng: &mut ChaCha20Rng) -> (SecretKey, VoprfServer<Suite>) {
    let key = SecretKey::random(rng);
    let server = VoprfServer::new_with_key(key.scalar().as_bytes()).unwrap();
    assert_eq!(Suite::serialize_elem(server.get_public_key())[..], key.public().bytes);
    (key, server)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn the_oracle_s_client_accepts_our_sender(seed: u64, inputs in inputs()) {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let (key, server) = keys(&mut rng);
        let blinded: Vec<_> = inputs
            .iter()
            .map(|input| VoprfClient::<Suite>::blind(input, &mut OracleRng(rng.clone())).unwrap())
            .collect();

        let encoded: Vec<u8> = blinded.iter().flat_map(|b| b.message.serialize()).collect();
        let c = bulk::decode(&encoded, MessageKind::VoprfBlinded).unwrap();
        let evaluated = bulk::evaluate(&c, &key);
        let d = bulk::decode(&evaluated, MessageKind::VoprfEvaluated).unwrap();
        let (m, _) = rfc_composites(&key.public(), &c, &d);
        let proof = Proof::new(&key, &key.public(), &m, &mut rng);

        let clients: Vec<_> = blinded.into_iter().map(|b| b.state).collect();
        let messages: Vec<_> =
            evaluated.chunks(32).map(|d| EvaluationElement::deserialize(d).unwrap()).collect();
        let proof = voprf::Proof::deserialize(&proof.to_bytes()).unwrap();
        let outputs =
            VoprfClient::batch_finalize(&inputs, &clients, &messages, &proof, server.get_public_key()).unwrap();
        for (output, input) in outputs.zip(&inputs) {
            let ours = (group::hash_to_group(input) * key.scalar()).compress();
            prop_assert_eq!(&output.unwrap()[..], &group::finalize(input, &ours)[..]);
        }
    }

    #[test]
    fn our_receiver_accepts_the_oracle_s_server(seed: u64, input in any::<[u8; 16]>()) {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let (key, server) = keys(&mut rng);
        let (items, mut half_blinds) = ([SessionItem::new(input)], [Scalar::random(&mut rng)]);
        let blinded = bulk::blind(&items, &half_blinds);

        let result = server
            .blind_evaluate(&mut OracleRng(rng), &BlindedElement::deserialize(&blinded.encoded).unwrap());
        let d = bulk::decode(&result.message.serialize(), MessageKind::VoprfEvaluated).unwrap();
        let public = PublicKey::decode(key.public().bytes).unwrap();
        let c = [blinded.halves[0] + blinded.halves[0]];
        let (m, z) = rfc_composites(&public, &c, &d);
        let proof = Proof::from_bytes(result.proof.serialize()[..].try_into().unwrap()).unwrap();
        prop_assert!(proof.verify(&public, &m, &z).is_ok());

        let hash = OutputHash::new("test", &pair::params(1, 1, true));
        let mut outputs = vec![Default::default()];
        bulk::unblind(&items, &d, &mut half_blinds, &hash, &mut outputs);
        let expected = hash.output(&server.evaluate(&input).unwrap());
        prop_assert!(outputs[0].tag == expected.tag);
        prop_assert_eq!(outputs[0].proof.0, expected.proof.0);
    }
}

/// A few inputs, two of which may be equal.
fn inputs() -> impl Strategy<Value = Vec<Vec<u8>>> {
    proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..40), 1..6)
}

#[test]
fn the_machine_s_tags_are_the_hashed_outputs_of_the_oracle() {
    let (receiver, sender) = (pair::items(0..3), pair::items(0..5));
    let mut sent = Vec::new();
    pair::VOPRF.run(&receiver, &sender, false, &mut |_, message| {
        if let Message::Tags(tags) = &message {
            sent.extend(tags.as_chunks::<16>().0.to_vec());
        }
        vec![message]
    });
    // The sender's first draw is its key.
    let key = SecretKey::random(&mut pair::rngs()[1]);
    let server = VoprfServer::<Suite>::new_with_key(key.scalar().as_bytes()).unwrap();
    let hash = OutputHash::new(super::LABEL, &pair::params(3, 5, false));
    let tag = |item: &SessionItem| hash.output(&server.evaluate(item.as_bytes()).unwrap()).tag.0;
    let mut expected: Vec<_> = sender.iter().map(tag).collect();
    assert_ne!(sent, expected, "the sender's order is not secret");
    expected.sort_unstable();
    sent.sort_unstable();
    assert_eq!(sent, expected);
}
