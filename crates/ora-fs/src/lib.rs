//! The only caller of writing file-system functions: layout, atomic replacement, locks, modes, rooted handles.
//!
//! [`layout`] knows every path Ora has, built from parsed types only. [`atomic`] replaces files so that a reader sees the
//! old or the new bytes and never half of either. [`private`] makes directories nobody else can enter and refuses those
//! that others can write. [`lock`] holds the kernel's locks, which die with their process. [`rooted`] writes below a
//! directory handle whatever happens around it.
//!
//! It refuses to read the environment (the directories are handed in), to follow a link where a file of its own has to be,
//! and to go on without a lock where the file system has none.
//!
//! ```
//! use ora_fs::{atomic, private};
//! let home = tempfile::tempdir()?;
//! let state = home.path().join("state");
//! private::create_dir(&state)?;
//! atomic::write(&state.join("head"), b"1\n", atomic::Mode::Private)?;
//! assert_eq!(atomic::read(&state.join("head"), 16)?.as_deref(), Some(&b"1\n"[..]));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![expect(clippy::disallowed_methods, reason = "this crate owns the power to write files")]

pub mod atomic;
pub mod blob;
pub mod crash;
mod error;
pub mod layout;
pub mod link;
pub mod lock;
pub mod private;
pub mod rooted;
pub mod space;
pub mod sync;

pub use error::FsError;
