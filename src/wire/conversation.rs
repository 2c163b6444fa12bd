//! The messages of frames that are no signed documents.

use bytes::Bytes;
use overlap_coalition::{EngineName, Refusal, RefusalCode, clean_text};
use overlap_psi::Message;

use crate::document::copy;
use crate::field::Fields;
use crate::frame::Hello;
use crate::limits::LONGEST_SENTENCE;
use crate::proto::engine_message::Message as Wire;
use crate::{WireError, proto};

/// The most versions or engines in a hello: a node that knows more has forgotten to drop the old ones.
const MOST_NAMED: usize = 16;

/// Bytes of a match's proof: the tag's index and the proof itself.
const MATCH_PROOF: usize = 4 + 16;

pub(crate) fn encode_hello(hello: &Hello) -> proto::Hello {
    proto::Hello {
        wire_versions: hello.wire_versions.clone(),
        canon_version: Some(hello.canon_version),
        engines: hello.engines.iter().map(|engine| engine.number().into()).collect(),
        roster_version: Some(hello.roster_version),
        roster_hash: copy(&hello.roster_hash),
        random: copy(&hello.random),
    }
}

/// Engines with unknown numbers are passed over: a newer node may have more.
pub(crate) fn decode_hello(hello: proto::Hello) -> Result<Hello, WireError> {
    let fields = Fields("Hello");
    let versions = &hello.wire_versions;
    let ascending = versions.windows(2).all(|pair| pair[0] < pair[1]);
    fields.ensure((1..=MOST_NAMED).contains(&versions.len()), "wire_versions", "has a wrong count")?;
    fields.ensure(ascending, "wire_versions", "is not ascending")?;
    Ok(Hello {
        canon_version: fields.present("canon_version", hello.canon_version)?,
        engines: decode_engines(fields, &hello.engines)?,
        roster_version: fields.present("roster_version", hello.roster_version)?,
        roster_hash: fields.exact("roster_hash", &hello.roster_hash)?,
        random: fields.exact("random", &hello.random)?,
        wire_versions: hello.wire_versions,
    })
}

fn decode_engines(fields: Fields, numbers: &[u32]) -> Result<Vec<EngineName>, WireError> {
    fields.ensure(numbers.len() <= MOST_NAMED, "engines", "has a wrong count")?;
    let repeated = (1..numbers.len()).any(|i| numbers[..i].contains(&numbers[i]));
    fields.ensure(!repeated, "engines", "has a repeat")?;
    let known = numbers.iter().filter_map(|&number| u8::try_from(number).ok());
    Ok(known.filter_map(EngineName::from_number).collect())
}

pub(crate) fn encode_engine(partition: u32, message: Message) -> proto::EngineMessage {
    let message = match message {
        Message::VoprfPublicKey(element) => Wire::VoprfPublicKey(copy(&element)),
        Message::VoprfBlinded(elements) => Wire::VoprfBlinded(elements.into()),
        Message::VoprfEvaluated(elements) => Wire::VoprfEvaluated(elements.into()),
        Message::VoprfProof(scalars) => Wire::VoprfProof(copy(&scalars)),
        Message::VoleOpening(bytes) => Wire::VoleOpening(bytes.into()),
        Message::VoleExtension(bytes) => Wire::VoleExtension(bytes.into()),
        Message::VoleTrees(bytes) => Wire::VoleTrees(bytes.into()),
        Message::VoleChallenge(bytes) => Wire::VoleChallenge(bytes.into()),
        Message::VoleSalt(bytes) => Wire::VoleSalt(bytes.into()),
        Message::VoleReceiverMask(mask) => Wire::VoleReceiverMask(copy(&mask)),
        Message::VoleEncoding(columns) => Wire::VoleEncoding(columns.into()),
        Message::VoleSenderMask(opening) => Wire::VoleSenderMask(copy(&opening)),
        Message::Tags(tags) => Wire::Tags(tags.into()),
        Message::MatchProofs(proofs) => Wire::MatchProofs(proofs.into()),
    };
    proto::EngineMessage { partition: Some(partition), message: Some(message) }
}

pub(crate) fn decode_engine(engine: proto::EngineMessage) -> Result<(u32, Message), WireError> {
    let fields = Fields("EngineMessage");
    let partition = fields.present("partition", engine.partition)?;
    let message = match fields.present("message", engine.message)? {
        Wire::VoprfPublicKey(element) => Message::VoprfPublicKey(fields.exact("voprf_public_key", &element)?),
        Wire::VoprfBlinded(elements) => {
            Message::VoprfBlinded(fields.packed("voprf_blinded", elements, 32)?)
        }
        Wire::VoprfEvaluated(elements) => {
            Message::VoprfEvaluated(fields.packed("voprf_evaluated", elements, 32)?)
        }
        Wire::VoprfProof(scalars) => Message::VoprfProof(fields.exact("voprf_proof", &scalars)?),
        Wire::VoleOpening(bytes) => Message::VoleOpening(bytes.into()),
        Wire::VoleExtension(bytes) => Message::VoleExtension(bytes.into()),
        Wire::VoleTrees(bytes) => Message::VoleTrees(bytes.into()),
        Wire::VoleChallenge(bytes) => Message::VoleChallenge(bytes.into()),
        Wire::VoleSalt(bytes) => Message::VoleSalt(bytes.into()),
        Wire::VoleReceiverMask(mask) => Message::VoleReceiverMask(fields.exact("vole_receiver_mask", &mask)?),
        Wire::VoleEncoding(columns) => Message::VoleEncoding(fields.packed("vole_encoding", columns, 16)?),
        Wire::VoleSenderMask(opening) => Message::VoleSenderMask(fields.exact("vole_sender_mask", &opening)?),
        Wire::Tags(tags) => Message::Tags(fields.packed("tags", tags, 16)?),
        Wire::MatchProofs(proofs) => {
            Message::MatchProofs(fields.packed("match_proofs", proofs, MATCH_PROOF)?)
        }
    };
    Ok((partition, message))
}

pub(crate) fn encode_refusal(refusal: &Refusal) -> proto::Refuse {
    proto::Refuse {
        code: refusal.code.number().into(),
        sentence: clean_text(&refusal.sentence, LONGEST_SENTENCE),
        retry_after: refusal.retry_after,
    }
}

/// A sentence that is too long, or has characters that cannot be shown, is cut and cleaned: why it came still counts.
pub(crate) fn decode_refusal(refuse: &proto::Refuse) -> Result<Refusal, WireError> {
    let fields = Fields("Refuse");
    let code = fields.known("code", refuse.code, |number| RefusalCode::from_number(number.into()))?;
    let sentence = clean_text(&refuse.sentence, LONGEST_SENTENCE);
    Ok(Refusal { code, sentence, retry_after: refuse.retry_after })
}

pub(crate) fn decode_nonce(open: &proto::Open) -> Result<[u8; 32], WireError> {
    Fields("Open").exact("nonce", &open.nonce)
}

/// Decodes one of prost's types from a frame's body; its fields of bytes are slices of the body.
pub(crate) fn decode_body<M: prost::Message + Default>(
    message: &'static str,
    body: Bytes,
) -> Result<M, WireError> {
    M::decode(body).map_err(|_| WireError::Malformed(message))
}
