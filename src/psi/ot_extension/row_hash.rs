//! From rows to keys.

use crate::field::F128;
use crate::keyed_hash::KeyedHash;
use crate::wiped::Wiped;

/// The hash of one session from a row and its index to a key.
///
/// The receiver's key of row i comes from t_i. The sender's two come from q_i (for u_i = 0) and q_i + Delta (for u_i = 1), and
/// the one of them that the receiver lacks comes from t_i + Delta, whatever u_i is. It has to stay hidden although
/// all rows share Delta and a malicious receiver has chosen every t_i: tweakable correlation robustness (Ishai, Kilian,
/// Nissim and Petrank, CRYPTO 2003; with tweaks Guo, Katz, Wang and Yu, IEEE S&P 2020). BLAKE3 keyed for the session is
/// taken for a random oracle, which is so: one question tells something only if it is (i, t_i + Delta). With
/// the index in it a question tests one value of Delta; without it, one for each row.
pub(crate) struct RowHash {
    hash: KeyedHash,
}

impl RowHash {
    pub(crate) fn new(session: &[u8; 32]) -> Self {
        Self { hash: KeyedHash::new(blake3::derive_key("overlapd psi v1 OT extension row", session)) }
    }

    /// The keys of rows that follow on each other from row `first`: the first 16 bytes of keyed BLAKE3 of the index as 16 and
    /// the row as 16 little-endian bytes.
    pub(crate) fn keys(&self, first: usize, rows: &[F128]) -> Wiped<F128> {
        let indices: Vec<_> = (first as u128..).map(F128).take(rows.len()).collect();
        let mut hashes = Wiped::new(vec![[0; 32]; rows.len()]);
        self.hash.hash_pairs(&indices, rows, &mut hashes);
        Wiped::new(hashes.iter().map(|hash| F128::from_bytes(std::array::from_fn(|i| hash[i]))).collect())
    }

    /// The key of one row.
    #[cfg(test)]
    pub(crate) fn key(&self, index: usize, row: F128) -> [u8; 16] {
        self.keys(index, &[row])[0].to_bytes()
    }
}
