//! Sizes and ages as people write them.

use std::{fmt, str::FromStr};

use ora_core::Untrusted;

/// A number of bytes; its text is `10GB` (decimal), `10GiB` (binary) or plain bytes.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Size(pub u64);

/// A span of time in seconds; its text is a number with `s`, `m`, `h`, `d` or `w` behind.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Age(pub u64);

/// Why a text is neither.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{}` is not {what}", Untrusted(text))]
pub struct QuantityError {
    text: String,
    what: &'static str,
}

/// From the largest: a size is shown in the largest unit that divides it.
const SIZES: [(&str, u64); 9] = [
    ("TiB", 1 << 40),
    ("TB", 1_000_000_000_000),
    ("GiB", 1 << 30),
    ("GB", 1_000_000_000),
    ("MiB", 1 << 20),
    ("MB", 1_000_000),
    ("KiB", 1 << 10),
    ("KB", 1_000),
    ("B", 1),
];

const AGES: [(&str, u64); 5] = [("w", 7 * 86_400), ("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)];

impl Size {
    /// The number of bytes.
    pub fn bytes(self) -> u64 {
        self.0
    }

    /// So many mebibytes.
    pub const fn mebibytes(count: u64) -> Self {
        Self(count << 20)
    }

    /// So many gibibytes.
    pub const fn gibibytes(count: u64) -> Self {
        Self(count << 30)
    }
}

impl Age {
    /// The number of seconds.
    pub fn seconds(self) -> u64 {
        self.0
    }
}

impl FromStr for Size {
    type Err = QuantityError;
    /// Units whatever the case, a space before them, and fractions (`1.5 GiB`) are fine.
    fn from_str(text: &str) -> Result<Self, QuantityError> {
        let refused =
            || QuantityError { text: shortened(text), what: "a size such as 10GB, 10GiB or a number of bytes" };
        let split = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
        let (number, unit) = (text[..split].trim(), text[split..].trim());
        let factor = match unit {
            "" => 1,
            unit => SIZES.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit)).ok_or_else(refused)?.1,
        };
        scaled(number, factor).map(Self).ok_or_else(refused)
    }
}

impl FromStr for Age {
    type Err = QuantityError;
    fn from_str(text: &str) -> Result<Self, QuantityError> {
        let refused = || QuantityError { text: shortened(text), what: "an age such as 90d, 12h or 2w" };
        let unit = AGES.iter().find_map(|(unit, factor)| text.strip_suffix(unit).map(|number| (number, *factor)));
        let (number, factor) = unit.ok_or_else(refused)?;
        scaled(number.trim(), factor).map(Self).ok_or_else(refused)
    }
}

/// A number, perhaps with up to three decimals, times a factor; in whole numbers, so that no size is off by a rounding.
fn scaled(number: &str, factor: u64) -> Option<u64> {
    let (whole, decimals) = number.split_once('.').unwrap_or((number, "0"));
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !is_digits(whole) || !is_digits(decimals) || decimals.len() > 3 {
        return None;
    }
    let thousandths: u64 = format!("{decimals:0<3}").parse().ok()?;
    let whole = whole.parse::<u64>().ok()?.checked_mul(factor)?;
    whole.checked_add(factor.checked_mul(thousandths)? / 1000)
}

fn shortened(text: &str) -> String {
    text.chars().take(40).collect()
}

/// The number in the largest unit that divides it.
fn written(f: &mut fmt::Formatter<'_>, number: u64, units: &[(&str, u64)]) -> fmt::Result {
    match units.iter().find(|(_, factor)| number != 0 && number.is_multiple_of(*factor)) {
        Some((unit, factor)) => write!(f, "{}{unit}", number / factor),
        None => write!(f, "{number}{}", units[units.len() - 1].0),
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        written(f, self.0, &SIZES)
    }
}

impl fmt::Display for Age {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        written(f, self.0, &AGES)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sizes_and_ages_are_exact() {
        for (text, bytes) in [
            ("10GB", 10_000_000_000),
            ("10 GiB", 10 << 30),
            ("2gib", 2 << 30),
            ("1.5MiB", 3 << 19),
            ("0.001KB", 1),
            ("4096", 4096),
            ("0", 0),
            ("7B", 7),
        ] {
            assert_eq!(text.parse(), Ok(Size(bytes)), "{text}");
        }
        for bad in ["", "GB", "-1", "1e9", "10 GBit", "1.2.3GB", "99999999999TiB", "1.0001GB", "１GB"] {
            assert!(bad.parse::<Size>().is_err(), "{bad}");
        }
        assert_eq!("90d".parse(), Ok(Age(7_776_000)));
        assert_eq!("1.5h".parse(), Ok(Age(5400)));
        for bad in ["", "90", "d", "90days", "9e9d", "99999999999999999w"] {
            assert!(bad.parse::<Age>().is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn texts_come_back(number: u64) {
            prop_assert_eq!(Size(number).to_string().parse(), Ok(Size(number)));
            prop_assert_eq!(Age(number).to_string().parse(), Ok(Age(number)));
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,12}") {
            let _ = (text.parse::<Size>(), text.parse::<Age>());
        }
    }
}
