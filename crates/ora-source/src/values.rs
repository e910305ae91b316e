//! The values of template variables.

use ora_core::{
    SourceUrl,
    template::{self, Encoding, Template, Variable},
};
use ora_schema::repo::Definition;

use crate::{SourceError, names::Names};

/// What the variables of one definition mean for one release, as far as it is known.
#[derive(Clone, Debug)]
pub(crate) struct Values<'d> {
    pub(crate) definition: &'d Definition,
    pub(crate) names: &'d Names,
    pub(crate) version: Option<String>,
    pub(crate) tag: Option<String>,
    pub(crate) commit: Option<String>,
    pub(crate) triple: Option<String>,
    pub(crate) asset: Option<String>,
    pub(crate) url: Option<String>,
}

impl<'d> Values<'d> {
    /// What is known before a version is: package, repository and platform.
    pub(crate) fn before_version(definition: &'d Definition, names: &'d Names) -> Self {
        Self { definition, names, version: None, tag: None, commit: None, triple: None, asset: None, url: None }
    }

    fn get(&self, variable: Variable) -> Option<String> {
        match variable {
            Variable::Version => self.version.clone(),
            Variable::Os => Some(self.names.os.clone()),
            Variable::Arch => Some(self.names.arch.clone()),
            Variable::Name => Some(self.definition.name.to_string()),
            Variable::Repo => self.definition.source.repo.clone(),
            Variable::Platform => Some(format!("{}-{}", self.names.os, self.names.arch)),
            Variable::PlatformTriple => self.triple.clone(),
            Variable::Commit => self.commit.clone(),
            Variable::Tag => self.tag.clone(),
            Variable::Asset => self.asset.clone(),
            Variable::Url => self.url.clone(),
            // Known to the script only; everything else is filled in around them.
            Variable::InstallDir | Variable::ConfigDir => Some(format!("{{{}}}", variable.name())),
        }
    }

    /// A template as text.
    pub(crate) fn text(&self, template: &Template, limits: &template::Limits) -> Result<String, SourceError> {
        self.expand(template, Encoding::Plain, limits)
    }

    /// A template as a URL.
    pub(crate) fn url(&self, template: &Template, limits: &template::Limits) -> Result<SourceUrl, SourceError> {
        self.expand(template, Encoding::Url, limits)?.parse().map_err(|source| SourceError::Url {
            package: self.definition.name.clone(),
            template: template.as_str().to_owned(),
            source,
        })
    }

    fn expand(
        &self,
        template: &Template,
        encoding: Encoding,
        limits: &template::Limits,
    ) -> Result<String, SourceError> {
        template.expand_within(&|variable| self.get(variable), encoding, limits).map_err(|source| {
            SourceError::Template {
                package: self.definition.name.clone(),
                template: template.as_str().to_owned(),
                source,
            }
        })
    }
}
