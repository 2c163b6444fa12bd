//! Words that offers and receipts share.

use overlap_coalition::{Learns, MemberId};

use crate::WireError;
use crate::field::Fields;
use crate::proto;

/// Encodes who learns.
pub(crate) fn encode_learns(learns: &Learns) -> proto::Learns {
    let who = match learns {
        Learns::Both => proto::learns::Who::Both(true),
        Learns::Only(member) => proto::learns::Who::Only(member.to_string()),
    };
    proto::Learns { who: Some(who) }
}

/// Decodes who learns: both, or one of the two.
pub(crate) fn decode_learns(
    fields: Fields,
    learns: Option<proto::Learns>,
    members: [&MemberId; 2],
) -> Result<Learns, WireError> {
    match fields.present("learns", learns.and_then(|learns| learns.who))? {
        proto::learns::Who::Both(true) => Ok(Learns::Both),
        proto::learns::Who::Both(false) => Err(fields.error("learns", "names nobody")),
        proto::learns::Who::Only(member) => {
            let member = fields.name("learns", &member)?;
            fields.ensure(members.contains(&&member), "learns", "is neither of the two members")?;
            Ok(Learns::Only(member))
        }
    }
}

/// Decodes the ids of the two members, which differ.
pub(crate) fn decode_members(
    fields: Fields,
    initiator: &str,
    responder: &str,
) -> Result<(MemberId, MemberId), WireError> {
    let initiator: MemberId = fields.name("initiator", initiator)?;
    let responder: MemberId = fields.name("responder", responder)?;
    fields.ensure(initiator != responder, "responder", "is the initiator")?;
    Ok((initiator, responder))
}
