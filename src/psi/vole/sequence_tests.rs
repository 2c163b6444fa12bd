//! Messages in another number, order, length or kind than the protocol's, and partners that have agreed on something else: each
//! ends in the error that names it.

use MessageKind::*;

use super::adversary_tests::Flipped::{self, Matches, Waits};
use super::adversary_tests::{FIXED, KINDS, ended, error, matches, reader, run};
use crate::pair::{self, End, VOLE, bytes, items, message, params, rngs};
use crate::{Error, MATCH_BYTES, Message, MessageKind, Params, Role, TAGS_PER_MESSAGE, Turn};

/// What happens to a message's bytes on the way.
type BytesChange<'a> = dyn Fn(&mut Vec<u8>) + 'a;

#[test]
fn messages_of_a_wrong_length_are_refused() {
    let changes: [&BytesChange<'_>; 6] = [
        &|bytes| bytes.clear(),
        &|bytes| bytes.truncate(bytes.len() - 1),
        &|bytes| bytes.truncate(bytes.len() - 16),
        &|bytes| bytes.push(0),
        &|bytes| bytes.extend_from_within(..16),
        &|bytes| bytes.resize(1 << 20, 0),
    ];
    for kind in KINDS.into_iter().filter(|kind| !FIXED.contains(kind) && *kind != MatchProofs) {
        for change in changes {
            let ends = run(&mut |sent| {
                let mut changed = bytes(&sent);
                if sent.kind() != kind {
                    return vec![sent];
                }
                change(&mut changed);
                vec![message(kind, changed)]
            });
            assert_eq!(error(kind, ends), Error::WrongCount { kind });
        }
    }
}

#[test]
fn wrong_repeated_and_reordered_match_proofs_are_refused() {
    let proofs = |change: &dyn Fn(&mut Vec<u8>)| {
        run(&mut |sent| {
            let mut changed = bytes(&sent);
            if sent.kind() != MatchProofs {
                return vec![sent];
            }
            change(&mut changed);
            vec![message(MatchProofs, changed)]
        })
    };
    let bad: [&BytesChange<'_>; 4] = [
        &|bytes| bytes.rotate_left(MATCH_BYTES),
        &|bytes| bytes.copy_within(..MATCH_BYTES, MATCH_BYTES),
        &|bytes| bytes[..4].copy_from_slice(&7_u32.to_be_bytes()),
        &|bytes| bytes[..4].fill(0xff),
    ];
    for change in bad {
        assert_eq!(error(MatchProofs, proofs(change)), Error::BadMatchProof);
    }
    let wrong = Error::WrongCount { kind: MatchProofs };
    assert_eq!(error(MatchProofs, proofs(&|bytes| bytes.truncate(bytes.len() - 1))), wrong);
    assert_eq!(error(MatchProofs, proofs(&|bytes| bytes.resize(6 * MATCH_BYTES, 0))), wrong);
    let kept = proofs(&|bytes| bytes.truncate(2 * MATCH_BYTES));
    assert_eq!(matches(&kept), [Some(3), Some(2)]);
}

/// What the reader of a kind waits for next, where a message of it has come; `None` where it has ended.
fn due_after(kind: MessageKind) -> Option<MessageKind> {
    let at = KINDS.iter().position(|other| *other == kind).unwrap();
    KINDS[at + 1..].iter().copied().find(|next| reader(*next) == reader(kind))
}

#[test]
fn a_repeated_message_is_refused() {
    for kind in KINDS {
        let ends = run(&mut |sent| if sent.kind() == kind { vec![sent.clone(), sent] } else { vec![sent] });
        match due_after(kind) {
            // The extension's first piece comes where its last is due.
            Some(_) if kind == VoleExtension => assert_eq!(error(kind, ends), Error::WrongCount { kind }),
            Some(expected) => {
                let end = ended(&ends)[reader(kind)].clone();
                assert_eq!(end, Flipped::Error(Error::UnexpectedMessage { expected, received: kind }));
            }
            None => assert_eq!(matches(&ends), [Some(3); 2]),
        }
    }
}

#[test]
fn a_dropped_message_leaves_no_outcome() {
    for kind in KINDS {
        let ends = run(&mut |sent| if sent.kind() == kind { Vec::new() } else { vec![sent] });
        let found = ended(&ends);
        // The same side may send more, which is then not due.
        let next = match kind {
            VoleReceiverMask => Some(VoleEncoding),
            VoleSenderMask => Some(Tags),
            _ => None,
        };
        let end = next
            .map_or(Waits, |received| Flipped::Error(Error::UnexpectedMessage { expected: kind, received }));
        assert_eq!(found[reader(kind)], end, "{kind:?}");
        assert_eq!(found[1 - reader(kind)], if kind == MatchProofs { Matches(3) } else { Waits }, "{kind:?}");
    }
}

#[test]
fn messages_in_another_order_are_refused() {
    for (first, second) in
        [(VoleReceiverMask, VoleEncoding), (VoleSenderMask, Tags), (VoleExtension, VoleExtension)]
    {
        let mut held = None;
        let ends = run(&mut |sent| {
            if held.is_none() && sent.kind() == first {
                held = Some(sent);
                return Vec::new();
            }
            if sent.kind() == second {
                std::iter::once(sent).chain(held.clone()).collect()
            } else {
                vec![sent]
            }
        });
        let expected = match first {
            VoleExtension => Error::WrongCount { kind: first },
            expected => Error::UnexpectedMessage { expected, received: second },
        };
        assert_eq!(error(first, ends), expected);
    }
}

#[test]
fn another_kind_of_message_is_refused_at_every_step() {
    let others = [VoprfPublicKey, VoprfBlinded, VoprfEvaluated, VoprfProof];
    for expected in KINDS {
        for received in KINDS.into_iter().chain(others).filter(|kind| *kind != expected) {
            let length = match received {
                VoleReceiverMask => 16,
                VoprfProof => 64,
                _ => 32,
            };
            let ends = run(&mut |sent| {
                let swapped = sent.kind() == expected;
                vec![if swapped { message(received, vec![0; length]) } else { sent }]
            });
            assert_eq!(error(expected, ends), Error::UnexpectedMessage { expected, received });
        }
    }
}

/// A run of 2^16 items against a few, whose encoding travels in six messages, with a change to it.
fn changed_encoding(change: impl Fn(usize, Vec<Message>) -> Vec<Message>) -> [End; 2] {
    let (receiver, sender) = (items(0..1 << 16), items((0..40).map(|i| i * 1600)));
    let mut count = 0;
    let mut held = Vec::new();
    let ends = VOLE.run(&receiver, &sender, true, &mut |_, sent| {
        if sent.kind() != VoleEncoding {
            return vec![sent];
        }
        count += 1;
        held.push(sent);
        if count < 6 { Vec::new() } else { change(count, std::mem::take(&mut held)) }
    });
    assert_eq!(count, 6);
    ends
}

#[test]
fn an_encoding_must_come_whole() {
    let wrong = Some(Err(Error::WrongCount { kind: VoleEncoding }));
    let whole = changed_encoding(|_, all| all);
    assert_eq!(whole.map(|end| end.unwrap().unwrap().matches.unwrap().len()), [40, 40]);
    let dropped = changed_encoding(|_, all| all[1..].to_vec());
    assert_eq!(dropped, [None, wrong.clone()]);
    let repeated = changed_encoding(|_, all| [&all[..1], &all[..]].concat());
    assert_eq!(repeated, [None, wrong.clone()]);
    let last_first = changed_encoding(|_, all| [&all[5..], &all[..5]].concat());
    assert_eq!(last_first, [None, wrong]);
    // Two full messages in each other's place: what they hold is another encoding, of which an item or none decodes right.
    let swapped = changed_encoding(|_, mut all| {
        all.swap(1, 3);
        all
    });
    let [receiver, sender] = swapped.map(|end| end.unwrap().unwrap().matches.unwrap());
    assert!(receiver.len() == sender.len() && receiver.len() < 40);
    assert!(receiver.iter().all(|position| position % 1600 == 0));
}

#[test]
fn tags_of_two_messages_must_come_whole_and_in_order() {
    let changed = |change: &dyn Fn(&[Message]) -> Vec<Message>| {
        let mut held = Vec::new();
        let sender = items(0..TAGS_PER_MESSAGE as u64 + 1);
        let [receiver, _] = VOLE.run(&items([5, 6]), &sender, true, &mut |_, sent| {
            if sent.kind() != Tags {
                return vec![sent];
            }
            held.push(sent);
            if held.len() == 2 { change(&held) } else { Vec::new() }
        });
        receiver
    };
    assert_eq!(changed(&<[Message]>::to_vec).unwrap().unwrap().matches, Some(vec![0, 1]));
    assert_eq!(changed(&|all| all[..1].to_vec()), None);
    let wrong = Some(Err(Error::WrongCount { kind: Tags }));
    assert_eq!(changed(&|all| all[1..].to_vec()), wrong);
    assert_eq!(changed(&|all| vec![all[1].clone(), all[0].clone()]), wrong);
    assert_eq!(changed(&|all| vec![all[0].clone(), all[0].clone()]), wrong);
}

/// Machines that have agreed on different things.
fn mismatched(receiver: Params, sender: Params) -> [End; 2] {
    let sets = [receiver.receiver_size, sender.sender_size].map(|size| items(0..size as u64));
    let [own, other] = sets;
    let parties = [super::receiver(receiver, own).unwrap(), super::sender(sender, other).unwrap()];
    pair::run(parties, rngs(), &mut |_, sent| vec![sent])
}

/// Everything that both must share is in the session's hash, which the base transfers and the extension are bound to: so
/// who runs with other parameters is found out before either side has shown anything.
#[test]
fn a_partner_with_other_parameters_does_not_get_past_the_extension() {
    let right = params(5, 7, true);
    for other in [
        Params { exchange: [0; 32], ..right.clone() },
        Params { partition: 4, ..right.clone() },
        Params { receiver_size: 6, ..right.clone() },
        Params { sender_size: 8, ..right.clone() },
        Params { prove_matches: false, ..right.clone() },
    ] {
        for [receiver, sender] in [[&right, &other], [&other, &right]] {
            let ends = mismatched(receiver.clone(), sender.clone());
            assert_eq!(ends, [None, Some(Err(Error::BadExtension))], "{other:?}");
        }
    }
}

/// Sizes that make another number of rows are seen from the length already.
#[test]
fn a_partner_of_another_size_is_refused_by_length() {
    let wrong = Some(Err(Error::WrongCount { kind: VoleExtension }));
    let [small, large] = [params(5, 7, true), params(1 << 16, 7, true)];
    assert_eq!(mismatched(small.clone(), large.clone()), [None, wrong.clone()]);
    assert_eq!(mismatched(large, small), [None, wrong]);
}

#[test]
fn a_driver_out_of_turn_is_told_so() {
    let mut rng = rngs()[0].clone();
    for role in [Role::Receiver, Role::Sender] {
        let machine = || match role {
            Role::Receiver => super::receiver(params(1, 1, true), items(0..1)).unwrap(),
            Role::Sender => super::sender(params(1, 1, true), items(0..1)).unwrap(),
        };
        let early = machine().advance(Some(Message::Tags(Vec::new())), &mut rng);
        assert_eq!(early.err(), Some(Error::OutOfTurn));

        let mut turn = machine().advance(None, &mut rng).unwrap();
        while let Turn::Send(party, ..) = turn {
            turn = party.advance(None, &mut rng).unwrap();
        }
        let Turn::Receive(party) = turn else { panic!("it ended alone") };
        assert_eq!(party.advance(None, &mut rng).err(), Some(Error::OutOfTurn));
    }
}
