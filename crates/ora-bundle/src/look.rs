//! Looking into an export without taking it in: what it says it holds, after every byte of it was compared with its lists.

use std::io::Read;

use ora_schema::{
    manifest::{Object, Release},
    sidecar::Sidecar,
};

use crate::{
    BundleError,
    import::MOST_SMALL,
    names::Place,
    reader::{self, Contents, Receiver, Supply, limited},
};

/// An artifact in an export.
#[derive(Clone, Debug)]
pub struct Carried {
    /// What is published in it.
    pub release: Release,
    /// Its digest.
    pub sha256: ora_core::Sha256,
    /// What is known of it, where that travels.
    pub sidecar: Option<Sidecar>,
}

/// Reads an export to its last byte. Whose signature it carries is not judged: nothing of it enters.
pub fn look(supply: Supply<'_>) -> Result<Vec<Carried>, BundleError> {
    let mut looking = Looking { sidecars: Vec::new() };
    let (contents, _) = reader::read(supply, &mut looking)?;
    let mut carried = Vec::new();
    for object in contents.objects {
        let Some(release) = object.release else { continue };
        let is_of = |sidecar: &&Sidecar| {
            sidecar.sha256 == object.sha256 && sidecar.name == release.name && sidecar.platform == release.platform
        };
        let sidecar = looking.sidecars.iter().find(is_of).cloned();
        carried.push(Carried { release: *release, sha256: object.sha256, sidecar });
    }
    Ok(carried)
}

struct Looking {
    sidecars: Vec<Sidecar>,
}

impl Receiver for Looking {
    fn signed(&mut self, _: &Contents, _: &[u8], _: Option<&[u8]>) -> Result<(), BundleError> {
        Ok(())
    }

    fn contents(&mut self, _: &Contents) -> Result<(), BundleError> {
        Ok(())
    }

    fn object(&mut self, object: &Object, place: &Place, content: &mut dyn Read) -> Result<(), BundleError> {
        if let Place::Sidecar(_) = place {
            let bytes = limited(&object.path, object.size, MOST_SMALL, content)?;
            self.sidecars.push(crate::staging::parse_sidecar(&object.path, &bytes, ora_core::Timestamp::default())?);
        }
        Ok(())
    }
}
