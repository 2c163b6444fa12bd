#![forbid(unsafe_code)]
//! The conversation between nodes: QUIC endpoint, identity, revocation and the driver of an exchange
