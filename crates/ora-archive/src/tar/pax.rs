//! PAX records: what an extension header says in words.

use crate::error::{Fault, Result};

/// The records that matter; all others (times, owners, comments) are passed over.
#[derive(Debug, Default)]
pub(crate) struct Pax {
    pub(crate) path: Option<Vec<u8>>,
    pub(crate) link: Option<Vec<u8>>,
    pub(crate) size: Option<u64>,
    /// The member is sparse or part of a file: what is stored is not its content.
    pub(crate) sparse: bool,
    /// The member asks for rights beyond its mode.
    pub(crate) capability: bool,
}

impl Pax {
    /// Reads `LENGTH KEY=VALUE\n` after each other, exactly.
    pub(crate) fn parse(mut records: &[u8]) -> Result<Self> {
        let mut pax = Self::default();
        while !records.is_empty() {
            let (record, rest) =
                first_record(records).ok_or_else(|| Fault::malformed("has a PAX header that is none"))?;
            let equals = record.iter().position(|byte| *byte == b'=');
            let (key, value) = equals
                .map(|at| (&record[..at], &record[at + 1..]))
                .ok_or_else(|| Fault::malformed("has a PAX header that is none"))?;
            pax.take(key, value)?;
            records = rest;
        }
        Ok(pax)
    }

    /// Whether any of this decides where and how much is written.
    pub(crate) fn names_or_sizes(&self) -> bool {
        self.path.is_some() || self.link.is_some() || self.size.is_some() || self.sparse
    }

    fn take(&mut self, key: &[u8], value: &[u8]) -> Result<()> {
        let twice = match key {
            b"path" | b"linkpath" if value.is_empty() => {
                return Err(Fault::malformed("has a PAX header with an empty name"));
            }
            b"path" => self.path.replace(value.into()).is_some(),
            b"linkpath" => self.link.replace(value.into()).is_some(),
            b"size" => {
                let size = decimal(value).ok_or_else(|| Fault::malformed("has a PAX size that is no number"))?;
                self.size.replace(size).is_some()
            }
            _ => {
                self.sparse |=
                    key.starts_with(b"GNU.sparse.") || key.starts_with(b"GNU.volume.") || key == b"SCHILY.realsize";
                self.capability |= key.ends_with(b".security.capability");
                false
            }
        };
        if twice { Err(Fault::ambiguous("has the same PAX record twice for one member")) } else { Ok(()) }
    }
}

/// Splits the first record off: its text without length and line end, and what follows.
fn first_record(records: &[u8]) -> Option<(&[u8], &[u8])> {
    let blank = records.iter().take(8).position(|byte| *byte == b' ')?;
    let length = usize::try_from(decimal(&records[..blank])?).ok()?;
    let record = records.get(blank + 1..length)?;
    Some((record.strip_suffix(b"\n")?, &records[length..]))
}

fn decimal(digits: &[u8]) -> Option<u64> {
    let plain = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    if plain { std::str::from_utf8(digits).ok()?.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_exact() {
        let pax = Pax::parse(b"12 path=t/a\n11 size=12\n18 comment=a=b\nc \n").unwrap();
        assert_eq!((pax.path.as_deref(), pax.size), (Some(&b"t/a"[..]), Some(12)));
        for bad in [
            &b"99 path=a\n"[..],
            b"8 path=a\n",
            b"10 path=a",
            b"path=a\n",
            b"99999999999999999999999 path=a\n",
            b"10 path=a\n\0\0",
            b"8 path=\n",
            b"+9 path=a\n",
            b"11 size=1x\n",
            b"7 path\n",
            b"2 ",
            b"1 x=y\n",
        ] {
            assert!(Pax::parse(bad).is_err(), "{:?}", String::from_utf8_lossy(bad));
        }
        assert!(Pax::parse(b"10 path=a\n10 path=a\n").is_err());
    }
}
