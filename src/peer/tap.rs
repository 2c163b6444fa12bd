//! A test's view of the frames of a node.

use std::sync::{Arc, Mutex};

use bytes::Bytes;

/// Frames in the order in which they went: true for sent, header and message.
#[derive(Clone, Default)]
pub(crate) struct Tap(Arc<Mutex<Vec<(bool, Bytes)>>>);

impl Tap {
    pub(crate) fn note(&self, sent: bool, frame: &Bytes) {
        self.0.lock().unwrap().push((sent, frame.clone()));
    }

    pub(crate) fn frames(&self) -> Vec<(bool, Bytes)> {
        self.0.lock().unwrap().clone()
    }
}
