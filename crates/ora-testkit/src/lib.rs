//! A test bed: scripted remotes, forged archives, loopback servers.
