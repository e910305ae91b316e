//! What people type for a package: `name`, `name@version`, `name@registry`, `name@registry@version`.

use std::{fmt, str::FromStr};

use crate::{NameError, PackageName, RegistryName, Requirement, RequirementError, Untrusted};

/// Why a text is not a package argument.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ArgumentError {
    /// The part before the first `@` is no package name.
    #[error(transparent)]
    Name(#[from] NameError),
    /// What begins like a requirement is none.
    #[error(transparent)]
    Requirement(#[from] RequirementError),
    /// Two parts follow the name, and the first of them is no registry name.
    #[error("`{}` names no registry", Untrusted(text))]
    Registry {
        /// The argument.
        text: String,
        /// What was wrong with the registry's name.
        #[source]
        source: NameError,
    },
    /// A part behind an `@` is empty, too long, or has characters that neither versions nor requirements have.
    #[error("`{}` is not `name[@registry][@version]`: {reason}", Untrusted(text))]
    Version {
        /// The argument.
        text: String,
        /// What was wrong with it.
        reason: &'static str,
    },
}

/// A package as it was typed. One part behind the name may be a registry or a version; only who knows the configured
/// registries can tell, so that is left to [`PackageArgument::resolve`].
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct PackageArgument {
    name: PackageName,
    rest: Rest,
}

#[derive(Clone, Debug, Eq, Hash, PartialEq)]
enum Rest {
    Nothing,
    One(Box<str>),
    Two(RegistryName, Box<str>),
}

/// A package argument whose parts are known.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct PackageRequest {
    /// The package.
    pub name: PackageName,
    /// The only registry it may come from.
    pub registry: Option<RegistryName>,
    /// Which version.
    pub version: VersionWish,
}

/// Which version somebody asked for.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub enum VersionWish {
    /// None was named: what is there will do, else the newest.
    #[default]
    Any,
    /// `latest`: the newest.
    Latest,
    /// This version or tag, as typed.
    Exact(String),
    /// A requirement; it begins with one of `^ ~ = < > *`.
    Requirement(Requirement),
}

impl PackageArgument {
    /// The package.
    pub fn name(&self) -> &PackageName {
        &self.name
    }

    /// Whether anything stands behind the name.
    pub fn is_bare(&self) -> bool {
        self.rest == Rest::Nothing
    }

    /// Tells registry from version: one part is a registry when `is_registry` knows it, else a version.
    pub fn resolve(&self, is_registry: &dyn Fn(&RegistryName) -> bool) -> PackageRequest {
        let name = self.name.clone();
        match &self.rest {
            Rest::Nothing => PackageRequest { name, registry: None, version: VersionWish::Any },
            Rest::One(part) => match part.parse::<RegistryName>().ok().filter(|registry| is_registry(registry)) {
                Some(registry) => PackageRequest { name, registry: Some(registry), version: VersionWish::Any },
                None => PackageRequest { name, registry: None, version: VersionWish::of(part) },
            },
            Rest::Two(registry, version) => {
                PackageRequest { name, registry: Some(registry.clone()), version: VersionWish::of(version) }
            }
        }
    }
}

impl VersionWish {
    fn of(text: &str) -> Self {
        match text {
            "latest" => Self::Latest,
            // What begins like a requirement was looked at when it was parsed; nothing else gets here.
            _ if is_requirement(text) => text.parse().map_or_else(|_| Self::Exact(text.to_owned()), Self::Requirement),
            _ => Self::Exact(text.to_owned()),
        }
    }
}

impl FromStr for VersionWish {
    type Err = ArgumentError;
    /// What `--version` takes: a version, a tag, a requirement or `latest`; at most 256 printable characters.
    fn from_str(text: &str) -> Result<Self, ArgumentError> {
        check_version(text, text)?;
        Ok(Self::of(text))
    }
}

impl FromStr for PackageArgument {
    type Err = ArgumentError;
    fn from_str(text: &str) -> Result<Self, ArgumentError> {
        let Some((name, rest)) = text.split_once('@') else {
            return Ok(Self { name: text.parse()?, rest: Rest::Nothing });
        };
        let name = name.parse()?;
        let rest = match rest.split_once('@') {
            None => {
                check_version(text, rest)?;
                Rest::One(rest.into())
            }
            Some((registry, version)) => {
                check_version(text, version)?;
                let refused = |source| ArgumentError::Registry { text: shortened(text), source };
                Rest::Two(registry.parse().map_err(refused)?, version.into())
            }
        };
        Ok(Self { name, rest })
    }
}

impl fmt::Display for PackageArgument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.rest {
            Rest::Nothing => write!(f, "{}", self.name),
            Rest::One(part) => write!(f, "{}@{part}", self.name),
            Rest::Two(registry, version) => write!(f, "{}@{registry}@{version}", self.name),
        }
    }
}

fn check_version(argument: &str, part: &str) -> Result<(), ArgumentError> {
    let refuse = |reason| Err(ArgumentError::Version { text: shortened(argument), reason });
    if part.is_empty() {
        return refuse("a part behind `@` is empty");
    }
    if part.len() > 256 {
        return refuse("a version has at most 256 characters");
    }
    if Untrusted(part).is_suspicious() {
        return refuse("a version has no control or invisible characters");
    }
    if is_requirement(part) {
        part.parse::<Requirement>()?;
    }
    Ok(())
}

fn is_requirement(text: &str) -> bool {
    text.starts_with(['^', '~', '=', '<', '>', '*'])
}

fn shortened(text: &str) -> String {
    text.chars().take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(text: &str) -> PackageRequest {
        let argument: PackageArgument = text.parse().unwrap();
        assert_eq!(argument.to_string(), text);
        argument.resolve(&|registry| matches!(registry.as_str(), "aqua" | "official"))
    }

    #[test]
    fn the_three_forms() {
        let bare = request("kubectl");
        assert_eq!((bare.registry, bare.version), (None, VersionWish::Any));
        let registry = request("kubectl@official");
        assert_eq!(registry.registry.unwrap().as_str(), "official");
        assert_eq!(registry.version, VersionWish::Any);
        let version = request("kubectl@1.28.0");
        assert_eq!((version.registry, version.version), (None, VersionWish::Exact("1.28.0".into())));
        let both = request("BurntSushi/ripgrep@aqua@14.1.1");
        assert_eq!(both.name.as_str(), "BurntSushi/ripgrep");
        assert_eq!(both.registry.unwrap().as_str(), "aqua");
        assert_eq!(both.version, VersionWish::Exact("14.1.1".into()));
    }

    #[test]
    fn a_tag_keeps_its_at_signs_and_slashes() {
        assert_eq!(request("turbo@official@@scope/pkg@1.0").version, VersionWish::Exact("@scope/pkg@1.0".into()));
        assert_eq!(request("x@release/2.0").version, VersionWish::Exact("release/2.0".into()));
    }

    #[test]
    fn words_and_operators_are_wishes() {
        assert_eq!(request("x@latest").version, VersionWish::Latest);
        for wish in ["^1.2", "~1", "=1.0", "<2", ">=1, <2", "*"] {
            assert_eq!(request(&format!("x@{wish}")).version, VersionWish::Requirement(wish.parse().unwrap()));
        }
        assert_eq!("latest".parse(), Ok(VersionWish::Latest));
    }

    #[test]
    fn broken_arguments_say_what_is_wrong() {
        for (text, why) in [
            ("", "may not be empty"),
            ("-rf", "begins with `-`"),
            ("../x", "begins with `.`"),
            ("x@", "is empty"),
            ("x@official@", "is empty"),
            ("x@@1.0", "names no registry"),
            ("x@1\u{1b}[2J", "control"),
            ("x@1\u{202e}", "invisible"),
        ] {
            let error = text.parse::<PackageArgument>().unwrap_err().to_string();
            assert!(error.contains(why), "{text:?}: {error}");
            assert!(!Untrusted(&error).is_suspicious());
        }
        assert!(format!("x@{}", "1".repeat(257)).parse::<PackageArgument>().is_err());
    }
}
