//! What a publisher calls a platform.

use std::collections::BTreeMap;

use ora_core::{Arch, Libc, Os, Platform};
use ora_schema::repo::{PlatformNames, for_platform};

/// The names of one platform in one definition: the values of `{os}` and `{arch}`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Names {
    pub(crate) os: String,
    pub(crate) arch: String,
}

impl Names {
    /// Without a map the usual published name; a map that is not empty replaces the defaults of its axis, and a name it
    /// lacks stays canonical.
    pub(crate) fn of(names: &PlatformNames, platform: Platform) -> Self {
        let Platform { os, arch, .. } = platform;
        Self {
            os: mapped(&names.os_map, os.names(), Os::canonical(os), os.published()),
            arch: mapped(&names.arch_map, arch.names(), Arch::canonical(arch), arch.published()),
        }
    }

    /// The entry of a map with platform keys; on a musl system the key that names musl comes first.
    pub(crate) fn find<'a, T>(&self, entries: &'a [(String, T)], platform: Platform) -> Option<&'a T> {
        let own = || entries.iter().find(|(key, _)| Platform::from_key(key) == Some(platform)).map(|(_, value)| value);
        (platform.libc == Libc::Musl)
            .then(own)
            .flatten()
            .or_else(|| for_platform(entries, (&self.os, &self.arch), platform))
    }

    /// The same for a map of texts.
    pub(crate) fn find_text(&self, entries: &BTreeMap<String, String>, platform: Platform) -> Option<String> {
        let entries: Vec<(String, &String)> = entries.iter().map(|(key, value)| (key.clone(), value)).collect();
        self.find(&entries, platform).map(|value| (*value).clone())
    }
}

fn mapped(map: &BTreeMap<String, String>, names: &[&str], canonical: &str, published: &str) -> String {
    if map.is_empty() {
        return published.to_owned();
    }
    names.iter().find_map(|name| map.get(*name)).map_or_else(|| canonical.to_owned(), Clone::clone)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(os: &[(&str, &str)], arch: &[(&str, &str)], platform: &str) -> (String, String) {
        let map = |pairs: &[(&str, &str)]| pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let names = PlatformNames { os_map: map(os), arch_map: map(arch), url_filters: BTreeMap::new() };
        let names = Names::of(&names, platform.parse().unwrap());
        (names.os, names.arch)
    }

    #[test]
    fn defaults_maps_and_aliases() {
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(names(&[], &[], "linux-x86_64"), pair("linux", "amd64"));
        assert_eq!(names(&[], &[], "macos-aarch64"), pair("darwin", "arm64"));
        assert_eq!(names(&[], &[], "linux-armv7"), pair("linux", "armv7"));
        // A map replaces its axis only; what it lacks stays canonical.
        assert_eq!(names(&[("linux", "Linux")], &[], "macos-x86_64"), pair("macos", "amd64"));
        assert_eq!(names(&[], &[("aarch64", "ARM64")], "macos-x86_64"), pair("darwin", "x86_64"));
        // The canonical key comes first, then aliases.
        assert_eq!(names(&[("darwin", "osx")], &[("amd64", "x64")], "macos-x86_64"), pair("osx", "x64"));
        assert_eq!(names(&[("darwin", "osx"), ("macos", "mac")], &[], "macos-x86_64").0, "mac");
    }

    #[test]
    fn platform_keys_in_every_spelling() {
        let names = Names { os: "darwin".into(), arch: "arm64".into() };
        let platform: Platform = "macos-aarch64".parse().unwrap();
        for key in ["darwin_arm64", "macos_aarch64", "darwin-arm64", "macos/arm64", "osx_arm64", "mac-aarch64"] {
            assert_eq!(names.find(&[("linux_amd64".into(), 0), (key.into(), 1)], platform), Some(&1), "{key}");
        }
        let all = [("osx_arm64".to_owned(), 3), ("macos_aarch64".to_owned(), 2), ("darwin_arm64".to_owned(), 1)];
        assert_eq!(names.find(&all, platform), Some(&1));
        assert_eq!(names.find(&all[..2], platform), Some(&2));
        let intel = Names { os: "darwin".into(), arch: "amd64".into() };
        assert_eq!(intel.find(&all, "macos-x86_64".parse().unwrap()), None);
        let linux = Names { os: "linux".into(), arch: "amd64".into() };
        let both = [("linux_x86_64".to_owned(), 1), ("linux_x86_64-musl".to_owned(), 2)];
        assert_eq!(linux.find(&both, "linux-x86_64-musl".parse().unwrap()), Some(&2));
        assert_eq!(linux.find(&both, "linux-x86_64".parse().unwrap()), Some(&1));
        assert_eq!(linux.find(&both[..1], "linux-x86_64-musl".parse().unwrap()), Some(&1));
    }
}
