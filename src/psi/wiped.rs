//! Lists of secrets.
//!
//! A value that wipes itself when dropped does so at the last place where it was: a move leaves a copy behind at every place
//! before, and a machine's states are moved out of one box and into the next. So a secret that lasts longer than a state is in a
//! box (or a list) of its own, of which a move takes the pointer along. What is left are copies in registers and on the stack.

use std::fmt;
use std::ops::{Deref, DerefMut};

use zerocopy::FromZeros;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// A list of plain values that is wiped when dropped, in one go: `Zeroizing<Vec<T>>` writes value by value and then all of its
/// memory once more, and the lists of a large set are hundreds of megabytes.
///
/// What a list leaves behind when it grows is not wiped, so each is made with room for all that it will have.
#[derive(Clone)]
pub(crate) struct Wiped<T: Copy>(Vec<T>);

impl<T: Copy> Wiped<T> {
    pub(crate) const EMPTY: Self = Self(Vec::new());

    pub(crate) fn new(list: Vec<T>) -> Self {
        Self(list)
    }

    /// A list of zeroes: of one that is large the memory comes zeroed from the system, page by page as it is first touched, and so by
    /// the tasks that fill it.
    pub(crate) fn zeroed(len: usize) -> Self
    where
        T: FromZeros,
    {
        // It fails where memory does, which ends the process wherever else a list is made.
        Self(
            T::new_vec_zeroed(len)
                .unwrap_or_else(|_| std::alloc::handle_alloc_error(std::alloc::Layout::new::<T>())),
        )
    }

    /// A list of that many values: this one where it has as many, whatever is in it, else one of zeroes.
    pub(crate) fn of_len(self, len: usize) -> Self
    where
        T: FromZeros,
    {
        if self.len() == len { self } else { Self::zeroed(len) }
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
