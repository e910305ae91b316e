//! Which file of a release is the one for a platform, told from its name.
//!
//! Names are read as words: an operating system, a processor, a C library. What names another platform is out, what names
//! none counts as `x86_64` at most; of the rest the host's C library, an archive and the shortest name win. Two that fit
//! equally well are an error and never a guess.

use std::collections::BTreeSet;

use ora_core::{Arch, Libc, Os, PackageName, Platform, Version, template::Variable};
use ora_schema::{release::Format, repo::Definition};

use crate::{SourceError, listing::Asset};

/// How a definition narrows the choice.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pattern {
    /// `asset_pattern` with its variables filled in: a name or a glob.
    pub(crate) text: String,
    /// Whether it named the operating system itself.
    pub(crate) names_os: bool,
    /// Whether it named the processor itself.
    pub(crate) names_arch: bool,
}

impl Pattern {
    /// The pattern of a definition, filled in.
    pub(crate) fn of(definition: &Definition, text: String) -> Self {
        let uses = |variable| definition.source.asset_pattern.as_ref().is_some_and(|template| template.uses(variable));
        let both = uses(Variable::Platform) || uses(Variable::PlatformTriple);
        Self { text, names_os: both || uses(Variable::Os), names_arch: both || uses(Variable::Arch) }
    }
}

/// The file for the platform.
pub(crate) fn choose<'a>(
    package: &PackageName,
    version: &Version,
    platform: Platform,
    assets: &'a [Asset],
    pattern: Option<&Pattern>,
) -> Result<&'a Asset, SourceError> {
    let named: Vec<&Asset> =
        assets.iter().filter(|asset| pattern.is_none_or(|p| matches(&p.text, &asset.name))).collect();
    let useful: Vec<(&Asset, Words)> =
        named.iter().filter(|asset| is_program(&asset.name)).map(|asset| (*asset, Words::of(&asset.name))).collect();
    let (any_os, any_arch) = pattern.map_or((false, false), |pattern| (pattern.names_os, pattern.names_arch));
    let mut fitting: Vec<&(&Asset, Words)> = useful
        .iter()
        .filter(|(_, words)| words.fits_os(platform, any_os) && words.fits_arch(platform, any_arch))
        .collect();
    if fitting.is_empty() && pattern.is_some() {
        // The author's pattern found it: then it need not name the platform, but it may not name another one.
        fitting = useful.iter().filter(|(_, words)| words.allows(platform)).collect();
    }
    let rank = |(asset, words): &(&Asset, Words)| {
        (words.has(Mark::Glued), words.libc_rank(platform), packing_rank(&asset.name), asset.name.chars().count())
    };
    let Some(best) = fitting.iter().map(|candidate| rank(candidate)).min() else {
        let candidates = if named.is_empty() { assets.iter().collect() } else { named };
        return Err(SourceError::NoAsset {
            package: package.clone(),
            version: version.clone(),
            platform,
            candidates: candidates.iter().take(12).map(|asset| asset.name.clone()).collect(),
        });
    };
    let first: Vec<&&(&Asset, Words)> = fitting.iter().filter(|candidate| rank(candidate) == best).collect();
    match first.as_slice() {
        [(asset, _)] => Ok(asset),
        several => Err(SourceError::AssetTie {
            package: package.clone(),
            version: version.clone(),
            platform,
            candidates: several.iter().take(12).map(|(asset, _)| asset.name.clone()).collect(),
        }),
    }
}

/// Whether a name (or the path of a URL) names the platform, by the rules for assets.
pub(crate) fn names_platform(name: &str, platform: Platform) -> bool {
    let words = Words::of(name);
    words.fits_os(platform, false) && words.fits_arch(platform, false)
}

/// A name or glob against a file name. A pattern that is no glob after all matches itself only.
pub(crate) fn matches(pattern: &str, name: &str) -> bool {
    pattern == name
        || (is_glob(pattern)
            && globset::GlobBuilder::new(pattern)
                .literal_separator(true)
                .build()
                .is_ok_and(|glob| glob.compile_matcher().is_match(name)))
}

/// Whether a text is a glob as definitions have them.
pub(crate) fn is_glob(text: &str) -> bool {
    text.contains(['*', '?', '['])
}

/// What a name says about platforms.
#[derive(Debug, Default)]
struct Words {
    systems: Vec<Os>,
    processors: Vec<Arch>,
    marks: BTreeSet<Mark>,
}

/// What a name says beside systems and processors.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Mark {
    /// A system that is none of ours: Android is not Linux.
    ForeignSystem,
    ForeignProcessor,
    /// Every processor of macOS.
    Universal,
    Musl,
    Gnu,
    /// System and processor were read out of one word (`win64`), which is the weaker reading.
    Glued,
}

/// Names of processors beside the aliases of [`Arch`]: those with two words first, so that `x86_64` is not read as `x86`.
const PROCESSORS: [(&str, Option<Arch>); 38] = [
    ("x86_64", Some(Arch::X86_64)),
    ("x86-64", Some(Arch::X86_64)),
    ("x86_32", Some(Arch::I686)),
    ("x86-32", Some(Arch::I686)),
    ("aarch_64", Some(Arch::Aarch64)),
    ("ppcle_64", Some(Arch::Ppc64le)),
    ("s390_64", Some(Arch::S390x)),
    ("64bit", Some(Arch::X86_64)),
    ("64-bit", Some(Arch::X86_64)),
    ("32bit", Some(Arch::I686)),
    ("32-bit", Some(Arch::I686)),
    ("i386", Some(Arch::I686)),
    ("i586", Some(Arch::I686)),
    ("ia32", Some(Arch::I686)),
    ("powerpc64le", Some(Arch::Ppc64le)),
    ("riscv64gc", Some(Arch::Riscv64)),
    ("armv7l", Some(Arch::Armv7)),
    ("armv7hf", Some(Arch::Armv7)),
    ("arm64v8", Some(Arch::Aarch64)),
    ("arm32v7", Some(Arch::Armv7)),
    ("armv8", Some(Arch::Aarch64)),
    ("arm32v6", None),
    ("armv5", None),
    ("armv6", None),
    ("armv6l", None),
    ("armv6hf", None),
    ("armel", None),
    ("mips", None),
    ("mipsle", None),
    ("mips64", None),
    ("mips64le", None),
    ("ppc64", None),
    ("powerpc64", None),
    ("powerpc", None),
    ("loong64", None),
    ("loongarch64", None),
    ("wasm32", None),
    ("sparc64", None),
];

/// Systems that run none of our programs.
const FOREIGN_SYSTEMS: [&str; 14] = [
    "android",
    "ios",
    "openbsd",
    "netbsd",
    "dragonfly",
    "solaris",
    "illumos",
    "sunos",
    "aix",
    "plan9",
    "haiku",
    "wasi",
    "wasm",
    "emscripten",
];

/// Words that name a system and a processor at once.
const GLUED: [(&str, Os, Arch); 9] = [
    ("linux64", Os::Linux, Arch::X86_64),
    ("linux32", Os::Linux, Arch::I686),
    ("win64", Os::Windows, Arch::X86_64),
    ("windows64", Os::Windows, Arch::X86_64),
    ("windows32", Os::Windows, Arch::I686),
    ("macos64", Os::Macos, Arch::X86_64),
    ("osx64", Os::Macos, Arch::X86_64),
    ("darwin64", Os::Macos, Arch::X86_64),
    ("freebsd64", Os::Freebsd, Arch::X86_64),
];

impl Words {
    fn of(name: &str) -> Self {
        let mut text = name.to_ascii_lowercase();
        let mut words = Self::default();
        for (word, processor) in PROCESSORS {
            if take(&mut text, word) {
                words.processor(processor);
            }
        }
        for (word, system, processor) in GLUED {
            if take(&mut text, word) {
                words.systems.push(system);
                words.processors.push(processor);
                words.marks.insert(Mark::Glued);
            }
        }
        for word in text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()) {
            words.read(word);
        }
        words
    }

    fn read(&mut self, word: &str) {
        if let Some(system) = Os::from_any(word) {
            self.systems.push(system);
        } else if let Some(processor) = Arch::from_any(word) {
            self.processor(Some(processor));
        } else if FOREIGN_SYSTEMS.contains(&word) {
            self.marks.insert(Mark::ForeignSystem);
        } else if matches!(word, "universal" | "universal2") {
            self.marks.insert(Mark::Universal);
        } else if word.starts_with("musl") {
            self.marks.insert(Mark::Musl);
        } else if word.starts_with("gnu") || word == "glibc" {
            self.marks.insert(Mark::Gnu);
        } else if word.starts_with("mingw") || matches!(word, "cygwin" | "exe") {
            self.systems.push(Os::Windows);
        }
    }

    fn processor(&mut self, processor: Option<Arch>) {
        match processor {
            Some(processor) => self.processors.push(processor),
            None => {
                self.marks.insert(Mark::ForeignProcessor);
            }
        }
    }

    fn has(&self, mark: Mark) -> bool {
        self.marks.contains(&mark)
    }

    fn fits_os(&self, platform: Platform, any: bool) -> bool {
        any || (!self.has(Mark::ForeignSystem) && self.systems.contains(&platform.os))
    }

    fn fits_arch(&self, platform: Platform, any: bool) -> bool {
        if any || (self.has(Mark::Universal) && platform.os == Os::Macos) || self.processors.contains(&platform.arch) {
            return true;
        }
        self.processors.is_empty()
            && !self.has(Mark::ForeignProcessor)
            && !self.has(Mark::Universal)
            && platform.arch == Arch::X86_64
    }

    /// Whether nothing in the name speaks against the platform.
    fn allows(&self, platform: Platform) -> bool {
        let system = !self.has(Mark::ForeignSystem) && (self.systems.is_empty() || self.systems.contains(&platform.os));
        let processor = !self.has(Mark::ForeignProcessor)
            && (self.processors.is_empty() || self.processors.contains(&platform.arch));
        system && processor
    }

    /// The host's C library first (a name without one means the usual), musl second.
    fn libc_rank(&self, platform: Platform) -> u8 {
        match (platform.libc, self.has(Mark::Musl), self.has(Mark::Gnu)) {
            _ if platform.os != Os::Linux => 0,
            (Libc::Musl, true, _) | (Libc::Default, false, _) => 0,
            (Libc::Default, true, _) | (Libc::Musl, false, false) => 1,
            (Libc::Musl, false, true) => 2,
        }
    }
}

/// Removes a whole word from a text, wherever it stands; says whether it was there.
fn take(text: &mut String, word: &str) -> bool {
    let mut found = false;
    let mut from = 0;
    while let Some(at) = text[from..].find(word).map(|at| at + from) {
        let end = at + word.len();
        let glued = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
        if glued(text[..at].chars().next_back()) || glued(text[end..].chars().next()) {
            from = end;
            continue;
        }
        text.replace_range(at..end, " ");
        from = at + 1;
        found = true;
    }
    found
}

/// Whether a file may be a program or hold one: no checksum, signature, bill of materials, source or system package.
fn is_program(name: &str) -> bool {
    const NOT: [&str; 52] = [
        ".sha256",
        ".sha512",
        ".sha1",
        ".md5",
        ".sha256sum",
        ".sha512sum",
        ".sha1sum",
        ".md5sum",
        ".sha256sums",
        ".sums",
        ".sum",
        ".digest",
        ".b3",
        ".blake3",
        ".asc",
        ".sig",
        ".sign",
        ".gpg",
        ".minisig",
        ".pem",
        ".crt",
        ".cert",
        ".pub",
        ".sigstore",
        ".bundle",
        ".att",
        ".jsonl",
        ".provenance",
        ".sbom",
        ".spdx",
        ".cdx",
        ".json",
        ".yaml",
        ".yml",
        ".xml",
        ".txt",
        ".md",
        ".deb",
        ".rpm",
        ".apk",
        ".pkg",
        ".msi",
        ".dmg",
        ".snap",
        ".flatpak",
        ".whl",
        ".gem",
        ".zsync",
        ".blockmap",
        ".torrent",
        ".7z",
        ".rar",
    ];
    let lower = name.to_ascii_lowercase();
    if NOT.iter().any(|suffix| lower.ends_with(suffix)) || lower.contains(".pkg.tar.") {
        return false;
    }
    !lower.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| {
        matches!(
            word,
            "src" | "source" | "sources" | "sbom" | "checksums" | "checksum" | "sha256sums" | "sha512sums" | "shasums"
        )
    })
}

fn packing_rank(name: &str) -> u8 {
    match Format::of_name(name) {
        Format::Packed("gz" | "xz" | "bz2" | "zst") => 1,
        Format::Packed(_) => 0,
        Format::Raw => 2,
    }
}

#[cfg(test)]
#[path = "asset_tests.rs"]
mod tests;
