//! Lists of secrets.

use std::fmt;
use std::ops::{Deref, DerefMut};

use zeroize::{Zeroize, ZeroizeOnDrop};

/// A list of plain values that is wiped when dropped, in one go: `Zeroizing<Vec<T>>` writes value by value and then all of its
/// memory once more, and the lists of a large set are hundreds of megabytes.
///
/// What a list leaves behind when it grows is not wiped, so each is made with room for all that it will have.
#[derive(Clone)]
pub(crate) struct Wiped<T: Copy>(Vec<T>);

impl<T: Copy> Wiped<T> {
    pub(crate) fn new(list: Vec<T>) -> Self {
        Self(list)
    }
}

impl<T: Copy> Drop for Wiped<T> {
    fn drop(&mut self) {
        // Plain values need no dropping, so all of the memory is spare now.
        self.0.clear();
        self.0.spare_capacity_mut().zeroize();
    }
}

impl<T: Copy> ZeroizeOnDrop for Wiped<T> {}

impl<T: Copy> Deref for Wiped<T> {
    type Target = Vec<T>;

    fn deref(&self) -> &Vec<T> {
        &self.0
    }
}

impl<T: Copy> DerefMut for Wiped<T> {
    fn deref_mut(&mut self) -> &mut Vec<T> {
        &mut self.0
    }
}

impl<T: Copy> fmt::Debug for Wiped<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Wiped({})", self.0.len())
    }
}
