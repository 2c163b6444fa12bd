//! The first words of a conversation: what both sides run, and which roster they hold.

use std::cmp::Ordering;
use std::sync::Arc;

use bytes::Bytes;
use overlap_coalition::{CANON_VERSION, EngineName, Refusal, RefusalCode, RosterError, Side, SignedDocument};
use overlap_wire::{Frame, FrameType, Hello, WIRE_VERSION};

use crate::PeerSetupError;
use crate::channel::{Channel, unlike_its_header};
use crate::fault::Fault;
use crate::inner::{Inner, off_thread};
use crate::live::Live;

/// Both hellos.
pub(crate) struct Greeting {
    /// This side's, as it was sent.
    pub(crate) own: Bytes,
    /// The partner's, as it came.
    pub(crate) theirs: Bytes,
    /// Engines that both run, in this side's order.
    pub(crate) engines: Vec<EngineName>,
}

/// Says hello first, and brings both to the same roster.
///
/// # Errors
/// The two cannot speak with each other, or the partner breaks the protocol.
pub(crate) async fn greet(inner: &Arc<Inner>, channel: &mut Channel) -> Result<Greeting, Fault> {
    let live = inner.live.load_full();
    let hello = own_hello(&live);
    let own = channel.send(Frame::Hello(hello.clone())).await?;
    let (theirs, bytes) = receive(channel).await?;
    check(&hello, &theirs).map_err(Fault::Refused)?;
    conclude(inner, channel, &live, Side::Initiator, (hello, own), (theirs, bytes)).await
}

/// Answers a hello, and brings both to the same roster.
///
/// # Errors
/// As [`greet`] says.
pub(crate) async fn answer(inner: &Arc<Inner>, channel: &mut Channel) -> Result<Greeting, Fault> {
    let live = inner.live.load_full();
    let hello = own_hello(&live);
    let (theirs, bytes) = receive(channel).await?;
    check(&hello, &theirs).map_err(Fault::Refused)?;
    let own = channel.send(Frame::Hello(hello.clone())).await?;
    conclude(inner, channel, &live, Side::Responder, (hello, own), (theirs, bytes)).await
}

fn own_hello(live: &Live) -> Hello {
    Hello {
        wire_versions: vec![WIRE_VERSION],
        canon_version: CANON_VERSION,
        engines: live.config.engines.clone(),
        roster_version: live.roster().version,
        roster_hash: live.roster.hash(),
        random: rand::random(),
    }
}

async fn receive(channel: &mut Channel) -> Result<(Hello, Bytes), Fault> {
    match channel.receive(FrameType::Hello).await? {
        (Frame::Hello(hello), bytes) => Ok((hello, bytes)),
        (other, _) => Err(unlike_its_header(&other)),
    }
}

fn check(own: &Hello, theirs: &Hello) -> Result<(), Refusal> {
    if !own.wire_versions.iter().any(|version| theirs.wire_versions.contains(version)) {
        let sentence =
            format!("no wire version in common: version {WIRE_VERSION} is due; upgrade the older node");
        return Err(Refusal::new(RefusalCode::WireVersion, sentence));
    }
    if own.canon_version != theirs.canon_version {
        let sentence = format!(
            "canonicalisation rules differ, {} and {}: both nodes need the same version of the program",
            own.canon_version, theirs.canon_version
        );
        return Err(Refusal::new(RefusalCode::CanonVersion, sentence));
    }
    if !own.engines.iter().any(|engine| theirs.engines.contains(engine)) {
        return Err(Refusal::new(
            RefusalCode::Engine,
            "no engine in common: name one in both nodes' configs",
        ));
    }
    Ok(())
}

async fn conclude(
    inner: &Arc<Inner>,
    channel: &mut Channel,
    live: &Live,
    side: Side,
    (own, own_bytes): (Hello, Bytes),
    (theirs, their_bytes): (Hello, Bytes),
) -> Result<Greeting, Fault> {
    channel.open_windows();
    share_roster(inner, channel, live, side, &theirs).await?;
    let engines = own.engines.into_iter().filter(|engine| theirs.engines.contains(engine)).collect();
    Ok(Greeting { own: own_bytes, theirs: their_bytes, engines })
}

/// Whose hello named the newer roster hands it on. Where both name one version and two contents, both hand on theirs.
async fn share_roster(
    inner: &Arc<Inner>,
    channel: &mut Channel,
    live: &Live,
    side: Side,
    theirs: &Hello,
) -> Result<(), Fault> {
    match live.roster().version.cmp(&theirs.roster_version) {
        Ordering::Equal if live.roster.hash() == theirs.roster_hash => Ok(()),
        Ordering::Equal => swap_rosters(inner, channel, live, side, theirs).await,
        Ordering::Greater => send_roster(channel, live).await,
        Ordering::Less => take_roster(inner, channel, theirs).await,
    }
}

async fn send_roster(channel: &mut Channel, live: &Live) -> Result<(), Fault> {
    channel.send(Frame::Roster(live.roster.document().clone())).await.map(|_| ())
}

/// A hash in a hello is only a claim, and the alarm is only worth something if no member can raise it by a word: both show what
/// the secretariat signed. One after the other: two that both send before they read would need windows for a whole roster.
async fn swap_rosters(
    inner: &Arc<Inner>,
    channel: &mut Channel,
    live: &Live,
    side: Side,
    theirs: &Hello,
) -> Result<(), Fault> {
    match side {
        Side::Initiator => {
            send_roster(channel, live).await?;
            take_roster(inner, channel, theirs).await
        }
        Side::Responder => {
            let document = channel.receive_document(FrameType::Roster).await?;
            send_roster(channel, live).await?;
            judge_roster(inner, document, theirs).await
        }
    }
}

async fn take_roster(inner: &Arc<Inner>, channel: &mut Channel, theirs: &Hello) -> Result<(), Fault> {
    let document = channel.receive_document(FrameType::Roster).await?;
    judge_roster(inner, document, theirs).await
}

async fn judge_roster(inner: &Arc<Inner>, document: SignedDocument, theirs: &Hello) -> Result<(), Fault> {
    let (inner, promised) = (inner.clone(), (theirs.roster_version, theirs.roster_hash));
    // A roster has megabytes and dozens of signatures.
    off_thread(move || install(&inner, document, promised)).await?
}

fn install(inner: &Inner, document: SignedDocument, promised: (u64, [u8; 32])) -> Result<(), Fault> {
    let version = overlap_wire::decode_roster(&document.bytes).map_err(Fault::document)?.version;
    if (version, document.hash()) != promised {
        return Err(Fault::document("it handed on another roster than its hello named"));
    }
    match inner.install_roster(document) {
        Ok(_) => Ok(()),
        // Another conversation has brought a newer one in the meantime.
        Err(PeerSetupError::Roster(RosterError::Rollback { .. })) => Ok(()),
        // The partner did nothing wrong: the secretariat signed both.
        Err(PeerSetupError::Roster(RosterError::Equivocation { version })) => Err(two_rosters(version)),
        Err(PeerSetupError::Store(error)) => Err(error.into()),
        Err(error) => Err(Fault::document(error)),
    }
}

/// What the roster's verification has raised the alarm about already.
fn two_rosters(version: u64) -> Fault {
    let sentence =
        format!("the two nodes hold different rosters of version {version}: tell the secretariat at once");
    Fault::Refused(Refusal::new(RefusalCode::Document, sentence))
}
