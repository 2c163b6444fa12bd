//! Signed documents that say more than a node reads of them.

use overlap_coalition::{DocumentKind, RefusalCode, SignedDocument, SigningKey};
use overlap_store::ExchangeState;
use overlap_wire::{Frame, FrameType};

use super::coalition::{TestCoalition, TestNode};
use super::node::domains;
use crate::tap::decoded;

/// A field that no version knows, with bytes that the one who signs beside it never reads: number 1,000, 4 bytes.
const UNKNOWN_FIELD: [u8; 7] = [0xc2, 0x3e, 0x04, b'm', b'o', b'r', b'e'];

/// The document with another field at its end, signed anew by whoever signed it.
fn padded(document: &SignedDocument, kind: DocumentKind, seed: [u8; 32]) -> SignedDocument {
    let bytes = [&document.bytes[..], &UNKNOWN_FIELD].concat();
    SignedDocument::new(kind, bytes, &SigningKey::from_seed(&seed).unwrap())
}

/// Where in what a node sent its frame of a type stands.
fn place_of(node: &TestNode, frame: FrameType) -> usize {
    let sent: Vec<_> = node.peer.inner().tap.frames().into_iter().filter(|(sent, _)| *sent).collect();
    sent.iter().position(|(_, bytes)| decoded(bytes).frame_type() == frame).unwrap()
}

/// What the other side makes of a document of `side`'s that has a field more.
async fn says_more(side: usize, frame: FrameType) -> (TestNode, TestNode) {
    let (mut coalition, mut place) = (TestCoalition::new(&["alpha", "beta"]), None);
    // Once as it should be, to see where the document stands, and once more.
    loop {
        let [alpha, beta] = coalition.pair([&domains("shared", 5), &domains("shared", 9)]).await;
        let nodes = [&alpha, &beta];
        let seed = coalition.members[side].receipt_seed;
        if let Some(place) = place {
            nodes[side].peer.inner().tap.rewrite(place, move |frame| match frame {
                Frame::Offer(document) => Frame::Offer(padded(&document, DocumentKind::Offer, seed)),
                Frame::Accept(document) => Frame::Accept(padded(&document, DocumentKind::Accept, seed)),
                Frame::Receipt(document) => Frame::Receipt(padded(&document, DocumentKind::Receipt, seed)),
                other => panic!("{other:?} is no document of an exchange"),
            });
            assert!(alpha.exchange_with(&beta).await.is_err());
            return (alpha, beta);
        }
        alpha.exchange_with(&beta).await.unwrap();
        place = Some(place_of(nodes[side], frame));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_with_more_in_it_is_not_countersigned() {
    let (alpha, beta) = says_more(0, FrameType::Receipt).await;
    let (own, theirs) = (beta.last_record().await, alpha.last_record().await);
    assert_eq!((own.state, &own.receipt), (ExchangeState::Learned, &None));
    let failure = own.failure.unwrap();
    assert_eq!((failure.code, failure.by), (RefusalCode::Document.into(), "peer"));
    assert!(failure.sentence.contains("Receipt"), "{}", failure.sentence);
    assert_eq!(theirs.receipt.unwrap().signatures.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_offer_with_more_in_it_is_refused() {
    let (alpha, beta) = says_more(0, FrameType::Offer).await;
    let failure = alpha.last_record().await.failure.unwrap();
    assert_eq!((failure.code, failure.by), (RefusalCode::Document.into(), "peer"));
    assert!(failure.sentence.contains("Offer"), "{}", failure.sentence);
    assert_eq!(beta.records(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_accept_with_more_in_it_is_refused() {
    let (alpha, _beta) = says_more(1, FrameType::Accept).await;
    let record = alpha.last_record().await;
    let failure = record.failure.unwrap();
    assert_eq!((failure.code, failure.by), (RefusalCode::Document.into(), "peer"));
    assert_eq!((record.state, record.accept), (ExchangeState::Failed, None));
}
