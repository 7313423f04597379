//! A small stable hash (FNV-1a, 128 bits) for names that must be the same in every process and every version.
//! It tells things apart; it protects nothing.

const OFFSET: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;

/// Sixteen hexadecimal digits of the hash of `bytes`.
pub fn hexadecimal(bytes: &[u8]) -> String {
    let mut hash = OFFSET;
    for byte in bytes {
        hash = (hash ^ u128::from(*byte)).wrapping_mul(PRIME);
    }
    format!("{:016x}", (hash ^ (hash >> 64)) & u128::from(u64::MAX))
}
