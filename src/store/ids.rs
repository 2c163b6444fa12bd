//! The ids of indicators.

use ring::hmac;
use uuid::{Builder, Uuid};
use zeroize::Zeroizing;

use overlap_indicator::{Kind, SecretText};

use crate::IndicatorId;

/// Makes ids: HMAC-SHA256 under a random key of this store, cut to 16 bytes, so that an id says nothing outside. The key goes
/// with an export, so ids outlive a restore.
#[derive(Clone)]
pub(crate) struct IdKey {
    bytes: Zeroizing<[u8; 32]>,
    key: hmac::Key,
}

impl IdKey {
    pub(crate) fn new(bytes: [u8; 32]) -> Self {
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, &bytes), bytes: Zeroizing::new(bytes) }
    }

    /// The key's bytes, to seal or to export.
    pub(crate) fn expose_bytes(&self) -> &[u8; 32] {
        &self.bytes
    }

    pub(crate) fn id(&self, kind: Kind, canonical: &SecretText) -> IndicatorId {
        let mut context = hmac::Context::with_key(&self.key);
        context.update(&[kind.number()]);
        context.update(canonical.reveal().as_bytes());
        let mut id = [0; 16];
        id.copy_from_slice(&context.sign().as_ref()[..16]);
        IndicatorId(id)
    }

    /// A UUID for a name. No kind has the number 0, so no name is hashed as an indicator is.
    pub(crate) fn uuid(&self, name: &str) -> Uuid {
        let mut context = hmac::Context::with_key(&self.key);
        context.update(&[0]);
        context.update(name.as_bytes());
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&context.sign().as_ref()[..16]);
        Builder::from_random_bytes(bytes).into_uuid()
    }
}
