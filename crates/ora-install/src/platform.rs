//! Whether a command would start on the platform it is installed for.

use std::io::Read as _;

use ora_archive::{BinaryInfo, Content, HEAD, detect};
use ora_core::{EntryPath, PackageName, Platform, Version};
use ora_fs::rooted::Root;

use crate::{error::InstallError, starting};

/// Refuses a command that is an executable of another system, and, where it is to run here, one that could not start. Scripts and everything else are the system's to judge.
pub(crate) fn check(
    root: &Root,
    file: &EntryPath,
    package: (&PackageName, &Version),
    platform: Platform,
    is_here: bool,
) -> Result<(), InstallError> {
    let head = head(root, file, HEAD)?;
    match mismatch(&head, platform) {
        None if is_here && head.starts_with(b"\x7fELF") => match starting::obstacle(root.open_file(file)?) {
            None => Ok(()),
            Some(reason) => Err(InstallError::CannotStart {
                package: package.0.clone(),
                version: package.1.clone(),
                file: file.to_string(),
                reason,
            }),
        },
        None => Ok(()),
        Some(found) => Err(InstallError::ForeignExecutable {
            package: package.0.clone(),
            version: package.1.clone(),
            file: file.to_string(),
            found,
            platform,
        }),
    }
}

/// Whether a file's content is what a system runs.
pub(crate) fn is_executable(root: &Root, file: &EntryPath) -> Result<bool, InstallError> {
    Ok(matches!(detect(&head(root, file, HEAD)?), Content::Executable(_) | Content::Script))
}

/// What an executable is instead of one for `platform`; `None` where it fits or is no executable.
fn mismatch(head: &[u8], platform: Platform) -> Option<String> {
    // Programs that are a shell script and an executable of several systems at once.
    const PORTABLE: [&[u8]; 3] = [b"MZqFpD='", b"jartsr='", b"APEDBG='"];
    if PORTABLE.iter().any(|magic| head.starts_with(magic)) {
        return None;
    }
    match detect(head) {
        Content::Executable(info) if info.runs_on(platform) => None,
        Content::Executable(info) => Some(described(&info)),
        Content::BrokenExecutable => Some("an executable that is broken".into()),
        _ => None,
    }
}

fn described(info: &BinaryInfo) -> String {
    let format = match info.format {
        ora_archive::BinaryFormat::Elf => "an ELF executable",
        ora_archive::BinaryFormat::MachO => "a macOS executable",
        ora_archive::BinaryFormat::Pe => "a Windows executable",
    };
    let arches: Vec<&str> = info.targets.iter().filter_map(|t| t.arch).map(ora_core::Arch::canonical).collect();
    if arches.is_empty() {
        format!("{format} of a processor unknown here")
    } else {
        format!("{format} ({})", arches.join(", "))
    }
}

fn head(root: &Root, file: &EntryPath, length: usize) -> Result<Vec<u8>, InstallError> {
    let opened = root.open_file(file)?;
    let mut head = Vec::new();
    let read = opened.take(length as u64).read_to_end(&mut head);
    read.map_err(|e| ora_fs::FsError::io("read", &root.path().join(file.to_path()), e))?;
    Ok(head)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn elf(machine: u8) -> Vec<u8> {
        let mut head = vec![0; 64];
        head[..8].copy_from_slice(&[0x7f, b'E', b'L', b'F', 2, 1, 1, 0]);
        (head[16], head[18], head[20], head[52], head[56]) = (3, machine, 1, 64, 1);
        head
    }

    #[test]
    fn only_executables_of_other_systems_are_refused() {
        let linux: Platform = "linux-x86_64".parse().unwrap();
        let macos: Platform = "macos-x86_64".parse().unwrap();
        assert_eq!(mismatch(&elf(62), linux), None);
        assert_eq!(mismatch(&elf(183), linux).unwrap(), "an ELF executable (aarch64)");
        assert!(mismatch(&elf(62), macos).is_some());
        assert!(mismatch(b"\x7fELF\x02\x01", linux).unwrap().contains("broken"));
        for other in [&b"#!/bin/sh\n"[..], b"data", b"", b"MZqFpD='\n"] {
            assert_eq!(mismatch(other, linux), None);
        }
    }
}
