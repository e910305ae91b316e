//! Mirrors that are folders of this machine: a supply like any other, and one that needs no network.

use std::{
    fs::File,
    io::Read as _,
    path::{Path, PathBuf},
};

use ora_core::{
    GitEntry, GitRequest, GitTip, Kind, Mirror, PinnedCertificate, Remote, RemoteError, RemoteFailure, Request,
    Response, SourceUrl, Validators,
    mirror::{Place, places},
};

use crate::Context;

/// The folders that stand for servers. What they do not have is nowhere.
pub(crate) struct Folders<'f> {
    mirrors: &'f [Mirror],
}

impl<'f> Folders<'f> {
    /// Those of the policy.
    pub(crate) fn of(context: &'f Context<'_>) -> Self {
        Self { mirrors: &context.policy.mirrors }
    }

    /// Whether a folder has a URL.
    pub(crate) fn have(&self, url: &SourceUrl) -> bool {
        self.find(url).is_some()
    }

    fn find(&self, url: &SourceUrl) -> Option<PathBuf> {
        places(self.mirrors, url).into_iter().find_map(|place| match place {
            Place::File(path) if path.is_file() => Some(path),
            Place::File(_) | Place::Server(_) => None,
        })
    }

    fn open(&self, url: &SourceUrl) -> std::io::Result<Option<(File, PathBuf, u64)>> {
        let Some(path) = self.find(url) else { return Ok(None) };
        let file = File::open(&path)?;
        let length = file.metadata()?.len();
        Ok(Some((file, path, length)))
    }
}

impl Remote for Folders<'_> {
    fn get(&self, request: &Request<'_>) -> Result<Response, RemoteError> {
        let refused = |message, kind, source| RemoteError { message, failure: RemoteFailure::Refused(kind), source };
        let opened = self.open(request.url).map_err(|error| {
            refused(format!("cannot read the mirror of {}", request.url), Kind::of_io(&error), Some(error.into()))
        })?;
        let Some((file, path, length)) = opened else {
            return Err(refused(format!("no folder here has {}", request.url), Kind::OfflineMissing, None));
        };
        if length > request.limit {
            let message = format!("`{}` has {length} bytes, more than {}", path.display(), request.limit);
            return Err(refused(message, Kind::Limit, None));
        }
        Ok(Response {
            not_modified: false,
            offset: 0,
            length: Some(length),
            validators: Validators::default(),
            final_url: SourceUrl::from_file_path(&path).unwrap_or_else(|| request.url.clone()),
            next_page: None,
            body: Box::new(file.take(request.limit)),
        })
    }

    fn git_fetch(&self, request: &GitRequest<'_>) -> Result<GitTip, RemoteError> {
        Err(none(request.url.as_str()))
    }

    fn git_tree(
        &self,
        mirror: &Path,
        _: &ora_core::CommitId,
        _: &str,
        _: u64,
        _: &mut dyn FnMut(GitEntry) -> Result<(), RemoteError>,
    ) -> Result<(), RemoteError> {
        Err(none(&mirror.to_string_lossy()))
    }

    fn certificate(&self, url: &SourceUrl) -> Result<PinnedCertificate, RemoteError> {
        Err(none(url.as_str()))
    }
}

fn none(what: &str) -> RemoteError {
    RemoteError {
        message: format!("a folder does not stand for {what}"),
        failure: RemoteFailure::Refused(Kind::OfflineNetwork),
        source: None,
    }
}
