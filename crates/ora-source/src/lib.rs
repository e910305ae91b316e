//! Listing releases and picking assets: from a definition to the one file that is to be fetched.
//!
//! A source (GitHub, GitLab, a listing somewhere, a URL, a web page) is asked through the [`Listings`] that is handed in; what
//! it answers becomes [`Listed`] releases, of which [`choose()`] takes one and [`evaluate()`] makes a
//! [`Release`](ora_schema::release::Release) with every variable filled in. [`find()`] does all of it in order.
//!
//! This crate opens no socket, keeps no cache, and trusts no name it reads: a tag that is no usable version is left out and
//! said, values enter a template once and are never read as templates.
//!
//! ```
//! use ora_core::SourceUrl;
//! use ora_source::{Apis, Asking, Context, Limits, Listings, Page, SourceError, Wanted, find};
//!
//! struct Scripted;
//! impl Listings for Scripted {
//!     fn fetch(&self, _: &SourceUrl, _: Option<&str>) -> Result<Page, SourceError> {
//!         let bytes = br#"[{"tag_name": "v2.9.0"}, {"tag_name": "v2.45.0"}, {"tag_name": "v3.0.0-rc.1"}]"#;
//!         Ok(Page { bytes: bytes.to_vec(), ..Page::default() })
//!     }
//! }
//!
//! let text = r#"
//! name = "prometheus"
//! [source]
//! type = "github-releases"
//! repo = "prometheus/prometheus"
//! download = { url = "https://github.com/{repo}/releases/download/v{version}/prometheus-{version}.{os}-{arch}.tar.gz" }
//! "#;
//! let definition = ora_schema::repo::parse(text, &Default::default()).unwrap().definition;
//! let context = Context { listings: &Scripted, apis: &Apis::new(None, None)?, limits: &Limits::default() };
//! let found = find(&definition, Wanted::Latest, "linux-x86_64".parse()?, Asking::Always, &context)?;
//! assert_eq!(found.releases[0].version.as_str(), "2.45.0");
//! assert_eq!(found.releases[0].asset, "prometheus-2.45.0.linux-amd64.tar.gz");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod asset;
mod choose;
mod error;
mod evaluate;
mod find;
#[cfg(test)]
mod fixture;
mod forge;
mod github;
mod gitlab;
mod html;
mod json_path;
mod limits;
mod list;
mod listing;
mod names;
mod page;
mod proof;
mod tags;
mod text;
mod values;
pub mod view;

pub use choose::{bounds_note, choose, choose_held};
pub use error::SourceError;
pub use evaluate::{evaluate, evaluate_held, needs_commit, needs_listing};
pub use find::{Asking, Found, find, find_without_asking, next_spelling};
pub use json_path::{JsonPath, JsonPathError};
pub use limits::{Apis, Limits};
pub use list::list;
pub use listing::{Asset, Context, Listed, Listing, Listings, Page, Wanted};
