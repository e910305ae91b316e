//! One block of tar that describes a member.

use crate::{
    error::{Fault, Result},
    member::place,
};

/// The unit everything in tar is a multiple of.
pub(crate) const BLOCK: usize = 512;

/// The formats of a header.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Family {
    /// Before POSIX: no magic.
    V7,
    /// POSIX.
    Ustar,
    /// GNU, before it wrote POSIX.
    Gnu,
}

/// What a header says, as far as it matters here: owners and times are not taken over.
pub(crate) struct Header {
    pub(crate) name: Vec<u8>,
    pub(crate) link: Vec<u8>,
    pub(crate) size: u64,
    pub(crate) mode: u32,
    pub(crate) kind: u8,
    pub(crate) family: Family,
}

impl Header {
    pub(crate) fn parse(block: &[u8; BLOCK]) -> Result<Self> {
        let own_name = until_nul(&block[..100]);
        let malformed = |what| Fault::Malformed { place: place(own_name), what };
        if !has_checksum(block) {
            return Err(malformed("has a header with a wrong checksum"));
        }
        let family = match &block[257..265] {
            b"ustar  \0" => Family::Gnu,
            magic if magic.starts_with(b"ustar\0") => Family::Ustar,
            magic if magic.iter().all(|byte| *byte == 0) => Family::V7,
            _ => return Err(malformed("has a header of an unknown format")),
        };
        let prefix = until_nul(&block[345..500]);
        let name = if family == Family::Ustar && !prefix.is_empty() {
            if &block[263..265] != b"00" {
                // Some readers take such a header for an old one and leave the prefix out.
                return Err(Fault::Ambiguous {
                    place: place(own_name),
                    what: "has a name in two parts and no version",
                });
            }
            [prefix, b"/", own_name].concat()
        } else {
            own_name.to_vec()
        };
        let kind = block[156];
        let is_file = matches!(kind, 0 | b'0' | b'7');
        let size = number(&block[124..136], !is_file).ok_or_else(|| malformed("has a size that is no number"))?;
        let mode = number(&block[100..108], true).ok_or_else(|| malformed("has a mode that is no number"))?;
        let mode = u32::try_from(mode & 0o7777).unwrap_or_default();
        Ok(Self { name, link: until_nul(&block[157..257]).to_vec(), size, mode, kind, family })
    }
}

/// Whether a block's checksum is the sum of its bytes, those of the checksum counted as blanks.
pub(crate) fn has_checksum(block: &[u8; BLOCK]) -> bool {
    let sum = |bytes: &[u8]| bytes.iter().map(|byte| u64::from(*byte)).sum::<u64>();
    let real = sum(&block[..148]) + sum(&block[156..]) + 8 * u64::from(b' ');
    number(&block[148..156], false) == Some(real)
}

/// Whether a block's checksum is written as all programs of today do: six digits, NUL, blank.
pub(crate) fn has_plain_checksum(block: &[u8; BLOCK]) -> bool {
    block[148..154].iter().all(|byte| matches!(byte, b'0'..=b'7')) && block[154..156] == *b"\0 "
}

fn until_nul(field: &[u8]) -> &[u8] {
    field.split(|byte| *byte == 0).next().unwrap_or_default()
}

/// A number field: octal digits with blanks around them, or base 256. `None` for anything else, below zero, or beyond
/// what a file's size can be; nothing at all is 0 where `blank` says so.
fn number(field: &[u8], blank: bool) -> Option<u64> {
    if let [0x80, digits @ ..] = field {
        let value = digits.iter().try_fold(0_u64, |sum, digit| Some(sum.checked_mul(256)? | u64::from(*digit)))?;
        return i64::try_from(value).is_ok().then_some(value);
    }
    let start = field.iter().position(|byte| *byte != b' ').unwrap_or(field.len());
    let digits = &field[start..];
    let end = digits.iter().position(|byte| matches!(byte, 0 | b' ')).unwrap_or(digits.len());
    let (digits, rest) = digits.split_at(end);
    if rest.iter().any(|byte| !matches!(byte, 0 | b' ')) || (digits.is_empty() && !blank) {
        return None;
    }
    digits.iter().try_fold(0, |sum: u64, digit| match digit {
        b'0'..=b'7' => Some((sum << 3) | u64::from(digit - b'0')),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn numbers_are_exact_or_nothing() {
        for (field, value) in [
            (&b"0000644\0"[..], Some(0o644)),
            (b"   644 \0", Some(0o644)),
            (b"00000000017\0", Some(15)),
            (b"777777777777", Some((1 << 36) - 1)),
            (b"\x80\0\0\0\0\0\0\x02\0\0\0\0", Some(1 << 33)),
            (b"\x80\0\0\0\x80\0\0\0\0\0\0\0", None),
            (b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", None),
            (b"\x81\0\0\0\0\0\0\0\0\0\0\0", None),
            (b"0000000009x\0", None),
            (b"12 34\0", None),
            (b"-1\0\0\0\0\0\0", None),
            (b"\0\0\0\0\0\0\0\0", None),
            (b"        ", None),
        ] {
            assert_eq!(number(field, false), value, "{field:?}");
        }
        assert_eq!(number(b"\0\0\0\0\0\0\0\0", true), Some(0));
    }
}
