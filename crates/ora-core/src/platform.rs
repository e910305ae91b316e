//! Operating systems and processors, with every name the world has for them.

use std::{fmt, str::FromStr};

/// Why a text is not a platform.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{}` is not a platform (such as linux-x86_64 or macos-aarch64)", crate::Untrusted(text))]
pub struct PlatformError {
    /// What was given.
    pub text: String,
}

macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $canonical:literal, $published:literal $(, $alias:literal)*;)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub enum $name { $($(#[$doc])* $variant,)* }

        impl $name {
            /// Every one, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The canonical name.
            pub fn canonical(self) -> &'static str {
                match self { $(Self::$variant => $canonical,)* }
            }

            /// The name a template variable has when the definition maps nothing.
            pub fn published(self) -> &'static str {
                match self { $(Self::$variant => $published,)* }
            }

            /// Every name, the canonical one first.
            pub fn names(self) -> &'static [&'static str] {
                match self { $(Self::$variant => &[$canonical $(, $alias)*],)* }
            }

            /// From any of the names, whatever the case.
            pub fn from_any(text: &str) -> Option<Self> {
                let lower = text.to_ascii_lowercase();
                Self::ALL.iter().copied().find(|one| one.names().contains(&lower.as_str()))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(self.canonical()) }
        }
    };
}

words! {
    /// An operating system.
    Os {
        /// Linux.
        Linux = "linux", "linux";
        /// macOS.
        Macos = "macos", "darwin", "darwin", "osx", "mac";
        /// Windows.
        Windows = "windows", "windows", "win", "win32";
        /// FreeBSD.
        Freebsd = "freebsd", "freebsd";
    }
}

words! {
    /// A processor architecture.
    Arch {
        /// 64-bit x86.
        X86_64 = "x86_64", "amd64", "amd64", "x64";
        /// 64-bit Arm.
        Aarch64 = "aarch64", "arm64", "arm64";
        /// 32-bit x86.
        I686 = "i686", "i686", "386", "x86";
        /// 32-bit Arm with hardware floating point.
        Armv7 = "armv7", "armv7", "arm", "armhf";
        /// 64-bit RISC-V.
        Riscv64 = "riscv64", "riscv64";
        /// 64-bit little-endian Power.
        Ppc64le = "ppc64le", "ppc64le";
        /// IBM Z.
        S390x = "s390x", "s390x";
    }
}

/// The C library of a Linux platform.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Libc {
    /// The GNU library, or a system that has no such choice.
    Default,
    /// musl.
    Musl,
}

/// A platform, written `<os>-<arch>` in canonical names, `-musl` behind it on a musl system.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Platform {
    /// The operating system.
    pub os: Os,
    /// The processor.
    pub arch: Arch,
    /// The C library.
    pub libc: Libc,
}

impl Platform {
    /// A platform with its usual C library.
    pub const fn new(os: Os, arch: Arch) -> Self {
        Self { os, arch, libc: Libc::Default }
    }

    /// Every operating system with every processor, with its usual C library.
    pub fn all() -> impl Iterator<Item = Self> {
        Os::ALL.iter().flat_map(|os| Arch::ALL.iter().map(|arch| Self::new(*os, *arch)))
    }

    /// The platform this program was built for; `musl` says whether the running system's C library is musl.
    pub fn host(musl: bool) -> Option<Self> {
        let os = Os::from_any(std::env::consts::OS)?;
        let arch = Arch::from_any(std::env::consts::ARCH)?;
        Some(Self { os, arch, libc: if musl { Libc::Musl } else { Libc::Default } })
    }

    /// A platform key of a definition (`linux_x86_64`, `darwin-arm64`, `linux/amd64`): split at the first `_`, `-` or `/`.
    pub fn from_key(key: &str) -> Option<Self> {
        key.parse().ok()
    }
}

impl FromStr for Platform {
    type Err = PlatformError;
    /// Accepts `-`, `_` and `/` between the parts, any alias, and `-musl` (or `-gnu`) behind.
    fn from_str(text: &str) -> Result<Self, PlatformError> {
        let refused = || PlatformError { text: text.chars().take(60).collect() };
        let (os, rest) = text.split_once(['-', '_', '/']).ok_or_else(refused)?;
        let (arch, libc) = match rest.rsplit_once(['-', '_', '/']) {
            Some((arch, "musl")) => (arch, Libc::Musl),
            Some((arch, "gnu" | "glibc")) => (arch, Libc::Default),
            _ => (rest, Libc::Default),
        };
        let os = Os::from_any(os).ok_or_else(refused)?;
        let arch = Arch::from_any(arch).ok_or_else(refused)?;
        if libc == Libc::Musl && os != Os::Linux {
            return Err(refused());
        }
        Ok(Self { os, arch, libc })
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.os, self.arch)?;
        if self.libc == Libc::Musl { f.write_str("-musl") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_is_one_platform() {
        for (text, canonical) in [
            ("linux-x86_64", "linux-x86_64"),
            ("linux_x86_64", "linux-x86_64"),
            ("linux/amd64", "linux-x86_64"),
            ("Darwin-ARM64", "macos-aarch64"),
            ("win32_x64", "windows-x86_64"),
            ("linux-x86_64-musl", "linux-x86_64-musl"),
            ("linux_armhf", "linux-armv7"),
            ("freebsd-386", "freebsd-i686"),
        ] {
            assert_eq!(text.parse::<Platform>().unwrap().to_string(), canonical);
        }
        for bad in ["", "linux", "linux-", "beos-x86", "macos-aarch64-musl", "linux-x86_64-musl-musl"] {
            assert!(bad.parse::<Platform>().is_err(), "{bad}");
        }
    }
}
