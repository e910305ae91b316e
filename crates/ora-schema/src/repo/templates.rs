//! Templates of a definition: which variables stand where, and what their written-out part may say.

use ora_core::{
    EntryPath, EntryPathError, Kind,
    template::{Part, Template, TemplateError, Variable},
};

use super::parse::ParseLimits;
use crate::reader::Item;

/// Where a template stands, which decides the variables it may use.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Place {
    /// The source and install rules.
    Release,
    /// Below `security`, where the download is already chosen.
    Proof,
    /// The environment of the script.
    Script,
}

/// A template with variables that may stand there.
pub(super) fn template(item: &Item<'_>, place: Place) -> Option<Template> {
    match item.string()?.parse::<Template>() {
        Ok(template) => {
            check_variables(item, &template, place);
            Some(template)
        }
        Err(error) => {
            refuse(item, &error);
            None
        }
    }
}

fn refuse(item: &Item<'_>, error: &TemplateError) {
    let (at, help) = match error {
        TemplateError::Unknown { at, nearest, .. } => {
            (*at, nearest.map(|variable| format!("did you mean `{{{}}}`?", variable.name())))
        }
        TemplateError::Unclosed { at, .. } => (*at, None),
        TemplateError::NoValue { .. } | TemplateError::Value { .. } => (0, None),
    };
    item.refuse_from(at, "unknown-variable", format!("`{}`: {error}", item.path()), help);
}

/// Says which variables have no value there.
pub(super) fn check_variables(item: &Item<'_>, template: &Template, place: Place) {
    for variable in template.variables() {
        let (is_allowed, only) = match variable {
            Variable::Asset | Variable::Url => (place == Place::Proof, "below `security`"),
            Variable::InstallDir | Variable::ConfigDir => (place == Place::Script, "in `install.env`"),
            _ => (true, ""),
        };
        if !is_allowed {
            let message = format!("`{}`: `{{{}}}` has a value only {only}", item.path(), variable.name());
            item.error("misplaced-variable", message);
        }
    }
}

/// A template that makes a URL. What is written out of it has to be a URL that a definition may name.
pub(super) fn url(item: &Item<'_>, place: Place, limits: &ParseLimits) -> Option<Template> {
    let template = template(item, place)?;
    // Behind a `{url}` the address is the download's own, which was checked.
    if template.parts().first() == Some(&Part::Variable(Variable::Url)) {
        return Some(template);
    }
    let (sample, has_free_host) = sample(&template);
    match limits.urls.check(&sample, has_free_host) {
        Ok(_) => Some(template),
        Err(error) => {
            item.refuse("url-refused", Kind::UrlRefused, format!("`{}`: {error}", item.path()));
            None
        }
    }
}

/// The template with a `1` for every variable, which is good in every part of a URL; and whether one stands in the host.
fn sample(template: &Template) -> (String, bool) {
    let (mut sample, mut has_free_host) = (String::new(), false);
    for part in template.parts() {
        match part {
            Part::Text(text) => sample.push_str(text),
            Part::Variable(_) => {
                let behind_scheme = sample.split_once("://").map(|(_, rest)| rest);
                has_free_host |= behind_scheme.is_some_and(|rest| !rest.contains(['/', '?', '#']));
                sample.push('1');
            }
        }
    }
    (sample, has_free_host)
}

/// A template that makes a path inside the package, perhaps a glob. What is written out of it may not lead out.
pub(super) fn path(item: &Item<'_>) -> Option<Template> {
    let template = template(item, Place::Release)?;
    is_inside(item, &template).then_some(template)
}

/// Whether the written-out part of a path stays inside the package; says so when not.
pub(super) fn is_inside(item: &Item<'_>, template: &Template) -> bool {
    let sample: String =
        template.parts().iter().map(|part| if let Part::Text(text) = part { text } else { "1" }).collect();
    let is_glob = sample.contains(['*', '?', '[']);
    if is_glob && let Err(error) = globset::GlobBuilder::new(&sample).literal_separator(true).build() {
        item.error("invalid-glob", format!("`{}`: {}", item.path(), error.kind()));
        return false;
    }
    // In a set of characters a backslash would escape; no name in a package has one.
    match sample.parse::<EntryPath>() {
        Ok(_) => true,
        Err(error) => {
            let kind = match error {
                EntryPathError::Leaves { .. } => Kind::UnsafePath,
                EntryPathError::Character { .. } => Kind::UnsafeName,
                EntryPathError::Empty | EntryPathError::TooLong { .. } => Kind::ConfigInvalid,
            };
            item.refuse("unsafe-path", kind, format!("`{}`: {error}", item.path()));
            false
        }
    }
}

/// A template that makes the name of a file: one component, and nothing that a command line takes for an option.
pub(super) fn file_name(item: &Item<'_>) -> Option<Template> {
    let template = path(item)?;
    if template.as_str().contains('/') || template.as_str().starts_with('-') {
        let message =
            format!("`{}`: `{}` is not the name of a file", item.path(), ora_core::Untrusted(template.as_str()));
        item.refuse("invalid-name", Kind::UnsafeName, message);
        return None;
    }
    Some(template)
}
