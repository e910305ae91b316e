//! One file per verb; obtains, verifies and installs through the crates below.
//!
//! A verb is handed a [`Context`]: a store, a reach, a policy, a reporter, a clock. What is offline is a
//! [`Reach`](ora_core::Reach) without a remote, not a branch; what is verified is a type, not a flag. A verb that changes
//! something first answers with a plan ([`install::prepare`]) and changes nothing until it is handed back
//! ([`install::execute`]).
//!
//! The engine opens no socket, asks no question, prints nothing and reads no environment.
//!
//! ```
//! use ora_engine::Error;
//! use ora_core::Kind;
//! let error = Error::NotInstalled { name: "kubectl".parse()?, nearest: vec![] };
//! assert_eq!((error.kind(), error.to_string()), (Kind::NotFound, "`kubectl` is not installed".to_owned()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod closure;
mod context;
mod definitions;
mod error;
mod fetching;
mod folders;
mod held;
mod listings;
mod obtain;
mod proof;
mod recover;
mod rehearsal;
mod releases;
mod trust;

pub mod audit;
pub mod bundle;
pub mod cache;
pub mod download;
pub mod environment;
pub mod export;
pub mod graph;
pub mod import;
pub mod info;
pub mod install;
pub mod installed;
pub mod key;
pub mod lock;
pub mod project;
pub mod registries;
pub mod resolve;
pub mod sbom;
pub mod uninstall;
pub mod update;

pub use context::{CacheRules, Context, Policy, ScriptPolicy, Wishes};
pub use error::{Error, Miss};
pub use ora_audit::{Entry, Finding, Outcome, Verification, redacted};
pub use ora_bundle::BundleError;
pub use ora_install::findings::Problem;
pub use ora_install::{Consent, InstallPlan};
pub use ora_registry::{
    Catalogue, Detected, Fault, Location, RegistryLimits, RegistrySource, Rollback, Synced, detect, imported,
};
pub use ora_source::{Apis, view};
pub use ora_store::Store;
pub use recover::recover;
pub use registries::Registries;
