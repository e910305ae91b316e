//! `ora sbom`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Print a bill of materials: files, digests, origins, licences
///
/// It names every artifact by its digest, with where it comes from, its licence and what it needs: of what is installed, where nothing else is named. The same content gives the same bytes: there is no serial number and no
/// time in it. Exports and bundles carry such a bill of themselves as `sbom.cdx.json`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  ora sbom
  ora sbom --lock-file ora.lock --format spdx --output project.spdx.json
  ora sbom --export /media/usb/ora-cache.tar.gz")]
pub struct SbomArgs {
    /// Of what is installed; so it is without any of these
    #[arg(long, group = "subject")]
    pub installed: bool,
    /// Of what this lock names, for all its platforms
    #[arg(long, value_name = "FILE", group = "subject")]
    pub lock_file: Option<PathBuf>,
    /// Of what is in this bundle
    #[arg(long, value_name = "FILE", group = "subject")]
    pub bundle: Option<PathBuf>,
    /// Of what is in this export, an archive or a folder
    #[arg(long, value_name = "PATH", group = "subject")]
    pub export: Option<PathBuf>,
    /// In which format
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = SbomFormat::Cyclonedx)]
    pub format: SbomFormat,
    /// Write it to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// A format of bills.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum SbomFormat {
    /// CycloneDX 1.6, JSON
    Cyclonedx,
    /// SPDX 2.3, JSON
    Spdx,
}
