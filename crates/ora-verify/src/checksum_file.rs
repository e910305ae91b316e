//! Checksum files: who wrote which digest beside which name.
//!
//! Read are the spellings that publishers use: `digest  name`, `digest *name`, `./name`, BSD and OpenSSL lines
//! (`SHA256 (name) = digest`), a digest alone, comments, CR LF, and the text of a PGP clear-signed message (its signature
//! proves nothing here). A name must fit exactly: a longer name that ends alike is another file.

use std::collections::BTreeSet;

use ora_core::{Digest, Kind, Untrusted};

/// The most bytes a checksum file may have: 4 MiB, some fifty thousand lines.
pub const MAX_BYTES: usize = 4 << 20;

/// How a checksum file is laid out, as the definition says.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Layout {
    /// Digests beside names: the exact name, or a lone digest without a name.
    #[default]
    Multi,
    /// The only entry, whatever its name; of several the one with the exact name.
    Single,
    /// Either: the only entry, else the exact name.
    Detect,
}

/// The algorithm a definition asks for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Algorithm {
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
}

impl Algorithm {
    fn fits(self, digest: &Digest) -> bool {
        matches!((self, digest), (Self::Sha256, Digest::Sha256(_)) | (Self::Sha512, Digest::Sha512(_)))
    }

    fn word(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
        }
    }
}

/// Why a checksum file gives no digest.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ChecksumFileError {
    /// More bytes than [`MAX_BYTES`].
    #[error("the checksum file has {bytes} bytes, more than {MAX_BYTES}")]
    TooLarge {
        /// How many it has.
        bytes: usize,
    },
    /// Not text.
    #[error("the checksum file is not UTF-8 text")]
    NotText,
    /// Not one line with a digest.
    #[error("the checksum file holds no digest{}", if *html { ": it looks like a web page" } else { "" })]
    Empty {
        /// Whether it begins like a web page.
        html: bool,
    },
    /// No line for the name.
    #[error("the checksum file has no entry for `{}`", Untrusted(name))]
    Missing {
        /// The name that was looked up.
        name: String,
    },
    /// Several lines for the name, with different digests.
    #[error("the checksum file has different digests for `{}`", Untrusted(name))]
    Ambiguous {
        /// The name that was looked up.
        name: String,
    },
    /// The line has a digest that does not count.
    #[error("the checksum file gives only {found} for `{}`{}", Untrusted(name), wanted.map_or_else(|| ", which does not count".to_owned(), |w| format!(", not {}", w.word())))]
    Algorithm {
        /// The name that was looked up.
        name: String,
        /// What the line has: `md5`, `sha1`, …
        found: &'static str,
        /// What the definition asks for, where it does.
        wanted: Option<Algorithm>,
    },
}

impl ChecksumFileError {
    /// The stable kind.
    pub fn kind(&self) -> Kind {
        match self {
            Self::TooLarge { .. } => Kind::Limit,
            Self::NotText
            | Self::Empty { .. }
            | Self::Missing { .. }
            | Self::Ambiguous { .. }
            | Self::Algorithm { .. } => Kind::Checksum,
        }
    }
}

/// The digests that a checksum file gives for `name`, one per algorithm, never none; with `algorithm` only that one.
///
/// `name` is a file name, with `/` a whole path, and may be a glob (`*`, `?`, `[`), which is tried where nothing has
/// exactly that name.
pub fn lookup(
    bytes: &[u8],
    name: &str,
    layout: Layout,
    algorithm: Option<Algorithm>,
) -> Result<Vec<Digest>, ChecksumFileError> {
    if bytes.len() > MAX_BYTES {
        return Err(ChecksumFileError::TooLarge { bytes: bytes.len() });
    }
    let text = std::str::from_utf8(bytes).map_err(|_| ChecksumFileError::NotText)?;
    let entries = read(text);
    if entries.is_empty() {
        return Err(ChecksumFileError::Empty { html: text.trim_start().starts_with('<') });
    }
    let found = select(&entries, name, layout);
    if found.is_empty() {
        return Err(ChecksumFileError::Missing { name: name.to_owned() });
    }
    decide(&found, name, algorithm)
}

/// One line that holds a digest.
#[derive(Debug, Eq, PartialEq)]
struct Entry<'t> {
    /// The name with `./` removed; `None` for a digest alone.
    name: Option<&'t str>,
    sum: Sum,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Sum {
    Strong(Digest),
    /// An algorithm that does not count.
    Other(&'static str),
}

fn select<'e, 't>(entries: &'e [Entry<'t>], name: &str, layout: Layout) -> Vec<&'e Entry<'t>> {
    let names: BTreeSet<Option<&str>> = entries.iter().map(|entry| entry.name).collect();
    let lone = names.len() == 1;
    let whatever = match layout {
        Layout::Single | Layout::Detect => lone,
        Layout::Multi => lone && names.contains(&None),
    };
    if whatever {
        return entries.iter().collect();
    }
    let by = |fits: &dyn Fn(&str) -> bool| -> Vec<&'e Entry<'t>> {
        entries.iter().filter(|entry| entry.name.is_some_and(fits)).collect()
    };
    let exact = by(&|entry| entry == name);
    if !exact.is_empty() {
        return exact;
    }
    let plain = by(&|entry| !name.contains('/') && base(entry) == name);
    if !plain.is_empty() || !name.contains(['*', '?', '[']) {
        return plain;
    }
    let Ok(glob) = globset::GlobBuilder::new(name).literal_separator(true).build() else { return Vec::new() };
    let glob = glob.compile_matcher();
    by(&|entry| glob.is_match(if name.contains('/') { entry } else { base(entry) }))
}

fn decide(found: &[&Entry<'_>], name: &str, algorithm: Option<Algorithm>) -> Result<Vec<Digest>, ChecksumFileError> {
    let strong: BTreeSet<Digest> = found
        .iter()
        .filter_map(|entry| match entry.sum {
            Sum::Strong(digest) => Some(digest),
            Sum::Other(_) => None,
        })
        .collect();
    let wanted: Vec<Digest> =
        strong.iter().copied().filter(|digest| algorithm.is_none_or(|a| a.fits(digest))).collect();
    if wanted.is_empty() {
        let found = found.first().map_or("nothing", |entry| match entry.sum {
            Sum::Strong(Digest::Sha256(_)) => "sha256",
            Sum::Strong(Digest::Sha512(_)) => "sha512",
            Sum::Other(word) => word,
        });
        return Err(ChecksumFileError::Algorithm { name: name.to_owned(), found, wanted: algorithm });
    }
    let of_kind = |a: Algorithm| wanted.iter().filter(|digest| a.fits(digest)).count();
    if of_kind(Algorithm::Sha256) > 1 || of_kind(Algorithm::Sha512) > 1 {
        return Err(ChecksumFileError::Ambiguous { name: name.to_owned() });
    }
    Ok(wanted)
}

fn read(text: &str) -> Vec<Entry<'_>> {
    let mut entries = Vec::new();
    let mut in_armour_header = false;
    for line in text.strip_prefix('\u{feff}').unwrap_or(text).lines() {
        let line = line.trim();
        match line {
            "-----BEGIN PGP SIGNED MESSAGE-----" => in_armour_header = true,
            "-----BEGIN PGP SIGNATURE-----" => break,
            "" => in_armour_header = false,
            _ if in_armour_header || line.starts_with('#') => {}
            _ => entries.extend(entry(line.strip_prefix("- ").unwrap_or(line))),
        }
    }
    entries
}

fn entry(line: &str) -> Option<Entry<'_>> {
    if let Some(entry) = tagged(line) {
        return Some(entry);
    }
    // A leading backslash says that the name has escaped characters; such a name is nobody's file name.
    let line = line.strip_prefix('\\').unwrap_or(line);
    let (digits, rest) = match line.split_once([' ', '\t']) {
        Some((digits, rest)) => (digits, rest.trim_start()),
        None => (line, ""),
    };
    let sum = sum(digits)?;
    let name = rest.strip_prefix('*').unwrap_or(rest);
    Some(Entry { name: (!name.is_empty()).then(|| without_dot(name)), sum })
}

/// `SHA256 (name) = digest`, and OpenSSL's `SHA2-256(name)= digest`.
fn tagged(line: &str) -> Option<Entry<'_>> {
    let (algorithm, rest) = line.split_once('(')?;
    let (name, digits) = rest.rsplit_once(')')?;
    let digits = digits.trim_start().strip_prefix('=')?.trim();
    let algorithm = algorithm.trim();
    if algorithm.is_empty() || !algorithm.bytes().all(|b| b.is_ascii_alphanumeric() || b"-/_".contains(&b)) {
        return None;
    }
    let (expected, weak) = match algorithm.to_ascii_uppercase().as_str() {
        "SHA256" | "SHA-256" | "SHA2-256" => (64, None),
        "SHA512" | "SHA-512" | "SHA2-512" => (128, None),
        "MD5" => (32, Some("md5")),
        "SHA1" | "SHA-1" | "SHA" => (40, Some("sha1")),
        _ => (digits.len(), Some("an algorithm that is not known here")),
    };
    let is_hex = !digits.is_empty() && digits.len() == expected && digits.bytes().all(|b| b.is_ascii_hexdigit());
    let sum = match weak {
        _ if !is_hex => return None,
        Some(word) => Sum::Other(word),
        None => Sum::Strong(digits.parse().ok()?),
    };
    Some(Entry { name: Some(without_dot(name)), sum })
}

fn sum(digits: &str) -> Option<Sum> {
    if let Ok(digest) = digits.parse() {
        return Some(Sum::Strong(digest));
    }
    let digits = digits.split_once(':').map_or(digits, |(_, digits)| digits);
    let word = match digits.len() {
        32 => "md5",
        40 => "sha1",
        56 => "sha224",
        96 => "sha384",
        _ => return None,
    };
    digits.bytes().all(|b| b.is_ascii_hexdigit()).then_some(Sum::Other(word))
}

fn without_dot(name: &str) -> &str {
    name.strip_prefix("./").or_else(|| name.strip_prefix(".\\")).unwrap_or(name)
}

fn base(name: &str) -> &str {
    name.rsplit(['/', '\\']).next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use ora_core::Sha256;
    use proptest::prelude::*;

    use super::*;

    const NAME: &str = "tool-1.0-linux.tar.gz";

    fn a() -> String {
        Sha256::of(b"a").to_string()
    }

    fn b() -> String {
        Sha256::of(b"b").to_string()
    }

    fn find(text: &str, layout: Layout) -> Result<Vec<Digest>, ChecksumFileError> {
        lookup(text.as_bytes(), NAME, layout, None)
    }

    fn of_a() -> Vec<Digest> {
        vec![Digest::Sha256(Sha256::of(b"a"))]
    }

    #[test]
    fn every_spelling_is_read() {
        let (a, b) = (a(), b());
        for text in [
            format!("{a}  {NAME}\n{b}  other.tar.gz\n"),
            format!("{a} *{NAME}\r\n{b} *other.tar.gz\r\n"),
            format!("{b}  ./other\n{a}  ./{NAME}"),
            format!("{a}\t{NAME}\n{b}\tother\n"),
            format!("SHA256 ({NAME}) = {a}\nSHA256 (other) = {b}\nMD5 ({NAME}) = d41d8cd98f00b204e9800998ecf8427e\n"),
            format!("SHA2-256({NAME})= {a}\n"),
            format!("# sums of today\n\n{a}  {NAME}\n"),
            format!("{a}\n"),
            format!("sha256:{a}  {NAME}\n"),
            format!("\u{feff}{}  {NAME}\n", a.to_uppercase()),
            format!("{a}  dist/linux/{NAME}\n{b}  dist/linux/other\n"),
            format!("{b}  old/{NAME}\n{a}  {NAME}\n"),
            format!("{a}  {NAME}\n{a}  {NAME}\n"),
            format!(
                "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n{a}  {NAME}\n{b}  other\n-----BEGIN PGP SIGNATURE-----\n\n{b}  {NAME}\n-----END PGP SIGNATURE-----\n"
            ),
        ] {
            assert_eq!(find(&text, Layout::Multi), Ok(of_a()), "{text}");
            assert_eq!(find(&text, Layout::Detect), Ok(of_a()), "{text}");
            assert_eq!(find(&text, Layout::Single), Ok(of_a()), "{text}");
        }
    }

    #[test]
    fn a_name_that_only_ends_alike_is_another_file() {
        let a = a();
        for other in [format!("my{NAME}"), format!("{NAME}.sig"), NAME.to_uppercase(), format!("-{NAME}"), "x".into()] {
            let text = format!("{a}  {other}\n");
            assert_eq!(find(&text, Layout::Multi), Err(ChecksumFileError::Missing { name: NAME.into() }), "{text}");
            assert_eq!(find(&text, Layout::Single), Ok(of_a()), "{text}");
            assert_eq!(find(&text, Layout::Detect), Ok(of_a()), "{text}");
        }
    }

    #[test]
    fn what_could_mean_two_things_is_refused() {
        let (a, b) = (a(), b());
        let ambiguous = Err(ChecksumFileError::Ambiguous { name: NAME.into() });
        assert_eq!(find(&format!("{a}  {NAME}\n{b}  {NAME}\n"), Layout::Multi), ambiguous);
        assert_eq!(find(&format!("{a}  x/{NAME}\n{b}  y/{NAME}\n"), Layout::Multi), ambiguous);
        assert_eq!(find(&format!("{a}\n{b}\n"), Layout::Multi), ambiguous);
        assert_eq!(find(&format!("{a}\n{b}\n"), Layout::Single), ambiguous);
        assert!(matches!(find(&format!("{a}  x\n{b}  y\n"), Layout::Single), Err(ChecksumFileError::Missing { .. })));
        assert!(matches!(find(&format!("{a}\n{b}  y\n"), Layout::Multi), Err(ChecksumFileError::Missing { .. })));
    }

    #[test]
    fn weak_and_wrong_algorithms_do_not_count() {
        let md5 = format!("d41d8cd98f00b204e9800998ecf8427e  {NAME}\n");
        let sha1 = format!("SHA1 ({NAME}) = da39a3ee5e6b4b0d3255bfef95601890afd80709\n");
        for (text, word) in [(md5, "md5"), (sha1, "sha1")] {
            let error = find(&text, Layout::Multi).unwrap_err();
            assert!(matches!(error, ChecksumFileError::Algorithm { found, .. } if found == word), "{error}");
            assert_eq!(error.kind(), Kind::Checksum);
        }
        let long = "ab".repeat(64);
        let both = format!("{}  {NAME}\n{long}  {NAME}\n", a());
        assert_eq!(find(&both, Layout::Multi).unwrap().len(), 2);
        let only = |algorithm| lookup(both.as_bytes(), NAME, Layout::Multi, Some(algorithm));
        assert_eq!(only(Algorithm::Sha256), Ok(of_a()));
        assert_eq!(only(Algorithm::Sha512).unwrap()[0].to_string(), format!("sha512:{long}"));
        let error =
            lookup(format!("{long}  {NAME}").as_bytes(), NAME, Layout::Multi, Some(Algorithm::Sha256)).unwrap_err();
        assert_eq!(error.to_string(), format!("the checksum file gives only sha512 for `{NAME}`, not sha256"));
    }

    #[test]
    fn patterns_find_one_digest_or_none() {
        let (a, b) = (a(), b());
        let text = format!("{a}  tool_1.0_x.tgz\n{b}  tool_1.0_y.tgz\n{b}  dir/deep.tgz\n");
        let by = |name: &str| lookup(text.as_bytes(), name, Layout::Multi, None);
        assert_eq!(by("*_x.tgz"), Ok(of_a()));
        assert_eq!(by("tool_?.?_[x].tgz"), Ok(of_a()));
        assert!(matches!(by("tool_*.tgz"), Err(ChecksumFileError::Ambiguous { .. })));
        assert!(matches!(by("[.tgz"), Err(ChecksumFileError::Missing { .. })));
        assert!(by("dir/deep.tgz").is_ok() && by("deep.tgz").is_ok() && by("*/deep.tgz").is_ok());
        assert!(matches!(by("other/deep.tgz"), Err(ChecksumFileError::Missing { .. })));
    }

    #[test]
    fn what_is_no_checksum_file_says_so() {
        assert_eq!(find("<!doctype html>\n<p>not found", Layout::Single), Err(ChecksumFileError::Empty { html: true }));
        assert_eq!(find("", Layout::Multi), Err(ChecksumFileError::Empty { html: false }));
        assert_eq!(find("abc  name\nSHA256 (x) = 12\n", Layout::Multi), Err(ChecksumFileError::Empty { html: false }));
        assert_eq!(lookup(&[0xff, 0xfe], NAME, Layout::Multi, None), Err(ChecksumFileError::NotText));
        let large = vec![b'a'; MAX_BYTES + 1];
        assert_eq!(lookup(&large, NAME, Layout::Multi, None).unwrap_err().kind(), Kind::Limit);
    }

    proptest! {
        /// No text makes the reader panic, and what it returns was in the text.
        #[test]
        fn any_text_is_survived(text in "[ -~\\n\\r\\t]{0,400}", name in "[a-z*?\\[./]{1,12}") {
            if let Ok(digests) = lookup(text.as_bytes(), &name, Layout::Detect, None) {
                for digest in digests {
                    let digest = digest.to_string();
                    let digits = digest.split_once(':').unwrap().1;
                    prop_assert!(text.to_ascii_lowercase().contains(digits));
                }
            }
        }

        /// Among any other names, the exact one decides, in any order of lines.
        #[test]
        fn the_exact_name_decides(others in proptest::collection::btree_set("[a-z.-]{1,20}", 0..12), at in 0_usize..12, binary: bool) {
            let mark = if binary { " *" } else { "  " };
            let mut lines: Vec<String> = others.iter().map(|other| format!("{}{mark}{other}", b())).collect();
            lines.insert(at.min(lines.len()), format!("{}{mark}{NAME}", a()));
            prop_assert_eq!(find(&lines.join("\n"), Layout::Multi), Ok(of_a()));
        }
    }
}
