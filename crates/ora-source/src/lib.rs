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
//! use ora_source::JsonPath;
//! let path: JsonPath = "$[*].version".parse()?;
//! let listing = serde_json::json!([{"version": "v24.1.0"}, {"version": "v22.0.0"}]);
//! assert_eq!(path.texts(&listing), ["v24.1.0", "v22.0.0"]);
//! # Ok::<(), ora_source::JsonPathError>(())
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

pub use choose::{bounds_note, choose};
pub use error::SourceError;
pub use evaluate::{evaluate, needs_commit, needs_listing};
pub use find::{Asking, Found, find, find_without_asking, next_spelling};
pub use json_path::{JsonPath, JsonPathError};
pub use limits::{Apis, Limits, RegexLimits};
pub use list::list;
pub use listing::{Asset, Context, Listed, Listing, Listings, Page, Wanted};
