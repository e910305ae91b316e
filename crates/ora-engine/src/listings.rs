//! Listings with a memory: asked with what the last answer said, answered from that where nobody can be asked.

use std::time::Duration;

use ora_core::{Reach, Remote, RemoteError, RemoteFailure, Request, SourceUrl};
use ora_source::{Listings, Page, SourceError};
use ora_store::Listing;

use crate::Context;

/// How long a question may take that is only asked to know better than the cache.
const SHORT: Duration = Duration::from_secs(10);

/// The pages of listings, from the network with the cache behind it, or from the cache alone.
pub(crate) struct KeptListings<'k, 'c> {
    context: &'k Context<'c>,
    is_silent: std::cell::Cell<bool>,
}

impl<'k, 'c> KeptListings<'k, 'c> {
    pub(crate) fn new(context: &'k Context<'c>) -> Self {
        Self { context, is_silent: std::cell::Cell::new(false) }
    }

    /// Whether somebody was asked and nobody answered, so that an older answer had to do. A refusal for asking too often is
    /// an answer: the files themselves may well be there.
    pub(crate) fn is_silent(&self) -> bool {
        self.is_silent.get()
    }

    fn kept(&self, url: &SourceUrl, key: &str) -> Option<Listing> {
        // A cache that cannot be read is like one that holds nothing: the page is asked for, or missed by name.
        self.context.store.listing(url, key).unwrap_or_else(|error| {
            self.context.reporter.warning(format!("the kept copy of {url} cannot be read: {error}"));
            None
        })
    }

    fn ask(
        &self,
        remote: &dyn Remote,
        url: &SourceUrl,
        accept: Option<&str>,
        kept: Option<&Listing>,
    ) -> Result<Page, RemoteError> {
        let request = Request {
            validators: kept.map(|kept| &kept.head.validators),
            accept,
            timeout: matches!(self.context.reach, Reach::StoreFirst(_)).then_some(SHORT),
            ..Request::new(url, self.context.policy.max_listing_size)
        };
        let mut response = remote.get(&request)?;
        let key = accept.unwrap_or_default();
        let now = self.context.now();
        if let (true, Some(kept)) = (response.not_modified, kept) {
            self.keep(self.context.store.confirm_listing(kept, now));
            return Ok(page(kept, None));
        }
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut response.body, &mut bytes).map_err(|error| RemoteError {
            message: format!("{url} could not be read to its end"),
            failure: RemoteFailure::Unreachable,
            source: Some(Box::new(error)),
        })?;
        let next = response.next_page;
        self.keep(self.context.store.put_listing(url, key, response.validators, next.clone(), &bytes, now));
        Ok(Page { bytes, next, age: None })
    }

    /// A listing may be fetched again, so a cache that cannot keep it is no failure.
    fn keep(&self, kept: Result<(), ora_store::StoreError>) {
        if let Err(error) = kept {
            self.context.reporter.report(ora_core::Event::Detail(format!("a listing was not kept: {error}")));
        }
    }

    fn is_fresh(&self, kept: &Listing, accept: Option<&str>) -> bool {
        accept.is_none() && self.age(kept) < self.context.policy.page_ttl && kept.head.validators.strong().is_none()
    }

    fn age(&self, kept: &Listing) -> u64 {
        self.context.now().since(kept.head.fetched_at)
    }
}

impl Listings for KeptListings<'_, '_> {
    fn fetch(&self, url: &SourceUrl, accept: Option<&str>) -> Result<Page, SourceError> {
        let kept = self.kept(url, accept.unwrap_or_default());
        let remote = match (self.context.reach, &kept) {
            (Reach::StoreOnly, None) => return Err(SourceError::NotHeld { url: url.clone() }),
            (Reach::StoreOnly | Reach::StoreFirst(_), Some(kept)) => return Ok(page(kept, Some(self.age(kept)))),
            (Reach::RemoteFirst(_), Some(kept)) if self.is_fresh(kept, accept) => {
                return Ok(page(kept, Some(self.age(kept))));
            }
            (Reach::StoreFirst(remote) | Reach::RemoteFirst(remote), _) => remote,
        };
        match (self.ask(remote, url, accept, kept.as_ref()), kept) {
            (Ok(page), _) => Ok(page),
            (Err(error), Some(kept)) if is_outage(&error) => {
                let day = kept.head.fetched_at.day();
                self.is_silent.set(!matches!(error.failure, RemoteFailure::RateLimited(_)));
                self.context.reporter.notice(format!("{error}; going on with what was listed on {day}"));
                Ok(page(&kept, Some(self.age(&kept))))
            }
            (Err(error), _) => Err(SourceError::remote(url, error)),
        }
    }
}

/// Whether another supply may stand in: nobody answered, or only to say that it is too much.
pub(crate) fn is_outage(error: &RemoteError) -> bool {
    matches!(error.failure, RemoteFailure::Unreachable | RemoteFailure::RateLimited(_) | RemoteFailure::Status(500..))
}

fn page(kept: &Listing, age: Option<u64>) -> Page {
    Page { bytes: kept.bytes.clone(), next: kept.head.next_page.clone(), age }
}
