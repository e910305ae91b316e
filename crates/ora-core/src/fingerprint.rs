//! The name of a key that nobody else can have.

use std::{fmt, str::FromStr};

/// The full fingerprint of an OpenPGP key: 20 bytes (version 4) or 32 (version 6); its text is upper-case hex.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Fingerprint(Box<[u8]>);

/// A text that is no full fingerprint.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{0}` is no full fingerprint of 40 or 64 hexadecimal digits")]
pub struct FingerprintError(String);

impl Fingerprint {
    /// From its bytes; nothing for another length than 20 or 32.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        matches!(bytes.len(), 20 | 32).then(|| Self(bytes.into()))
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// In groups of four digits, as people read it aloud.
    pub fn grouped(&self) -> String {
        let text = self.to_string();
        let groups: Vec<&str> = (0..text.len()).step_by(4).filter_map(|at| text.get(at..at + 4)).collect();
        groups.join(" ")
    }
}

impl From<[u8; 20]> for Fingerprint {
    fn from(bytes: [u8; 20]) -> Self {
        Self(bytes.into())
    }
}

impl From<[u8; 32]> for Fingerprint {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes.into())
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02X}"))
    }
}

/// Spaces and colons between digits and a leading `0x` are fine: that is how programs print fingerprints.
impl FromStr for Fingerprint {
    type Err = FingerprintError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || FingerprintError(crate::Untrusted(&text.chars().take(80).collect::<String>()).to_string());
        let digits = text.trim();
        let digits = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")).unwrap_or(digits);
        let digits: Vec<u8> = digits.bytes().filter(|byte| !matches!(byte, b' ' | b':')).collect();
        if !matches!(digits.len(), 40 | 64) {
            return Err(error());
        }
        let value = |digit: u8| char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
        let bytes: Option<Vec<u8>> =
            digits.chunks(2).map(|pair| Some(value(pair[0])? << 4 | value(*pair.get(1)?)?)).collect();
        bytes.and_then(|bytes| Self::from_bytes(&bytes)).ok_or_else(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_full_fingerprints_are_names() {
        let text = "0123456789ABCDEF0123456789ABCDEF01234567";
        let parsed: Fingerprint = text.to_ascii_lowercase().parse().unwrap();
        assert_eq!(parsed.to_string(), text);
        assert_eq!(parsed.grouped().parse(), Ok(parsed.clone()));
        assert_eq!(format!("0x{text}").parse(), Ok(parsed));
        for bad in ["", "01234567", "x123456789ABCDEF0123456789ABCDEF01234567", &text[1..]] {
            assert!(bad.parse::<Fingerprint>().is_err(), "{bad}");
        }
    }
}
