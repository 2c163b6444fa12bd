//! Whether the time of comparisons depends on how far what is compared agrees.
//! `cargo test -p overlap-psi --release timing -- --ignored --nocapture`

use crate::wiped::Wiped;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::dudect::welch_t;
use crate::match_proofs::TakeProofs;
use crate::output::{MatchProof, OUTPUT_BYTES, PackedOutput, TAG_BYTES};
use crate::tag_order::Merge;
use crate::{Message, Party};

const RUNS: usize = 20_000;

/// A guess at a proof that is wrong in its first byte or in its last: how far it agrees must not be seen.
#[test]
#[ignore = "measures time"]
fn timing_of_the_comparison_of_proofs() {
    let proofs: Vec<_> = (0..64_u8).map(|i| MatchProof([i; 16])).collect();
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let claim = |class: bool| {
        let positions = Wiped::new((0..64).collect());
        let mut claim = [[0, 0, 0, 33].as_slice(), &[33; 16]].concat();
        claim[if class { 4 } else { 19 }] ^= 1;
        (Box::new(TakeProofs::new(proofs.clone(), positions, 64)), Message::MatchProofs(claim))
    };
    let t = welch_t(RUNS, claim, |(party, claim)| {
        assert!(std::hint::black_box(party.advance(Some(claim), &mut rng)).is_err());
    });
    println!("proofs of matches, wrong in the first byte against in the last: t = {t:.1}");
}

/// The receiver's outputs, and tags that ascend as they do.
struct Lists {
    own: Vec<PackedOutput>,
    tags: Vec<[u8; TAG_BYTES]>,
}

impl Lists {
    /// Tags each of which shares `agreeing` bytes with one of the outputs, and differs after them.
    fn new(agreeing: usize) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(3);
        let mut hashes = vec![[0; OUTPUT_BYTES]; 256];
        hashes.iter_mut().for_each(|hash| rng.fill_bytes(hash));
        let own: Vec<_> = hashes.into_iter().map(PackedOutput::from).collect();
        let near = |output: &PackedOutput| {
            let mut tag = *output.tag();
            tag[agreeing..].iter_mut().for_each(|byte| *byte ^= 0x80);
            tag
        };
        let mut tags: Vec<_> = own.iter().map(near).collect();
        tags.sort_unstable();
        Self { own, tags }
    }

    fn measure(classes: [usize; 2], what: &str) {
        let lists = classes.map(Self::new);
        let input = |class: bool| {
            let [tags, other] = [class, !class].map(|class| lists[usize::from(class)].tags.clone());
            (Merge::new(Wiped::new(lists[0].own.clone())), tags, other)
        };
        let t = welch_t(RUNS, input, |(mut merge, tags, other)| {
            merge.take(&tags).unwrap();
            std::hint::black_box((merge.finish(), other));
        });
        println!("tags, {what}: t = {t:.1}");
    }
}

/// The merge compares the first 42 bits of tags without a branch, and looks at the others only where those agree. A sender
/// that has not an item's tag gets so far by chance in one of 2^42 tries. For one that has it, how long the receiver takes
/// depends on the number of matches, which is the result: it sends nothing between two comparisons.
#[test]
#[ignore = "measures time"]
fn timing_of_the_comparison_of_tags() {
    Lists::measure([1, 3], "agreeing in one byte against in three");
    Lists::measure([3, 5], "agreeing in three bytes against in five");
    println!("and where the first 42 bits agree:");
    Lists::measure([6, 9], "agreeing in six bytes against in nine");
    Lists::measure([9, 15], "agreeing in nine bytes against in fifteen");
    Lists::measure([5, 6], "agreeing in five bytes against in six");
    Lists::measure([15, 16], "agreeing in fifteen bytes against matching");
}
