//! Answers of sources that may be asked again: version lists, scraped pages.

use ora_core::{Sha256, SourceUrl, Timestamp, Validators};
use ora_fs::{atomic, private};
use ora_schema::transfer::ListingHead;

use crate::{Store, StoreError};

/// The most bytes a kept listing may have.
const LIMIT: u64 = 64 << 20;

/// A kept answer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Listing {
    /// What was asked, when, and how to ask again.
    pub head: ListingHead,
    /// The answer.
    pub bytes: Vec<u8>,
}

impl Store<'_> {
    /// A kept answer, by URL and by what else makes it another one (patterns, an `Accept` header). One that is damaged is
    /// no answer.
    pub fn listing(&self, url: &SourceUrl, key: &str) -> Result<Option<Listing>, StoreError> {
        self.checked()?;
        let Some(file) = atomic::read(&self.layout.listing(&digest(url, key)), LIMIT)? else { return Ok(None) };
        let Some(end) = file.iter().position(|byte| *byte == b'\n') else { return Ok(None) };
        let Ok(head) = ListingHead::from_json(&String::from_utf8_lossy(&file[..end])) else { return Ok(None) };
        let bytes = file[end + 1..].to_vec();
        let is_whole = head.url == *url && head.key == key && head.sha256 == Sha256::of(&bytes);
        Ok(is_whole.then_some(Listing { head, bytes }))
    }

    /// Keeps an answer. It may be fetched again, so nobody waits for the disk.
    pub fn put_listing(
        &self,
        url: &SourceUrl,
        key: &str,
        validators: Validators,
        next_page: Option<SourceUrl>,
        bytes: &[u8],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let sha256 = Sha256::of(bytes);
        let head =
            ListingHead { url: url.clone(), key: key.to_owned(), validators, fetched_at: now, next_page, sha256 };
        self.write_listing(&head, bytes)
    }

    /// Notes that the source called a kept answer current.
    pub fn confirm_listing(&self, listing: &Listing, now: Timestamp) -> Result<(), StoreError> {
        self.write_listing(&ListingHead { fetched_at: now, ..listing.head.clone() }, &listing.bytes)
    }

    fn write_listing(&self, head: &ListingHead, bytes: &[u8]) -> Result<(), StoreError> {
        self.prepare()?;
        private::create_dir(&self.layout.listings())?;
        let mut file = head.to_json_line().into_bytes();
        file.extend_from_slice(bytes);
        Ok(atomic::write_cached(&self.layout.listing(&digest(&head.url, &head.key)), &file, atomic::Mode::Private)?)
    }
}

fn digest(url: &SourceUrl, key: &str) -> Sha256 {
    // A URL holds no line feed, so no two pairs give the same text.
    Sha256::of(format!("{url}\n{key}").as_bytes())
}
