//! The fixed records and the extra fields of zip, as bytes.

use crate::{
    error::{Fault, Result},
    member::place,
};

/// A 16-bit field that says "see the 64-bit record".
pub(super) const FULL_16: u64 = 0xffff;
/// A 32-bit field that says "see the 64-bit record".
pub(super) const FULL_32: u64 = 0xffff_ffff;
/// A flag: sizes follow the data.
pub(super) const DESCRIPTOR: u16 = 1 << 3;
/// A flag: the name is UTF-8.
pub(super) const UTF_8: u16 = 1 << 11;
/// Flags: encrypted, patched, strongly encrypted, headers masked.
pub(super) const REFUSED: u16 = 1 | 1 << 5 | 1 << 6 | 1 << 13;
/// Flags that decide how an entry is read, so that both its headers have to agree.
pub(super) const DECISIVE: u16 = REFUSED | DESCRIPTOR;

/// The little-endian number of `width` bytes at `at`; records are sliced to their full length before.
pub(super) fn number(record: &[u8], at: usize, width: usize) -> u64 {
    record[at..at + width].iter().rev().fold(0, |sum, byte| (sum << 8) | u64::from(*byte))
}

/// A 16-bit number.
pub(super) fn short(record: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([record[at], record[at + 1]])
}

/// What extra fields say: sizes that did not fit, and whether a second name hides there.
pub(super) struct Extra {
    /// The 64-bit values, as bytes.
    pub(super) wide: Option<Vec<u8>>,
}

impl Extra {
    /// Reads all fields of one header, exactly.
    pub(super) fn parse(mut extra: &[u8], name: &[u8]) -> Result<Self> {
        let malformed = || Fault::Malformed { place: place(name), what: "has an extra field longer than its space" };
        let mut wide = None;
        while !extra.is_empty() {
            let header = extra.get(..4).ok_or_else(malformed)?;
            let (id, length) = (short(header, 0), usize::from(short(header, 2)));
            let field = extra.get(4..4 + length).ok_or_else(malformed)?;
            match id {
                0x0001 if wide.replace(field.to_vec()).is_some() => {
                    return Err(Fault::Ambiguous { place: place(name), what: "has two sets of sizes" });
                }
                0x7075 if !is_same_name(field, name) => {
                    return Err(Fault::Renamed { member: crate::entry::shown(name) });
                }
                _ => {}
            }
            extra = &extra[4 + length..];
        }
        Ok(Self { wide })
    }

    /// Replaces the fields that are full by the 64-bit values, which come in their order and only for them.
    pub(super) fn widen(&self, fields: &mut [&mut u64], name: &[u8]) -> Result<()> {
        let mut full = fields.iter_mut().filter(|field| ***field == FULL_32).peekable();
        let Some(wide) = &self.wide else { return Ok(()) };
        if full.peek().is_none() {
            return Ok(());
        }
        let mut values = wide.chunks_exact(8);
        for field in full {
            let value = values.next().ok_or(Fault::Malformed { place: place(name), what: "has no size" })?;
            **field = number(value, 0, 8);
        }
        if values.next().is_some() || !values.remainder().is_empty() {
            return Err(Fault::Ambiguous { place: place(name), what: "has more sizes than it needs" });
        }
        Ok(())
    }
}

/// Whether an Info-ZIP Unicode path says nothing but the plain name again.
fn is_same_name(field: &[u8], name: &[u8]) -> bool {
    let checked = field.len() >= 5 && field[0] == 1 && number(field, 1, 4) == u64::from(crc32fast::hash(name));
    checked && &field[5..] == name
}
