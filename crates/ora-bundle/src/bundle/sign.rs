//! Signing a bundle where it stands: the same files, with one more signature of the list of digests.

use std::io::Read;

use ora_archive::{Container, Packer};
use ora_core::EntryPath;
use ora_verify::site;

use super::{
    Bundle,
    layout::{CHECKSUMS, SIGNATURE, TOP},
    read::walk,
};
use crate::{
    BundleError, Sign, Written,
    export::{below, to_archive},
};

impl Bundle {
    /// Adds a signature over the list of digests to those that are there; of each key only the new one stays. The file has
    /// another name until it is complete and on the disk.
    pub fn sign(&self, container: Container, sign: Sign<'_>) -> Result<Written, BundleError> {
        let made = sign(&self.list)?;
        let signature = match &self.signature {
            Some(before) => site::joined(before, made.as_bytes())?,
            None => made,
        };
        let sum = self.members.iter().map(|member| member.size).sum::<u64>();
        let total = sum + self.list.len() as u64 + signature.len() as u64;
        to_archive(&self.path, (total, self.members.len() as u64 + 2), |out| {
            let io = |source| BundleError::Io { action: "write", path: self.path.clone(), source };
            let mut packer = Packer::new(out, container).map_err(io)?;
            let mut take = |path: &EntryPath, size: u64, content: &mut dyn Read| {
                if path.as_str() == SIGNATURE {
                    return Ok(());
                }
                packer.file(&below(TOP, path.as_str())?, size, content).map_err(io)?;
                if path.as_str() == CHECKSUMS {
                    let name = below(TOP, SIGNATURE)?;
                    packer.file(&name, signature.len() as u64, &mut signature.as_bytes()).map_err(io)?;
                }
                Ok(())
            };
            let (sha256, _) = walk(&self.file, &self.path, &mut take)?;
            self.is_still(sha256)?;
            packer.finish().map(drop).map_err(io)
        })
    }
}
