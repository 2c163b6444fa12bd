//! Private set intersection protocols, without input or output.
//!
//! An engine is two typed state machines, one for each [`Role`]: the receiver learns which of its items the sender
//! holds too. A driver sees a machine as a [`Party`]; inside, one struct stands for each state.

mod error;
mod item;
mod message;
mod party;

pub use error::{Error, Fault};
pub use item::SessionItem;
pub use message::{Message, MessageKind};
pub use party::{Outcome, Params, Party, Progress, Role, Turn};
