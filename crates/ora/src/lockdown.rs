//! Takes the network away from this process and everything it starts, where the kernel can.
//!
//! Code that was handed no remote cannot reach a network anyway. This holds where that promise would end: for install
//! scripts, for every other child, and for a mistake of our own.

/// Whether the kernel now refuses sockets to this process, its threads and its children: every family but local ones.
///
/// There is no way back within the process. `false` where the system has no such filter, or does not let us set one.
pub fn deny_sockets() -> bool {
    filter::deny()
}

#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod filter {
    use std::collections::BTreeMap;

    use seccompiler::{
        BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
        TargetArch, apply_filter_all_threads,
    };

    /// Added to the number of a system call by 64-bit programs with 32-bit pointers on x86: another way to the same calls.
    const X32: i64 = 0x4000_0000;

    pub(super) fn deny() -> bool {
        program().is_some_and(|program| apply_filter_all_threads(&program).is_ok())
    }

    fn program() -> Option<BpfProgram> {
        let arch: TargetArch = std::env::consts::ARCH.try_into().ok()?;
        let not_local = || {
            let local = u64::try_from(libc::AF_UNIX).ok()?;
            let family = SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Ne, local).ok()?;
            SeccompRule::new(vec![family]).ok().map(|rule| vec![rule])
        };
        let mut rules = BTreeMap::new();
        for base in if cfg!(target_arch = "x86_64") { &[0, X32][..] } else { &[0] } {
            rules.insert(base + libc::SYS_socket, not_local()?);
            rules.insert(base + libc::SYS_socketpair, not_local()?);
            // Its requests can open and connect sockets without any of the calls above.
            rules.insert(base + libc::SYS_io_uring_setup, Vec::new());
        }
        let refused = SeccompAction::Errno(u32::try_from(libc::EPERM).ok()?);
        let filter = SeccompFilter::new(rules, SeccompAction::Allow, refused, arch).ok()?;
        filter.try_into().ok()
    }

    #[cfg(test)]
    mod tests {
        #[test]
        fn the_filter_compiles() {
            assert!(super::program().is_some_and(|program| program.len() > 10));
        }
    }
}

#[cfg(not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))))]
mod filter {
    pub(super) fn deny() -> bool {
        false
    }
}
