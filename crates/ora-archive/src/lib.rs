//! Any archive in, checked files out: tar (plain, gzip, xz, bzip2, zstd), zip, single compressed files, bare executables.
//!
//! [`Packer`] makes the archives that Ora writes itself, and [`read_files`] hands out the files of one without unpacking it.
//!
//! [`unpack`] reads a file once, hashes it and every file in it on the way, and writes below a
//! [`Root`](ora_fs::rooted::Root) only. What the file is, is decided by its content; its name is a hint.
//!
//! It refuses what two readers would read differently, what leads out of the tree, what is neither file, directory nor
//! link, and what grows beyond its [`Limits`]. It never sets an owner, a time, an extended attribute or a set-id bit,
//! never opens an archive inside an archive, and never decides where a package belongs or whether its digest is the
//! right one: that is for the caller to compare, before what was unpacked is moved to its place.
//!
//! ```
//! use ora_archive::{Shape, UnpackOptions, unpack};
//! use ora_fs::rooted::Root;
//! # let home = tempfile::tempdir()?;
//! # let download = home.path().join("hello");
//! # std::fs::write(&download, "#!/bin/sh\necho hello\n")?;
//! let staging = Root::create(&home.path().join("staging"), 0o755)?;
//! let unpacked = unpack(&std::fs::File::open(download)?, "hello", &UnpackOptions::default(), &staging)?;
//! assert_eq!(unpacked.shape, Shape::Bare);
//! assert_eq!(unpacked.archive.0, ora_core::Sha256::of(b"#!/bin/sh\necho hello\n"));
//! assert_eq!(unpacked.entries[0].path.as_str(), "hello");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod decode;
mod detect;
mod entry;
mod error;
mod executable;
mod feed;
mod gzip;
mod limits;
mod member;
mod pack;
mod source;
mod stored;
mod stream;
mod tar;
mod unpack;
mod writer;
mod zip;

pub use decode::Compression;
pub use detect::{Content, HEAD, archive_suffix, detect};
pub use error::{ArchiveError, Fault, Place};
pub use executable::{BinaryFormat, BinaryInfo, Target};
pub use limits::Limits;
pub use pack::{Container, Packer};
pub use stream::{StreamError, StreamFile, read_files, read_files_in};
pub use unpack::{Shape, Threads, UnpackOptions, Unpacked, inspect, unpack};
