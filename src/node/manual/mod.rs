//! The manual: how a node is built, and why.
//!
//! | chapter | for whoever asks |
//! |---|---|
//! | [`house`] | where is what, and which part may know which |
//! | [`indicators`] | when are two spellings the same indicator, and what is compared |
//! | [`imports`] | which files are read, what of them becomes an indicator, and what is refused |
//! | [`identity`] | who may talk to a node, and who says so |
//! | [`exchange`] | what two nodes say to each other, message by message |
//! | [`voprf`] | how the intersection of small sets is computed, and what that rests on |
//! | [`vole`] | the same for large sets: messages, assumptions, parameters, and what differs from the papers |
//! | [`storage`] | what is on the disk, and what survives a crash |
//! | [`warning_lists`] | what is held out of exchanges until somebody overrides it, and what a query tells |
//! | [`curl`] | a whole job over the API, from a shell |
//! | [`taxii`] | how tools pull overlaps: TAXII 2.1 and STIX 2.1 |
//! | [`console`] | the pages for people: how they are made, who is let in, and what a browser is told |
//! | [`misp`] | how tools that speak MISP ask a node, and what they may say |
//! | [`push`] | how events reach consoles, webhooks and SIEMs, and what each way promises |
//! | [`threat_model`] | what is promised, against whom, and what is not |
//! | [`operating`] | settings, reload, backup, measurements |

#[doc = include_str!("house.md")]
pub mod house {}

#[doc = include_str!("indicators.md")]
pub mod indicators {}

#[doc = include_str!("imports.md")]
pub mod imports {}

#[doc = include_str!("identity.md")]
pub mod identity {}

#[doc = include_str!("exchange.md")]
pub mod exchange {}

#[doc = include_str!("voprf.md")]
pub mod voprf {}

#[doc = include_str!("vole.md")]
pub mod vole {}

#[doc = include_str!("storage.md")]
pub mod storage {}

#[doc = include_str!("warning_lists.md")]
pub mod warning_lists {}

#[doc = include_str!("curl.md")]
pub mod curl {}

#[doc = include_str!("taxii.md")]
pub mod taxii {}

#[doc = include_str!("console.md")]
pub mod console {}

#[doc = include_str!("misp.md")]
pub mod misp {}

#[doc = include_str!("push.md")]
pub mod push {}

#[doc = include_str!("threat_model.md")]
pub mod threat_model {}

#[doc = include_str!("operating.md")]
pub mod operating {}
