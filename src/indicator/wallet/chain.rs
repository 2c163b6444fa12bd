//! Chains, their codes and their other names.

/// A chain, or a family of chains whose addresses are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Chain {
    Btc,
    Bch,
    Bsv,
    Btg,
    Ltc,
    Doge,
    Dash,
    Zec,
    Xvg,
    /// Every chain with Ethereum's addresses: one key, one address on all of them.
    Evm,
    Trx,
    Xmr,
    Xrp,
    Sol,
}

/// Every name, in lower case.
const NAMES: [(Chain, &[&str]); 14] = [
    (Chain::Btc, &["btc", "bitcoin", "xbt"]),
    (
        Chain::Evm,
        &[
            "evm",
            "eth",
            "ethereum",
            "etc",
            "arb",
            "arbitrum",
            "avax",
            "avalanche",
            "base",
            "bnb",
            "bsc",
            "celo",
            "cro",
            "cronos",
            "fantom",
            "ftm",
            "gnosis",
            "linea",
            "matic",
            "op",
            "optimism",
            "pol",
            "polygon",
            "scroll",
            "zksync",
        ],
    ),
    (Chain::Trx, &["trx", "tron"]),
    (Chain::Bch, &["bch", "bitcoincash"]),
    (Chain::Bsv, &["bsv", "bitcoinsv"]),
    (Chain::Btg, &["btg", "bitcoingold"]),
    (Chain::Ltc, &["ltc", "litecoin"]),
    (Chain::Doge, &["doge", "dogecoin"]),
    (Chain::Dash, &["dash"]),
    (Chain::Zec, &["zec", "zcash"]),
    (Chain::Xvg, &["xvg", "verge"]),
    (Chain::Xmr, &["xmr", "monero"]),
    (Chain::Xrp, &["xrp", "ripple"]),
    (Chain::Sol, &["sol", "solana"]),
];

impl Chain {
    /// The chain with this code or other name, in any case.
    pub(crate) fn from_name(name: &str) -> Option<Chain> {
        NAMES
            .iter()
            .find(|(_, names)| names.iter().any(|known| known.eq_ignore_ascii_case(name)))
            .map(|(chain, _)| *chain)
    }

    /// The code in canonical forms.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Chain::Btc => "btc",
            Chain::Bch => "bch",
            Chain::Bsv => "bsv",
            Chain::Btg => "btg",
            Chain::Ltc => "ltc",
            Chain::Doge => "doge",
            Chain::Dash => "dash",
            Chain::Zec => "zec",
            Chain::Xvg => "xvg",
            Chain::Evm => "evm",
            Chain::Trx => "trx",
            Chain::Xmr => "xmr",
            Chain::Xrp => "xrp",
            Chain::Sol => "sol",
        }
    }
}
