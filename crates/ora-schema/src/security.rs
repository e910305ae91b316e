//! `security.toml`: what Ora must refuse, and how much of anything it takes.
//!
//! [`parse`] reads one file; unknown keys are errors, since a misspelt rule is a rule that does not hold. What the files and
//! the environment say is layered by [`SecurityFile::over`], and [`SecurityPolicy::new`] makes of it what is in force.
//!
//! ```
//! use ora_schema::{config::ConfigFile, security};
//! let (mut file, _notices) = security::parse("[network]\nmax_download_size = \"1GiB\"\n").unwrap();
//! file.set_from_env("ORA_SECURITY_NETWORK_HTTPS_ONLY", "true").unwrap();
//! let policy = security::SecurityPolicy::new(&file, &ConfigFile::default());
//! assert!(policy.network.https_only);
//! assert_eq!(policy.network.max_download_size.bytes(), 1 << 30);
//! ```

mod policy;
mod sections;

use ora_core::{Kind, nearest};

pub use self::{policy::SecurityPolicy, sections::*};
use crate::{
    diagnostic::{Diagnostic, Severity},
    reader,
    settings::{KeyInfo, Written, commented},
};

/// The version of the format that this Ora writes, and the newest it reads.
pub const VERSION: u64 = 1;

/// Bytes of the file; its own limits cannot apply to it.
pub(crate) const MAX_BYTES: usize = 1 << 20;

/// Every section by its name: the one list that reading, layering, showing and overriding share.
macro_rules! sections {
    ($($field:ident, $type:ident, $partial:ident, $section:literal;)*) => {
        /// What one `security.toml`, or the environment, says.
        #[derive(Clone, Debug, Default, Eq, PartialEq)]
        pub struct SecurityFile {
            /// `security_version`: that the file was written for this Ora, not for the original.
            pub security_version: Option<u64>,
            $(#[doc = concat!("`[", $section, "]`.")] pub $field: $partial,)*
        }

        impl SecurityFile {
            /// What is said here, else what `base` says.
            #[must_use]
            pub fn over(&self, base: &Self) -> Self {
                Self {
                    security_version: self.security_version.or(base.security_version),
                    $($field: self.$field.over(&base.$field),)*
                }
            }

            /// What is said, in the order of the file.
            pub fn written(&self) -> Vec<Written> {
                [$(self.$field.written(),)*].concat()
            }

            fn set(&mut self, section: &str, key: &str, text: &str) -> Option<Result<(), String>> {
                match section {
                    $($section => self.$field.set(key, text),)*
                    _ => None,
                }
            }
        }

        impl SecurityPolicy {
            /// Every value in force, in the order of the file.
            pub fn values(&self) -> Vec<Written> {
                [$(self.$field.values(),)*].concat()
            }
        }

        /// Every key, in the order of the file.
        pub fn keys() -> Vec<KeyInfo> {
            [$($type::keys(),)*].concat()
        }
    };
}

sections! {
    network, Network, NetworkFile, "network";
    git, NetworkGit, NetworkGitFile, "network.git";
    extraction, Extraction, ExtractionFile, "extraction";
    scripts, Scripts, ScriptsFile, "scripts";
    registries, RegistryRules, RegistryRulesFile, "registries";
    validation, Validation, ValidationFile, "validation";
    regex, ValidationRegex, ValidationRegexFile, "validation.regex";
    templates, ValidationTemplates, ValidationTemplatesFile, "validation.templates";
    resources, Resources, ResourcesFile, "resources";
    offline, OfflineRules, OfflineRulesFile, "offline";
    audit, Audit, AuditFile, "audit";
}

/// Reads a file. The notices beside it are for people; on failure, everything that is wrong.
pub fn parse(text: &str) -> Result<(SecurityFile, Vec<Diagnostic>), Vec<Diagnostic>> {
    reader::read(text, MAX_BYTES, Severity::Error, |root| {
        let security_version = root.get("security_version").and_then(|item| {
            let version = item.number()?;
            if version > VERSION {
                let message = format!("the file has version {version}, {VERSION} is the newest that this Ora reads");
                item.refuse("too-new", Kind::FormatTooNew, message);
            }
            Some(version)
        });
        let (network, validation) = (root.table("network"), root.table("validation"));
        let mut file = SecurityFile {
            security_version,
            git: NetworkGitFile::read(&network.table("git")),
            network: NetworkFile::read(&network),
            extraction: ExtractionFile::read(&root.table("extraction")),
            scripts: ScriptsFile::read(&root.table("scripts")),
            registries: RegistryRulesFile::read(&root.table("registries")),
            regex: ValidationRegexFile::read(&validation.table("regex")),
            templates: ValidationTemplatesFile::read(&validation.table("templates")),
            validation: ValidationFile::read(&validation),
            resources: ResourcesFile::read(&root.table("resources")),
            offline: OfflineRulesFile::read(&root.table("offline")),
            audit: AuditFile::read(&root.table("audit")),
        };
        // The original wrote `false` into every file and never obeyed it; obeying would break every download of GitHub.
        if file.network.allow_redirects == Some(false) && security_version.is_none() {
            if let Some(item) = network.get("allow_redirects") {
                item.warn(
                    "redirects-read-as-true",
                    "`network.allow_redirects = false` is read as true in a file without `security_version = 1`",
                );
            }
            file.network.allow_redirects = None;
        }
        Some(file)
    })
}

/// Why an environment variable overrides nothing.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum OverrideError {
    /// No key has that name.
    #[error("`{}` names no key of `security.toml`", ora_core::Untrusted(name))]
    Unknown {
        /// The variable.
        name: String,
        /// The variable that was probably meant.
        nearest: Option<String>,
    },
    /// The key cannot have that value.
    #[error("`{name}`: {reason}")]
    Value {
        /// The variable.
        name: String,
        /// What is wrong with its value.
        reason: String,
    },
}

impl OverrideError {
    /// The stable kind.
    pub fn kind(&self) -> Kind {
        Kind::ConfigInvalid
    }
}

/// What the variables that override `security.toml` begin with.
pub const ENV_PREFIX: &str = "ORA_SECURITY_";

impl SecurityFile {
    /// Sets the key that an environment variable names, such as `ORA_SECURITY_NETWORK_GIT_HTTPS_ONLY`, whatever the case;
    /// lists are separated by commas. Says which key it was.
    pub fn set_from_env(&mut self, name: &str, value: &str) -> Result<KeyInfo, OverrideError> {
        let upper = name.to_ascii_uppercase();
        let found = keys().into_iter().find(|key| variable(key) == upper);
        let Some(key) = found else {
            let names: Vec<String> = keys().iter().map(variable).collect();
            let nearest = nearest(&upper, names.iter().map(String::as_str), 1).first().map(|near| (*near).to_owned());
            return Err(OverrideError::Unknown { name: name.chars().take(100).collect(), nearest });
        };
        match self.set(key.section, key.key, value) {
            Some(Err(reason)) => Err(OverrideError::Value { name: upper, reason }),
            Some(Ok(())) | None => Ok(key),
        }
    }
}

/// The environment variable that overrides a key.
pub fn variable(key: &KeyInfo) -> String {
    format!("{ENV_PREFIX}{}_{}", key.section.replace('.', "_"), key.key).to_ascii_uppercase()
}

/// A file with every key as a comment, the default as its value.
pub fn default_file() -> String {
    let head = format!(
        "# What Ora must refuse, and how much of anything it takes. Every line that begins with `# ` shows a default.\n\
         security_version = {VERSION}\n"
    );
    commented(&head, &keys())
}

#[cfg(test)]
mod tests;
