//! The rules in force: both files together, the defaults below.

use ora_core::template;

use super::{
    Audit, Extraction, Network, NetworkGit, OfflineRules, RegistryRules, Resources, Scripts, SecurityFile, Validation,
    ValidationRegex, ValidationTemplates,
};
use crate::{
    config::ConfigFile,
    quantity::Size,
    repo::{ParseLimits, RegexLimits, UrlPolicy},
};

/// The rules in force.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct SecurityPolicy {
    /// Which servers are asked, and how much they may say.
    pub network: Network,
    /// The same for git.
    pub git: NetworkGit,
    /// What archives may be.
    pub extraction: Extraction,
    /// What install scripts may do.
    pub scripts: Scripts,
    /// What registries must give.
    pub registries: RegistryRules,
    /// How large the texts are that are read.
    pub validation: Validation,
    /// How large regular expressions are.
    pub regex: ValidationRegex,
    /// What may enter a template.
    pub templates: ValidationTemplates,
    /// How much of this machine is used.
    pub resources: Resources,
    /// What holds offline too.
    pub offline: OfflineRules,
    /// What is written down.
    pub audit: Audit,
}

impl SecurityPolicy {
    /// What the layered `security.toml` says, the defaults below it. Where `config.toml` speaks of the same thing, the
    /// stricter holds; where only one of them speaks, that one does.
    pub fn new(file: &SecurityFile, config: &ConfigFile) -> Self {
        let mut policy = Self {
            network: file.network.resolved(),
            git: file.git.resolved(),
            extraction: file.extraction.resolved(),
            scripts: file.scripts.resolved(),
            registries: file.registries.resolved(),
            validation: file.validation.resolved(),
            regex: file.regex.resolved(),
            templates: file.templates.resolved(),
            resources: file.resources.resolved(),
            offline: file.offline.resolved(),
            audit: file.audit.resolved(),
        };
        let (rules, said) = (&mut policy.registries, &file.registries);
        if let Some(wanted) = config.security.require_checksums {
            rules.require_checksums_public = said.require_checksums_public.unwrap_or(wanted) || wanted;
            rules.require_checksums_private = said.require_checksums_private.unwrap_or(wanted) || wanted;
        }
        if let Some(wanted) = config.security.require_signatures {
            rules.require_gpg_signatures = said.require_gpg_signatures.unwrap_or(wanted) || wanted;
        }
        if let Some(megabytes) = config.security.max_git_size_mb {
            let limit = Size::mebibytes(megabytes.min(u64::MAX >> 20));
            policy.git.max_repo_size = file.git.max_repo_size.unwrap_or(limit).min(limit);
            rules.max_registry_size = said.max_registry_size.unwrap_or(limit).min(limit);
        }
        let cache = config.cache.resolved().max_size;
        policy.resources.max_cache_size_bytes = match (file.resources.max_cache_size_bytes, config.cache.max_size) {
            (Some(limit), None) => limit,
            (limit, _) => limit.map_or(cache, |limit| limit.min(cache)),
        };
        policy
    }

    /// What a definition may be.
    pub fn parse_limits(&self) -> ParseLimits {
        let network = &self.network;
        ParseLimits {
            max_bytes: count(self.validation.max_toml_size.bytes()),
            regex: self.regex_limits(),
            urls: UrlPolicy {
                block_private_ips: network.block_private_ips,
                block_localhost: network.block_localhost,
                block_link_local: network.block_link_local,
                block_metadata_endpoints: network.block_metadata_endpoints,
                allowed_hosts: network.allowed_hosts.iter().map(|host| host.as_str().to_owned()).collect(),
            },
        }
    }

    /// How large a regular expression may be.
    pub fn regex_limits(&self) -> RegexLimits {
        RegexLimits {
            max_compiled_size: count(self.regex.max_compiled_size.bytes()),
            max_dfa_size: count(self.regex.max_dfa_size.bytes()),
            max_capture_groups: count(self.regex.max_capture_groups),
            max_pattern_length: count(self.regex.max_pattern_length),
            max_matches: count(self.regex.max_matches),
        }
    }

    /// What may enter a template.
    pub fn template_limits(&self) -> template::Limits {
        template::Limits {
            url_encode: self.templates.url_encode_variables,
            block_path_traversal: self.templates.block_path_traversal,
            block_null_bytes: self.templates.block_null_bytes,
            block_newlines: self.templates.block_newlines,
            max_variable_length: count(self.templates.max_variable_length),
        }
    }
}

/// A number as this machine counts; one that does not fit is no limit here.
fn count(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
