//! Whether an executable of this platform would start on this machine: its interpreter is there, and the C library is new enough.
//!
//! What an ELF executable asks for stands in its `PT_INTERP` segment and its version needs; what the C library offers, in its
//! version definitions. Whatever cannot be read is left to the system.

use std::{
    fs::File,
    path::{Path, PathBuf},
};

use object::{
    Endianness, ReadCache, ReadRef,
    elf::{FileHeader64, SHT_GNU_VERDEF, SHT_GNU_VERNEED},
    read::elf::{FileHeader as _, ProgramHeader as _, SectionHeader as _, SectionTable},
};

/// The most bytes of a section that is looked at.
const MOST_SECTION: u64 = 4 << 20;
/// The most bytes of the names of symbols.
const MOST_NAMES: u64 = 64 << 20;

type Header = FileHeader64<Endianness>;

/// What an executable needs.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
struct Needs {
    /// The program that loads it, absolute; a static executable has none.
    interpreter: Option<PathBuf>,
    /// The newest version of the GNU C library that it names.
    glibc: Option<Version>,
}

/// A version of the GNU C library.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Version(u32, u32, u32);

impl Version {
    /// From the name of a symbol version, such as `GLIBC_2.34`.
    fn of(name: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(name).ok()?.strip_prefix("GLIBC_")?;
        let mut parts = text.split('.').map(str::parse);
        let (major, minor) = (parts.next()?.ok()?, parts.next()?.ok()?);
        let patch = parts.next().unwrap_or(Ok(0)).ok()?;
        Some(Self(major, minor, patch))
    }
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self(major, minor, patch) = self;
        if *patch == 0 { write!(f, "{major}.{minor}") } else { write!(f, "{major}.{minor}.{patch}") }
    }
}

/// Why an executable cannot start here; nothing where it can, or where that cannot be told.
pub(crate) fn obstacle(file: File) -> Option<String> {
    let needs = needs(file)?;
    let interpreter = needs.interpreter?;
    if !interpreter.exists() {
        return Some(format!("it wants to be loaded by `{}`, which is not on this system", interpreter.display()));
    }
    let here = offered(&interpreter);
    too_new(needs.glibc, here)
}

fn too_new(needed: Option<Version>, here: Option<Version>) -> Option<String> {
    match (needed, here) {
        (Some(needed), Some(here)) if needed > here => {
            Some(format!("it needs the C library of GNU in version {needed} or newer, and this system has {here}"))
        }
        _ => None,
    }
}

/// The version of the C library beside a loader.
fn offered(interpreter: &Path) -> Option<Version> {
    let folder = interpreter.canonicalize().ok()?.parent()?.to_owned();
    let cache = ReadCache::new(File::open(folder.join("libc.so.6")).ok()?);
    let (endian, sections) = sections(&cache)?;
    let mut newest = None;
    for section in sections.iter().filter(|one| one.sh_type(endian) == SHT_GNU_VERDEF) {
        if section.sh_size(endian) > MOST_SECTION {
            return None;
        }
        let (mut definitions, link) = section.gnu_verdef(endian, &cache).ok()??;
        let names = sections.strings(endian, &cache, link).ok()?;
        while let Some((_, mut aliases)) = definitions.next().ok()? {
            if let Some(first) = aliases.next().ok()? {
                newest = newest.max(Version::of(first.name(endian, names).ok()?));
            }
        }
    }
    newest
}

fn needs(file: File) -> Option<Needs> {
    let cache = ReadCache::new(file);
    let header = Header::parse(&cache).ok()?;
    let endian = header.endian().ok()?;
    let mut needs = Needs::default();
    for segment in header.program_headers(endian, &cache).ok()? {
        if segment.p_filesz(endian) <= 4096
            && let Some(path) = segment.interpreter(endian, &cache).ok()?
        {
            needs.interpreter = Some(PathBuf::from(String::from_utf8_lossy(path).into_owned()));
        }
    }
    let Some((endian, sections)) = sections(&cache) else { return Some(needs) };
    for section in sections.iter().filter(|one| one.sh_type(endian) == SHT_GNU_VERNEED) {
        let names = sections.section(section.link(endian)).ok()?;
        if section.sh_size(endian) > MOST_SECTION || names.sh_size(endian) > MOST_NAMES {
            return Some(needs);
        }
        let Ok(Some((mut needed, link))) = section.gnu_verneed(endian, &cache) else { return Some(needs) };
        let Ok(names) = sections.strings(endian, &cache, link) else { return Some(needs) };
        while let Ok(Some((_, mut versions))) = needed.next() {
            while let Ok(Some(version)) = versions.next() {
                needs.glibc = needs.glibc.max(version.name(endian, names).ok().and_then(Version::of));
            }
        }
    }
    Some(needs)
}

fn sections<'c, R: ReadRef<'c>>(data: R) -> Option<(Endianness, SectionTable<'c, Header, R>)> {
    let header = Header::parse(data).ok()?;
    let endian = header.endian().ok()?;
    Some((endian, header.sections(endian, data).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_numbers() {
        assert_eq!(Version::of(b"GLIBC_2.34"), Some(Version(2, 34, 0)));
        assert_eq!(Version::of(b"GLIBC_2.3.4"), Some(Version(2, 3, 4)));
        assert!(Version::of(b"GLIBC_2.9") < Version::of(b"GLIBC_2.34"));
        for other in [&b"GLIBC_PRIVATE"[..], b"GLIBC_ABI_DT_RELR", b"GCC_3.0", b"GLIBC_2"] {
            assert_eq!(Version::of(other), None);
        }
        let (old, new) = (Version::of(b"GLIBC_2.17"), Version::of(b"GLIBC_2.38"));
        assert_eq!(too_new(old, new), None);
        assert!(too_new(new, old).unwrap().contains("2.38 or newer, and this system has 2.17"));
        assert_eq!(too_new(None, old), None);
        assert_eq!(too_new(new, None), None);
    }

    /// This very test runs here.
    #[test]
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    fn what_runs_here_may_start_here() {
        let own = || File::open("/proc/self/exe").unwrap();
        let needs = needs(own()).unwrap();
        let here = offered(needs.interpreter.as_ref().unwrap());
        assert!(needs.glibc.is_some() && here >= needs.glibc, "{needs:?} {here:?}");
        assert_eq!(obstacle(own()), None);
    }

    #[test]
    fn garbage_is_left_to_the_system() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        for bytes in [&b""[..], b"\x7fELF", &[0x7f; 200], b"#!/bin/sh"] {
            ora_fs::atomic::write(&path, bytes, ora_fs::atomic::Mode::Private).unwrap();
            assert_eq!(obstacle(File::open(&path).unwrap()), None);
        }
    }
}
