//! Unpacks an archive into a directory that does not exist yet, and says how long it took: for measuring against `tar`.
//!
//! `cargo run --release -p ora-archive --example unpack -- ARCHIVE DIRECTORY`
#![expect(clippy::disallowed_methods, reason = "a measurement takes its arguments")]
#![expect(clippy::print_stdout, reason = "its output is its purpose")]

use std::{error::Error, fs::File, path::PathBuf, time::Instant};

use ora_archive::{UnpackOptions, unpack};
use ora_fs::rooted::Root;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(archive), Some(directory)) = (arguments.next(), arguments.next()) else {
        return Err("usage: unpack ARCHIVE DIRECTORY".into());
    };
    let name = archive.file_name().and_then(|name| name.to_str()).ok_or("the archive's name is no text")?;
    let start = Instant::now();
    let root = Root::create(&directory, 0o755)?;
    let unpacked = unpack(&File::open(&archive)?, name, &UnpackOptions::default(), &root)?;
    let (entries, (sha256, size)) = (unpacked.entries.len(), unpacked.archive);
    println!("{entries} entries of {size} bytes, sha256:{sha256}, in {:?}", start.elapsed());
    unpacked.notes.iter().for_each(|note| println!("{note}"));
    Ok(())
}
