//! What a trusted key may sign.

use std::{fmt, str::FromStr};

use crate::RegistryName;

/// What a trusted key may sign; its text is `export`, `bundle` or `registry:NAME`.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Purpose {
    /// Exports of a cache.
    Export,
    /// Bundles.
    Bundle,
    /// Exports that hold nothing but the snapshot of this registry.
    Registry(RegistryName),
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Export => f.write_str("export"),
            Self::Bundle => f.write_str("bundle"),
            Self::Registry(name) => write!(f, "registry:{name}"),
        }
    }
}

impl FromStr for Purpose {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match (text, text.strip_prefix("registry:")) {
            ("export", _) => Ok(Self::Export),
            ("bundle", _) => Ok(Self::Bundle),
            (_, Some(name)) => name.parse().map(Self::Registry).map_err(|error| format!("{error}")),
            _ => Err(format!("`{}` is none of `export`, `bundle` and `registry:NAME`", crate::Untrusted(text))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn purposes_come_back_as_their_text() {
        for text in ["export", "bundle", "registry:official"] {
            assert_eq!(text.parse::<Purpose>().unwrap().to_string(), text);
        }
        assert!("all".parse::<Purpose>().is_err() && "registry:../x".parse::<Purpose>().is_err());
    }
}
