//! The entry: the keys at the top of a definition, and what holds for it as a whole.

use ora_core::{Kind, PackageName, Untrusted};

use super::{
    Definition, Diagnostic, PinnedVersion, RegexLimits, Severity, UrlPolicy, extra, install, security, source,
};
use crate::reader::{self, Item, Table};

/// What a definition may be: `[validation]` and part of `[network]` of `security.toml`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ParseLimits {
    /// Bytes of the file.
    pub max_bytes: usize,
    /// For regular expressions.
    pub regex: RegexLimits,
    /// For addresses.
    pub urls: UrlPolicy,
}

impl Default for ParseLimits {
    fn default() -> Self {
        Self { max_bytes: 1 << 20, regex: RegexLimits::default(), urls: UrlPolicy::default() }
    }
}

impl ParseLimits {
    /// The same, whatever addresses the definition names: for a run that connects to nobody.
    #[must_use]
    pub fn without_addresses(&self) -> Self {
        Self { urls: UrlPolicy::without_addresses(), ..self.clone() }
    }
}

/// A definition that can be used, and what is odd about its text.
#[derive(Clone, Debug)]
pub struct Parsed {
    /// The definition.
    pub definition: Definition,
    /// Warnings, in the order of the text.
    pub warnings: Vec<Diagnostic>,
}

/// Reads a definition. On failure, everything that was found: at least one error, warnings among them, in the order of the
/// text.
pub fn parse(text: &str, limits: &ParseLimits) -> Result<Parsed, Vec<Diagnostic>> {
    let read = |root: &Table<'_>| definition(root, limits);
    let (definition, warnings) = reader::read(text, limits.max_bytes, Severity::Warning, read)?;
    Ok(Parsed { definition, warnings })
}

/// Reads a definition that may not even be text.
pub fn parse_bytes(bytes: &[u8], limits: &ParseLimits) -> Result<Parsed, Vec<Diagnostic>> {
    if bytes.len() > limits.max_bytes {
        let message = format!("the file has {} bytes, {} is the limit", bytes.len(), limits.max_bytes);
        return Err(vec![Diagnostic::error("too-large", Kind::Limit, message)]);
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => parse(text, limits),
        Err(error) => {
            let at = error.valid_up_to();
            let diagnostic = Diagnostic::error("syntax", Kind::ConfigInvalid, "the file is not UTF-8");
            Err(vec![Diagnostic { span: Some(at..at), ..diagnostic }])
        }
    }
}

/// A warning when a definition stands in a file of another name; `file_name` is the last component of its path.
pub fn check_file_name(definition: &Definition, file_name: &str) -> Option<Diagnostic> {
    // In `packages/<name>/package.repo` the folder has the name.
    if file_name == "package.repo" || file_name.strip_suffix(".repo") == Some(definition.name.as_str()) {
        return None;
    }
    let message = format!("the file is called `{}` and defines `{}`", Untrusted(file_name), definition.name);
    let help = Some(format!("call it `{}.repo`", definition.name));
    Some(Diagnostic { help, ..Diagnostic::warning("file-name", message) })
}

fn definition(root: &Table<'_>, limits: &ParseLimits) -> Option<Definition> {
    root.legacy("repo_version", "it is ignored");
    let package = root.legacy("package", "its keys stand at the top of the file").and_then(|item| item.table());
    let top = |key: &'static str| {
        let old = package.as_ref().and_then(|package| package.get(key));
        root.get(key).or(old)
    };
    let name = top("name");
    if name.is_none() {
        root.missing("name");
    }
    let description = top("description").and_then(|item| item.string()).map(str::to_owned);
    if description.is_none() {
        root.warn("missing-description", "`description` is missing");
    }
    let homepage = top("homepage").and_then(|item| item.string()).map(str::to_owned);
    let versions = extra::versions(root, limits);
    let source_table = root.table("source");
    let platform_table = root.table("platform");
    let (source, platform) = source::source(&source_table, &platform_table, &versions, limits);
    let install = install::install(&root.table("install"));
    let security = security::security(&root.table("security"), &source_table, has_digests(&versions), limits);
    let metadata = extra::metadata(&root.table("metadata"));
    let dependencies = extra::dependencies(&root.table("dependencies"));
    let has_registry_note = extra::registry_note(&root.table("_registry"));
    Some(Definition {
        name: package_name(&name?)?,
        description,
        homepage,
        source: source?,
        platform,
        install,
        security,
        metadata,
        dependencies,
        versions,
        has_registry_note,
    })
}

fn has_digests(versions: &[PinnedVersion]) -> bool {
    versions.iter().any(|version| !version.checksums.is_empty())
}

/// The name of a definition: a single part, unlike the ids of aqua and forge packages.
fn package_name(item: &Item<'_>) -> Option<PackageName> {
    let name: PackageName = item.parsed("invalid-name", Kind::NameInvalid)?;
    if name.as_str().contains('/') {
        let message = format!("`{}`: `{name}` has a `/`, which names in definitions do not have", item.path());
        item.refuse("invalid-name", Kind::NameInvalid, message);
        return None;
    }
    Some(name)
}
