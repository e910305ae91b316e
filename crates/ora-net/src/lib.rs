//! The only crate that opens a socket: HTTP, the git program, proxies, mirrors, address policy, retries.
