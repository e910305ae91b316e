//! Pins of certificates and keys, in the spellings of the tools that print them.

use ora_core::{Sha256, Untrusted};

use crate::reader::Item;

/// Why a text is no pin.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{}` is not a SHA-256 digest, in hexadecimal or as `sha256/…` in base 64", Untrusted(text))]
pub struct PinError {
    /// The text, cut to a length that can be shown.
    pub text: String,
}

pub(super) fn pin(item: &Item<'_>) -> Option<Sha256> {
    match parse(item.string()?) {
        Ok(digest) => Some(digest),
        Err(error) => {
            item.error("invalid-value", format!("`{}`: {error}", item.path()));
            None
        }
    }
}

/// A digest as hexadecimal digits, with or without colons and `sha256:`, or as `sha256/` or `sha256//` and base 64.
pub(super) fn parse(text: &str) -> Result<Sha256, PinError> {
    let refused = || PinError { text: text.chars().take(100).collect() };
    if let Some(encoded) = text.strip_prefix("sha256/") {
        let encoded = encoded.strip_prefix('/').unwrap_or(encoded);
        return base64(encoded).map(Sha256::from_bytes).ok_or_else(refused);
    }
    let lower = text.trim().to_ascii_lowercase();
    let bare = lower.strip_prefix("sha256").map_or(lower.as_str(), |rest| rest.trim_start_matches([':', '=', ' ']));
    let digits: String = bare.chars().filter(|c| !matches!(c, ':' | ' ')).collect();
    digits.parse().map_err(|_| refused())
}

/// The 32 bytes of 43 characters of base 64, with or without the `=` behind; the bits left over have to be zero.
fn base64(text: &str) -> Option<[u8; 32]> {
    let text = text.strip_suffix('=').unwrap_or(text);
    let mut out = [0; 32];
    let (mut bits, mut count, mut at) = (0_u32, 0, 0);
    for c in text.bytes() {
        let value = match c {
            b'A'..=b'Z' => c - b'A',
            b'a'..=b'z' => c - b'a' + 26,
            b'0'..=b'9' => c - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        bits = (bits << 6) | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            *out.get_mut(at)? = u8::try_from(bits >> count).ok()?;
            bits &= (1 << count) - 1;
            at += 1;
        }
    }
    (text.len() == 43 && bits == 0).then_some(out)
}
